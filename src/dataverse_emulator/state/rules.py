"""What particular tables ask of their rows beyond types: registrations, solutions, views."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state import layers, registrations, solutions
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import not_implemented

#: From the values given and the whole row they would make, the values to keep.
Rule = Callable[[Organization, Values, Values], Values]


def _check_organization(_organization: Organization, values: Values, _row: Values) -> Values:
    """Of the organisation's own row only the switch of auditing has an effect here (9.6)."""
    if others := values.keys() - {"isauditenabled"}:
        raise not_implemented(f"setting {min(others)} of the organisation", "isauditenabled is.")
    return values


_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "serviceendpoint": registrations.check_endpoint,
        "sdkmessageprocessingstep": registrations.check_step,
        "sdkmessageprocessingstepimage": registrations.check_image,
        "publisher": solutions.check_publisher,
        "solution": solutions.check_solution,
        "savedquery": solutions.check_view,
        "organization": _check_organization,
    }
)


def check(organization: Organization, definition: Definition, values: Values, position: int | None) -> Values:
    """The values as the table's own rule lets them in; `position` is that of the row they change."""
    rule = _RULES.get(definition.name)
    if rule is None:
        return values
    before = {} if position is None else organization.table(definition.name).row(position)
    return rule(organization, values, {**before, **values})


def check_removal(organization: Organization, definition: Definition, row_id: str) -> None:
    """What goes with a row that no relationship knows of: pending edits, memberships in solutions."""
    layers.discard(organization, definition.name, row_id)
    solutions.leave(organization, row_id)
