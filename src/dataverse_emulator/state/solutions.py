"""Publishers, solutions and what belongs to them (dataverse.md 7.1)."""

import re
from types import MappingProxyType
from typing import Final

from lxml import etree

from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.state.registers import Record, Register, Registers

COMPONENT_TYPES: Final = MappingProxyType(
    {
        "entities": 1,
        "attributes": 2,
        "savedqueries": 26,
        "systemforms": 60,
        "sdkmessageprocessingsteps": 92,
        "sdkmessageprocessingstepimages": 93,
        "serviceendpoints": 95,
    }
)
_PREFIX: Final = re.compile(r"(?!mscrm)[a-zA-Z][a-zA-Z0-9]{1,7}")
_UNIQUE_NAME: Final = re.compile(r"[A-Za-z_]\w{0,64}", re.ASCII)


def checked(register: Register, values: Record, before: Record | None) -> Record:
    """Unique names, the publisher's prefix rules, and a publisher for every solution."""
    merged = (before or {}) | values
    name = merged.get("uniquename")
    if not isinstance(name, str) or not _UNIQUE_NAME.fullmatch(name):
        raise Refusal(Problem.INVALID_ARGUMENT, "uniquename is required: letters, digits and underscores.")
    other = register.find(uniquename=name)
    if other is not None and other is not before:
        raise Refusal(Problem.DUPLICATE_NAME, f"A {register.spec.logical_name} named {name} already exists.")
    if register.spec.set_name == "publishers":
        _check_publisher(merged)
    elif not (merged.get("publisherid") or merged.get("_publisherid_value")) or not merged.get("version"):
        raise Refusal(Problem.INVALID_ARGUMENT, "A solution needs a version and publisherid@odata.bind.")
    return values


def _check_publisher(merged: Record) -> None:
    prefix, option = merged.get("customizationprefix"), merged.get("customizationoptionvalueprefix")
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise Refusal(Problem.INVALID_ARGUMENT, "customizationprefix: 2 to 8 letters and digits, not mscrm.")
    if not isinstance(option, int) or not 10_000 <= option <= 99_999:
        raise Refusal(Problem.INVALID_ARGUMENT, "customizationoptionvalueprefix: 10000 to 99999.")


def check_view(values: Record, before: Record | None) -> Record:
    """A public view of contact whose definition parses (8.6)."""
    merged = (before or {}) | values
    if merged.get("returnedtypecode") != "contact" or merged.get("querytype") != 0:
        raise not_implemented(
            "views other than public ones of contact", "returnedtypecode contact, querytype 0."
        )
    if not merged.get("name"):
        raise Refusal(Problem.INVALID_ARGUMENT, "A view needs a name.")
    for part, tag in (("fetchxml", "fetch"), ("layoutxml", "grid")):
        _check_xml(merged.get(part), part, tag)
    if before is not None:
        return values
    managed = {"Value": True, "CanBeChanged": True, "ManagedPropertyLogicalName": "iscustomizable"}
    return values | {"iscustomizable": managed, "componentstate": 0}


def _check_xml(text: object, part: str, tag: str) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(str(text or "").encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(Problem.INVALID_ARGUMENT, f"{part} cannot be read: {error}") from None
    if root.tag != tag:
        raise Refusal(Problem.INVALID_ARGUMENT, f"{part} must be a <{tag}> element.")


def need(organization: Organization, unique_name: str) -> Record:
    """The solution of that name."""
    row = organization.registers["solutions"].find(uniquename=unique_name)
    if row is None:
        raise Refusal(Problem.INVALID_ARGUMENT, f"Solution '{unique_name}' was not found.")
    return row


def join(organization: Organization, unique_name: str | None, kind: str, object_id: str) -> None:
    """Record that a component belongs to the solution named in the header, once."""
    if unique_name is not None:
        row = need(organization, unique_name)
        if kind in COMPONENT_TYPES:
            add_component(organization, row, COMPONENT_TYPES[kind], object_id)


def add_component(organization: Organization, solution: Record, kind: int, object_id: str) -> Record:
    """The membership row, new or already there (AddSolutionComponent)."""
    register = organization.registers["solutioncomponents"]
    wanted = {"componenttype": kind, "objectid": object_id, "_solutionid_value": solution["solutionid"]}
    found = register.find(**wanted)
    if found is not None:
        return found
    values = {"componenttype": kind, "objectid": object_id, "solutionid": solution["solutionid"]}
    return register.add(values, organization.next_version())


def leave(organization: Organization, object_id: str) -> None:
    """A deleted component belongs nowhere; a deleted solution holds nothing."""
    components = organization.registers["solutioncomponents"].rows
    gone = [i for i, row in components.items() if object_id in (row["objectid"], row["_solutionid_value"])]
    for component_id in gone:
        del components[component_id]


def check_removal(set_name: str, row_id: str, registers: Registers) -> None:
    """A publisher with solutions stays."""
    if set_name == "publishers" and registers["solutions"].find(_publisherid_value=row_id):
        raise Refusal(
            Problem.CANNOT_DELETE_ASSOCIATED,
            "The object cannot be deleted because it is associated with another object.",
        )
