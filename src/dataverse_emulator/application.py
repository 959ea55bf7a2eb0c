"""The ASGI application: one organisation behind the Web API, the token endpoint and the control calls."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Final

from dataverse_emulator.pages import site
from dataverse_emulator.state import key_definitions
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.wire import batch, control, dispatch, sign_in
from dataverse_emulator.wire.answers import Answer, Call, refused
from dataverse_emulator.wire.limits import Limits, Protection
from dataverse_emulator.wire.webhooks import Deliveries, Post

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# "message-size 116.85 MB" (4.2); beyond it 413 (2.8).
MAX_BODY: Final = int(116.85 * 1024 * 1024)
_SERVICES: Final = tuple(f"/api/data/v9.{minor}/" for minor in (0, 1, 2))


class Application:
    """Serves one organisation; every write runs to its end between two awaits, hence atomically."""

    def __init__(
        self, organization: Organization, limits: Limits | None = None, post: Post | None = None
    ) -> None:
        self.organization = organization
        self.switches = control.Switches(Protection(organization.sources.now, limits or Limits()))
        self._host = "localhost"
        self.deliveries = Deliveries(organization, lambda: self.switches.webhooks, lambda: self._host, post)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        body = await _body(receive)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["raw_path"].decode("latin-1").partition("?")[0]
        query, method = scope["query_string"].decode("latin-1"), scope["method"]
        if path.rstrip("/") == "/emulator" or path.startswith("/emulator/"):
            found = control.perform(
                self.organization, self.switches, method, path.rstrip("/"), query, body or b""
            )
            await _reply(send, found, method)
            return
        page = site.perform(self.organization, method, path, query, headers)
        if page is not None:
            await _reply(send, page, method)
            return
        self._host = headers.get("host", self._host)
        incoming = Incoming(method, f"{scope['scheme']}://{self._host}", path, query, headers, body)
        answer = await self.ask(incoming)
        if answer is None:
            _cut(receive)
        else:
            await _reply(send, answer, method)

    async def ask(self, incoming: "Incoming") -> Answer | None:
        """Answer a request without a network; nothing when a fault says that the answer gets lost."""
        clock = asyncio.get_running_loop().time
        started = clock()
        user, answer = await self._answer(incoming)
        elapsed_ms, name = (clock() - started) * 1000, user.name if user else None
        self.switches.journal.add(incoming.method, incoming.path, answer.status, name, elapsed_ms)
        self.deliveries.submit(self.organization.take_events())
        faults = self.switches.faults
        if faults.lose_answers and user is not None:
            self.switches.faults = replace(faults, lose_answers=faults.lose_answers - 1)
            return None
        return answer

    async def _answer(self, incoming: "Incoming") -> tuple[User | None, Answer]:
        if incoming.body is None:
            return None, refused(Refusal(Problem.TOO_LARGE, "The request is larger than 116.85 MB."))
        identity, path = self.organization.identity, incoming.path
        if sign_in.TOKEN_PATH.fullmatch(path):
            if incoming.method != "POST":
                return None, refused(Refusal(Problem.METHOD_NOT_ALLOWED, "The token endpoint takes POST."))
            return None, sign_in.token(identity, incoming.body)
        service = next((prefix for prefix in _SERVICES if path.startswith(prefix)), None)
        if service is None:
            return None, refused(not_implemented("this address", "see its README for the addresses it has."))
        root = f"{incoming.host}{service.rstrip('/')}"
        user = sign_in.caller(identity, incoming.headers.get("authorization"))
        if user is None:
            return None, sign_in.unauthorized(root)
        below = path[len(service) :]
        call = Call(incoming.method, below, incoming.query, incoming.headers, incoming.body, user, root)
        answer = await self._guarded(call)
        return user, Answer(answer.status, {**answer.headers, **self._common(user)}, answer.body)

    async def _guarded(self, call: Call) -> Answer:
        """Faults first, then service protection, then the operation itself."""
        fault = self._fault(call)
        if fault is not None:
            return fault
        protection, user_id = self.switches.protection, call.user.user_id
        exceeded = protection.enter(user_id)
        if exceeded is not None:
            return _with_retry(refused(exceeded[0]), exceeded[1])
        loop, operations, spent = asyncio.get_running_loop(), 1, 0.0
        try:
            if self.switches.faults.latency_s:
                await asyncio.sleep(self.switches.faults.latency_s)
            started = loop.time()
            answer = self._operate(call)
            operations, spent = answer.operations, (loop.time() - started) * 1000
            return answer
        finally:
            protection.leave(user_id, spent, operations)

    def _operate(self, call: Call) -> Answer:
        key_definitions.settle(self.organization)
        if call.path.rstrip("/") == "$batch":
            if call.method != "POST":
                return refused(Refusal(Problem.METHOD_NOT_ALLOWED, "$batch takes POST."))
            return batch.perform(self.organization, call)
        return dispatch.perform(self.organization, call)

    def _fault(self, call: Call) -> Answer | None:
        faults = self.switches.faults
        if faults.next:
            self.switches.faults = replace(faults, next=faults.next - 1)
            problem = Problem.TOO_MANY_REQUESTS if faults.status == 429 else Problem.UNAVAILABLE
            answer = refused(Refusal(problem, "The emulator was told to fail this request."))
            answer = Answer(faults.status, answer.headers, answer.body)
            return answer if faults.retry_after_s is None else _with_retry(answer, faults.retry_after_s)
        head = call.path.partition("(")[0].partition("/")[0]
        if faults.customization_lock and call.method != "GET" and head in dispatch.METADATA_WRITES:
            self.switches.faults = replace(faults, customization_lock=faults.customization_lock - 1)
            text = (
                "Cannot start another [EntityCustomization] because there is a previous "
                "[EntityCustomization] running at this moment."
            )
            return refused(Refusal(Problem.CUSTOMIZATION_LOCK, text))
        return None

    def _common(self, user: User) -> dict[str, str]:
        """Headers of every answer of the service (1.3)."""
        request_id = self.organization.sources.new_id()
        return {
            "OData-Version": "4.0",
            "x-ms-service-request-id": request_id,
            "REQ_ID": request_id,
            "Set-Cookie": "ARRAffinity=emulator; Path=/; HttpOnly",
            **self.switches.protection.headers(user.user_id),
        }

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.deliveries.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request as it came; `host` with its scheme, `headers` by lower-case name.

    `body` is missing when it was too large.
    """

    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes | None


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or nothing when it is too large."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(pieces)
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MAX_BODY:
            return None
        if not message.get("more_body", False):
            return b"".join(pieces)


async def _reply(send: Send, answer: Answer, method: str) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in answer.headers.items()
    ]
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


def _with_retry(answer: Answer, seconds: int) -> Answer:
    return Answer(answer.status, {**answer.headers, "Retry-After": str(seconds)}, answer.body)


def _cut(receive: Receive) -> None:
    """Close the connection after the work is done, so that the caller cannot know (a fault)."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
