"""What setup makes in an organisation, each part found or made, so that every call may be repeated."""

from collections.abc import Sequence
from uuid import UUID

from assent.crm.catalogue import Catalogue
from assent.crm.counting import count_contacts
from assent.crm.faults import DUPLICATE_COLUMN, check, read_fault
from assent.crm.inspecting import Inspection, may_change
from assent.crm.odata import decode, text
from assent.crm.requests import metadata as calls
from assent.crm.requests.catalogue import TABLE
from assent.crm.transport import Request, Transport
from assent.crm.views import view, view_id, view_name
from assent.crm.webhooks import Webhooks
from assent.errors import AssentError, Bug, Paused, Retry
from assent.ports import Clock
from assent.ports.setup import Catalogue as Rows
from assent.ports.setup import CatalogueRow, CategoryColumn, Component, Form

_FORM_REFUSED = "0x80048007"

#: Seconds between looks at a new column, which may take half a minute to be known everywhere (7.6).
_LOOKS_S = (0.0, 3.0, 10.0, 20.0)


class DataverseSetup:
    """Makes the parts of one organisation: solution, columns, form edits, webhooks.

    `language` is the organisation's base language, in which labels are written. Metadata writes go
    one after another: an organisation runs one customisation at a time (dataverse.md 7.7), and
    Locked is raised while it runs somebody else's.
    """

    def __init__(self, transport: Transport, clock: Clock, *, language: int) -> None:
        if language <= 0:
            raise Bug("Setup needs the organisation's base language to write labels in.")
        self._transport = transport
        self._clock = clock
        self._language = language
        self._look = Inspection(transport, language)
        self._catalogue = Catalogue(transport, language)
        self._contacts: int | None = None
        self._columns: set[str] | None = None  # the contact table's own, as they were when first looked for

    @property
    def language(self) -> int:
        """The organisation's base language."""
        return self._language

    async def components(
        self, columns: Sequence[CategoryColumn], catalogue: Rows, url: str
    ) -> list[Component]:
        """What each part but the forms is now and would be; nothing is written."""
        listed = [] if catalogue is None else await self._catalogue.components(catalogue)
        return [*await self._look.solution(), *listed, *await self._look.components(columns, url)]

    async def foreign_columns(self) -> list[str]:
        """Columns that go by our prefix and are not of our solution: somebody else made them (S1)."""
        return (await self._look.prefixed())[1]

    async def contacts(self) -> int:
        """About how many contacts there are; what is not told only leaves the time that is left untold."""
        if self._contacts is None:
            try:
                self._contacts = await count_contacts(self._transport)
            except Bug:
                raise
            except AssentError:
                self._contacts = 0
        return self._contacts

    async def ensure_solution(self) -> None:
        """Our publisher and unmanaged solution exist."""
        publishers, solutions = await self._look.found(
            calls.question("publishers", "publisherid", f"uniquename eq {text(calls.PUBLISHER)}"),
            calls.question("solutions", "solutionid", f"uniquename eq {text(calls.SOLUTION)}"),
        )
        if solutions:
            return
        publisher_id = (
            UUID(str(publishers[0].get("publisherid")))
            if publishers
            else await self._made("publishers", calls.publisher())
        )
        await self._made("solutions", calls.solution(publisher_id))

    async def _made(self, table: str, body: calls.Record) -> UUID:
        request = _without_solution(calls.insert(table, body, f"creating one of {table}"))
        return calls.parse_inserted(await self._transport.send(request), request.what)

    async def ensure_catalogue(self, rows: Sequence[CatalogueRow]) -> None:
        """The table of categories exists with exactly these rows."""
        await self._catalogue.ensure(rows, self._clock)

    async def ensure_column(self, column: CategoryColumn, *, adopt: bool = False) -> bool:
        """The category's column exists, is Yes/No and bears the category's name; True when made now.

        Raises Paused where a column of that name has another type, or is not of our solution and may not
        be adopted: its data is somebody's.
        """
        if not column.schema_name.lower().startswith(f"{calls.PREFIX}_"):
            raise Bug(f"A column of ours must begin with {calls.PREFIX}_.")
        found = await self._column(column.logical_name)
        if found is None:
            response = await self._transport.send(calls.create_column(column, self._language))
            if 200 <= response.status < 300:
                return True
            if read_fault(response).code != DUPLICATE_COLUMN:
                check(response, "creating a column")
            found = await self._look.column(column.logical_name)
            if found is None:
                raise Retry("The column exists but cannot be read yet: Dynamics is still spreading it.")
        if found.get("AttributeType") != "Boolean":
            raise Paused(
                "column_type",
                f"The contact table has a column {column.logical_name} that is no Yes/No column. Delete it "
                "in Dynamics, or give the category another column, then retry.",
                evidence={"column": column.logical_name, "type": str(found.get("AttributeType"))},
            )
        if not adopt and not await self._look.is_ours(found):
            raise Paused(
                "column_foreign",
                f"The contact table has a Yes/No column {column.logical_name} already that Assent did not "
                "make. Its values would count as people's answers.",
                evidence={
                    "looked_for": [f"no column {column.logical_name}, or one of the Assent solution"],
                    "column": column.logical_name,
                    "label": calls.label_text(found.get("DisplayName"), self._language) or "",
                },
            )
        await self._relabel(column)
        return False

    async def _column(self, logical_name: str) -> dict[str, object] | None:
        """A column's definition; of many that are not there yet one question is enough."""
        if self._columns is None:
            self._columns = await self._look.custom_columns()
        if logical_name not in self._columns:
            self._columns.add(logical_name)  # from now on it may be there
            return None
        return await self._look.column(logical_name)

    async def spread(self, columns: Sequence[CategoryColumn]) -> None:
        """Wait until contacts can be read with the columns; raises Retry when that takes too long."""
        names = [column.logical_name for column in columns]
        for seconds in _LOOKS_S:
            if seconds:
                await self._clock.sleep(seconds)
            request = calls.probe_columns(names)
            response = await self._transport.send(request)
            if response.status not in (400, 404):
                check(response, request.what)
                return
        raise Retry(
            f"Dynamics has made the columns {', '.join(names)} but does not know them everywhere yet; "
            "setup goes on when it does.",
            after_s=30,
        )

    async def _relabel(self, column: CategoryColumn) -> None:
        """Give a renamed category's column its new name; the default must be Yes (design section 4)."""
        request = calls.yes_no_column(column.logical_name)
        found = decode(check(await self._transport.send(request), request.what).body, request.what)
        named = calls.label_text(found.get("DisplayName"), self._language) == column.name
        if named and found.get("DefaultValue") is True:
            return
        wanted = found | {"DefaultValue": True, "DisplayName": calls.label(column.name, self._language)}
        request = calls.replace_column(column.logical_name, wanted)
        check(await self._transport.send(request), request.what)

    async def main_forms(self) -> list[Form]:
        """The active contact main forms, each with its makers' unpublished edits."""
        return await self._look.forms(calls.main_forms())

    async def save_form(self, form_id: UUID, xml: str) -> None:
        """Store a form's XML in the unpublished layer; raises Paused when Dynamics will not have it."""
        request = calls.amend("systemforms", form_id, {"formxml": xml}, "saving a form")
        response = await self._transport.send(request)
        if response.status == 400:
            fault = read_fault(response)
            if fault.code == _FORM_REFUSED or "schema" in fault.text.lower():
                raise Paused(
                    "form_refused",
                    "Dynamics refused the form with the Subscriptions section. Choose another form or tab, "
                    "or skip the placement and add the toggles by hand.",
                    evidence={"form": str(form_id), "answer": fault.text[:500]},
                )
        check(response, request.what)

    async def ensure_views(self, columns: Sequence[CategoryColumn]) -> None:
        """A view of subscribers for each column, called as its category is; those of others are gone.

        What people did to our views stays: their columns, their filter. One that may not be customised keeps
        its name.
        """
        there, ours = await self._look.views_and_ours()
        wanted = {str(view_id(column)): column for column in columns}
        for key, column in wanted.items():
            if key not in there:
                request = calls.insert("savedqueries", view(column, self._language), "creating a view")
                calls.parse_inserted(await self._transport.send(request), request.what)
            elif there[key].get("name") != (name := view_name(column, self._language)) and may_change(
                there[key]
            ):
                request = calls.amend("savedqueries", UUID(key), {"name": name}, "renaming a view")
                check(await self._transport.send(request), request.what)
        for key in ours & there.keys() - wanted.keys():
            request = calls.delete("savedqueries", UUID(key), "deleting a view")
            check(await self._transport.send(request), request.what)

    async def publish(self) -> None:
        """Publish the customisations of the contact table and of the catalogue."""
        ours = [TABLE] if await self._catalogue.exists() else []
        request = calls.publish(["contact", *ours])
        check(await self._transport.send(request), request.what)

    async def ensure_webhooks(self, url: str, key: str, filtering: Sequence[str]) -> None:
        """One service endpoint, and steps on contact create, update, delete and merge, enabled."""
        await Webhooks(self._transport).ensure(url, key, filtering)


def _without_solution(request: Request) -> Request:
    """A publisher or solution cannot be put in a solution that may not exist yet."""
    headers = {k: v for k, v in request.headers.items() if k != "MSCRM.SolutionUniqueName"}
    return Request(request.what, request.method, request.path, headers, request.body, repeatable=False)
