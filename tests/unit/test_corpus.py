"""The corpus of traps through the function's engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lambdas.transform.execute import DATASET, REJECTS, execute
from tests.corpus.case import Case, written
from tests.corpus.cases import CASES
from tests.unit.raw import Folder, fill

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_records_and_rejects_are_what_the_corpus_says(tmp_path: Path, case: Case) -> None:
    """Every row is a record, rejected for the one reason that is wrong with it, or filtered; the numbers add up."""
    mapping = case.mapping()
    objects = fill(tmp_path, {f"raw/data/{name}": content for name, content in case.raw.items()})
    (tmp_path / "staging").mkdir()
    outcome = execute(mapping, Folder(tmp_path), objects, staging="staging/", started=0)

    records = written((tmp_path / outcome.staging / DATASET).read_text("utf-8"), mapping)
    assert sorted(case.records, key=str) == sorted(records, key=str)
    lines = (tmp_path / outcome.staging / REJECTS).read_bytes().splitlines()
    rejected = [json.loads(line) for line in lines]
    assert case.rejected == [(row["object"].rpartition("/")[2], row["line"], row["reason"]) for row in rejected]
    duplicates = outcome.facts["rows_out"] - outcome.facts["records"] if mapping.duplicates else 0
    assert case.filtered == outcome.facts["rows_filtered"] + duplicates
