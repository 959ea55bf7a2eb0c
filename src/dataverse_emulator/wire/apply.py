"""$apply over the wire: groups and figures of a table or a collection (Aggregate data using OData)."""

from collections.abc import Iterable
from typing import Any, Final

from dataverse_emulator.query import apply_text, joins
from dataverse_emulator.query.odata import check_options
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.joined_rows import JoinedWriter

OPTION: Final = "$apply"
_ALLOWED: Final = frozenset({OPTION, "$orderby"})


def collection(
    organization: Organization, call: Call, table: Table, among: Iterable[int] | None = None
) -> Answer:
    """GET with $apply, all groups at once."""
    given = requests.options(call.query)
    check_options(given, _ALLOWED)
    aliases = {name: value for name, value in given.items() if name.startswith("@")}
    definition = table.definition
    query = apply_text.parsed(organization, definition.name, given[OPTION], aliases, given.get("$orderby"))
    assert query.aggregation is not None
    scope, wanted = Scope(organization, call.user), requests.preferences(call.headers.get("prefer"))
    found = joins.groups(scope, query, query.aggregation, among)
    write = JoinedWriter(scope, query, wanted, nulls=False)
    body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{definition.set_name}"}
    body["value"] = write.groups(query.aggregation.parts, found)
    return json_answer(body, wanted.applied(), operations=len(found.values))
