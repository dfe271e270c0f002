"""The history of runs, by the function alone: the row that each leaves, and the rows that it is compared with."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from lambdas.report import handler as handlers
from lambdas.report import page as pages
from tests.browser import needs_chromium, opened
from tests.functions.reporting import EXECUTION, PAGE, REQUEST, called, leave, report
from tests.history import MAPPING, a_row
from tests.manifests import DATASET, REPORT, RUN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.handlers import Bucket

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

ROW = f"history/{RUN}.json"
HOSTILE = "<img src=x onerror=alert(1)>"


def leave_run(bucket: Bucket, **changes: Any) -> dict[str, Any]:
    """Leave a run of one interaction, with a changed manifest; return that."""
    document = leave(bucket, [("u", "i", 0)], [("u", "i")]) | changes
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(document))
    return document


def left(bucket: Bucket) -> dict[str, Any]:
    """Return the row of the run."""
    row: dict[str, Any] = json.loads(bucket.read(ROW))
    return row


def test_a_run_that_succeeded_leaves_its_row(bucket: Bucket) -> None:
    """One JSON object on one line, with what manifest and request say; what they do not is null."""
    items = DATASET | {"dataset": "items", "rows_in": 70, "rows_out": 50, "rows_filtered": 19, "rows_rejected": 1}
    items |= {"interactions": None, "empty": {"PRICE": 4}, "import_job_arn": None, "records": 50}
    document = leave_run(bucket)
    document["datasets"] = [document["datasets"][0], items]
    document["solutions"][0]["best_of"] = None
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(document))
    called(bucket, made="2026-11-22T03:27:24.500Z")
    body = bucket.read(ROW)
    row = left(bucket)

    assert (1, b"\n") == (body.count(b"\n"), body[-1:])
    datasets, solutions = row.pop("datasets"), row.pop("solutions")
    assert {
        "version": 1,
        "run": RUN,
        "pipeline": "shop",
        "stage": "dev",
        "spec_hash": "0",
        "execution": EXECUTION,
        "status": "SUCCEEDED",
        "error": None,
        "resumed": False,
        "started": REQUEST["started"],
        "finished": "2026-11-22T03:27:24.500Z",
        "duration_seconds": 27 * 60 + 24.5,
        "engine": "lambda",
        "unchanged_since": None,
        "rows_in": 1270,
        "rows_out": 1150,
        "rows_filtered": 79,
        "rows_rejected": 41,
        "interactions": 1100,
        "users": 1,
        "items": 1,
        "rows_imported": 1100,
        "training_hours": 0.5,
        "lines_scored": 200,
        "segment_lines": 0,
        "usd": 0.25,
        "warnings": ["all within an hour"],
        "anomalies": [],
    } == row
    fates = {"rows_in": 1200, "rows_out": 1100, "rows_filtered": 60, "rows_rejected": 40, "records": 1100}
    assert [
        {"dataset": "interactions", "mapping": MAPPING, "import_mode": "FULL", **fates, "columns": []},
        {
            "dataset": "items",
            # The deployed file knows no such dataset, and the run has imported none.
            "mapping": None,
            "import_mode": "NONE",
            **{name: items[name] for name in fates},
            "columns": [{"name": "PRICE", "empty": 4}],
        },
    ] == datasets
    job = {"name": "top", "kind": "inference", "status": "SUCCEEDED", "table_rows": 1, "lines_with_errors": 1}
    (solution,) = document["solutions"]
    told = {name: solution[name] for name in ("name", "status", "version_arn", "training_hours", "metrics")}
    assert [told | {"recipe": "aws-user-personalization-v2", "jobs": [job]}] == solutions


def test_a_run_that_failed_leaves_its_row(bucket: Bucket) -> None:
    """The first failure's error, rows if it came to them, and null for what it did not come to; another replaces it."""
    failures = [{"state": "s", "error": error, "reason": "r"} for error in ("DataRefused", "JobFailed")]
    names = {"run": RUN, "pipeline": "shop", "stage": "dev", "execution": EXECUTION, "cause": "c", "remedy": "m"}
    bucket.put(f"runs/{RUN}/failure.json", json.dumps(names | {"failures": failures}))
    called(bucket, status="FAILED", jobs=[])
    early = left(bucket)
    bucket.put(f"runs/{RUN}/data-report.json", json.dumps(REPORT))
    called(bucket, status="FAILED", jobs=[], redrives=1)
    late = left(bucket)

    for row in (early, late):
        assert ("FAILED", "DataRefused", None, []) == tuple(
            row[name] for name in ("status", "error", "usd", "solutions")
        )
    assert (None, None, None, [], []) == tuple(
        early[name] for name in ("rows_in", "users", "engine", "datasets", "warnings")
    )
    assert (1200, 200, "lambda") == (late["rows_in"], late["users"], late["engine"])
    assert "FULL" == late["datasets"][0]["import_mode"]
    assert (False, True) == (early["resumed"], late["resumed"])
    assert [ROW] == bucket.listed("history/")


