"""Lists that are exploded through the function's engine: against a computation of its own, and in more than a batch."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from cli.terminal import Terminal
from cli.view import View
from lambdas.transform import elements
from lambdas.transform.execute import execute
from lambdas.transform.report import dataset_report
from tests.corpus.baskets import ROWS, Rows
from tests.corpus.case import AT, Case
from tests.corpus.exploded import REFUSED, refused
from tests.generated import examples
from tests.manifests import REPORT
from tests.unit.raw import Folder, fill
from tests.unit.test_corpus import check
from transform.contract import TransformReport, TransformRequest
from transform.errors import ColumnMissingError
from transform.warnings import warnings


@settings(max_examples=examples(60), deadline=None)
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


@pytest.mark.parametrize(("explode", "column", "text"), REFUSED)
def test_what_parquet_cannot_explode_is_told(tmp_path: Path, explode: str | None, column: str, text: str) -> None:
    """A list in the way names explode, and a list that is none, or lacks a field, is an error that says so."""
    mapping, content = refused(explode, column)
    objects = fill(tmp_path, {"raw/data/a.parquet": content})

    with pytest.raises(ColumnMissingError) as caught:
        execute(mapping, Folder(tmp_path), objects, staging="staging/", started=0)
    assert text in str(caught.value)


@pytest.mark.parametrize(("without", "told"), [(2, False), (3, True)])
def test_rows_without_their_list_are_told(tmp_path: Path, without: int, *, told: bool) -> None:
    """A name that leads nowhere in more than half of the rows is no quiet success."""
    rows = [f"u,a b,{AT}", f"v,a b,{AT + 86_400}", *[f"u,,{AT}"] * without]
    columns = {"USER_ID": "user", "ITEM_ID": "skus", "TIMESTAMP": {"from": "at", "unit": "s"}}
    case = Case("", {"source": {"explode": {"from": "skus", "split": " "}}, "columns": columns}, {}, [])
    objects = fill(tmp_path, {"raw/data/a.csv": "\n".join(["user,skus,at", *rows])})
    (tmp_path / "staging").mkdir()
    outcome = execute(case.mapping(), Folder(tmp_path), objects, staging="staging/", started=AT + 10**6)
    request = TransformRequest(bucket="b", run="r", started=0, datasets=[case.mapping()])
    report = dataset_report(request, case.mapping(), objects, outcome, known_items=None)

    remedy = "Check the name in datasets.interactions.source.explode."
    expected = f"3 of 5 rows of interactions have no element to explode. {remedy}"
    assert ([expected] if told else []) == warnings([report])


def test_the_terminal_shows_elements_beside_rows() -> None:
    """Below the table of rows stands what became of the elements of exploded lists."""
    shown = io.StringIO()
    counted = {"total": 1500, "out": 1200, "filtered": 200, "rejected": 100, "rows_without": 3}
    report = {**REPORT, "datasets": [{**REPORT["datasets"][0], "elements": counted}]}
    View(Terminal(file=shown, width=200)).data(TransformReport.model_validate(report))

    expected = "1,500 in, 1,200 out, 200 filtered, 100 rejected; 3 rows without any"
    assert f"interactions, elements of exploded lists: {expected}\n" in shown.getvalue()
