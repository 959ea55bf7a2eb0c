"""What an organisation has of the parts setup makes, and what each would become; only reads."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from assent.crm.faults import check, read_fault
from assent.crm.forms import survey
from assent.crm.odata import broken, decode, text
from assent.crm.requests import metadata as calls
from assent.crm.requests.batch import Operation, answers, batch
from assent.crm.transport import Request, Transport
from assent.crm.webhooks import ENDPOINT, MESSAGES
from assent.ports import Action, CategoryColumn, Component, Form

_COLUMN_KIND = 2  # of a solution component (7.1)
_STEPS = "sdkmessageprocessingsteps"
_LOOKING = "looking for what setup made before"


class Inspection:
    """Looks through one organisation; `language` is its base language."""

    def __init__(self, transport: Transport, language: int) -> None:
        self._transport = transport
        self._language = language

    async def components(self, columns: Sequence[CategoryColumn], url: str) -> list[Component]:
        """Each part but the forms, as it is and as it would be."""
        publishers, solutions, endpoints = await self.found(
            calls.question("publishers", "publisherid", f"uniquename eq {text(calls.PUBLISHER)}"),
            calls.question("solutions", "solutionid", f"uniquename eq {text(calls.SOLUTION)}"),
            calls.question(
                "serviceendpoints", "serviceendpointid,url", f"name eq {text(ENDPOINT)} and contract eq 8"
            ),
        )
        return [
            _there("publisher", calls.PUBLISHER, bool(publishers)),
            _there("solution", calls.SOLUTION, bool(solutions)),
            *[await self._column(column) for column in columns],
            *await self._webhooks(endpoints, url),
        ]

    async def _column(self, column: CategoryColumn) -> Component:
        found = await self.column(column.logical_name)
        named = f"Yes/No, default Yes, labelled {column.name}"
        if found is None:
            return Component("column", column.logical_name, Action.CREATE, "", named)
        kind = str(found.get("AttributeType"))
        label = calls.label_text(found.get("DisplayName"), self._language) or ""
        before = f"{'Yes/No' if kind == 'Boolean' else kind}, labelled {label}"
        if kind != "Boolean" or not await self.is_ours(found):
            after = "Somebody else's: a person is asked"
            return Component("column", column.logical_name, Action.BLOCKED, before, after)
        action = Action.KEEP if label == column.name else Action.CHANGE
        return Component("column", column.logical_name, action, before, named)

    async def _webhooks(self, endpoints: Sequence[calls.Record], url: str) -> list[Component]:
        if not endpoints:
            steps = [Component("webhook step", f"contact {name}", Action.CREATE) for name in MESSAGES]
            return [Component("webhook", ENDPOINT, Action.CREATE, "", url), *steps]
        endpoint_id, was = endpoints[0].get("serviceendpointid"), str(endpoints[0].get("url"))
        (steps_there,) = await self.found(
            calls.question(_STEPS, "name,statecode", f"_eventhandler_value eq {endpoint_id}")
        )
        states = {str(step.get("name")): step.get("statecode") for step in steps_there}
        action = Action.KEEP if was == url else Action.CHANGE
        return [Component("webhook", ENDPOINT, action, was, url), *(_step(name, states) for name in MESSAGES)]

    async def column(self, logical_name: str) -> dict[str, object] | None:
        """A contact column's definition, or None where there is none."""
        response = await self._transport.send(calls.column(logical_name))
        if response.status == 404 and read_fault(response).code:
            return None
        return decode(check(response, "reading a column").body, "reading a column")

    async def is_ours(self, column: calls.Record) -> bool:
        """Whether a column belongs to our solution, as every one does that setup made."""
        try:
            column_id = UUID(str(column["MetadataId"]))
        except (KeyError, ValueError):
            raise broken("reading a column") from None
        (solutions,) = await self.found(
            calls.question("solutions", "solutionid", f"uniquename eq {text(calls.SOLUTION)}")
        )
        if not solutions:
            return False
        condition = (
            f"_solutionid_value eq {solutions[0].get('solutionid')} and objectid eq {column_id} "
            f"and componenttype eq {_COLUMN_KIND}"
        )
        (parts,) = await self.found(calls.question("solutioncomponents", "solutioncomponentid", condition))
        return bool(parts)

    async def forms(self, which: Request) -> list[Form]:
        """Forms with their makers' unpublished edits, their tabs, and whether our section is on them."""
        forms = []
        for one in calls.parse_found(await self._transport.send(which), "reading forms"):
            try:
                request = calls.unpublished_form(str(one["formid"]))
            except (KeyError, ValueError):
                raise broken("reading forms") from None
            form = calls.parse_form(one, await self._transport.send(request))
            ours, tabs = survey(form.xml)
            forms.append(replace(form, ours=ours, tabs=tabs))
        return forms

    async def found(self, *questions: Operation) -> list[list[dict[str, object]]]:
        """The rows each question finds, all asked in one request."""
        response = check(await self._transport.send(batch(_LOOKING, questions)), _LOOKING)
        found = answers(response, len(questions), _LOOKING)
        if None in found:
            raise broken(_LOOKING)
        return [calls.parse_found(answer, _LOOKING) for answer in found if answer is not None]


def _there(kind: str, name: str, there: bool) -> Component:
    return Component(kind, name, Action.KEEP if there else Action.CREATE)


def _step(message: str, states: dict[str, object]) -> Component:
    name = f"Assent: contact {message}"
    if name not in states:
        return Component("webhook step", f"contact {message}", Action.CREATE)
    if states[name] != 0:
        return Component("webhook step", f"contact {message}", Action.CHANGE, "disabled", "enabled")
    return Component("webhook step", f"contact {message}", Action.KEEP)
