"""Forms and views in two layers: what everybody sees, and edits that wait for a publish (8.1)."""

from collections.abc import Collection, Iterator
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.contact_forms import form_row
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.formxml import columns_shown, validated
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented, row_missing
from dataverse_emulator.state.table import VERSION, Table

#: Tables whose updates go to a layer of their own until published, each with the column that says which
#: table a row is about.
LAYERED: Final = MappingProxyType({"systemform": "objecttypecode", "savedquery": "returnedtypecode"})


def newest(organization: Organization, name: str, row_id: str) -> tuple[Table, int]:
    """Where the row is with its pending edits (RetrieveUnpublished, 8.1)."""
    for table in (organization.unpublished(name), organization.table(name)):
        position = table.position(row_id)
        if position is not None:
            return table, position
    raise row_missing(name, row_id)


def edit(organization: Organization, name: str, row_id: str, values: Values) -> None:
    """Put values into the unpublished layer; readers see them only after a publish."""
    base, position = newest(organization, name, row_id)
    customizable = base.cell(position, "iscustomizable")
    if isinstance(customizable, dict) and customizable.get("Value") is False:
        if name == "savedquery":
            raise Refusal(Problem.VIEW_FIXED, "The specified view is not customizable")
        raise not_implemented(
            "editing a component that is not customizable", "its error code is not documented."
        )
    if isinstance(formxml := values.get("formxml"), str):
        validated(formxml)
    drafts, at = organization.unpublished(name), organization.sources.now()
    changes: Values = {**values, VERSION: organization.next_version(), "componentstate": 1}
    if base is drafts:
        undone = {column: drafts.cell(position, column) for column in changes}
        drafts.replace(position, changes, at)
        organization.on_undo(lambda: drafts.undo_replace(position, undone))
        return
    added = drafts.insert({**base.row(position), **changes}, at)
    organization.on_undo(lambda: drafts.undo_insert(added))


def publish(organization: Organization, tables: Collection[str] | None = None) -> None:
    """Make pending edits the published rows: those about some tables, or all (7.6)."""
    at = organization.sources.now()
    for name, about in LAYERED.items():
        drafts, table = organization.unpublished(name), organization.table(name)
        version = organization.next_version()
        for position in list(drafts.positions()):
            row = drafts.row(position)
            if tables is not None and row.get(about) not in tables:
                continue
            published: Values = {**row, "componentstate": 0, VERSION: version}
            if "publishedon" in table.definition.columns:
                published["publishedon"] = int(at)
            _put(organization, table, published)
            discard(organization, name, drafts.row_id(position))


def _put(organization: Organization, table: Table, row: Values) -> None:
    place = table.position(str(row[table.definition.key]))
    if place is not None:
        undone = {column: table.cell(place, column) for column in row}
        table.replace(place, row, organization.sources.now())
        organization.on_undo(lambda: table.undo_replace(place, undone))


def discard(organization: Organization, name: str, row_id: str) -> None:
    """Forget the pending edits of a row."""
    if name in LAYERED:
        drafts = organization.unpublished(name)
        position = drafts.position(row_id)
        if position is not None:
            values = drafts.row(position)
            drafts.remove(position, organization.next_version(), organization.sources.now())
            organization.on_undo(lambda: drafts.undo_remove(position, values))


def put_form(
    organization: Organization,
    form_id: str,
    name: str,
    formxml: str,
    *,
    form_type: int = 2,
    active: bool = True,
    customizable: bool = True,
    default: bool = False,
    table: str = "contact",
) -> None:
    """Add or replace a published form, for organisations whose makers were busy (8.5)."""
    forms, at = organization.table("systemform"), organization.sources.now()
    discard(organization, "systemform", form_id)
    row = form_row(
        form_id,
        name,
        formxml,
        form_type=form_type,
        active=active,
        customizable=customizable,
        default=default,
        table=table,
    )
    row[VERSION] = organization.next_version()
    position = forms.position(form_id)
    if position is None:
        forms.insert(row, at)
    else:
        forms.replace(position, row, at)


def mentions(organization: Organization, table: str, column: str) -> Iterator[tuple[str, str]]:
    """The forms and views of the table that refer to the column, in either layer, by kind and id (7.8)."""
    found = dict[tuple[str, str], None]()
    for form in _both(organization, "systemform"):
        if form.get("objecttypecode") == table and column in columns_shown(str(form["formxml"])):
            found["systemform", str(form["formid"])] = None
    for view in _both(organization, "savedquery"):
        text = f"{view.get('fetchxml')}{view.get('layoutxml')}"
        if view.get("returnedtypecode") == table and f'"{column}"' in text:
            found["savedquery", str(view["savedqueryid"])] = None
    yield from found


def _both(organization: Organization, name: str) -> Iterator[dict[str, Cell]]:
    yield from organization.table(name).rows()
    yield from organization.unpublished(name).rows()
