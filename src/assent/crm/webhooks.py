"""The webhook registration: one endpoint and four steps, found, made or repaired (dataverse.md 6.1-6.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from xml.sax.saxutils import quoteattr

from assent.crm.faults import check
from assent.crm.odata import broken, text
from assent.crm.requests import metadata as calls
from assent.crm.transport import Transport
from assent.errors import Refused

ENDPOINT = "Assent"
KEY_HEADER = "x-assent-key"
MESSAGES = ("Create", "Update", "Delete", "Merge")

#: Only these have a row of before: a pre-image tells what an Update moved and what a Delete took (6.3).
_WITH_IMAGE = frozenset({"Update", "Delete"})
_ENABLED = {"statecode": 0, "statuscode": 1}
_STEP = {"stage": 40, "mode": 1, "rank": 1, "supporteddeployment": 0, "asyncautodelete": True}
_STEPS = "sdkmessageprocessingsteps"
_IMAGES = "sdkmessageprocessingstepimages"

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Message:
    name: str
    message_id: UUID
    filter_id: UUID


class Webhooks:
    """Registers where the organisation posts its notices."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def ensure(self, url: str, key: str, filtering: Sequence[str]) -> None:
        """Bring endpoint, steps and images to what they should be.

        The key cannot be read back, so it is written each time. A step an administrator disabled is
        enabled again; an Update step reports the columns in `filtering` and no others.
        """
        endpoint_id = await self._endpoint(url, key)
        columns = ",".join(filtering)
        steps = await self._steps(endpoint_id)
        for message in await self._messages():
            step_id = await self._step(message, endpoint_id, columns, steps.get(message.message_id, ()))
            if message.name in _WITH_IMAGE:
                await self._image(step_id, columns)

    async def _endpoint(self, url: str, key: str) -> UUID:
        settings = f'<settings><setting name="{KEY_HEADER}" value={quoteattr(key)}/></settings>'
        wanted: Record = {"url": url, "contract": 8, "authtype": 5, "authvalue": settings}
        condition = f"name eq {text(ENDPOINT)} and contract eq 8"
        found = await self._find("serviceendpoints", "serviceendpointid", condition)
        if not found:
            return await self._insert("serviceendpoints", {"name": ENDPOINT, **wanted})
        endpoint_id = _id(found[0], "serviceendpointid")
        await self._amend("serviceendpoints", endpoint_id, wanted)
        return endpoint_id

    async def _messages(self) -> list[_Message]:
        named = " or ".join(f"name eq {text(name)}" for name in MESSAGES)
        messages = {
            _id(one, "sdkmessageid"): str(one.get("name"))
            for one in await self._find("sdkmessages", "sdkmessageid,name", named)
        }
        ids = " or ".join(f"_sdkmessageid_value eq {message_id}" for message_id in messages)
        filters = await self._find(
            "sdkmessagefilters",
            "sdkmessagefilterid,_sdkmessageid_value",
            f"primaryobjecttypecode eq 'contact' and ({ids})",
        )
        found = [
            _Message(messages[message_id], message_id, _id(one, "sdkmessagefilterid"))
            for one in filters
            if (message_id := _id(one, "_sdkmessageid_value")) in messages
        ]
        if {message.name for message in found} != set(MESSAGES):
            raise Refused(
                "This organisation does not offer webhooks on all of create, update, delete and merge."
            )
        return found

    async def _steps(self, endpoint_id: UUID) -> dict[UUID, list[Record]]:
        select = "sdkmessageprocessingstepid,_sdkmessageid_value,filteringattributes,stage,mode,statecode"
        steps: dict[UUID, list[Record]] = {}
        for one in await self._find(_STEPS, select, f"_eventhandler_value eq {endpoint_id}"):
            steps.setdefault(_id(one, "_sdkmessageid_value"), []).append(one)
        return steps

    async def _step(
        self, message: _Message, endpoint_id: UUID, columns: str, found: Sequence[Record]
    ) -> UUID:
        wanted: Record = dict(_STEP)
        if message.name == "Update":
            wanted["filteringattributes"] = columns
        if not found:
            body = wanted | {
                "name": f"Assent: contact {message.name}",
                "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint_id})",
                "sdkmessageid@odata.bind": f"/sdkmessages({message.message_id})",
                "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({message.filter_id})",
            }
            return await self._insert(_STEPS, body)
        step = found[0]
        step_id = _id(step, "sdkmessageprocessingstepid")
        repairs = {name: wanted[name] for name in ("stage", "mode") if step.get(name) != wanted[name]}
        if _names(step.get("filteringattributes")) != _names(wanted.get("filteringattributes")):
            repairs["filteringattributes"] = wanted.get("filteringattributes")
        if repairs:
            await self._amend(_STEPS, step_id, repairs)
        if step.get("statecode") != 0:
            await self._amend(_STEPS, step_id, _ENABLED)
        return step_id

    async def _image(self, step_id: UUID, columns: str) -> None:
        found = await self._find(
            _IMAGES,
            "sdkmessageprocessingstepimageid,attributes",
            f"_sdkmessageprocessingstepid_value eq {step_id} and imagetype eq 0",
        )
        if not found:
            body: Record = {
                "name": "Assent: before",
                "entityalias": "before",
                "imagetype": 0,
                "messagepropertyname": "Target",
                "attributes": columns,
                "sdkmessageprocessingstepid@odata.bind": f"/{_STEPS}({step_id})",
            }
            await self._insert(_IMAGES, body)
        elif _names(found[0].get("attributes")) != _names(columns):
            image_id = _id(found[0], "sdkmessageprocessingstepimageid")
            await self._amend(_IMAGES, image_id, {"attributes": columns})

    async def _find(self, table: str, select: str, condition: str) -> list[Record]:
        request = calls.find(table, select, condition, f"looking through {table}")
        return calls.parse_found(await self._transport.send(request), request.what)

    async def _insert(self, table: str, body: Mapping[str, object]) -> UUID:
        request = calls.insert(table, body, f"creating one of {table}")
        return calls.parse_inserted(await self._transport.send(request), request.what)

    async def _amend(self, table: str, row_id: UUID, body: Mapping[str, object]) -> None:
        request = calls.amend(table, row_id, body, f"repairing one of {table}")
        check(await self._transport.send(request), request.what)


def _names(found: object) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in str(found or "").split(",") if name.strip())


def _id(record: Record, name: str) -> UUID:
    try:
        return UUID(str(record[name]))
    except (KeyError, ValueError):
        raise broken("looking through the registrations") from None
