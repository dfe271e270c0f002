"""Lists that are exploded through the function's engine: against a computation of its own, and in more than a batch."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from lambdas.transform import elements
from lambdas.transform.execute import execute
from tests.corpus.baskets import ROWS, Rows
from tests.corpus.case import AT, Case
from tests.unit.raw import Folder, fill, table
from tests.unit.test_corpus import check
from transform.errors import ColumnMissingError


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_every_element_is_a_record_filtered_or_named(rows: Rows) -> None:
    """Records, rejects with the place of their element, rows and elements are what a few lines of Python say."""
    with TemporaryDirectory() as folder:
        check(Path(folder), rows.case(), in_order=False)


def test_long_lists_are_judged_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows keep their own elements and fates where a batch is judged in parts of few elements."""
    monkeypatch.setattr(elements, "_AT_ONCE", 3)
    sizes = [2, 0, 5, 1, 1, 7, 0, 0, 3]
    body = "".join(
        json.dumps({"user": f"u{size}", "list": [{"id": f"{row}-{at}", "at": AT} for at in range(size)]}) + "\n"
        for row, size in enumerate(sizes)
    )
    columns = {"USER_ID": "user", "ITEM_ID": "list.id", "TIMESTAMP": {"from": "list.at", "unit": "s"}}
    section = {"source": {"format": "jsonl", "explode": "list"}, "columns": columns}
    given = [(f"u{size}", f"{row}-{at}", AT) for row, size in enumerate(sizes) for at in range(size)]

    check(tmp_path, Case("", section, {"a.jsonl": body}, given, filtered=3, elements=(19, 19, 0, 0, 3)))


@pytest.mark.parametrize(
    ("explode", "column", "text"),
    [
        (None, "lists.id", "a list in 'lists', through which 'lists.id' cannot lead. Set explode: lists in the source"),
        (None, "lists", "holds List in 'lists', which no text stands for. Set explode: lists"),
        ("lists", "lists.sku", "The elements of 'lists' in raw/data/a.parquet have no field 'sku'"),
        ("lists", "lists", "which no text stands for"),
        ("user", "user.id", "is no list to explode. If it is a text with several values, set split"),
        ("gone", "gone.id", "has no column 'gone'"),
    ],
)
def test_what_parquet_cannot_explode_is_told(tmp_path: Path, explode: str | None, column: str, text: str) -> None:
    """A list in the way names explode, and a list that is none, or lacks a field, is an error that says so."""
    content = table({"user": ["u"], "at": [AT], "lists": [[{"id": "a"}]]})
    source = {"format": "parquet"} | ({"explode": explode} if explode else {})
    columns = {"USER_ID": "user", "ITEM_ID": column, "TIMESTAMP": {"from": "at", "unit": "s"}}
    mapping = Case("", {"source": source, "columns": columns}, {}, []).mapping()
    objects = fill(tmp_path, {"raw/data/a.parquet": content})

    with pytest.raises(ColumnMissingError) as caught:
        execute(mapping, Folder(tmp_path), objects, staging="staging/", started=0)
    assert text in str(caught.value)
