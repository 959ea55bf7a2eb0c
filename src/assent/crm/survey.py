"""Looks an organisation over when it is connected: what it allows, and what people should know of it."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from assent.crm import odata
from assent.crm.counting import count_contacts
from assent.crm.faults import check
from assent.crm.privileges import CATALOGUE, RUN_TIME, SETUP, missing
from assent.crm.requests import catalogue
from assent.crm.transport import Request, Response, Transport
from assent.errors import AssentError, Bug

#: The newest rows whose writers are counted.
SAMPLE = 5_000

#: The table of Customer Insights' own consent, where it is in use (9.3).
_CONTACT_POINTS = "msdynmkt_contactpointconsent4"
_BURST = "x-ms-ratelimit-burst-remaining-xrm-requests"
_TABLE = "EntityDefinitions(LogicalName='contact')"

Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class Writer:
    """Who last modified contacts, and how many of the newest; an application is an import or an ERP."""

    user_id: UUID
    name: str
    application: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found; None where the organisation did not tell, and `untold` says why not."""

    version: str | None = None
    languages: tuple[int, ...] | None = None
    auditing: bool | None = None
    contacts: int | None = None
    requests_left: int | None = None
    missing_run_time: tuple[str, ...] | None = None
    missing_setup: tuple[str, ...] | None = None
    writers: tuple[Writer, ...] | None = None
    contact_point_consent: bool | None = None
    secured: tuple[str, ...] | None = None
    untold: Mapping[str, str] = field(default_factory=dict)


class Survey:
    """Asks one organisation for each fact; one that is not told never hides the others."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._untold: dict[str, str] = {}

    async def findings(self, organisation_id: UUID, user_id: UUID) -> Findings:
        """Everything that can be learnt with reads alone."""
        held = await self._fact("privileges", lambda: self._privileges(user_id))
        setup = (*SETUP, *(CATALOGUE if await self._fact("category_table", self._listed) else ()))
        return Findings(
            version=await self._fact("version", self._version),
            languages=await self._fact("languages", self._languages),
            auditing=await self._fact("auditing", lambda: self._auditing(organisation_id)),
            contacts=await self._fact("contacts", lambda: count_contacts(self._transport)),
            requests_left=await self._fact("requests_left", self._requests_left),
            missing_run_time=None if held is None else missing(held, RUN_TIME),
            missing_setup=None if held is None else missing(held, setup),
            writers=await self._fact("writers", lambda: self._writers(user_id)),
            contact_point_consent=await self._fact("contact_point_consent", self._contact_points),
            secured=await self._fact("secured", self._secured),
            untold=self._untold,
        )

    async def _fact(self, name: str, ask: Callable[[], Awaitable[Fact]]) -> Fact | None:
        try:
            return await ask()
        except Bug:
            raise
        except AssentError as error:
            self._untold[name] = str(error)
            return None

    async def _ask(self, what: str, path: str) -> dict[str, object]:
        response = await self._transport.send(Request(what, "GET", path))
        return odata.decode(check(response, what).body, what)

    async def _version(self) -> str:
        return str((await self._ask("reading the version", "RetrieveVersion()")).get("Version", ""))

    async def _languages(self) -> tuple[int, ...]:
        name = "RetrieveProvisionedLanguages"
        found = (await self._ask("reading the languages", f"{name}()")).get(name)
        return tuple(code for code in found if isinstance(code, int)) if isinstance(found, list) else ()

    async def _auditing(self, organisation_id: UUID) -> bool:
        """Whether changes of contacts are audited: both the organisation's and the table's switch are on."""
        what = "reading whether contacts are audited"
        whole = await self._ask(what, f"organizations({organisation_id})?$select=isauditenabled")
        if whole.get("isauditenabled") is not True:
            return False
        table = (await self._ask(what, f"{_TABLE}?$select=IsAuditEnabled")).get("IsAuditEnabled")
        return table is True or (isinstance(table, dict) and table.get("Value") is True)

    async def _requests_left(self) -> int:
        """The requests this user may still make in these five minutes, as the organisation tells (5.1)."""
        response: Response = await self._transport.send(Request("asking who we are", "GET", "WhoAmI"))
        told = re.sub(r"\.\d*\Z|\D", "", check(response, "asking who we are").headers.get(_BURST, ""))
        if not told:
            raise odata.broken("reading the request budget")
        return int(told[:9])

    async def _privileges(self, user_id: UUID) -> dict[str, str]:
        """Each privilege the application user has, and its depth; the deepest where several roles give it."""
        path = f"systemusers({user_id})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"
        found = (await self._ask("reading our privileges", path)).get("RolePrivileges")
        held: dict[str, str] = {}
        for one in found if isinstance(found, list) else ():
            name, depth = str(one.get("PrivilegeName")), str(one.get("Depth"))
            held[name] = "Global" if "Global" in (depth, held.get(name)) else depth
        return held

    async def _writers(self, me: UUID) -> tuple[Writer, ...]:
        what = "reading who writes contacts"
        query = odata.query(select="_modifiedby_value", orderby="modifiedon desc", top=str(SAMPLE))
        rows = odata.listed(await self._ask(what, f"contacts{query}"), what)
        counts = Counter(str(row.get("_modifiedby_value")) for row in rows)
        counts.pop(str(me), None)
        counts.pop(str(None), None)
        return tuple([await self._writer(UUID(user_id), rows) for user_id, rows in counts.most_common(20)])

    async def _writer(self, user_id: UUID, rows: int) -> Writer:
        select = odata.query(select="fullname,applicationid")
        user = await self._ask("reading who writes contacts", f"systemusers({user_id}){select}")
        application = user.get("applicationid") is not None
        return Writer(user_id, str(user.get("fullname") or ""), application, rows)

    async def _listed(self) -> bool:
        """Whether the table of categories is there: privileges on it exist no sooner."""
        request = catalogue.definition()
        response = await self._transport.send(request)
        if response.status != 404:
            check(response, request.what)
        return response.status != 404

    async def _contact_points(self) -> bool:
        path = f"EntityDefinitions(LogicalName='{_CONTACT_POINTS}')?$select=LogicalName"
        response = await self._transport.send(Request("looking for other consent", "GET", path))
        if response.status == 404:
            return False
        check(response, "looking for other consent")
        return True

    async def _secured(self) -> tuple[str, ...]:
        """Columns of contacts that are under column security: without a profile they are not read."""
        what = "reading which columns are secured"
        path = f"{_TABLE}/Attributes" + odata.query(select="LogicalName", filter="IsSecured eq true")
        found = odata.listed(await self._ask(what, path), what)
        return tuple(sorted(str(one.get("LogicalName")) for one in found))
