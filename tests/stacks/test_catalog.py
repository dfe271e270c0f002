"""The tables for Athena."""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl
import pytest
import sqlglot

from definition.contract.history import RunRow
from definition.paths import ROOT
from definition.plan.tables import columns
from lambdas.publish.lines import errors, results
from stacks.states.run import definition
from tests.documents import parsed, shop
from tests.history import a_row
from tests.synthesis import templates_of

AUDIENCE = {
    "name": "audience",
    "recipe": "aws-item-affinity",
    "batch_segment": [{"name": "likely-buyers", "items": ["A"]}],
}
ATHENA = {pl.String: "string", pl.Int32: "int", pl.Float64: "double"}


def tables(**changes: Any) -> dict[str, dict[str, Any]]:
    """Return the tables of a changed shop by their names."""
    found = templates_of(parsed(**changes))["workflow"].find_resources("AWS::Glue::Table")
    inputs = [table["Properties"]["TableInput"] for table in found.values()]
    return {described["Name"]: described for described in inputs}


def test_every_job_has_three_tables() -> None:
    """The newest results, those of all runs, and the changes; names are the file's without hyphens."""
    found = tables(solutions=[*shop()["solutions"], AUDIENCE])

    jobs = ("for_you_top", "audience_likely_buyers")
    assert {f"{job}{suffix}" for job in jobs for suffix in ("", "__runs", "__changes")} == set(found) - {"runs"}
    assert ["item_id", "rank", "user_id", "score"] == [
        column["Name"] for column in found["audience_likely_buyers"]["StorageDescriptor"]["Columns"]
    ]
    location = json.dumps(found["for_you_top__changes"]["Parameters"]["storage.location.template"])
    assert "/curated/for-you/top/changes/run=${run}/" in location


@pytest.mark.parametrize("themed", [False, True])
@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("inference", "user"),
        ("inference", "ranking"),
        ("inference", "item"),
        ("segment", "item"),
        ("segment", "attributes"),
    ],
)
def test_tables_have_the_columns_that_are_published(kind: str, line: Any, *, themed: bool) -> None:
    """Names and types are those of what the publish function writes."""
    wanted = columns(kind, line, themed=themed)
    lines = pl.LazyFrame(
        schema={
            "input": pl.Struct({wanted.key: pl.String}),
            "output": pl.Struct(
                {name: pl.List(pl.String) for name in ("recommendedItems", "usersList", "recommendedUsers")}
                | {name: pl.List(pl.Float64) for name in ("scores", "itemsThemeRelevanceScores")}
                | {"theme": pl.String}
            ),
            "error": pl.String,
        }
    )
    written = results(lines, kind, line, themed=themed).collect_schema()

    assert wanted.results == {name: ATHENA[type(given)] for name, given in written.items()}
    assert wanted.named == errors(lines, kind, line).collect_schema().names()[0]


def test_a_run_moves_the_table_that_the_stack_made() -> None:
    """What the state machine puts in the place of a table differs from it in the location only."""
    known = definition(parsed(), "dev", spec_hash="")["States"]["Begin run"]["Assign"]["known"]
    moved = known[0]["jobs"][0]["table"]
    made = tables()["for_you_top"]

    made["StorageDescriptor"].pop("Location")
    assert made == moved


NAMES = {"string": str, "bigint": int, "double": float, "boolean": bool}


def fits(value: Any, given: str) -> bool:
    """Return whether a JSON value is of one of Athena's types, and has no more fields than it; null always is."""
    if value is None:
        return True
    if given in NAMES:
        return isinstance(value, NAMES[given]) or (given == "double" and type(value) is int)
    kind, inner = given[:-1].split("<", 1)
    if kind == "array":
        return isinstance(value, list) and all(fits(each, inner) for each in value)
    if kind == "map":
        key, of = inner.split(",", 1)
        return "string" == key and all(fits(each, of) for each in value.values())
    fields = dict(each.split(":", 1) for each in split(inner))
    return "struct" == kind and fields.keys() == value.keys() and all(fits(value[name], fields[name]) for name in value)


def split(text: str) -> list[str]:
    """Return the parts between commas that are in no angle brackets."""
    found, depth = [""], 0
    for letter in text:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def test_the_table_of_runs_has_the_columns_of_a_row() -> None:
    """Every field of the JSON that a run leaves, on one line, by the library that AWS names as the reliable one."""
    made = tables()["runs"]["StorageDescriptor"]
    given = {column["Name"]: column["Type"] for column in made["Columns"]}
    row = json.loads(RunRow(**a_row(warnings=["w"])).model_dump_json())

    assert given.keys() == row.keys()
    assert [] == [name for name in row if not fits(row[name], given[name])]
    assert row["datasets"][0]["columns"]
    assert row["solutions"][0]["metrics"]
    assert "org.apache.hive.hcatalog.data.JsonSerDe" == made["SerdeInfo"]["SerializationLibrary"]
    assert json.dumps(made["Location"]).endswith('"/history/"]]}')
    assert [] == [name for name in re.findall(r"[a-z_]+(?=:)", json.dumps(given)) if name in RESERVED]


def test_the_guide_explains_every_column_of_the_runs() -> None:
    """docs/runs.md names each, and each field of their lists."""
    text = (ROOT / "docs" / "runs.md").read_text("utf-8").partition("## The history")[2].partition("\n## ")[0]
    given = {column["Name"]: column["Type"] for column in tables()["runs"]["StorageDescriptor"]["Columns"]}
    fields = {*given, *re.findall(r"(\w+):", " ".join(given.values()))} - {"kind"}

    assert set() == {name for name in fields if f"`{name}`" not in text}


def test_the_queries_of_the_guide_name_columns_of_the_table() -> None:
    """What docs/results.md asks of the runs is SQL of Athena, and there is nothing in it that a row has not."""
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    (block,) = [each for each in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) if "movielens_prod.runs" in each]
    queries = sqlglot.parse(block, dialect="athena")
    named = {column.name for query in queries if query for column in query.find_all(sqlglot.exp.Column)}
    given = {column["Name"]: column["Type"] for column in tables()["runs"]["StorageDescriptor"]["Columns"]}

    assert 2 == len([query for query in queries if query])
    # A field of a solution, and the elements of a list.
    assert {"run", "rows_in", "solutions"} <= named
    assert set() == {name for name in named if name not in given} - {"name", "anomaly"}
    assert "name:string" in given["solutions"]


RESERVED = {"column", "date", "end", "exchange", "group", "order", "partition", "row", "rows", "start", "table"}
"""Words of Athena's DDL that a field of a row could have been called by (page reserved-words)."""


def test_without_a_catalog_there_is_none() -> None:
    """The file can do without: no table, and no state that would look for one."""
    assert {} == tables(catalog=False)
    assert "Update table" not in json.dumps(definition(parsed(catalog=False), "dev", spec_hash=""))
