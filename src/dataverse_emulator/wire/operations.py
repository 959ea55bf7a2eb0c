"""Every operation there is, in one list: the dispatcher answers what is here, the documentation prints it."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from dataverse_emulator.wire import (
    actions,
    audits,
    bulk_delete,
    list_actions,
    role_actions,
    row_calls,
    service,
)
from dataverse_emulator.wire.costs import Work
from dataverse_emulator.wire.definition_operations import DEFINITIONS
from dataverse_emulator.wire.operation import Operation, plain

CRM: Final = "Microsoft.Dynamics.CRM."
_ROW: Final = "{set}({key})"
_QUERIES: Final = (
    "`$apply` beyond filters and one groupby or aggregate",
    "FetchXML that groups by fiscal periods, or looks into names of lookups",
    "`?sql=` with figures that have no name",
    "functions on hierarchies of other tables' rows",
    "`$orderby` on managed properties",
    "change tracking on tables where it is off",
)
_WRITES: Final = (
    "writing what the system sets",
    "tables the platform keeps",
    "columns that nobody listed of partly listed tables",
)
_CONDITIONS: Final = (
    "`If-Match` together with `If-None-Match`",
    "`If-None-Match` with a version",
    "a key in the body that is not the address's",
    "forms and views that are not customizable",
)
_ROWS: Final = (
    Operation("Retrieve multiple", "GET", "{set}", "2.3, 2.4, 3.2", Work.READ, row_calls.read_set, _QUERIES),
    Operation("Count rows", "GET", "{set}/$count", "2.3, 3.3", Work.READ, row_calls.count),
    Operation("Create", "POST", "{set}", "2.5", Work.CREATE, row_calls.create, _WRITES),
    Operation("Retrieve", "GET", _ROW, "2.5, 2.6, 2.7", Work.READ, row_calls.read),
    Operation("Update, upsert", "PATCH", _ROW, "2.6", Work.UPDATE, row_calls.upsert, _CONDITIONS),
    Operation("Delete", "DELETE", _ROW, "2.6", Work.DELETE, row_calls.delete),
    Operation(
        "CreateMultiple",
        "POST",
        f"{{set}}/{CRM}CreateMultiple",
        "4.2",
        Work.CREATE,
        partial(row_calls.in_bulk, "CreateMultiple"),
        ("duplicate detection with many rows at once",),
    ),
    Operation(
        "UpdateMultiple",
        "POST",
        f"{{set}}/{CRM}UpdateMultiple",
        "4.2",
        Work.UPDATE,
        partial(row_calls.in_bulk, "UpdateMultiple"),
        ("the same id twice",),
    ),
    Operation(
        "UpsertMultiple",
        "POST",
        f"{{set}}/{CRM}UpsertMultiple",
        "4.2",
        Work.UPDATE,
        partial(row_calls.in_bulk, "UpsertMultiple"),
    ),
    Operation(
        "DeleteMultiple (its documented refusal)",
        "POST",
        f"{{set}}/{CRM}DeleteMultiple",
        "4.2",
        perform=partial(row_calls.in_bulk, "DeleteMultiple"),
    ),
)
_BELOW: Final = tuple(
    Operation(name, method, f"{_ROW}/{rest}", source, work, row_calls.below_row)
    for name, method, rest, source, work in (
        ("Read one column", "GET", "{property}", "2.1", Work.READ),
        ("Read one column's text", "GET", "{property}/$value", "Retrieve a table row", Work.READ),
        ("Upload a file, whole or a piece", "PATCH", "{property}", "Use file column data", Work.UPDATE),
        ("Write one column", "PUT", "{property}", "2.1", Work.UPDATE),
        ("Clear one column", "DELETE", "{property}", "2.1", Work.UPDATE),
        ("Follow a lookup", "GET", "{lookup}", "Retrieve a table row", Work.READ),
        ("Go on behind a lookup", "GET", "{lookup}/…", "Retrieve a table row", Work.READ),
        ("Go on behind a lookup", "POST", "{lookup}/…", "Associate and disassociate", Work.UPDATE),
        ("Go on behind a lookup", "PUT", "{lookup}/…", "2.1", Work.UPDATE),
        ("Go on behind a lookup", "DELETE", "{lookup}/…", "2.1", Work.UPDATE),
        ("Address of a lookup's row", "GET", "{lookup}/$ref", "Retrieve a table row", Work.READ),
        ("Set a lookup", "PUT", "{lookup}/$ref", "Associate and disassociate", Work.UPDATE),
        ("Clear a lookup", "DELETE", "{lookup}/$ref", "2.5", Work.UPDATE),
        ("Related rows", "GET", "{collection}", "Retrieve a table row", Work.READ),
        ("Create a related row", "POST", "{collection}", "Create a table row", Work.CREATE),
        ("Count related rows", "GET", "{collection}/$count", "2.3", Work.READ),
        ("Addresses of related rows", "GET", "{collection}/$ref", "Retrieve a table row", Work.READ),
        ("Associate", "POST", "{collection}/$ref", "Associate and disassociate", Work.UPDATE),
        ("Disassociate by $id", "DELETE", "{collection}/$ref", "Associate and disassociate", Work.UPDATE),
        ("One related row", "GET", "{collection}({key})", "Retrieve a table row", Work.READ),
        ("Go on behind a related row", "GET", "{collection}({key})/…", "Retrieve a table row", Work.READ),
        ("Disassociate", "DELETE", "{collection}({key})/$ref", "Associate and disassociate", Work.UPDATE),
    )
)

# -- functions and actions -------------------------------------------------------------------------------


_MERGE: Final = ("`PerformParentingChecks`", "rows that were merged before")
_NAMED: Final = (
    Operation("WhoAmI", "GET", "WhoAmI", "1.3", perform=plain(actions.who_am_i)),
    Operation("RetrieveVersion", "GET", "RetrieveVersion", "2.1", perform=plain(actions.retrieve_version)),
    Operation("Service document", "GET", "", "Web API service documents", perform=plain(service.document)),
    Operation(
        "RetrieveTotalRecordCount",
        "GET",
        "RetrieveTotalRecordCount({key})",
        "2.3",
        Work.READ,
        service.record_counts,
    ),
    Operation(
        "RetrieveCurrentOrganization",
        "GET",
        "RetrieveCurrentOrganization({key})",
        "RetrieveCurrentOrganization function",
        perform=service.current_organization,
    ),
    Operation("Merge", "POST", "Merge", "9.4", Work.UPDATE, plain(actions.merge), _MERGE),
    Operation(
        "AddSolutionComponent",
        "POST",
        "AddSolutionComponent",
        "7.1",
        perform=plain(actions.add_solution_component),
    ),
    Operation(
        "RetrieveUnpublished",
        "GET",
        f"{_ROW}/{CRM}RetrieveUnpublished",
        "8.1",
        Work.READ,
        row_calls.unpublished,
        ("tables other than forms and views",),
    ),
)

_PRIVILEGES: Final = tuple(
    Operation(
        name, method, f"{_ROW}/{CRM}{name}", "10", work, partial(row_calls.bound, act), (f"{name} {gap}",)
    )
    for name, method, work, act, gap in (
        ("RetrieveUserPrivileges", "GET", Work.READ, role_actions.user_privileges, "of other than users"),
        ("RetrieveRolePrivilegesRole", "GET", Work.READ, role_actions.role_privileges, "of other than roles"),
        ("AddPrivilegesRole", "POST", Work.UPDATE, role_actions.add, "to other than roles"),
        ("ReplacePrivilegesRole", "POST", Work.UPDATE, role_actions.replace, "of other than roles"),
    )
)

_LISTS: Final = (
    Operation(
        "AddListMembersList",
        "POST",
        f"{_ROW}/{CRM}AddListMembersList",
        "AddListMembersList action",
        Work.UPDATE,
        partial(row_calls.bound, list_actions.add),
        ("AddListMembersList to other than lists",),
    ),
)

_BULK_DELETE: Final = ("repeated jobs and mail", "links of a QueryExpression")
_LATER: Final = (
    Operation(
        "BulkDelete", "POST", "BulkDelete", "4.2", Work.DELETE, plain(bulk_delete.bulk_delete), _BULK_DELETE
    ),
    Operation(
        "RetrieveAuditDetails", "GET", f"{_ROW}/{CRM}RetrieveAuditDetails", "9.6", Work.READ, audits.details
    ),
    Operation(
        "RetrieveRecordChangeHistory",
        "GET",
        "RetrieveRecordChangeHistory({key})",
        "9.6",
        Work.READ,
        audits.record_history,
    ),
    Operation(
        "RetrieveAttributeChangeHistory",
        "GET",
        "RetrieveAttributeChangeHistory({key})",
        "9.6",
        Work.READ,
        audits.attribute_history,
    ),
)

# -- what is documented and not imitated ------------------------------------------------------------------

_MISSING: Final = tuple(
    Operation(name, method, shape, source, work)
    for name, method, shape, source, work in (
        ("RetrieveDuplicates", "GET", "RetrieveDuplicates({key})", "9.5", Work.OTHER),
    )
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *_ROWS, *_BELOW, *_NAMED, *_PRIVILEGES, *_LISTS, *_LATER, *DEFINITIONS, *_MISSING
)  # fmt: skip


def _by_shape() -> Mapping[str, Mapping[str, Operation]]:
    found: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        methods = found.setdefault(operation.shape, {})
        assert operation.method not in methods, f"{operation.method} {operation.shape} is listed twice"
        methods[operation.method] = operation
    return found


#: Operations by the shape of their address, then by method.
BY_SHAPE: Final = _by_shape()
