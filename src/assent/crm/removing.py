"""Takes away what setup made in an organisation and nothing else; what must stay is named, with why."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from assent.crm.catalogue import NOT_OURS, Catalogue
from assent.crm.faults import check, read_fault
from assent.crm.forms import Edited, FormChange, remove_section
from assent.crm.inspecting import VIEW_KIND, Inspection
from assent.crm.odata import broken, text
from assent.crm.requests import metadata as calls
from assent.crm.requests.batch import Operation
from assent.crm.transport import Request, Response, Transport
from assent.crm.webhooks import ENDPOINT
from assent.ports.setup import Action, Component, Form

_IN_USE = "0x8004f01f"
_STEPS, _STEP_ID = "sdkmessageprocessingsteps", "sdkmessageprocessingstepid"
_LOCKED_FORM = "it may not be customised: take the toggles off it in the form editor"
_REFERRED = "something else in Dynamics refers to it, such as a view, a flow or a rule of somebody's"
_SHARED = "another solution uses it"


@dataclass(frozen=True, slots=True)
class _Clearing:
    """A form that shows something of ours, and its XML without."""

    form: Form
    xml: str
    changes: tuple[FormChange, ...]


class DataverseRemoval:
    """Removes the parts of one organisation; `language` is its base language."""

    def __init__(self, transport: Transport, *, language: int) -> None:
        self._transport = transport
        self._look = Inspection(transport, language)
        self._catalogue = Catalogue(transport, language)

    async def parts(self) -> list[Component]:
        """Each part that will be removed, changed or kept, with what it is and why it stays."""
        endpoints, steps = await self._webhooks()
        ours, others = await self._look.prefixed()
        found = [Component("webhook step", str(step.get("name")), Action.REMOVE) for step in steps]
        found += [Component("webhook", ENDPOINT, Action.REMOVE, str(one.get("url"))) for one in endpoints]
        found += [_form_part(one) for one in await self._clearings()]
        found += [Component("view", name, Action.REMOVE) for name in (await self._views()).values()]
        found += [Component("column", name, Action.REMOVE, "with its data") for name in ours]
        found += [Component("column", name, Action.KEEP, after=NOT_OURS) for name in others]
        found += await self._catalogue.parts()
        solutions, publishers, others_of_ours = await self._solutions()
        found += [Component("solution", calls.SOLUTION, Action.REMOVE) for _ in solutions]
        kept = Component("publisher", calls.PUBLISHER, Action.KEEP, after=_SHARED)
        gone = Component("publisher", calls.PUBLISHER, Action.REMOVE)
        return found + [kept if others_of_ours else gone for _ in publishers]

    async def remove_webhooks(self) -> None:
        """Steps first: an endpoint that one refers to stays (6.2)."""
        endpoints, steps = await self._webhooks()
        for step in steps:
            await self._delete(_STEPS, step.get(_STEP_ID))
        for endpoint in endpoints:
            await self._delete("serviceendpoints", endpoint.get("serviceendpointid"))

    async def _webhooks(self) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        condition = f"name eq {text(ENDPOINT)} and contract eq 8"
        (endpoints,) = await self._look.found(
            calls.question("serviceendpoints", "serviceendpointid,url", condition)
        )
        if not endpoints:
            return [], []
        handlers = [f"_eventhandler_value eq {one.get('serviceendpointid')}" for one in endpoints]
        questions = [calls.question(_STEPS, f"{_STEP_ID},name", handler) for handler in handlers]
        return endpoints, [step for steps in await self._look.found(*questions) for step in steps]

    async def clear_forms(self) -> list[Component]:
        """Our section and toggles are off every form that may be changed; gives those that may not."""
        left = []
        for one in await self._clearings():
            if not one.form.customisable:
                left.append(_form_part(one))
                continue
            request = calls.amend("systemforms", one.form.form_id, {"formxml": one.xml}, "saving a form")
            check(await self._transport.send(request), request.what)
        return left

    async def _clearings(self) -> list[_Clearing]:
        found = []
        for form in await self._look.forms(calls.every_form()):
            placed = remove_section(form.xml)
            if isinstance(placed, Edited):
                found.append(_Clearing(form, placed.xml, placed.changes))
        return found

    async def remove_views(self) -> None:
        """Our views are gone."""
        for key in await self._views():
            await self._delete("savedqueries", key)

    async def _views(self) -> dict[str, str]:
        """The names of the views of our solution, by id."""
        ours, there = await self._look.members(VIEW_KIND), await self._look.views()
        return {key: str(there[key].get("name")) for key in sorted(ours & there.keys())}

    async def publish(self) -> None:
        """Publish the contact table's customisations."""
        request = calls.publish(["contact"])
        check(await self._transport.send(request), request.what)

    async def remove_columns(self) -> list[Component]:
        """The columns of our solution are gone; gives those that something else refers to."""
        ours, _ = await self._look.prefixed()
        left = []
        for name in ours:
            response = await self._transport.send(calls.delete_column(name))
            fault = read_fault(response)
            if fault.code == _IN_USE:
                left.append(Component("column", name, Action.KEEP, after=_REFERRED))
            elif not _gone(response):
                check(response, "deleting a column")
        return left

    async def remove_catalogue(self) -> list[Component]:
        """The table of categories is gone; gives it where something else refers to it."""
        return await self._catalogue.remove()

    async def remove_solution(self) -> list[Component]:
        """Solution and publisher are gone; gives the publisher where others use it."""
        solutions, publishers, others = await self._solutions()
        for one in solutions:
            await self._delete("solutions", one.get("solutionid"))
        if others:
            return [Component("publisher", calls.PUBLISHER, Action.KEEP, after=_SHARED)]
        for one in publishers:
            await self._delete("publishers", one.get("publisherid"))
        return []

    async def _solutions(
        self,
    ) -> tuple[Sequence[calls.Record], Sequence[calls.Record], Sequence[calls.Record]]:
        """Our solution, our publisher, and what others made with our publisher."""
        solutions, publishers = await self._look.found(
            _our("solutions", "solutionid", calls.SOLUTION),
            _our("publishers", "publisherid", calls.PUBLISHER),
        )
        if not publishers:
            return solutions, [], []
        condition = (
            f"_publisherid_value eq {publishers[0].get('publisherid')} "
            f"and uniquename ne {text(calls.SOLUTION)}"
        )
        (others,) = await self._look.found(calls.question("solutions", "uniquename", condition))
        return solutions, publishers, others

    async def _delete(self, table: str, row_id: object) -> None:
        try:
            request: Request = calls.delete(table, UUID(str(row_id)), f"deleting one of {table}")
        except ValueError:
            raise broken(f"looking through {table}") from None
        response = await self._transport.send(request)
        if not _gone(response):
            check(response, request.what)


def _our(table: str, select: str, name: str) -> Operation:
    return calls.question(table, select, f"uniquename eq {text(name)}")


def _gone(response: Response) -> bool:
    """Whether it does not exist any more; a second removal meets nothing."""
    return response.status == 404 and bool(read_fault(response).code)


def _form_part(one: _Clearing) -> Component:
    said = "; ".join(change.what for change in one.changes)
    if not one.form.customisable:
        return Component("form", one.form.name, Action.KEEP, said, _LOCKED_FORM)
    return Component("form", one.form.name, Action.CHANGE, "\n".join(c.before for c in one.changes), said)
