"""Asks for many keys at once with one parameter, however many there are."""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Dialect,
    LargeBinary,
    Text,
    TypeDecorator,
    Uuid,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

#: The SQL function that turns the hexadecimal form of bytes into what SQLite stores.
GUID_BYTES = "assent_guid"


class _Guids(TypeDecorator[Collection[UUID]]):
    """A set of identifiers as one value: a JSON list for SQLite, an array elsewhere."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Uuid()))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        if dialect.name != "sqlite":
            return list
        return lambda keys: msgspec.json.encode([key.hex for key in keys]).decode()


class _Texts(TypeDecorator[Collection[str]]):
    """A set of texts as one value."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Text()))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        if dialect.name != "sqlite":
            return list
        return lambda keys: msgspec.json.encode(list(keys)).decode()


class _Bytes(TypeDecorator[Collection[bytes]]):
    """A set of byte strings as one value."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(LargeBinary()))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        if dialect.name != "sqlite":
            return list
        return lambda keys: msgspec.json.encode([key.hex() for key in keys]).decode()


class _Among(FunctionElement[Any]):
    """A column's value is in a set given as one parameter."""

    type = NullType()  # a Boolean would be compared with 1 where there are none, past every index
    name = "among"
    inherit_cache = True


class _AmongGuids(_Among):
    """The same for identifiers and other bytes, which SQLite keeps as bytes and JSON cannot hold."""

    name = "among_guids"
    inherit_cache = True


def among_guids(
    column: ColumnElement[Any], keys: Collection[UUID] | BindParameter[Any]
) -> ColumnElement[bool]:
    """The column holds one of these identifiers, or of those a named parameter will hold."""
    return _AmongGuids(column, _parameter(keys, _Guids()))


def among_bytes(column: ColumnElement[Any], keys: Collection[bytes]) -> ColumnElement[bool]:
    """The column holds one of these byte strings."""
    return _AmongGuids(column, _parameter(keys, _Bytes()))


def among_texts(
    column: ColumnElement[Any], keys: Collection[str] | BindParameter[Any]
) -> ColumnElement[bool]:
    """The column holds one of these texts, or of those a named parameter will hold."""
    return _Among(column, _parameter(keys, _Texts()))


def _parameter(keys: Collection[Any] | BindParameter[Any], held: TypeEngine[Any]) -> BindParameter[Any]:
    if isinstance(keys, BindParameter):
        return bindparam(keys.key, type_=held)
    return bindparam(None, keys, type_=held)


@compiles(_Among)
def _array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, keys = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY({keys})"


@compiles(_Among, "sqlite")
def _json_texts(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, keys = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({keys}))"  # noqa: S608 - compiled parts only


@compiles(_AmongGuids, "sqlite")
def _json_guids(element: _AmongGuids, compiler: SQLCompiler, **options: Any) -> str:
    column, keys = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT {GUID_BYTES}(value) FROM json_each({keys}))"  # noqa: S608 - the same
