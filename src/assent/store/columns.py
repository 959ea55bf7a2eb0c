"""Column types: identifiers, instants and small enumerations, in the database's cheapest form."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Dialect, LargeBinary, SmallInteger, TypeDecorator, Uuid
from sqlalchemy.types import TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

#: What turns a Python value into a column's, or back; None where nothing has to be turned.
Processor = Callable[[Any], Any] | None


def microseconds(at: datetime) -> int:
    """Count the microseconds from 1970 to a moment."""
    return (at - EPOCH) // MICROSECOND


class Guid(TypeDecorator[UUID]):
    """An identifier: sixteen bytes in SQLite, the native type elsewhere."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the native type where there is one."""
        return dialect.type_descriptor(LargeBinary(16) if dialect.name == "sqlite" else Uuid())

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Give the bytes to SQLite, the identifier itself to others."""
        if dialect.name != "sqlite":
            return None
        return lambda value: None if value is None else value.bytes

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Read the bytes back."""
        if dialect.name != "sqlite":
            return None
        return lambda value: None if value is None else UUID(bytes=value)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept as whole microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Count microseconds; a moment without a zone raises TypeError."""
        return lambda value: None if value is None else (value - EPOCH) // MICROSECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Read the microseconds back."""
        return lambda value: None if value is None else EPOCH + timedelta(microseconds=value)


class Coded(TypeDecorator[IntEnum]):
    """A closed set with small fixed numbers, which never change meaning."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, codes: type[IntEnum]) -> None:
        super().__init__()
        self.codes = codes

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Write the number."""
        return lambda value: None if value is None else int(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Read the member."""
        members = {int(member): member for member in self.codes}
        return lambda value: None if value is None else members[value]
