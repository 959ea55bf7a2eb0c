"""Ports that fail on purpose: crashes at the n-th call, people who act in between, systems put back."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, cast

from assent.errors import AssentError, Unreachable
from assent.ports import Memory
from dataverse_emulator import Organization

from .world import World

P = TypeVar("P")

#: Calls that change nothing: a crash after one is the crash before the next.
READS = frozenset(
    [
        "organisation",
        "changes",
        "read",
        "bearing",
        "around",
        "refusing",
        "standing",
        "revision",
        "connections",
        "categories",
        "people",
        "holders",
        "linked",
        "links",
        "marks",
        "pending",
        "addressed",
        "blanks",
        "notices",
        "unseen",
        "newest",
        "lately_gone",
        "token",
        "main_forms",
        "components",
        "done",
        "columns",
        "catalogue",
        "contacts",
        "waiting",
    ]
)


class Crash(BaseException):
    """The process is gone; nothing in the engine may catch this."""


@dataclass(slots=True)
class Tripwire:
    """Counts the places where a run may end; at the chosen one it ends, or one call fails.

    With `dead`, every call after it fails too, as nothing runs in a process that is gone.
    """

    at: int
    dead: bool = True
    passed: int = 0
    tripped: str = ""
    names: list[str] = field(default_factory=list)

    def point(self, name: str) -> None:
        """Pass a place."""
        if self.tripped and self.dead:
            raise Crash(self.tripped)
        self.passed += 1
        self.names.append(name)
        if self.passed == self.at:
            self.tripped = name
            raise Crash(name) if self.dead else Unreachable(f"told to fail at {name}")


class Wired(Generic[P]):
    """Any port, with a tripwire before every call and behind every call that changes something."""

    def __init__(self, target: P, wire: Tripwire) -> None:
        self._target = target
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._target, name)
        if inspect.isasyncgenfunction(member):
            return partial(self._stream, name, member)
        return partial(self._call, name, member) if inspect.iscoroutinefunction(member) else member

    async def _call(self, name: str, member: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
        self._wire.point(f"before {name}")
        result = await member(*given, **named)
        if name not in READS:
            self._wire.point(f"after {name}")
        return result

    async def _stream(self, name: str, member: Callable[..., Any], *given: Any) -> AsyncIterator[Any]:
        async for item in member(*given):
            self._wire.point(f"within {name}")
            yield item


def wired(target: P, wire: Tripwire) -> P:
    """The port with a tripwire in it."""
    return cast("P", Wired(target, wire))


class Meddled(Generic[P]):
    """Any port with people acting right before, or right behind, the first call of some names."""

    def __init__(
        self,
        target: P,
        before: Mapping[str, Callable[[], object]] | None = None,
        after: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        self._target = target
        self._before = dict(before or {})
        self._after = dict(after or {})

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._target, name)
        if inspect.isasyncgenfunction(member):
            return partial(self._stream, name, member)
        return partial(self._call, name, member) if inspect.iscoroutinefunction(member) else member

    async def _call(self, name: str, member: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
        await _happen(self._before.pop(name, None))
        result = await member(*given, **named)
        await _happen(self._after.pop(name, None))
        return result

    async def _stream(self, name: str, member: Callable[..., Any], *given: Any) -> AsyncIterator[Any]:
        await _happen(self._before.pop(name, None))
        async for item in member(*given):
            yield item
        await _happen(self._after.pop(name, None))


async def _happen(what: Callable[[], object] | None) -> None:
    if what is not None and inspect.isawaitable(done := what()):
        await done


def before(target: P, **happens: Callable[[], object]) -> P:
    """The port with something happening right before the first call of a name."""
    return cast("P", Meddled(target, before=happens))


def after(target: P, **happens: Callable[[], object]) -> P:
    """The port with something happening right behind the first call of a name."""
    return cast("P", Meddled(target, after=happens))


def failing(error: AssentError) -> Callable[[], object]:
    """Something that happens: a failure."""

    def fail() -> object:
        raise error

    return fail


class Down(Generic[P]):
    """A port none of whose calls in `names` (all, where none are named) gets an answer."""

    def __init__(self, target: P, names: Collection[str] = ()) -> None:
        self._target = target
        self._names = names

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._target, name)
        if self._names and name not in self._names:
            return member
        return self._stream if inspect.isasyncgenfunction(member) else self._call

    async def _call(self, *_: object, **__: object) -> Any:
        raise Unreachable("the line is dead")

    async def _stream(self, *_: object) -> AsyncIterator[Any]:
        for error in (Unreachable("the line is dead"),):
            raise error
        yield


def down(target: P, *names: str) -> P:
    """The port, not answering."""
    return cast("P", Down(target, names))


def wire_up(world: World, wire: Tripwire) -> None:
    """Put a tripwire into every port of the engine."""
    world.memory = wired(cast("Memory", world.store.memory), wire)
    for office in world.offices:
        office.crm = wired(office.real, wire)


def backup(world: World) -> Organization:
    """Take a backup of the first organisation."""
    return world.office.organization.snapshot()
