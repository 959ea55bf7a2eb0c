"""The catalogue of categories in Dynamics: a table of ours that says what each column means (design 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from assent.crm.faults import check, read_fault
from assent.crm.inspecting import TABLE_KIND, Inspection
from assent.crm.odata import broken, decode, listed, query
from assent.crm.privileges import CATALOGUE
from assent.crm.requests import catalogue as calls
from assent.crm.requests.batch import LIMIT, Operation, answers, batch
from assent.crm.requests.metadata import Record, insert, parse_inserted, question
from assent.crm.transport import Request, Response, Transport
from assent.errors import Paused, PrivilegeMissing, Retry
from assent.ports import Clock
from assent.ports.setup import Action, CatalogueRow, Component

#: Seconds between looks at the new table, which may take half a minute to be known everywhere (7.6).
_LOOKS_S = (0.0, 3.0, 10.0, 20.0)
#: Rows looked at; beyond that somebody filled the table, and what is left is met by the next run.
_MOST = 5_000
_IN_USE = "0x8004f01f"
_READING, _WRITING = "reading the category rows", "writing the category rows"

_OURS = "one row per category, owned by the organisation"
_VIEW = Component("view", "of the categories", Action.CREATE)
_THEIRS = "Somebody else's: a person is asked"
NOT_OURS = "Assent did not make it"
REFERRED = "something else in Dynamics refers to it, such as an app, a lookup or a flow of somebody's"


@dataclass(frozen=True, slots=True)
class Table:
    """The catalogue's table as it is: its entity set, its code, and the types of its columns."""

    metadata_id: str
    entity_set: str
    code: int
    types: Mapping[str, str]


class Catalogue:
    """The catalogue of one organisation; `language` is its base language."""

    def __init__(self, transport: Transport, language: int) -> None:
        self._transport = transport
        self._language = language
        self._look = Inspection(transport, language)
        self._ensured = False

    async def table(self) -> Table | None:
        """The table of that name, whoever made it."""
        request = calls.definition()
        response = await self._transport.send(request)
        if response.status == 404 and read_fault(response).code:
            return None
        return _table(decode(check(response, request.what).body, request.what), request.what)

    async def is_ours(self, table: Table) -> bool:
        """Whether setup made it: its metadata id is one of our solution's."""
        return table.metadata_id in await self._look.members(TABLE_KIND)

    async def components(self, rows: Sequence[CatalogueRow]) -> list[Component]:
        """The table, its columns that are not as they should be, and its rows; nothing is written."""
        table = await self.table()
        if table is None:
            made = [Component("table", calls.TABLE, Action.CREATE, "", _OURS), _VIEW]
            return [*made, *(Component("category row", row.name, Action.CREATE) for row in rows)]
        if not await self.is_ours(table):
            return [Component("table", calls.TABLE, Action.BLOCKED, "made by somebody else", _THEIRS)]
        parts = [Component("table", calls.TABLE, Action.KEEP), *_columns(table)]
        if not await self._has_view():
            parts.append(_VIEW)
        if _faulty(table):
            return parts  # rows cannot be asked for by columns that are not there
        try:
            there = await self._rows(table)
        except PrivilegeMissing as error:
            return [*parts, Component("category row", "any", Action.BLOCKED, "not readable", str(error))]
        wanted = {str(calls.row_id(row)): row for row in rows}
        parts += [_row(row, there.get(key)) for key, row in wanted.items()]
        strange = (there[key] for key in there.keys() - wanted.keys())
        return [*parts, *(Component("category row", _name(one), Action.REMOVE) for one in strange)]

    async def ensure(self, rows: Sequence[CatalogueRow], clock: Clock) -> None:
        """Table, columns and view exist, and the rows are exactly these, written in few requests."""
        found = await self.table()
        table, fresh = (found, False) if found is not None else await self._made()
        if not fresh and not await self.is_ours(table):
            raise Paused(
                "table_foreign",
                f"Dynamics has a table {calls.TABLE} already that Assent did not make. Nothing was written "
                "to it.",
                evidence={"looked_for": [f"no table {calls.TABLE}, or one of the Assent solution"]},
            )
        self._ensured = True
        await self._mend(table)
        if fresh or not await self._has_view():
            request = insert("savedqueries", calls.view(table.code, self._language), "creating a view")
            parse_inserted(await self._transport.send(request), request.what)
        try:
            await self._fill(table, rows, await self._known(table, clock))
        except PrivilegeMissing as error:
            raise PrivilegeMissing(
                f"The application user lacks {error.privilege or 'a privilege'} on the category table. These "
                f"privileges exist only since setup made it; give the setup role {', '.join(CATALOGUE)} at "
                "organisation depth.",
                code=error.code,
                privilege=error.privilege,
            ) from None

    async def exists(self) -> bool:
        """Whether there is a table to publish."""
        return self._ensured or await self.table() is not None

    async def _made(self) -> tuple[Table, bool]:
        """Make the table, and tell whether it was made now: one that came meanwhile is anybody's."""
        request = calls.create_table(self._language)
        response = await self._transport.send(request)
        found = await self.table()
        if found is None:
            check(response, request.what)
            raise Retry("Dynamics has made the category table but does not show it yet.", after_s=30)
        return found, 200 <= response.status < 300

    async def _mend(self, table: Table) -> None:
        """Make the columns somebody deleted; one of another type holds somebody's data."""
        for name, kind in calls.types().items():
            found = table.types.get(name)
            if found is None:
                request = calls.create_column(name, self._language)
                check(await self._transport.send(request), request.what)
            elif found != kind:
                raise Paused(
                    "column_type",
                    f"The column {name} of the category table is of another type than Assent made it. Delete "
                    "it in Dynamics, then retry.",
                    evidence={"column": name, "type": found},
                )

    async def _known(self, table: Table, clock: Clock) -> dict[str, Record]:
        """The rows, once table and columns are known everywhere; raises Retry when that takes long."""
        for seconds in _LOOKS_S:
            if seconds:
                await clock.sleep(seconds)
            response = await self._transport.send(_question(table))
            if response.status not in (400, 404):
                return _found(response)
        raise Retry(
            "Dynamics has made the category table but does not know it everywhere yet; setup goes on when "
            "it does.",
            after_s=30,
        )

    async def _rows(self, table: Table) -> dict[str, Record]:
        return _found(await self._transport.send(_question(table)))

    async def _fill(self, table: Table, rows: Sequence[CatalogueRow], there: Mapping[str, Record]) -> None:
        wanted = {str(calls.row_id(row)): row for row in rows}
        writes = [
            _write(table, key, row, there.get(key))
            for key, row in wanted.items()
            if key not in there or _differences(row, there[key])
        ]
        writes += [
            Operation("DELETE", f"{table.entity_set}({UUID(key)})") for key in there.keys() - wanted.keys()
        ]
        for start in range(0, len(writes), LIMIT):
            part = writes[start : start + LIMIT]
            response = check(await self._transport.send(batch(_WRITING, part)), _WRITING)
            for write, answer in zip(part, answers(response, len(part), _WRITING), strict=True):
                if answer is None:
                    raise broken(_WRITING)
                if not (write.method == "DELETE" and answer.status == 404):
                    check(answer, _WRITING)

    async def _has_view(self) -> bool:
        condition = f"savedqueryid eq {calls.view_id()}"
        (found,) = await self._look.found(question("savedqueries", "savedqueryid", condition))
        return bool(found)

    async def parts(self) -> list[Component]:
        """What removal does with the table."""
        table = await self.table()
        if table is None:
            return []
        if not await self.is_ours(table):
            return [Component("table", calls.TABLE, Action.KEEP, after=NOT_OURS)]
        return [Component("table", calls.TABLE, Action.REMOVE, "with its rows")]

    async def remove(self) -> list[Component]:
        """Delete our table with its view and rows; gives it where something else refers to it."""
        table = await self.table()
        if table is None or not await self.is_ours(table):
            return []
        request = calls.delete_table()
        response = await self._transport.send(request)
        if read_fault(response).code == _IN_USE:
            return [Component("table", calls.TABLE, Action.KEEP, after=REFERRED)]
        if response.status != 404:
            check(response, request.what)
        return []


