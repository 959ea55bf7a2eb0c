"""From addresses to rows: keys in parentheses, alternate keys, links in bodies (dataverse.md 2.5, 2.7)."""

import re
from dataclasses import dataclass
from typing import Any, Final

from dataverse_emulator.query.tokens import Token, tokens
from dataverse_emulator.state.columns import LOOKUPS, Cell, Column, guid
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, bad_syntax, row_missing
from dataverse_emulator.state.table import Table
from dataverse_emulator.state.values import accept
from dataverse_emulator.wire.requests import segments

_LINK: Final = re.compile(r"(?:https?://[^/]+)?(?:/api/data/v[\d.]+)?/?(\w+\(.*\))", re.DOTALL)
_REFERENCE: Final = re.compile(r"/?\$(\w{1,40})")
# "Values containing these make GET/PATCH by key fail even when encoded" (2.7).
_UNSAFE: Final = re.compile(r"[/<>*%&:\\?+]")


@dataclass(frozen=True, slots=True)
class KeyValues:
    """What stands in parentheses after a set: an id, or the values of an alternate key by column."""

    row_id: str | None
    values: dict[str, Cell]


def key_of(definition: Definition, text: str) -> KeyValues:
    """The key in an address (2.7)."""
    found = guid(text.strip().strip("'")) if "=" not in text else None
    if found is not None:
        return KeyValues(found, {})
    if "=" not in text:
        raise bad_syntax(f"Unrecognized 'Edm.Guid' literal '{text[:60]}'.")
    given = _pairs(definition, text)
    if given.keys() == {definition.key} and isinstance(given[definition.key], str):
        return KeyValues(str(given[definition.key]), {})
    key = next((key for key in definition.keys if set(key.columns) == given.keys()), None)
    if key is None:
        raise Refusal(
            Problem.UNKNOWN_PROPERTY,
            "The key in the request URI is not valid for resource "
            f"'Microsoft.Dynamics.CRM.{definition.name}'. Ensure the names and number of key properties "
            "match the declared key or alternate key properties for the resource "
            f"'Microsoft.Dynamics.CRM.{definition.name}'.",
        )
    if key.status != "Active":
        raise Refusal(Problem.NOT_A_KEY, f"The key '{key.schema_name}' is {key.status}, not Active.")
    return KeyValues(None, given)


def _pairs(definition: Definition, text: str) -> dict[str, Cell]:
    found, held = dict[str, Cell](), tokens(text)
    if len(held) % 4 != 3:
        raise bad_syntax(f"The key '{text[:80]}' cannot be read.")
    for at in range(0, len(held), 4):
        name, equals, value, *comma = held[at : at + 4]
        if equals.text != "=" or (comma and comma[0].text != ","):
            raise bad_syntax(f"The key '{text[:80]}' cannot be read.")
        column = definition.properties.get(name.text)
        if column is None or column.name in found:
            raise bad_syntax(f"The key '{text[:80]}' names no property '{name.text[:40]}' once.")
        found[column.name] = _value(definition, column, value)
    return found


def _value(definition: Definition, column: Column, token: Token) -> Cell:
    text: Any = token.text
    if token.kind == "text":
        text = token.text[1:-1].replace("''", "'")
        if _UNSAFE.search(text):
            raise bad_syntax("A key value in an address may not contain / < > * % & : \\ ? or +.")
    elif token.kind == "number":
        text = float(token.text) if "." in token.text else int(token.text)
    elif token.text in ("true", "false"):
        text = token.text == "true"
    elif token.kind not in ("guid", "when"):
        raise bad_syntax(f"The key value '{token.text[:60]}' cannot be read.")
    return accept(definition, column, text)


def find(table: Table, key: KeyValues) -> int | None:
    """Where the row with that key is, if it is."""
    if key.row_id is not None:
        return table.position(key.row_id)
    found = table.holding(tuple(key.values), tuple(key.values.values()))
    return found[0] if found else None


def missing(table: Table, key: KeyValues) -> Refusal:
    """404, with a code of its own for alternate keys (2.6, 2.7)."""
    if key.row_id is not None:
        return row_missing(table.definition.name, key.row_id)
    return Refusal(
        Problem.KEY_ROW_MISSING,
        f"A record with the specified key values does not exist in {table.definition.name} entity",
    )


def need(table: Table, text: str) -> int:
    """Where the addressed row is."""
    key = key_of(table.definition, text)
    position = find(table, key)
    if position is None:
        raise missing(table, key)
    return position


def linked(organization: Organization, text: object, made: dict[str, str] | Any = None) -> tuple[Table, int]:
    """The row an `@odata.bind` or `@odata.id` names: relative, absolute, or `$1` within a change set."""
    if not isinstance(text, str):
        raise bad_payload("", "A link must be the address of a row.")
    reference = _REFERENCE.fullmatch(text)
    if reference is not None:
        if reference[1] not in (made or {}):
            raise bad_syntax(f"Content-ID Reference: '${reference[1]}' does not exist in the batch context.")
        text = made[reference[1]]
    hit = _LINK.fullmatch(text)
    path = segments(hit[1]) if hit else []
    if len(path) != 1 or path[0].key is None:
        raise bad_payload("", f"The link '{text[:100]}' is not the address of a row.")
    definition = organization.model.by_set.get(path[0].name)
    if definition is None:
        raise Refusal(Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{path[0].name[:80]}'.")
    table = organization.table(definition.name)
    return table, need(table, path[0].key)


def reference(organization: Organization, text: object) -> tuple[str, str]:
    """The table and id that an `@odata.id` names, whether or not the row is still there."""
    hit = _LINK.fullmatch(text) if isinstance(text, str) else None
    path = segments(hit[1]) if hit else []
    definition = organization.model.by_set.get(path[0].name) if len(path) == 1 else None
    if definition is None or path[0].key is None:
        raise bad_payload("", "@odata.id must be the address of a row.")
    key = key_of(definition, path[0].key)
    if key.row_id is None:
        table = organization.table(definition.name)
        return definition.name, table.row_id(need(table, path[0].key))
    return definition.name, key.row_id


def is_lookup(definition: Definition, name: str) -> bool:
    """Whether the name, with or without its wire dress, is that of a lookup."""
    column = definition.properties.get(name) or definition.columns.get(name)
    return column is not None and column.kind in LOOKUPS
