"""The small tables around contact: publishers, solutions, webhook registrations, forms, views, users."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import Column, Kind, Property, Shape
from dataverse_emulator.state.problems import row_missing
from dataverse_emulator.state.sources import Sources

Record = dict[str, Any]

_KINDS: Final = MappingProxyType(
    {
        "guid": Kind.GUID,
        "text": Kind.TEXT,
        "bool": Kind.BOOLEAN,
        "int": Kind.INTEGER,
        "when": Kind.WHEN,
        "lookup": Kind.LOOKUP,
        "managed": Kind.MANAGED,
        "big": Kind.BIGINT,
    }
)


@dataclass(frozen=True, slots=True)
class Spec:
    """A small table: names, key, columns as `name:kind[:default]`, and how lookups are bound."""

    set_name: str
    logical_name: str
    key: str
    columns: str
    binds: Mapping[str, str] = field(default_factory=dict)
    read_only: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset({"POST", "PATCH", "DELETE"})


_NO_WRITES: Final = frozenset[str]()

SPECS: Final[tuple[Spec, ...]] = (
    Spec(
        "publishers",
        "publisher",
        "publisherid",
        "uniquename:text friendlyname:text description:text customizationprefix:text "
        "customizationoptionvalueprefix:int isreadonly:bool:False",
        read_only=frozenset({"isreadonly"}),
    ),
    Spec(
        "solutions",
        "solution",
        "solutionid",
        "uniquename:text friendlyname:text description:text version:text ismanaged:bool:False "
        "isvisible:bool:True publisherid:lookup",
        MappingProxyType({"publisherid": "publishers"}),
        frozenset({"ismanaged", "isvisible"}),
    ),
    Spec(
        "solutioncomponents",
        "solutioncomponent",
        "solutioncomponentid",
        "componenttype:int objectid:guid solutionid:lookup",
        writes=_NO_WRITES,
    ),
    Spec(
        "serviceendpoints",
        "serviceendpoint",
        "serviceendpointid",
        "name:text url:text description:text contract:int authtype:int authvalue:text connectionmode:int "
        "messageformat:int userclaim:int isauthvalueset:bool:False",
        read_only=frozenset({"isauthvalueset"}),
    ),
    Spec("sdkmessages", "sdkmessage", "sdkmessageid", "name:text", writes=_NO_WRITES),
    Spec(
        "sdkmessagefilters",
        "sdkmessagefilter",
        "sdkmessagefilterid",
        "primaryobjecttypecode:text sdkmessageid:lookup sdkmessageid/name:text",
        writes=_NO_WRITES,
    ),
    Spec(
        "sdkmessageprocessingsteps",
        "sdkmessageprocessingstep",
        "sdkmessageprocessingstepid",
        "name:text description:text stage:int mode:int rank:int supporteddeployment:int "
        "asyncautodelete:bool:False filteringattributes:text invocationsource:int "
        "statecode:int:0 statuscode:int:1 eventhandler:lookup sdkmessageid:lookup sdkmessagefilterid:lookup",
        MappingProxyType(
            {
                "eventhandler_serviceendpoint": "serviceendpoints",
                "sdkmessageid": "sdkmessages",
                "sdkmessagefilterid": "sdkmessagefilters",
            }
        ),
    ),
    Spec(
        "sdkmessageprocessingstepimages",
        "sdkmessageprocessingstepimage",
        "sdkmessageprocessingstepimageid",
        "name:text entityalias:text imagetype:int messagepropertyname:text attributes:text "
        "sdkmessageprocessingstepid:lookup",
        MappingProxyType({"sdkmessageprocessingstepid": "sdkmessageprocessingsteps"}),
    ),
    Spec(
        "asyncoperations",
        "asyncoperation",
        "asyncoperationid",
        "name:text statecode:int statuscode:int message:text messagename:text correlationid:guid "
        "createdon:when completedon:when owningextensionid:lookup regardingobjectid:lookup",
        writes=_NO_WRITES,
    ),
    Spec(
        "systemusers",
        "systemuser",
        "systemuserid",
        "fullname:text applicationid:guid isdisabled:bool:False",
        writes=_NO_WRITES,
    ),
    Spec(
        "organizations",
        "organization",
        "organizationid",
        "name:text languagecode:int expirechangetrackingindays:int isauditenabled:bool",
        writes=_NO_WRITES,
    ),
    Spec(
        "systemforms",
        "systemform",
        "formid",
        "name:text description:text type:int formactivationstate:int formpresentation:int "
        "isdefault:bool:False ismanaged:bool:False iscustomizable:managed objecttypecode:text "
        "formxml:text componentstate:int uniquename:text publishedon:when ancestorformid:lookup",
        read_only=frozenset({"ismanaged", "componentstate", "publishedon", "type", "objecttypecode"}),
        writes=frozenset({"PATCH"}),
    ),
    Spec(
        "savedqueries",
        "savedquery",
        "savedqueryid",
        "name:text description:text querytype:int returnedtypecode:text isdefault:bool:False fetchxml:text "
        "layoutxml:text statecode:int:0 statuscode:int:1 iscustomizable:managed ismanaged:bool:False "
        "isquickfindquery:bool:False componentstate:int",
        read_only=frozenset({"ismanaged", "componentstate", "isdefault"}),
    ),
)


class Register:
    """One small table; rows are keyed by wire name, so lookups sit under `_x_value`."""

    def __init__(self, spec: Spec, sources: Sources) -> None:
        self.spec = spec
        self.rows: dict[str, Record] = {}
        self._sources = sources
        self.columns = {column.name: column for column in _columns(spec)}
        self.shape = Shape(
            spec.logical_name,
            spec.set_name,
            spec.key,
            {c.wire_name: Property(c.wire_name, c, c.wire_name) for c in self.columns.values()},
            partial=True,
        )

    def add(self, values: Record, version: int, row_id: str | None = None) -> Record:
        """A new row with defaults for what is not given."""
        row: Record = {name: found.column.default for name, found in self.shape.properties.items()}
        row[self.spec.key] = row_id or values.get(self.spec.key) or self._sources.new_id()
        row |= {self.columns[name].wire_name: value for name, value in values.items() if value is not None}
        row["versionnumber"] = version
        self.rows[row[self.spec.key]] = row
        return row

    def need(self, row_id: str) -> Record:
        """The row of that id, or the documented refusal (dataverse.md 2.8)."""
        row = self.rows.get(row_id)
        if row is None:
            raise row_missing(self.spec.logical_name, row_id)
        return row

    def find(self, **wanted: object) -> Record | None:
        """The first row with these values."""
        for row in self.rows.values():
            if all(row.get(name) == value for name, value in wanted.items()):
                return row
        return None


class Registers:
    """All small tables by entity set name."""

    def __init__(self, sources: Sources) -> None:
        self.by_set = {spec.set_name: Register(spec, sources) for spec in SPECS}

    def __getitem__(self, set_name: str) -> Register:
        return self.by_set[set_name]


def _columns(spec: Spec) -> list[Column]:
    columns = [
        Column(spec.key, Kind.GUID, update=False),
        Column("versionnumber", Kind.BIGINT, create=False, update=False),
    ]
    for text in spec.columns.split():
        name, kind, *default = text.split(":")
        free = name not in spec.read_only
        columns.append(Column(name, _KINDS[kind], default=_default(kind, default), create=free, update=free))
    return columns


def _default(kind: str, given: list[str]) -> bool | int | None:
    if not given:
        return None
    return given[0] == "True" if kind == "bool" else int(given[0])