def _table(found: Record, what: str) -> Table:
    columns, code = found.get("Attributes"), found.get("ObjectTypeCode")
    if not isinstance(columns, list) or not isinstance(code, int):
        raise broken(what)
    types = {str(one.get("LogicalName")): str(one.get("AttributeType")) for one in columns}
    return Table(str(found.get("MetadataId")), str(found.get("EntitySetName")), code, types)


def _question(table: Table) -> Request:
    return Request(_READING, "GET", table.entity_set + query(select=calls.SELECT, top=str(_MOST)))


def _found(response: Response) -> dict[str, Record]:
    found = listed(decode(check(response, _READING).body, _READING), _READING)
    return {str(one.get(calls.KEY)): one for one in found}


def _write(table: Table, key: str, row: CatalogueRow, there: Record | None) -> Operation:
    """Create or correct a row: a PATCH by id does either, and done twice it changes nothing (2.6)."""
    body = dict(calls.record(row))
    if there is not None and there.get("statecode") != 0:
        body |= {"statecode": 0, "statuscode": 1}
    return Operation("PATCH", f"{table.entity_set}({key})", {}, body)


def _faulty(table: Table) -> bool:
    return any(table.types.get(name) != kind for name, kind in calls.types().items())


def _columns(table: Table) -> list[Component]:
    """The table's columns that are gone or of another type."""
    parts = []
    for name, kind in calls.types().items():
        found, named = table.types.get(name), f"{calls.TABLE}.{name}"
        if found is None:
            parts.append(Component("column of the categories", named, Action.CREATE, "", kind))
        elif found != kind:
            parts.append(Component("column of the categories", named, Action.BLOCKED, found, kind))
    return parts


def _row(row: CatalogueRow, there: Record | None) -> Component:
    if there is None:
        return Component("category row", row.name, Action.CREATE)
    before, after = zip(*found, strict=True) if (found := _differences(row, there)) else ((), ())
    action = Action.CHANGE if before else Action.KEEP
    return Component("category row", row.name, action, ", ".join(before), ", ".join(after))


def _differences(row: CatalogueRow, there: Record) -> list[tuple[str, str]]:
    """What a row says instead of what it should, in words."""
    found = []
    for name, said in (
        (calls.NAME, "called"),
        (calls.DESCRIPTION, "described"),
        (calls.COLUMN, "of column"),
        (calls.POSITION, "at position"),
        (calls.ARCHIVED, "archived:"),
    ):
        was, wanted = _plain(there.get(name)), _plain(calls.record(row)[name])
        if was != wanted:
            found.append((f"{said} {was[:80] or 'nothing'}", f"{said} {wanted[:80] or 'nothing'}"))
    if there.get("statecode") != 0:
        found.append(("deactivated", "active"))
    return found


def _plain(value: object) -> str:
    """A value as it compares: Dynamics may end lines otherwise, and gives no empty text back."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else "\n".join(str(value).splitlines()).strip()


def _name(record: Record) -> str:
    return _plain(record.get(calls.NAME))[:100] or "without a name"
