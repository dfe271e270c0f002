"""Checks of the pipeline file: what may be written, what counts they read, and what is told of them."""

from __future__ import annotations

import io
import json
import sqlite3
from typing import Any

import pytest

from cli.terminal import Terminal
from cli.view import View
from definition.mapping.sql import parse_counts
from definition.plan.mappings import dataset_mapping
from definition.problems import SpecError
from tests.documents import parsed
from tests.manifests import DATASET, REPORT
from transform.checks import Failed, check_reports, told
from transform.contract import CheckReport, DatasetReport, TransformReport, TransformRequest
from transform.counting import holds
from transform.raw.lineage import mapping_digest

CHECKS = "datasets__interactions__checks"
ITEMS = {
    "source": {"path": "items/"},
    "columns": {"ITEM_ID": "item", "TITLE": {"from": "title", "type": "categorical"}},
}


@pytest.mark.parametrize(
    ("check", "place", "what"),
    [
        ({"name": "a"}, "", "needs one of rows and counts"),
        ({"name": "a", "rows": "x = 'a'", "counts": "records > 1"}, "", "needs one of rows and counts"),
        ({"rows": "x = 'a'"}, ".name", "is missing"),
        ({"name": "a b", "rows": "x = 'a'"}, ".name", "'a b' cannot name a check. Use a letter"),
        ({"name": "a", "rows": "x ="}, ".rows", "is not a SQL condition"),
        ({"name": "a", "rows": "ITEM_ID <> ''"}, ".rows", "ITEM_ID is a column of the dataset"),
        ({"name": "a", "rows": "x = 'a'", "max": 1, "max_share": 0.1}, ".max_share", "stands beside max"),
        ({"name": "a", "rows": "x = 'a'", "max_share": 1}, ".max_share", "less than 1"),
        ({"name": "a", "rows": "x = 'a'", "severity": "error"}, ".severity", "'fail' or 'warn'"),
        ({"name": "a", "rows": f"x = '{'a' * 300}'"}, ".rows", "at most 300 characters"),
        ({"name": "a", "counts": "records > 1", "max": 1}, ".max", "has no meaning for counts"),
        ({"name": "a", "counts": "row_in > 1"}, ".counts", "'row_in' is no count of the dataset. Did you mean"),
        ({"name": "a", "counts": "empty.EVENT_TYP = 0"}, ".counts", "Did you mean empty.EVENT_TYPE?"),
        ({"name": "a", "counts": "unknown_items = 0"}, ".counts", "'unknown_items' is no count of the dataset"),
        ({"name": "a", "counts": "records = 'many'"}, ".counts", "'many' is a text. Compare counts with numbers"),
        ({"name": "a", "counts": "LOWER(records) = 1"}, ".counts", "are numbers and texts"),
        ({"name": "a", "rows": "x = 'a'", "sql": "x"}, ".sql", "unknown key"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_refused(check: dict[str, Any], place: str, what: str) -> None:
    """Each mistake is told at its place, with what would be right."""
    with pytest.raises(SpecError) as caught:
        parsed(**{CHECKS: [check]})

    assert [f"datasets.interactions.checks[0]{place}"] == [each.place for each in caught.value.problems]
    (problem,) = caught.value.problems
    assert what in f"{problem.what}. {problem.remedy}"


def test_names_are_of_one_check() -> None:
    """The same name twice is refused, and so are more checks than a report carries."""
    same = [{"name": "a", "rows": "x = 'a'"}] * 2
    with pytest.raises(SpecError, match="'a' is used twice"):
        parsed(**{CHECKS: same})
    with pytest.raises(SpecError, match="at most 20"):
        parsed(**{CHECKS: [{"name": f"a{number}", "rows": "x = 'a'"} for number in range(21)]})


def test_what_is_counted_of_items_can_be_checked_beside_them() -> None:
    """Unknown items are counted where there are items, and users and times of interactions alone."""
    checks = [{"name": "known", "counts": "unknown_items = 0"}]
    assert ["unknown_items"] == dataset_mapping(
        parsed(**{CHECKS: checks, "datasets__items": ITEMS}), "interactions"
    ).checks[0].counts_read()
    with pytest.raises(SpecError, match="'users' is no count of the dataset"):
        parsed(datasets__items={**ITEMS, "checks": [{"name": "a", "counts": "users > 1"}]})
    titled = parsed(datasets__items={**ITEMS, "checks": [{"name": "a", "counts": "empty.TITLE < 0.1 * records"}]})
    assert ["empty.TITLE", "records"] == dataset_mapping(titled, "items").checks[0].counts_read()


@pytest.mark.parametrize(
    "text",
    [
        "rows_in = rows_out",
        "rows_in < rows_out OR unknown_items > 0",
        "NOT (unknown_items > 0)",
        "unknown_items > 0 AND rows_in > rows_out",
        "unknown_items > 0 AND rows_in < rows_out",
        "rows_out >= 0.9 * rows_in",
        "rows_out / rows_filtered > 1",
        "rows_filtered / rows_in + 0.5 <> 0.5",
        "records BETWEEN 80 AND 100",
        "records IN (90, 91)",
        "records NOT IN (1, 2)",
        "unknown_items IN (1, 2)",
        "unknown_items IS NULL",
        "COALESCE(unknown_items, 0) = 0",
        "NULLIF(records, 90) IS NULL",
        "CASE WHEN rows_filtered > 0 THEN rows_filtered ELSE -1 END < 0",
        "CASE WHEN unknown_items > 0 THEN 1 END IS NULL",
        "ABS(rows_out - rows_in) <= 10",
        "ROUND(rows_out / 7, 2) = 12.86",
        "FLOOR(rows_out / 7) = 12 AND CEIL(rows_out / 7) = 13",
        "-records < 0",
    ],
)
def test_conditions_on_counts_are_answered_as_sqlite_does(text: str) -> None:
    """Three-valued logic, arithmetic and functions give true, false or null as another SQL does."""
    counts = {"rows_in": 100.0, "rows_out": 90.0, "rows_filtered": 0.0, "records": 90.0, "unknown_items": None}
    columns = ", ".join(f"? AS {name}" for name in counts)
    connection = sqlite3.connect(":memory:")
    (answer,) = connection.execute(f"SELECT {text} FROM (SELECT {columns})", list(counts.values())).fetchone()  # noqa: S608  # ours
    connection.close()

    assert (None if answer is None else bool(answer)) == holds(parse_counts(text), counts)


def reports(*checks: dict[str, Any], failed: dict[str, Failed] | None = None) -> list[CheckReport]:
    """Return what checks have found in a dataset of 1200 rows of which 1100 are out."""
    mapping = dataset_mapping(parsed(**{CHECKS: list(checks)}), "interactions")
    request = TransformRequest(bucket="b", run="r", started=1_700_086_401, datasets=[mapping])
    report = DatasetReport.model_validate(DATASET)
    return check_reports(request, mapping, report, tested=1100, failed=failed or {})


@pytest.mark.parametrize(
    ("limit", "rows", "passed"),
    [
        ({}, 0, True),
        ({}, 1, False),
        ({"max": 0}, 1, False),
        ({"max": 11}, 11, True),
        ({"max": 11}, 12, False),
        ({"max_share": 0.01}, 11, True),
        ({"max_share": 0.01}, 12, False),
    ],
)
def test_so_many_rows_may_fail(limit: dict[str, Any], rows: int, passed: bool) -> None:  # noqa: FBT001  # a parameter
    """A check fails with the first row beyond max, or beyond the share of the rows that were tested."""
    failed = {"paid": Failed(rows, "raw/a.csv", 7)} if rows else {}
    (found,) = reports({"name": "paid", "rows": "price > 0", **limit}, failed=failed)

    assert (passed, rows, 1100) == (found.passed, found.rows_failed, found.rows_tested)
    assert ("s3://b/rejects/r/" if rows else None) == found.failures


def test_counts_are_those_of_the_report() -> None:
    """Users, items and times are of the interactions, the start is the run's, and what is unknown fails."""
    read = "users = 200 AND items = 200 AND last_timestamp < started - 0.5 * 86400 AND empty.EVENT_TYPE = 0"
    failing, passing, stale = reports(
        {"name": "a", "counts": "rows_in - rows_out - rows_filtered > rows_rejected"},
        {"name": "b", "counts": read.replace("<", ">=").replace(">= started", "< started")},
        {"name": "c", "counts": "last_timestamp >= started - 3600"},
    )

    assert (False, True, False) == (failing.passed, passing.passed, stale.passed)
    assert {"last_timestamp": 1_700_003_000, "started": 1_700_086_401} == stale.counts


def test_what_fails_is_told_with_what_and_where() -> None:
    """The sentence has name, condition, how many rows, the first one's line, and where all of them are."""
    given = [
        {"name": "paid", "rows": "price > 0", "max": 2},
        {"name": "fresh", "counts": "last_timestamp >= started - 3600", "severity": "warn"},
    ]
    checks = reports(*given, failed={"paid": Failed(1001, "raw/events/a.csv", 7)})
    report = DatasetReport.model_validate(DATASET).model_copy(update={"checks": checks})

    paid = (
        "check paid of interactions fails: price > 0 is not true of 1,001 of 1,100 rows, where 2 may, first "
        "raw/events/a.csv line 7; see the objects interactions.failed-checks*.jsonl in s3://b/rejects/r/"
    )
    fresh = (
        "check fresh of interactions fails: last_timestamp >= started - 3600 is not true, with last_timestamp = "
        "1700003000, started = 1700086401"
    )
    assert [paid] == list(told([report], "fail"))
    assert [fresh] == list(told([report], "warn"))


def test_the_terminal_shows_what_each_check_found() -> None:
    """A table has condition, result and rows of each, and none is there without checks."""
    given = [{"name": "paid", "rows": "price > 0", "max": 2}, {"name": "whole", "counts": "users > 200"}]
    checks = reports(*given, failed={"paid": Failed(2, "raw/events/a.csv", 7)})
    shown = []
    for found in (checks, []):
        dataset = {**DATASET, "checks": [each.model_dump() for each in found]}
        out = io.StringIO()
        view = View(console=Terminal(file=out, width=160))
        view.data(TransformReport.model_validate({**REPORT, "datasets": [dataset]}))
        shown.append(out.getvalue())

    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown[0].splitlines() if "│" in line]
    assert ["interactions", "paid", "price > 0", "passes", "2", "1,100"] in cells
    assert ["interactions", "whole", "users > 200", "fails", "-", "-"] in cells
    assert "Checks" not in shown[1]


def test_a_check_makes_no_other_dataset() -> None:
    """What is imported has the digest that it has without checks, also where one reads more of a look-up."""
    lookups = {"orders": {"source": {"path": "orders/"}, "key": "order_id"}}
    section = {
        "datasets__interactions__lookups": lookups,
        "datasets__interactions__columns__USER_ID": "orders.customer",
    }
    bare = dataset_mapping(parsed(**section), "interactions")
    checked = dataset_mapping(
        parsed(**section, **{CHECKS: [{"name": "paid", "rows": "orders.price > 0 AND colour <> ''"}]}), "interactions"
    )

    assert mapping_digest(bare) == mapping_digest(checked)
    assert ["customer", "price"] == checked.lookups[0].columns
    assert "checks" not in json.dumps(bare.model_dump(mode="json"))
    assert bare == checked.without_checks()
