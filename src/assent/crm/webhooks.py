"""The webhook registration: one endpoint and four steps, found, made or repaired (dataverse.md 6.1-6.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from xml.sax.saxutils import quoteattr

from assent.crm.faults import check
from assent.crm.odata import broken, text
from assent.crm.requests import metadata as calls
from assent.crm.requests.batch import Operation, answers, batch
from assent.crm.transport import Response, Transport
from assent.errors import Refused

ENDPOINT = "Assent"
KEY_HEADER = "x-assent-key"
MESSAGES = ("Create", "Update", "Delete", "Merge")

#: Only these have a row of before: a pre-image tells what an Update moved and what a Delete took (6.3).
_WITH_IMAGE = frozenset({"Update", "Delete"})
_ENABLED = {"statecode": 0, "statuscode": 1}
_STEP = {"stage": 40, "mode": 1, "rank": 1, "supporteddeployment": 0, "asyncautodelete": True}
_STEPS = "sdkmessageprocessingsteps"
_STEP_ID = "sdkmessageprocessingstepid"
_IMAGES = "sdkmessageprocessingstepimages"
_IMAGE_ID = "sdkmessageprocessingstepimageid"
_REGISTERING = "registering the webhook"

Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Message:
    name: str
    message_id: UUID
    filter_id: UUID

    def wanted(self, columns: str) -> Record:
        """What its step must be."""
        return dict(_STEP) | ({"filteringattributes": columns} if self.name == "Update" else {})

    def record(self, endpoint_id: UUID, columns: str) -> Record:
        """Its step, to be made."""
        return self.wanted(columns) | {
            "name": f"Assent: contact {self.name}",
            "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint_id})",
            "sdkmessageid@odata.bind": f"/sdkmessages({self.message_id})",
            "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({self.filter_id})",
        }


class Webhooks:
    """Registers where the organisation posts its notices, in as few requests as there are steps to it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def ensure(self, url: str, key: str, filtering: Sequence[str]) -> None:
        """Bring endpoint, steps and images to what they should be.

        The key cannot be read back, so it is written each time. A step an administrator disabled is
        enabled again; an Update step reports the columns in `filtering` and no others.
        """
        condition = f"name eq {text(ENDPOINT)} and contract eq 8"
        named = " or ".join(f"name eq {text(name)}" for name in MESSAGES)
        endpoints, names, filters = await self._find(
            calls.question("serviceendpoints", "serviceendpointid", condition),
            calls.question("sdkmessages", "sdkmessageid,name", named),
            calls.question(
                "sdkmessagefilters",
                "sdkmessagefilterid,_sdkmessageid_value",
                "primaryobjecttypecode eq 'contact'",
            ),
        )
        messages = _messages(names, filters)
        endpoint_id = await self._endpoint(endpoints, url, key)
        found = await self._steps(endpoint_id) if endpoints else {}
        columns = ",".join(filtering)
        made = await self._ensure_steps(messages, endpoint_id, columns, found)
        standing = {
            name: _id(found[message.message_id][0], _STEP_ID)
            for name, message in messages.items()
            if message.message_id in found
        }
        await self._ensure_images(made, standing, columns)

    async def _endpoint(self, found: Sequence[Record], url: str, key: str) -> UUID:
        settings = f'<settings><setting name="{KEY_HEADER}" value={quoteattr(key)}/></settings>'
        wanted: Record = {"url": url, "contract": 8, "authtype": 5, "authvalue": settings}
        if not found:
            request = calls.insert("serviceendpoints", {"name": ENDPOINT, **wanted}, _REGISTERING)
            return calls.parse_inserted(await self._transport.send(request), request.what)
        endpoint_id = _id(found[0], "serviceendpointid")
        request = calls.amend("serviceendpoints", endpoint_id, wanted, _REGISTERING)
        check(await self._transport.send(request), request.what)
        return endpoint_id

    async def _steps(self, endpoint_id: UUID) -> dict[UUID, list[Record]]:
        select = f"{_STEP_ID},_sdkmessageid_value,filteringattributes,stage,mode,statecode"
        (rows,) = await self._find(calls.question(_STEPS, select, f"_eventhandler_value eq {endpoint_id}"))
        steps: dict[UUID, list[Record]] = {}
        for one in rows:
            steps.setdefault(_id(one, "_sdkmessageid_value"), []).append(one)
        return steps

    async def _ensure_steps(
        self,
        messages: Mapping[str, _Message],
        endpoint_id: UUID,
        columns: str,
        found: Mapping[UUID, Sequence[Record]],
    ) -> dict[str, UUID]:
        """Make or repair every step; gives those made now, by message."""
        repairs: list[Operation] = []
        missing: list[_Message] = []
        for message in messages.values():
            if message.message_id in found:
                repairs += _repairs(found[message.message_id][0], message.wanted(columns))
            else:
                missing.append(message)
        inserts = [calls.insertion(_STEPS, message.record(endpoint_id, columns)) for message in missing]
        written = (await self._write([*repairs, *inserts]))[len(repairs) :]
        return {
            message.name: calls.parse_inserted(answer, _REGISTERING)
            for message, answer in zip(missing, written, strict=True)
        }

    async def _ensure_images(
        self, made: Mapping[str, UUID], standing: Mapping[str, UUID], columns: str
    ) -> None:
        """Give the steps that need one their row of before; a step made now has none yet."""
        imageless = [step_id for name, step_id in made.items() if name in _WITH_IMAGE]
        asked = [step_id for name, step_id in standing.items() if name in _WITH_IMAGE]
        writes: list[Operation] = []
        questions = [calls.question(_IMAGES, f"{_IMAGE_ID},attributes", _image_of(step)) for step in asked]
        for step_id, images in zip(asked, await self._find(*questions), strict=True):
            if not images:
                imageless.append(step_id)
            elif _names(images[0].get("attributes")) != _names(columns):
                amended = {"attributes": columns}
                writes.append(calls.amendment(_IMAGES, _id(images[0], _IMAGE_ID), amended))
        writes += [calls.insertion(_IMAGES, _image(step_id, columns)) for step_id in imageless]
        await self._write(writes)

    async def _find(self, *questions: Operation) -> list[list[Record]]:
        """The rows each question finds, all asked in one request."""
        if not questions:
            return []
        what = "looking through the registrations"
        response = check(await self._transport.send(batch(what, questions)), what)
        found = answers(response, len(questions), what)
        return [calls.parse_found(_answered(answer), what) for answer in found]

    async def _write(self, operations: Sequence[Operation]) -> list[Response]:
        """Carry out writes in one request, sent once: a second would double what it inserts (5.1)."""
        if not operations:
            return []
        request = batch(_REGISTERING, operations, repeatable=False)
        response = check(await self._transport.send(request), _REGISTERING)
        return [
            check(_answered(answer), _REGISTERING)
            for answer in answers(response, len(operations), _REGISTERING)
        ]