@pytest.mark.parametrize(
    ("changed", "resumed"),
    [
        ({}, False),
        ({"started": "2026-11-22T03:00:00.999Z"}, False),
        ({"redrives": 2}, True),
        ({"started": "2026-11-22T05:00:00.000Z"}, True),
    ],
    ids=str,
)
def test_a_row_says_whether_the_run_was_resumed(bucket: Bucket, changed: dict[str, Any], *, resumed: bool) -> None:
    """By a redrive, or by a later execution than the one that the run has its id of."""
    leave_run(bucket)
    called(bucket, **changed)

    assert resumed == left(bucket)["resumed"]


def test_a_run_is_compared_with_the_rows_before_it(bucket: Bucket) -> None:
    """The sentence is in the row, in the answer for the message, and on the page; what is no row is passed over."""
    for number, count in enumerate((9800, 10_400, 10_000, 9900, 10_100, 10_050, 9950)):
        row = a_row(number, dataset={"rows_in": count, "rows_rejected": 300}, users=None, engine="glue")
        bucket.put(f"history/{row['run']}.json", json.dumps(row | {"field_of_tomorrow": 1}))
    for number, content in enumerate((b"{", b"\xff", b"[]", json.dumps(a_row() | {"version": 9}).encode())):
        bucket.put(f"history/2026111{number}T030000-aaaaaa.json", content)
    bucket.put("history/20261115T030000-aaaaaa.json", json.dumps(a_row(stage="x" * (1 << 20))))
    bucket.put("history/20261116T030000-aaaaaa.json", "")
    later = a_row(28)
    bucket.put(f"history/{later['run']}.json", json.dumps(later))
    bucket.put("history/notes.txt", "mine")
    bucket.put(f"history/{a_row()['run']}.json.bak", "mine")
    leave_run(bucket)
    answer = called(bucket)
    page = report(bucket)

    told = ["interactions: 1,200 rows in, the last 7 runs had 9,800 to 10,400 (median 10,000)."]
    assert told == answer["anomalies"] == left(bucket)["anomalies"] == page.history[-1].anomalies
    assert not [note for note in answer["notes"] if "row" in note.lower()]
    assert [*(f"2026110{day}" for day in range(1, 8)), "20261122"] == [each.run[:8] for each in page.history]


def test_no_more_than_twenty_rows_are_read(bucket: Bucket) -> None:
    """The newest ones before this run, whatever lies there."""
    for number in range(25):
        row = a_row(run=f"20260101T0000{number:02}-aaaaaa")
        bucket.put(f"history/{row['run']}.json", json.dumps(row))
    leave_run(bucket)
    found = report(bucket).history

    assert ["20260101T000005-aaaaaa", "20260101T000024-aaaaaa", RUN] == [found[at].run for at in (0, 19, 20)]


