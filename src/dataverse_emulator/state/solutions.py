"""Publishers, solutions and what belongs to them (dataverse.md 7.1)."""

import re
from types import MappingProxyType
from typing import Final

from lxml import etree

from dataverse_emulator.state.contact_forms import managed
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.state.table import VERSION

COMPONENT_TYPES: Final = MappingProxyType(
    {
        "entity": 1,
        "attribute": 2,
        "relationship": 10,
        "optionset": 9,
        "entitykey": 14,
        "role": 20,
        "savedquery": 26,
        "systemform": 60,
        "sdkmessageprocessingstep": 92,
        "sdkmessageprocessingstepimage": 93,
        "serviceendpoint": 95,
    }
)
_PREFIX: Final = re.compile(r"(?!mscrm)[a-zA-Z][a-zA-Z0-9]{1,7}")
_UNIQUE_NAME: Final = re.compile(r"[A-Za-z_]\w{0,64}", re.ASCII)


def check_publisher(organization: Organization, values: Values, merged: Values) -> Values:
    """A unique name, and the prefix rules."""
    _check_name(organization, "publisher", merged)
    prefix, option = merged.get("customizationprefix"), merged.get("customizationoptionvalueprefix")
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise Refusal(Problem.INVALID_ARGUMENT, "customizationprefix: 2 to 8 letters and digits, not mscrm.")
    if not isinstance(option, int) or not 10_000 <= option <= 99_999:
        raise Refusal(Problem.INVALID_ARGUMENT, "customizationoptionvalueprefix: 10000 to 99999.")
    return values


def check_solution(organization: Organization, values: Values, merged: Values) -> Values:
    """A unique name, a version and a publisher."""
    _check_name(organization, "solution", merged)
    if not merged.get("publisherid") or not merged.get("version"):
        raise Refusal(Problem.INVALID_ARGUMENT, "A solution needs a version and publisherid@odata.bind.")
    return values


def _check_name(organization: Organization, table: str, merged: Values) -> None:
    name = merged.get("uniquename")
    if not isinstance(name, str) or not _UNIQUE_NAME.fullmatch(name):
        raise Refusal(Problem.INVALID_ARGUMENT, "uniquename is required: letters, digits and underscores.")
    rows, own = organization.table(table), merged.get(f"{table}id")
    position = rows.find(uniquename=name)
    if position is not None and rows.row_id(position) != own:
        raise Refusal(Problem.DUPLICATE_NAME, f"A {table} named {name} already exists.")


def check_view(organization: Organization, values: Values, merged: Values) -> Values:
    """A view of a table, whose definition parses; only public ones are made by clients (8.6)."""
    table = str(merged.get("returnedtypecode"))
    if table not in organization.model.tables:
        raise Refusal(Problem.INVALID_ARGUMENT, f"returnedtypecode '{table[:60]}' is no table.")
    if VERSION not in merged and merged.get("querytype") != 0:
        raise Refusal(Problem.INVALID_ARGUMENT, "Only views of querytype 0 can be created.")
    if not merged.get("name"):
        raise Refusal(Problem.INVALID_ARGUMENT, "A view needs a name.")
    for part, tag in (("fetchxml", "fetch"), ("layoutxml", "grid")):
        _check_xml(merged.get(part), part, tag)
    if VERSION in merged:
        return values
    return {**values, "iscustomizable": managed("iscustomizable"), "componentstate": 0}


def _check_xml(text: object, part: str, tag: str) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(str(text or "").encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(Problem.INVALID_ARGUMENT, f"{part} cannot be read: {error}") from None
    if root.tag != tag:
        raise Refusal(Problem.INVALID_ARGUMENT, f"{part} must be a <{tag}> element.")


def need(organization: Organization, unique_name: str) -> str:
    """The id of the solution of that name."""
    solutions = organization.table("solution")
    position = solutions.find(uniquename=unique_name)
    if position is None:
        raise Refusal(Problem.INVALID_ARGUMENT, f"Solution '{unique_name}' was not found.")
    return solutions.row_id(position)


def join(organization: Organization, unique_name: str | None, kind: str, object_id: str) -> None:
    """Record that a component belongs to the solution named in the header, once."""
    if unique_name is not None:
        solution_id = need(organization, unique_name)
        if kind in COMPONENT_TYPES:
            add_component(organization, solution_id, COMPONENT_TYPES[kind], object_id)


def add_component(organization: Organization, solution_id: str, kind: int, object_id: str) -> str:
    """The id of the membership, new or already there (AddSolutionComponent)."""
    components = organization.table("solutioncomponent")
    wanted: Values = {"componenttype": kind, "objectid": object_id, "solutionid": solution_id}
    found = components.find(**wanted)
    if found is not None:
        return components.row_id(found)
    row_id = organization.sources.new_id()
    row: Values = {**wanted, "solutioncomponentid": row_id, VERSION: organization.next_version()}
    position = components.insert(row, organization.sources.now())
    organization.on_undo(lambda: components.undo_insert(position))
    return row_id


def leave(organization: Organization, object_id: str) -> None:
    """A deleted component belongs nowhere."""
    components = organization.table("solutioncomponent")
    for position in components.holding(("objectid",), (object_id,)):
        row = components.row(position)
        components.remove(position, organization.next_version(), organization.sources.now())
        organization.on_undo(lambda p=position, r=row: components.undo_remove(p, r))  # type: ignore[misc]