def _messages(names: Sequence[Record], filters: Sequence[Record]) -> dict[str, _Message]:
    messages = {_id(one, "sdkmessageid"): str(one.get("name")) for one in names}
    found = {
        messages[message_id]: _Message(messages[message_id], message_id, _id(one, "sdkmessagefilterid"))
        for one in filters
        if (message_id := _id(one, "_sdkmessageid_value")) in messages
    }
    if found.keys() != set(MESSAGES):
        raise Refused("This organisation does not offer webhooks on all of create, update, delete and merge.")
    return found


def _repairs(step: Record, wanted: Record) -> list[Operation]:
    """What brings a step that is there to what it should be, and enables it again."""
    step_id = _id(step, _STEP_ID)
    moved = {name: wanted[name] for name in ("stage", "mode") if step.get(name) != wanted[name]}
    if _names(step.get("filteringattributes")) != _names(wanted.get("filteringattributes")):
        moved["filteringattributes"] = wanted.get("filteringattributes")
    repairs = [calls.amendment(_STEPS, step_id, moved)] if moved else []
    if step.get("statecode") != 0:
        repairs.append(calls.amendment(_STEPS, step_id, _ENABLED))
    return repairs


def _image_of(step_id: UUID) -> str:
    return f"_sdkmessageprocessingstepid_value eq {step_id} and imagetype eq 0"


def _image(step_id: UUID, columns: str) -> Record:
    return {
        "name": "Assent: before",
        "entityalias": "before",
        "imagetype": 0,
        "messagepropertyname": "Target",
        "attributes": columns,
        "sdkmessageprocessingstepid@odata.bind": f"/{_STEPS}({step_id})",
    }


def _answered(answer: Response | None) -> Response:
    if answer is None:
        raise broken(_REGISTERING)
    return answer


def _names(found: object) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in str(found or "").split(",") if name.strip())


def _id(record: Record, name: str) -> UUID:
    try:
        return UUID(str(record[name]))
    except (KeyError, ValueError):
        raise broken("looking through the registrations") from None
