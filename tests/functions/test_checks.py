"""The transform function with checks: what it writes, counts, refuses and warns of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from definition.plan.mappings import dataset_mappings
from lambdas.transform.handler import handler as transform_handler
from tests.documents import parsed
from tests.functions.handlers import Bucket, Context
from tests.pipeline.data import START, csv, planted

ROWS = planted(users=60)
FAILED = "rejects/r1/interactions.failed-checks.jsonl"
IDS = {"name": "ids", "rows": "item NOT IN ('A01', 'B01')"}

# A call that raises has nothing to count; Powertools says so at every one.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def transform(
    bucket: Bucket, *checks: dict[str, Any], run: str = "r1", imported: str | None = None, late: int = 0
) -> dict[str, Any]:
    """Call the function for a run of the shop with these checks of its interactions."""
    mappings = dataset_mappings(parsed(datasets__interactions__checks=list(checks)))
    event = {
        "bucket": bucket.name,
        "run": run,
        "started": START + 10_000_000 + late,
        "datasets": [mapping.model_dump(mode="json") for mapping in mappings],
        "imported": [{"dataset": "interactions", "run": imported}] if imported else [],
        "max_rejected": 0.05,
    }
    report: dict[str, Any] = transform_handler(event, Context())
    return report


@pytest.mark.parametrize("severity", ["fail", "warn"])
def test_rows_that_fail_stay_and_are_shown(bucket: Bucket, severity: str) -> None:
    """They are in the dataset and no rejects, whatever the severity; that says whether the data is refused."""
    bucket.put("raw/events/a.csv", csv([*ROWS, "u,i,never"]))
    places = [line for line, row in enumerate(ROWS, 2) if row.split(",")[1] in {"A01", "B01"}]
    report = transform(bucket, {**IDS, "severity": severity})

    (dataset,) = report["datasets"]
    assert len(ROWS) + 1 == dataset["rows_in"]
    assert dataset["rows_in"] == dataset["rows_out"] + dataset["rows_filtered"] + dataset["rows_rejected"]
    assert (len(ROWS), 1, len(ROWS)) == (dataset["rows_out"], dataset["rows_rejected"], dataset["records"])
    written = bucket.read("transformed/r1/interactions/interactions.csv").decode().splitlines()
    assert len(ROWS) + 1 == len(written)
    assert [len(ROWS) + 2] == [
        json.loads(line)["line"] for line in bucket.read("rejects/r1/interactions.jsonl").splitlines()
    ]
    shown = [json.loads(line) for line in bucket.read(FAILED).splitlines()]
    assert places == sorted(row["line"] for row in shown)
    assert {ROWS[line - 2] for line in places} == {row["raw"] for row in shown}
    assert {("ids", "check ids: item NOT IN ('A01', 'B01') is not true")} == {
        (row["check"], row["reason"]) for row in shown
    }
    told = f"is not true of {len(places)} of {len(ROWS):,} rows, first raw/events/a.csv line {places[0]}; see the "
    said, silent = ("refusals", "warnings") if severity == "fail" else ("warnings", "refusals")
    assert 1 == sum(told in sentence for sentence in report[said]), report
    assert not any("heck ids" in sentence for sentence in report[silent])


def test_what_passes_leaves_nothing(bucket: Bucket) -> None:
    """Neither an object nor a sentence is there where every row fulfils the check and the counts are as they should."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    report = transform(bucket, {"name": "ids", "rows": "item <> 'C01'"}, {"name": "all", "counts": "users = 60"})

    assert [] == bucket.listed("rejects/")
    assert [] == report["refusals"]
    assert [(True, 0), (True, None)] == [
        (each["passed"], each["rows_failed"]) for each in report["datasets"][0]["checks"]
    ]


def test_a_new_check_looks_at_data_that_has_not_changed(bucket: Bucket) -> None:
    """It is transformed again to be checked, and nothing of it is imported; after that the report serves again."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    first = transform(bucket, run="r1")
    checked = transform(bucket, {**IDS, "severity": "warn"}, run="r2", imported="r1")
    again = transform(bucket, {**IDS, "severity": "warn"}, run="r3", imported="r2")

    assert (None, "r2") == (checked["unchanged_since"], again["unchanged_since"])
    assert first["fingerprint"] == checked["fingerprint"] == again["fingerprint"]
    assert {"NONE"} == {report["datasets"][0]["imports"]["mode"] for report in (checked, again)}
    assert any("Check ids" in sentence for sentence in again["warnings"])
    assert f"s3://{bucket.name}/rejects/r2/" == again["datasets"][0]["checks"][0]["failures"]


def test_data_that_has_not_changed_grows_old(bucket: Bucket) -> None:
    """A check of its age is answered by when the run began that checks, not by when the data was transformed."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    age = {"name": "fresh", "counts": "started - last_timestamp < 10000000"}
    first = transform(bucket, age, run="r1")
    later = transform(bucket, age, run="r2", imported="r1", late=200_000)

    assert "r1" == later["unchanged_since"]
    assert ([], 1) == (first["refusals"], len(later["refusals"]))
    assert "check fresh of interactions fails" in later["refusals"][0]
