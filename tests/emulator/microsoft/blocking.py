"""The asynchronous client behind the face of the other one, so that the same tests judge both."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

_ASYNCHRONOUS = "PowerPlatform.Dataverse.aio"


class Blocking:
    """An object of the asynchronous client whose coroutines are waited for."""

    def __init__(self, held: Any, runner: asyncio.Runner) -> None:
        self._held, self._runner = held, runner

    def __getattr__(self, name: str) -> Any:
        return self._plain(getattr(self._held, name))

    def __enter__(self) -> Self:
        self._runner.run(self._held.__aenter__())
        return self

    def __exit__(self, *raised: object) -> None:
        self._runner.run(self._held.__aexit__(*raised))

    def _plain(self, value: Any) -> Any:
        if inspect.iscoroutine(value):
            return self._plain(self._runner.run(value))
        if isinstance(value, AsyncIterator):
            return self._each(value)
        if callable(value):
            return lambda *given, **options: self._plain(value(*given, **options))
        return Blocking(value, self._runner) if type(value).__module__.startswith(_ASYNCHRONOUS) else value

    def _each(self, values: AsyncIterator[Any]) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(values, None)

        while (value := self._runner.run(following())) is not None:
            yield self._plain(value)
