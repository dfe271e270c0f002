"""A run whose data fails a check of its pipeline file ends before its import."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.documents import popular, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS

CHECKS = [
    {"name": "no-tests", "rows": "item NOT LIKE 'TEST%'"},
    {"name": "few-returns", "rows": "item <> 'A01'", "severity": "warn"},
]


@pytest.fixture(scope="module")
def checked(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline with checks: a deployment of its own, for they stand in its state machine."""
    document = shop(name="checked", solutions=[popular()], datasets__interactions__checks=CHECKS)
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("checked"))


def test_a_failing_check_ends_a_run_before_its_import(checked: Rig) -> None:
    """The cause says name, condition, how many rows and where; mended data resumes the run, which warns of the rest."""
    rows = planted()
    checked.put_raw("events/part.csv", csv([*rows, rows[0].replace(rows[0].split(",")[1], "TEST1")]))
    refused = checked.run({})

    assert ("FAILED", "DataRefused") == (refused.status, refused.execution["error"])
    line = len(rows) + 2
    assert (
        f"check no-tests of interactions fails: item NOT LIKE 'TEST%' is not true of 1 of {len(rows) + 1:,} rows, "
        f"first raw/events/part.csv line {line}; see the objects interactions.failed-checks*.jsonl in "
    ) in refused.cause
    assert "few-returns" not in refused.cause
    assert [] == checked.import_jobs()
    shown = checked.read(f"rejects/{refused.id}/interactions.failed-checks.jsonl").splitlines()
    assert [line] == [row["line"] for row in map(json.loads, shown) if row["check"] == "no-tests"]

    checked.put_raw("events/part.csv", csv(rows))
    again = checked.run({"run": refused.id})

    assert "SUCCEEDED" == again.status, again.cause
    manifest = json.loads(checked.read(f"runs/{refused.id}/manifest.json"))
    (dataset,) = manifest["datasets"]
    assert (len(rows), len(rows), 0) == (dataset["rows_in"], dataset["rows_out"], dataset["rows_rejected"])
    returns = sum(row.split(",")[1] == "A01" for row in rows)
    told = f"Check few-returns of interactions fails: item <> 'A01' is not true of {returns} of {len(rows):,} rows"
    assert 1 == sum(sentence.startswith(told) for sentence in manifest["warnings"])
