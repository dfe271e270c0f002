"""The corpus of traps through the function's engine."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from lambdas.transform.attempts import REJECTS
from lambdas.transform.execute import DATASET, FAILURES, execute
from lambdas.transform.lookups import Lookups
from lambdas.transform.report import dataset_report
from tests.corpus.case import Case, written
from tests.corpus.cases import CASES
from tests.unit.raw import Folder, fill_all
from transform.contract import TransformRequest

if TYPE_CHECKING:
    from pathlib import Path


def check(folder: Path, case: Case, *, in_order: bool = True) -> None:
    """Transform the raw objects of a case, and compare records, rejects and counts with what it says."""
    mapping = case.mapping()
    objects, beside = fill_all(folder, mapping, case.contents())
    (folder / "staging").mkdir()
    outcome = execute(
        mapping,
        Folder(folder),
        objects,
        staging="staging/",
        started=0,
        lookups=Lookups(beside),
        forgotten=case.left_out,
    )

    records = written((folder / outcome.staging / DATASET).read_text("utf-8"), mapping)
    assert sorted(case.records, key=str) == sorted(records, key=str)
    rows = [json.loads(line) for line in (folder / outcome.staging / REJECTS).read_bytes().splitlines()]
    rejected = [
        (row["object"].rpartition("/")[2], row["line"], row["reason"], *([row["element"]] if case.elements else []))
        for row in rows
    ]
    bare = [(row["object"].rpartition("/")[2], row["line"]) for row in rows if row["raw"] is None]
    assert sorted(case.bare, key=str) == sorted(bare, key=str)
    if in_order:
        assert case.rejected == rejected
    assert sorted(case.rejected, key=str) == sorted(rejected, key=str)
    for each in outcome.lookups:
        lines = (folder / each.staging / REJECTS).read_bytes().splitlines()
        wrong = [(row["object"].rpartition("/")[2], row["line"], row["reason"]) for row in map(json.loads, lines)]
        found = each.report
        assert case.lookups[found.name] == (found.rows_out, found.rows_duplicate, sorted(wrong, key=str))
        assert found.rows_in == found.rows_out + found.rows_duplicate + found.rows_rejected
        assert len(wrong) == found.rows_rejected
    assert case.lookups.keys() == case.beside.keys() == {each.report.name for each in outcome.lookups}
    request = TransformRequest(bucket="b", run="r", started=0, datasets=[mapping])
    report = dataset_report(request, mapping, objects, outcome, known_items=None)
    assert (case.filtered, case.forgotten) == (report.rows_filtered, report.rows_forgotten)
    assert (report.rejects is None) == (not case.rejected and not any(wrong for *_, wrong in case.lookups.values()))
    failures = folder / outcome.staging / FAILURES
    shown = map(json.loads, failures.read_bytes().splitlines()) if failures.exists() else []
    assert sorted(case.failed, key=str) == case.failing(shown)
    counted = {check.name: check.rows_failed for check in report.checks if check.rows_failed}
    assert Counter(check for _, _, check, *_ in case.failed) == counted
    assert case.elements == (tuple(report.elements.model_dump().values()) if report.elements else None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_records_and_rejects_are_what_the_corpus_says(tmp_path: Path, case: Case) -> None:
    """Every row is a record, rejected for the one reason that is wrong with it, or filtered; the numbers add up."""
    check(tmp_path, case)
