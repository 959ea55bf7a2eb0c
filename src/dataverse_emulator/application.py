"""The ASGI application: one organisation behind the Web API, the token endpoint and the control calls."""

from dataclasses import dataclass, replace
from typing import Final

from dataverse_emulator.pages import site
from dataverse_emulator.state import key_definitions
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.wire import batch, control, dispatch, sign_in, strikes, transport
from dataverse_emulator.wire.answers import Answer, Call, refused
from dataverse_emulator.wire.costs import CUSTOMIZATIONS
from dataverse_emulator.wire.faults import Family
from dataverse_emulator.wire.limits import Limits, Protection
from dataverse_emulator.wire.switches import Switches
from dataverse_emulator.wire.transport import Receive, Scope, Send
from dataverse_emulator.wire.webhooks import Deliveries, Post

_SERVICES: Final = tuple(f"/api/data/v9.{minor}/" for minor in (0, 1, 2))


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request as it came; `host` with its scheme, `headers` by lower-case name."""

    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a request: who asked, what struck, and whether the caller hears of it at all."""

    answer: Answer
    user: User | None = None
    fault: str | None = None
    lost: bool = False


class Application:
    """Serves one organisation; every write runs to its end between two awaits, hence atomically."""

    def __init__(
        self, organization: Organization, limits: Limits | None = None, post: Post | None = None
    ) -> None:
        self.organization = organization
        self.switches = Switches(Protection(organization.sources.now, limits or Limits()))
        self.body_timeout_s = transport.BODY_TIMEOUT_S
        self._host = "localhost"
        self.deliveries = Deliveries(organization, lambda: self.switches, lambda: self._host, post)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await transport.body(receive, headers, self.body_timeout_s)
        except transport.Gone:
            return
        except Refusal as refusal:
            answer = refused(refusal)
            self.switches.journal.add(scope["method"], scope["path"], answer.status, None, 0.0)
            closing = replace(answer, headers={**answer.headers, "Connection": "close"})
            await transport.reply(send, closing, scope["method"])
            return
        await self._respond(_incoming(scope, headers, body), receive, send)

    async def _respond(self, incoming: Incoming, receive: Receive, send: Send) -> None:
        method, path = incoming.method, incoming.path
        answer: Answer | None
        if path.rstrip("/") == "/emulator" or path.startswith("/emulator/"):
            answer = control.perform(
                self.organization, self.switches, method, path.rstrip("/"), incoming.query, incoming.body
            )
        else:
            answer = site.perform(self.organization, method, path, incoming.query, incoming.headers)
            if answer is None:
                self._host = incoming.headers.get("host", self._host)
                answer = await self.ask(incoming)
        if answer is None:
            await transport.cut(receive)
        else:
            await transport.reply(send, answer, method)

    async def ask(self, incoming: Incoming) -> Answer | None:
        """Answer a request without a network; nothing when a fault says that the answer gets lost."""
        now = self.organization.sources.now
        started = now()
        outcome = await self._outcome(incoming)
        answer, user = outcome.answer, outcome.user
        self.switches.journal.add(
            incoming.method,
            incoming.path,
            answer.status,
            user.name if user else None,
            (now() - started) * 1000,
            outcome.fault,
        )
        self.hand_over()
        if outcome.lost:
            return None
        return answer if user is None else self._dressed(answer, user)

    async def _outcome(self, incoming: Incoming) -> _Outcome:
        identity, path = self.organization.identity, incoming.path
        if sign_in.TOKEN_PATH.fullmatch(path):
            if incoming.method != "POST":
                return _no(Problem.METHOD_NOT_ALLOWED, "The token endpoint takes POST.")
            return _Outcome(sign_in.token(self.organization, path, incoming.headers, incoming.body))
        service = next((prefix for prefix in _SERVICES if f"{path}/".startswith(prefix)), None)
        if service is None:
            return _Outcome(
                refused(not_implemented("this address", "see its README for the addresses it has."))
            )
        root = f"{incoming.host}{service.rstrip('/')}"
        user = sign_in.caller(identity, incoming.headers.get("authorization"))
        if user is None:
            return _Outcome(sign_in.unauthorized(root))
        below = path[len(service) :]
        call = Call(incoming.method, below, incoming.query, incoming.headers, incoming.body, user, root)
        return replace(await self._troubled(call), user=user)

    def hand_over(self) -> None:
        """Queue the notices of changes that were made without a request."""
        self.deliveries.submit(self.organization.take_events())

    # -- trouble, then service protection, then the operation itself -----------------------------------

    async def _troubled(self, call: Call) -> _Outcome:
        told = self._told()
        if told is not None:
            return _Outcome(told, fault="next")
        trouble, pause = self.switches.trouble, self.organization.sources.pause
        family = trouble.on_request()
        if family in strikes.BEFORE:
            answer = Answer(0)
        elif family is not None and family not in strikes.AFTER:
            return _Outcome(strikes.instead(family, trouble, call, self.organization), fault=family.value)
        else:
            answer, family = await self._done(call, family)
        if family in strikes.HELD:
            await pause(trouble.held_s)
        lost = family in strikes.BEFORE | strikes.AFTER
        if not lost and self.switches.faults.lose_answers:
            faults = self.switches.faults
            self.switches.faults = replace(faults, lose_answers=faults.lose_answers - 1)
            return _Outcome(answer, fault="lose_answers", lost=True)
        return _Outcome(answer, fault=family.value if family else None, lost=lost)

    async def _done(self, call: Call, family: Family | None) -> tuple[Answer, Family | None]:
        """The operation done, with what else has struck on the way."""
        trouble = self.switches.trouble
        if strikes.expires_token(trouble, call):
            text = "Version stamp associated with the client has expired. Please perform a full sync."
            expired = Refusal(Problem.EXPIRED_VERSION_STAMP, text)
            status = self.organization.choices.expired_delta_status
            return refused(expired, status), family or Family.TOKEN_EXPIRED
        shorter = strikes.shortened(trouble, call)
        if shorter is call:
            return await self._guarded(call), family
        answer = strikes.as_wished(await self._guarded(shorter), call.headers)
        return answer, family or Family.SMALL_PAGES

    async def _guarded(self, call: Call) -> Answer:
        protection, user_id = self.switches.protection, call.user.user_id
        exceeded = protection.enter(user_id)
        if exceeded is not None:
            return strikes.waiting(refused(exceeded[0]), exceeded[1])
        costs, sources, spent_s = self.switches.costs, self.organization.sources, 0.0
        try:
            if costs.latency_s:
                await sources.pause(costs.latency_s)
            started = sources.now()
            answer = self._operate(call)
            spent_s = costs.execution_s(answer.work)
            if spent_s:
                self._lock(answer, started + spent_s)
                await sources.pause(spent_s)
            spent_s = max(spent_s, sources.now() - started)
            return answer
        finally:
            protection.leave(user_id, spent_s * 1000)

    def _operate(self, call: Call) -> Answer:
        key_definitions.settle(self.organization)
        if call.path.strip("/") == "$batch":
            if call.method != "POST":
                return refused(Refusal(Problem.METHOD_NOT_ALLOWED, "$batch takes POST."))
            return batch.perform(self.organization, call)
        return dispatch.perform(self.organization, call)

    def _lock(self, answer: Answer, until: float) -> None:
        """While one customisation takes its time, there is no other (7.7)."""
        names = [name for work, name in CUSTOMIZATIONS.items() if work in answer.work]
        if names:
            self.organization.lock = replace(self.organization.lock, running=names[-1], until=until)

    def _told(self) -> Answer | None:
        """The failure somebody ordered for the next requests."""
        faults = self.switches.faults
        if not faults.next:
            return None
        self.switches.faults = replace(faults, next=faults.next - 1)
        problem = Problem.TOO_MANY_REQUESTS if faults.status == 429 else Problem.UNAVAILABLE
        failed = refused(Refusal(problem, "The emulator was told to fail this request."))
        answer = replace(failed, status=faults.status)
        return answer if faults.retry_after_s is None else strikes.waiting(answer, faults.retry_after_s)

    def _dressed(self, answer: Answer, user: User) -> Answer:
        """With the headers of every answer of the service (1.3)."""
        request_id = self.organization.sources.new_id()
        headers = {
            **answer.headers,
            "OData-Version": "4.0",
            "x-ms-service-request-id": request_id,
            "REQ_ID": request_id,
            "Set-Cookie": "ARRAffinity=emulator; Path=/; HttpOnly",
            **self.switches.protection.headers(user.user_id),
        }
        return Answer(answer.status, headers, answer.body)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.deliveries.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _incoming(scope: Scope, headers: dict[str, str], body: bytes) -> Incoming:
    path = scope["raw_path"].decode("latin-1").partition("?")[0]
    host = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
    return Incoming(scope["method"], host, path, scope["query_string"].decode("latin-1"), headers, body)


def _no(problem: Problem, text: str) -> _Outcome:
    return _Outcome(refused(Refusal(problem, text)))
