"""The tables every organisation begins with hang together."""

import csv
from pathlib import Path

import pytest

from dataverse_emulator import create_organization
from dataverse_emulator.state.columns import LOOKUPS, Kind
from dataverse_emulator.state.definitions import Definition, ManyToMany
from dataverse_emulator.state.standard import standard_model

MODEL = standard_model()
TABLES = sorted(MODEL.tables.values(), key=lambda definition: definition.name)
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
#: Columns that other applications and customisers add.
FOREIGN = ("adx_", "msdyn_", "mspp_", "msa_", "cra05_")


@pytest.mark.parametrize("definition", TABLES, ids=lambda definition: str(definition.name))
def test_a_table_is_whole(definition: Definition) -> None:
    """Key, name and version are columns, numbers are unique, and lookups to several tables say which."""
    columns = definition.columns
    assert {definition.key, "versionnumber"} <= columns.keys()
    assert definition.primary_name in ("", *columns)
    assert all(name == column.name == column.schema_name.lower() for name, column in columns.items())
    numbers = [column.number for column in columns.values()]
    assert len(set(numbers)) == len(numbers)
    several = {column.name for column in definition.lookups if len(column.targets) > 1}
    assert several == definition.type_columns.keys()
    assert len(MODEL.by_set) == len(TABLES)


@pytest.mark.parametrize("definition", TABLES, ids=lambda definition: str(definition.name))
def test_states_and_statuses_fit(definition: Definition) -> None:
    """Every state has a default status that belongs to it (dataverse.md 9.2)."""
    if "statecode" not in definition.columns or definition.name == "asyncoperation":
        return
    states, statuses = definition.columns["statecode"], definition.columns["statuscode"]
    if not states.pairs:
        pytest.skip("a table whose state no client sets")
    assert states.options.keys() == states.pairs.keys()
    assert all(statuses.pairs[status] == state for state, status in states.pairs.items())
    assert statuses.options.keys() == statuses.pairs.keys()


@pytest.mark.parametrize("relation", MODEL.relationships, ids=lambda relation: str(relation.schema_name))
def test_relationships_lead_somewhere(relation: object) -> None:
    """Both tables exist, and the lookup is a column that points at the other."""
    if isinstance(relation, ManyToMany):
        assert {relation.table, relation.other, relation.intersect} <= MODEL.tables.keys()
        return
    column = MODEL.tables[relation.table].columns[relation.column]  # type: ignore[attr-defined]
    assert column.kind in LOOKUPS
    assert relation.other in column.targets  # type: ignore[attr-defined]


def test_navigation_properties_are_unique() -> None:
    """No two relationships give a table the same property, or one that hides a column."""
    for name, navigations in MODEL.navigations.items():
        ends = [
            end
            for relation in MODEL.relationships
            for end in ((relation.table, relation.navigation), _far_end(relation))
            if end[0] == name
        ]
        assert len(set(ends)) == len(ends), name
        assert not navigations.keys() & MODEL.tables[name].properties.keys(), name


def _far_end(relation: object) -> tuple[str, str]:
    if isinstance(relation, ManyToMany):
        return relation.other, relation.other_navigation
    return relation.other, relation.collection  # type: ignore[attr-defined]


@pytest.mark.parametrize("table", ["contact", "systemform", "savedquery"])
def test_columns_are_the_documented_ones(table: str) -> None:
    """Names, types, numbers, lengths and options agree with the facts collected from exports."""
    path = CORPUS / f"{table}-columns.csv"
    if not path.exists():
        pytest.skip("the corpus of columns is not here")
    columns = MODEL.tables[table].columns
    with path.open(encoding="utf-8", newline="") as file:
        facts = [row for row in csv.DictReader(file) if not row["logical_name"].startswith(FOREIGN)]
    assert {row["logical_name"] for row in facts} == columns.keys()
    for row in facts:
        column = columns[row["logical_name"]]
        assert (column.schema_name, column.number) == (row["schema_name"], int(row["column_number"]))
        assert column.kind is (Kind.IMAGE if row["type_name"] == "ImageType" else Kind(row["type"]))
        assert str(column.max_length or "") == row["max_length"]
        options = "; ".join(f"{value}={label}" for value, label in column.options.items())
        assert options == row["options"]


def test_organisations_share_what_they_did_not_change() -> None:
    """The model is one object until one of them changes it, and then only that one's."""
    one, other = create_organization(), create_organization()
    assert one.model is other.model is MODEL
    changed = one.model.tables["account"].without_column("fax")
    one.change_model(one.model.with_table(changed))
    assert "fax" in other.model.tables["account"].columns
    assert one.model.tables["contact"] is other.model.tables["contact"]