def test_a_row_that_cannot_be_written_is_told(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made all the same, with the row on it, and the answer says what is missing and why."""

    class Refusing:
        """An S3 client that may not write rows."""

        def put_object(self, **asked: Any) -> Any:
            """Refuse the key of a row."""
            if asked["Key"] == ROW:
                raise PermissionError("no")
            return bucket.s3.put_object(**asked)

        def __getattr__(self, name: str) -> Any:
            return getattr(bucket.s3, name)

    leave_run(bucket)
    monkeypatch.setattr(handlers, "s3_client", Refusing)
    found = report(bucket)

    assert [] == bucket.listed("history/")
    assert [RUN] == [each.run for each in found.history]
    assert "The row of this run in the table of runs: PermissionError: no" in found.notes


def test_a_page_stays_small_with_large_rows(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows alone make it too large the older ones are left out, down to the run's own."""
    for number in range(20):
        row = a_row(number, warnings=["w" * 10_000])
        bucket.put(f"history/{row['run']}.json", json.dumps(row))
    leave_run(bucket)
    whole = report(bucket).history
    monkeypatch.setattr(pages, "MOST_BYTES", len(bucket.read(PAGE)) - 150_000)
    some = report(bucket).history
    monkeypatch.setattr(pages, "MOST_BYTES", 1)
    least = report(bucket).history

    assert 21 == len(whole)
    assert whole[-len(some) : -1] == some[:-1]
    assert 1 < len(some) < 21
    assert [RUN] == [each.run for each in least]


@needs_chromium
def test_the_page_shows_the_last_runs(bucket: Bucket, tmp_path: Path) -> None:
    """Newest first, with rows, metrics, time and cost, what differs, and nothing of it as markup."""
    for number in range(3):
        row = a_row(number, rows_in=10_000 + number, rows_rejected=90, usd=0.5, users=None)
        bucket.put(f"history/{row['run']}.json", json.dumps(row))
    failed = a_row(3, status="FAILED", error=HOSTILE, datasets=[], solutions=[])
    bucket.put(f"history/{failed['run']}.json", json.dumps(failed))
    leave_run(bucket)
    called(bucket)
    file = tmp_path / "report.html"
    file.write_bytes(bucket.read(PAGE))
    shown = opened(file)

    assert [] == shown.console
    assert "Anomaly:  interactions: 1,200 rows in, the last 3 runs had 10,000." in shown.text
    last = "history.20261103T030000-aaaaaa"
    values = {name: shown.numbers[f"{last}.{name}"] for name in ("rows_in", "rows_rejected", "duration_seconds", "usd")}
    assert {"rows_in": "10002", "rows_rejected": "90", "duration_seconds": "600", "usd": "0.5"} == values
    assert ("unknown", "0.25") == tuple(shown.numbers[f"history.{run}.usd"] for run in (failed["run"], RUN))
    assert HOSTILE in shown.text
    assert "<img" not in shown.dom.partition("<main")[2].partition("</main>")[0]
    part = shown.text.rpartition("began (UTC)")[2]
    places = [part.index(run) for run in (RUN, failed["run"], "20261103T030000-aaaaaa", "20261101T030000-aaaaaa")]
    assert all(one < other for one, other in pairwise(places))
    assert part.count("for-you: coverage 0.5000") == 4


@needs_chromium
def test_the_page_of_a_first_run_has_nothing_to_compare(bucket: Bucket, tmp_path: Path) -> None:
    """It stands alone in the table, and no anomaly is claimed."""
    leave_run(bucket)
    called(bucket)
    file = tmp_path / "report.html"
    file.write_bytes(bucket.read(PAGE))
    shown = opened(file)

    assert "Anomaly" not in shown.text
    assert [RUN] == [name.split(".")[1] for name in shown.numbers if name.endswith("duration_seconds")]
