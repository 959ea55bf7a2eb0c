"""The tables every organisation begins with, from facts of the documented columns kept beside this file."""

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from dataverse_emulator.state.columns import Cell, Column, Kind
from dataverse_emulator.state.definitions import ALL_WRITES, Definition, ManyToMany, Model, OneToMany
from dataverse_emulator.state.sources import derived_id

_FOLDER: Final = Path(__file__).parent
#: Tables that the platform keeps, and what a client may still do with their rows.
_WRITES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("solutioncomponent", "sdkmessage", "sdkmessagefilter", "asyncoperation", "privilege"), frozenset()
    ),
    "audit": frozenset(),
    "organization": frozenset({"PATCH"}),
    "systemform": frozenset({"PATCH"}),
    "systemuser": frozenset({"PATCH"}),
}


#: How far a role's privilege reaches, kept with the pair of role and privilege.
_DEPTH: Final = Column(
    "privilegedepthmask", Kind.INTEGER, "privilegedepthmask", 5, create=False, update=False
)
#: What is known of some tables beside their names, by the column that tells it.
_FACTS: Final = (
    ("HasNotes", "notes"),
    ("HasActivities", "activities"),
    ("IsKnowledgeManagementEnabled", "knowledge"),
)


@cache
def standard_model() -> Model:
    """The model of a new organisation; one object for all of them."""
    many = tuple(ManyToMany(**facts) for facts in _records("many_to_many"))  # type: ignore[arg-type]
    one = tuple(OneToMany(**facts) for facts in _records("one_to_many"))  # type: ignore[arg-type]
    tables = {facts["name"]: _definition(facts) for facts in _records("tables")}
    for relation in many:
        tables.setdefault(relation.intersect, intersect(relation))
    tables["roleprivileges"] = tables["roleprivileges"].with_columns(_DEPTH)
    return Model(tables, (*one, *many))


def intersect(relation: ManyToMany) -> Definition:
    """The table that keeps the pairs of a many-to-many relationship."""
    key = f"{relation.intersect}id"
    columns = (
        Column(key, Kind.GUID, key, 1, create=False, update=False),
        Column(relation.column, Kind.GUID, relation.column, 2, create=False, update=False),
        Column(relation.other_column, Kind.GUID, relation.other_column, 3, create=False, update=False),
        Column("versionnumber", Kind.BIGINT, "VersionNumber", 4, create=False, update=False),
    )
    return Definition(
        name=relation.intersect,
        schema_name=relation.intersect,
        set_name=f"{relation.intersect}collection",
        key=key,
        primary_name="",
        columns={column.name: column for column in columns},
        metadata_id=derived_id("table", relation.intersect),
        ownership="None",
        custom=relation.custom,
        intersect=True,
        writes=frozenset(),
    )


def _records(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _definition(facts: Mapping[str, str]) -> Definition:
    name = facts["name"]
    columns = {column.name: column for column in map(_column, _records(name))}
    return Definition(
        name=name,
        schema_name=facts["schema"],
        set_name=facts["set"],
        key=facts["key"],
        primary_name=facts["primary"],
        columns=columns,
        code=int(facts["code"]),
        metadata_id=facts["id"] or derived_id("table", name),
        ownership=facts["ownership"],
        tracked=bool(facts["tracked"]),
        label=facts["label"],
        plural=facts["plural"],
        partial=bool(facts["partial"]),
        writes=_WRITES.get(name, ALL_WRITES),
        facts={fact: facts[column] == "yes" for fact, column in _FACTS if facts[column]},
    )


def _column(facts: Mapping[str, str]) -> Column:
    kind, use = Kind(facts["kind"]), facts["use"]
    options, pairs = _options(facts["options"])
    return Column(
        name=facts["name"].lower(),
        kind=kind,
        schema_name=facts["name"],
        number=int(facts["number"]),
        label=facts["label"],
        required=facts["required"],
        max_length=int(facts["length"]) if facts["length"] else None,
        format=facts["format"] or ("Text" if kind is Kind.TEXT else None),
        behavior=facts["behavior"] or "UserLocal",
        default=_default(kind, facts["default"]),
        create="c" in use,
        update="u" in use,
        read="r" in use,
        of=facts["of"] or None,
        targets=tuple(facts["targets"].split()),
        options=options,
        pairs=pairs,
        precision=int(facts["precision"]) if facts["precision"] else None,
        minimum=float(facts["min"]) if facts["min"] else None,
        maximum=float(facts["max"]) if facts["max"] else None,
    )


def _options(text: str) -> tuple[dict[int, str], dict[int, int]]:
    """`value=label` parts; `@n` names the default status of a state or the state of a status."""
    options, pairs = dict[int, str](), dict[int, int]()
    for part in text.split("; ") if text else ():
        value, _, label = part.partition("=")
        label, _, paired = label.partition("@")
        options[int(value)] = label
        if paired:
            pairs[int(value)] = int(paired)
    return options, pairs


def _default(kind: Kind, text: str) -> Cell:
    if not text:
        return None
    if kind is Kind.BOOLEAN:
        return text == "true"
    return float(text) if kind in (Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY) else int(text)
