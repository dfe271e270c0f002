"""Ids and event types are looked at where they are counted: what does not fit is rejected all the same."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from definition.plan.mappings import dataset_mapping
from lambdas.transform.attempts import REJECTS
from lambdas.transform.execute import DATASET, execute
from tests.documents import parsed
from tests.generated import examples
from tests.unit.raw import Folder, fill

LONGEST_ID, LONGEST_TEXT = 256, 1000
UNFIT = re.compile(r'[\x00-\x1f\x7f"\\]')
TEXTS = ["a", "b", "ß" * LONGEST_ID, "c\\d", "e\x07", "\x7f", ""]
IDS, KINDS = st.sampled_from([*TEXTS, "f" * (LONGEST_ID + 1)]), st.sampled_from([*TEXTS, "f" * (LONGEST_TEXT + 1)])
ROWS = st.lists(st.tuples(IDS, IDS, KINDS, st.sampled_from(["1", "0"])), min_size=1, max_size=12)


@given(rows=ROWS)
@example(rows=[("a", "c\\d", "a", "0"), ("a", "b", "a", "1")])
@example(rows=[("c\\d", "a", "a", "0"), ("a", "b", "a", "1")])
@example(rows=[("a", "b", "e\x07", "1"), ("a", "", "a", "1")])
@settings(max_examples=examples(30), deadline=None)
def test_what_does_not_fit_is_rejected(rows: list[tuple[str, str, str, str]]) -> None:
    """A row is rejected where a text is too long, or holds what none may; of a filtered one nothing is asked."""
    with TemporaryDirectory() as folder:
        _compare(Path(folder), rows)


def _compare(folder: Path, rows: list[tuple[str, str, str, str]]) -> None:
    lines = [f"{user}\t{item}\t964982703\t{kind}\t{kept}" for user, item, kind, kept in rows]
    objects = fill(folder, {"a.tsv": "\n".join(["user\titem\tat\tkind\tkept", *lines]) + "\n"})
    source = {"path": "events/", "delimiter": "\t", "quote": "none"}
    changes = {"columns__EVENT_TYPE": {"from": "kind"}, "keep": "kept = '1'", "source": source}
    mapping = dataset_mapping(
        parsed(**{f"datasets__interactions__{key}": value for key, value in changes.items()}), "interactions"
    )
    outcome = execute(mapping, Folder(folder), objects, staging="staging/", started=0)

    kept = [row for row in rows if row[3] == "1"]
    wrong = [row for row in kept if not (fits(row[0]) and fits(row[1]) and fits(row[2], LONGEST_TEXT))]
    assert (outcome.facts["rows_in"], outcome.facts["rows_rejected"]) == (len(rows), len(wrong))
    assert written(folder / outcome.staging / DATASET) == [row[:3] for row in kept if row not in wrong]
    assert [lines[rows.index(row)] for row in wrong] == [
        json.loads(line)["raw"] for line in (folder / outcome.staging / REJECTS).read_text().splitlines()
    ]
    users = {row[0] for row in rows if row not in wrong and fits(row[0])}
    assert users == set(outcome.users["USER_ID"])


def fits(text: str, longest: int = LONGEST_ID) -> bool:
    """Return whether an id or an event type may be this text."""
    return 0 < len(text) <= longest and not UNFIT.search(text)


def written(file: Path) -> list[tuple[str, str, str]]:
    """Return user, item and event type of the records in a file."""
    with file.open(newline="") as lines:
        return [(row["USER_ID"], row["ITEM_ID"], row["EVENT_TYPE"]) for row in csv.DictReader(lines)]
