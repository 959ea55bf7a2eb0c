"""What an organisation has of the parts setup makes, and what each would become; only reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from assent.crm.columns import Columns
from assent.crm.faults import check, read_fault
from assent.crm.forms import PREFIX, survey
from assent.crm.odata import broken, decode, text
from assent.crm.requests import metadata as calls
from assent.crm.requests.batch import Operation, answers, batch
from assent.crm.transport import Request, Transport
from assent.crm.views import view_id, view_name
from assent.crm.webhooks import ENDPOINT, MESSAGES
from assent.ports.setup import Action, CategoryColumn, Component, Form

#: Kinds of solution components (7.1).
TABLE_KIND, COLUMN_KIND, VIEW_KIND = 1, 2, 26
_STEPS = "sdkmessageprocessingsteps"
_LOOKING = "looking for what setup made before"
_VIEWS = calls.question(
    "savedqueries",
    "savedqueryid,name,iscustomizable",
    "returnedtypecode eq 'contact' and querytype eq 0",
)


class Inspection:
    """Looks through one organisation; `language` is its base language."""

    def __init__(self, transport: Transport, language: int) -> None:
        self._transport = transport
        self._language = language
        self._solution_id = ""  # once it is known

    async def solution(self) -> list[Component]:
        """Publisher and solution."""
        publishers, solutions = await self.found(
            calls.question("publishers", "publisherid", f"uniquename eq {text(calls.PUBLISHER)}"),
            calls.question("solutions", "solutionid", f"uniquename eq {text(calls.SOLUTION)}"),
        )
        return [
            _there("publisher", calls.PUBLISHER, bool(publishers)),
            _there("solution", calls.SOLUTION, bool(solutions)),
        ]

    async def components(self, columns: Sequence[CategoryColumn], url: str) -> list[Component]:
        """The contact table's parts but the forms, and the webhooks, as they are and as they would be."""
        (endpoints,) = await self.found(
            calls.question(
                "serviceendpoints", "serviceendpointid,url", f"name eq {text(ENDPOINT)} and contract eq 8"
            )
        )
        views = await self.views()
        return [
            *[await self._column(column) for column in columns],
            *[await self._view(column, views) for column in columns],
            *await self._webhooks(endpoints, url, columns),
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

    async def _webhooks(
        self, endpoints: Sequence[calls.Record], url: str, columns: Sequence[CategoryColumn]
    ) -> list[Component]:
        if not endpoints:
            steps = [Component("webhook step", f"contact {name}", Action.CREATE) for name in MESSAGES]
            return [Component("webhook", ENDPOINT, Action.CREATE, "", url), *steps]
        endpoint_id, was = endpoints[0].get("serviceendpointid"), str(endpoints[0].get("url"))
        (steps_there,) = await self.found(
            calls.question(
                _STEPS, "name,statecode,filteringattributes", f"_eventhandler_value eq {endpoint_id}"
            )
        )
        steps_known = {str(step.get("name")): step for step in steps_there}
        watched = ",".join(Columns(tuple(columns)).watched)
        action = Action.KEEP if was == url else Action.CHANGE
        parts = [Component("webhook", ENDPOINT, action, was, url)]
        return parts + [_step(name, steps_known, watched) for name in MESSAGES]

    async def column(self, logical_name: str) -> dict[str, object] | None:
        """A contact column's definition, or None where there is none."""
        response = await self._transport.send(calls.column(logical_name))
        if response.status == 404 and read_fault(response).code:
            return None
        return decode(check(response, "reading a column").body, "reading a column")

    async def is_ours(self, column: calls.Record) -> bool:
        """Whether a column belongs to our solution, as every one does that setup made."""
        return str(column.get("MetadataId")) in await self.members(COLUMN_KIND)

    async def prefixed(self) -> tuple[list[str], list[str]]:
        """The contact columns of our solution, and others that go by our prefix."""
        ours = await self.members(COLUMN_KIND)
        named = {name: metadata_id in ours for name, metadata_id in (await self._custom()).items()}
        others = [name for name, mine in named.items() if name.startswith(PREFIX) and not mine]
        return sorted(name for name, mine in named.items() if mine), sorted(others)

    async def custom_columns(self) -> set[str]:
        """The contact columns that anybody added."""
        return set(await self._custom())

    async def _custom(self) -> dict[str, str]:
        """The metadata ids of the columns that were added, by name."""
        listed = calls.parse_found(await self._transport.send(calls.custom_columns()), "reading the columns")
        return {str(one.get("LogicalName")): str(one.get("MetadataId")) for one in listed}

    async def members(self, kind: int) -> set[str]:
        """The ids of the parts of one kind that belong to our solution (7.1)."""
        if (question := await self._members(kind)) is None:
            return set()
        (parts,) = await self.found(question)
        return _object_ids(parts)

    async def _members(self, kind: int) -> Operation | None:
        """What asks for them; None while there is no solution."""
        if not self._solution_id:
            (solutions,) = await self.found(
                calls.question("solutions", "solutionid", f"uniquename eq {text(calls.SOLUTION)}")
            )
            if not solutions:
                return None
            self._solution_id = str(solutions[0].get("solutionid"))
        condition = f"_solutionid_value eq {self._solution_id} and componenttype eq {kind}"
        return calls.question("solutioncomponents", "objectid", condition)

    async def views(self) -> dict[str, calls.Record]:
        """The public contact views, by id."""
        (found,) = await self.found(_VIEWS)
        return _by_view_id(found)

    async def views_and_ours(self) -> tuple[dict[str, calls.Record], set[str]]:
        """The same, and the ids of our solution's views of any table."""
        if (question := await self._members(VIEW_KIND)) is None:
            return await self.views(), set()
        found, parts = await self.found(_VIEWS, question)
        return _by_view_id(found), _object_ids(parts)

    async def _view(self, column: CategoryColumn, there: Mapping[str, calls.Record]) -> Component:
        name, known = view_name(column, self._language), there.get(str(view_id(column)))
        if known is None:
            return Component("view", name, Action.CREATE)
        was = str(known.get("name"))
        renamed = was != name and may_change(known)
        return Component("view", was, Action.CHANGE if renamed else Action.KEEP, was, name)

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


def _by_view_id(found: Iterable[calls.Record]) -> dict[str, calls.Record]:
    return {str(one.get("savedqueryid")): one for one in found}


def _object_ids(parts: Iterable[calls.Record]) -> set[str]:
    return {str(part.get("objectid")) for part in parts}


def may_change(view: calls.Record) -> bool:
    """Whether a view may be customised."""
    may = view.get("iscustomizable")
    return bool(may.get("Value")) if isinstance(may, dict) else may is not False


def _there(kind: str, name: str, there: bool) -> Component:
    return Component(kind, name, Action.KEEP if there else Action.CREATE)


def _step(message: str, known: Mapping[str, calls.Record], watched: str) -> Component:
    """One webhook step: there, enabled, and for updates reporting these columns (6.5)."""
    kind, name = "webhook step", f"contact {message}"
    step = known.get(f"Assent: {name}")
    if step is None:
        return Component(kind, name, Action.CREATE)
    if step.get("statecode") != 0:
        return Component(kind, name, Action.CHANGE, "disabled", "enabled")
    reported = str(step.get("filteringattributes") or "")
    # More than these is no harm: an archived category's column is reported until setup comes by.
    if message == "Update" and not {*watched.split(",")} <= {*reported.split(",")}:
        return Component(kind, name, Action.CHANGE, f"reporting {reported}", f"reporting {watched}")
    return Component(kind, name, Action.KEEP)
