"""BulkDelete: a system job that deletes what queries find (dataverse.md 4.2)."""

from typing import Any, Final

from dataverse_emulator.query import executor, query_expression
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state import writes
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_payload, not_implemented
from dataverse_emulator.state.table import VERSION
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object

_BULK_DELETE: Final = 13
_COMPLETED, _SUCCEEDED = 3, 30
#: What would make the job another one than it is here: repeated, announced by mail, or put off.
_UNIMITATED: Final = (
    "RecurrencePattern", "SendEmailNotification", "ToRecipients", "CCRecipients", "SourceImportId"
)  # fmt: skip


def bulk_delete(organization: Organization, call: Call) -> Answer:
    """Delete at once what a job would delete soon; the answer is the job's id."""
    body = json_object(call)
    for option in _UNIMITATED:
        if body.get(option):
            raise not_implemented(f"{option} of BulkDelete", "a single job without mail is.")
    queries, name = body.get("QuerySet"), body.get("JobName")
    if not isinstance(queries, list) or not queries or not isinstance(name, str):
        raise bad_payload("BulkDelete", "QuerySet and JobName are needed.")
    scope, deleted = Scope(organization, call.user), 0
    for query in queries:
        table_name, condition = query_expression.parsed(organization, query)
        table = organization.table(table_name)
        if "DELETE" not in table.definition.writes:
            raise not_implemented(f"BulkDelete of {table.definition.set_name}", "see its README for what is.")
        found = [table.row_id(position) for position in executor.matching(scope, table, condition)]
        for row_id in found:
            # One row's going may take another along.
            position = table.position(row_id)
            if position is not None:
                writes.delete(organization, call.user, table, position)
                deleted += 1
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.BulkDeleteResponse"
    job = _job(organization, call, name)
    return json_answer({"@odata.context": context, "JobId": job}, operations=deleted)


def _job(organization: Organization, call: Call, name: str) -> str:
    now, job_id = int(organization.sources.now()), organization.sources.new_id()
    row: dict[str, Any] = {
        "asyncoperationid": job_id,
        "name": name[:256],
        "operationtype": _BULK_DELETE,
        "statecode": _COMPLETED,
        "statuscode": _SUCCEEDED,
        "messagename": "BulkDelete",
        VERSION: organization.next_version(),
    }
    row |= dict.fromkeys(("createdon", "modifiedon", "startedon", "completedon"), now)
    row |= dict.fromkeys(("createdby", "modifiedby"), call.user.user_id)
    jobs = organization.table("asyncoperation")
    position = jobs.insert(row, now)
    organization.on_undo(lambda: jobs.undo_insert(position))
    return job_id
