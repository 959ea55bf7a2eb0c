"""An event loop in virtual time: it jumps to the next event, and drops whatever a dead process would do."""

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class Process:
    """Something that can be killed; `fuse` is after how many more pauses it dies by itself."""

    name: str
    alive: bool = True
    fuse: int | None = None


#: The process whose code runs; none for people, networks and organisations.
PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class Stuck(Exception):
    """Somebody waits for what can never happen."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs asyncio's own tasks and futures, one after another, without ever waiting."""

    def __init__(self, at: float = 0.0) -> None:
        self._now = at
        self._ready: deque[tuple[asyncio.Handle, Process | None]] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Process | None]] = []
        self._count = 0
        self.tasks: set[asyncio.Task[Any]] = set()
        self.problems: list[str] = []
        self._ended = False
        self._dropped: list[asyncio.Handle] = []  # what dead processes would have done

    # --- what asyncio asks of a loop -----------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._now

    def get_debug(self) -> bool:
        """No debug mode here."""
        return False

    def is_running(self) -> bool:
        """Whether a task of this loop runs now."""
        return events._get_running_loop() is self

    def is_closed(self) -> bool:
        """It holds nothing that could be closed."""
        return False

    def create_future(self) -> "asyncio.Future[Any]":
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: object = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        """A task of this loop, belonging to the process that starts it."""
        task = asyncio.Task(coro, loop=self, name=None if name is None else str(name), context=context)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run something next."""
        context = context or copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append((handle, context.get(PROCESS)))
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run something after so many virtual seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run something at a moment of this loop."""
        context = context or copy_context()
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle, context.get(PROCESS)))
        return handle

    def run_in_executor(  # type: ignore[override]
        self, executor: object, call: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Nothing runs beside anything here: the call is made at once."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(call(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            future.set_exception(error)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody handled, unless it is how an ended history unwinds: it is a bug of somebody's."""
        if not self._ended:
            self.problems.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are dropped when their moment comes."""

    # --- running -----------------------------------------------------------------------------------

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run to the end of `main`; raises Stuck when nothing can ever happen again."""
        events._set_running_loop(self)
        try:
            task: asyncio.Task[T] = self.create_task(main)
            while not task.done():
                self._next()
            return task.result()
        finally:
            events._set_running_loop(None)

    def end(self) -> None:
        """Cancel whatever is left and let it unwind, also what belonged to the dead."""
        self._ended = True
        events._set_running_loop(self)
        try:
            self._ready = deque((handle, None) for handle in [*(h for h, _ in self._ready), *self._dropped])
            self._timers.clear()
            for task in list(self.tasks):
                task.cancel()
            while self.tasks and (self._ready or self._timers):
                self._next(anyone=True)
        finally:
            events._set_running_loop(None)

    def _next(self, *, anyone: bool = False) -> None:
        if not self._ready:
            if not self._timers:
                raise Stuck("everybody waits for somebody else")
            self._now = max(self._now, self._timers[0][0])
            while self._timers and self._timers[0][0] <= self._now:
                _, _, timer, process = heapq.heappop(self._timers)
                self._ready.append((timer, process))
            return
        handle, process = self._ready.popleft()
        if process is None or process.alive or anyone:
            if not handle.cancelled():
                handle._run()
        else:
            self._dropped.append(handle)
