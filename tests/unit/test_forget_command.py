"""What `pipelines forget` takes and tells, without an AWS."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from cli.errors import CommandError
from cli.forget.ids import given
from cli.forget.record import AreaCounts, Record
from cli.forget.show import show_record
from cli.terminal import Terminal
from cli.view import View
from tests.documents import parsed
from transform.contract import DatasetReport, TransformReport

if TYPE_CHECKING:
    from pathlib import Path

    from cli.operate.deployed import Deployed

RECORD = Record(
    request="20261130T120000-abcdef",
    digests=["d1", "d2"],
    began="2026-11-30T12:00:00+00:00",
    ended="2026-11-30T13:00:00+00:00",
    job="arn:aws:personalize:us-east-1:123456789012:data-deletion-job/shop-dev--forget-20261130T120000-abcdef",
    job_status="COMPLETED",
    records_deleted=31,
    areas={"curated": AreaCounts(looked_at=9, rewritten=2, records=50, deleted=4)},
    items={"shop-dev--for-you-top": 2},
    raw_held=["raw/a.csv", "raw/b.json"],
    raw_kept={"raw/b.json": "JSON documents are not written anew"},
    not_read={"s3://erp/": "another bucket"},
)


def test_ids_of_arguments_and_file(tmp_path: Path) -> None:
    """Each once, in their order; blanks belong to an id, empty lines and a BOM do not."""
    file = tmp_path / "ids.txt"
    file.write_bytes("\ufeff2\r\n\r\n 3\n1\n\u5f20".encode())
    assert ["1", "2", " 3", "\u5f20"] == given(["1"], file)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no user is named"),
        (b"1\nx\x07\n", "line 2: 'x\\x07' holds a control character"),
        (b"x" * 257, "is longer than 256 characters"),
        (b"\xff\xfe1", "cannot be read"),
    ],
)
def test_ids_that_no_user_can_have(tmp_path: Path, content: bytes, told: str) -> None:
    """They are named with their line, before anything is done."""
    file = tmp_path / "ids.txt"
    file.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        given([], file)
    assert told in str(refused.value)


def shown(record: Record, *, raw: bool, ids: list[str], **changes: Any) -> str:
    """Return what the terminal shows of a record."""
    out = io.StringIO()
    at = SimpleNamespace(
        view=View(console=Terminal(file=out, width=160)),
        pipeline=parsed(**changes),
        deployment=SimpleNamespace(bucket="shop-bucket"),
        command=lambda *words: f"pipelines {' '.join(words)} --stage dev",
    )
    deployed: Deployed = at  # type: ignore[assignment]  # what is shown needs no more of it
    show_record(deployed, record, ids, raw=raw)
    return out.getvalue()


def test_what_was_done_and_what_is_left() -> None:
    """Counts by area, items, raw objects with the reason why they were left, and what only a person can do."""
    told = shown(RECORD, raw=True, ids=["1", "2"], solutions__0__batch_inference__0__users=["2", "3"])

    assert "shop-dev--for-you-top: 2 items deleted" in told
    assert "Personalize: 31 records deleted" in told
    assert "raw/b.json was left: JSON documents are not written anew" in told
    assert "not looked into: s3://erp/: another bucket" in told
    assert "the pipeline file names some of them in for-you/top" in told
    assert "s3://shop-bucket/forgotten/20261130T120000-abcdef/record.json" in told
    last = told.rstrip("\n").splitlines()[-1]
    assert last.endswith("""pipelines start --input '{"training": "full"}' --stage dev""")
    assert "--raw takes them out" not in told
    assert "--raw takes them out" in shown(RECORD, raw=False, ids=["1"])


def test_a_job_that_goes_on() -> None:
    """The last line says how to go on, and not that all is done."""
    pending = RECORD.model_copy(update={"ended": None, "job_status": "IN_PROGRESS"})
    assert "Give the same command later" in shown(pending, raw=False, ids=["1"]).rstrip("\n").splitlines()[-1]


def test_runs_tell_how_many_rows_were_left_out() -> None:
    """On the terminal, beside the rows of the dataset."""
    rows = {"rows_in": 40, "rows_out": 28, "rows_filtered": 12, "rows_duplicate": 0, "rows_rejected": 0, "records": 28}
    named: dict[str, Any] = {"dataset": "users", "object_count": 1, "object_bytes": 1, "objects": [], "reasons": []}
    report = TransformReport(
        engine="lambda",
        fingerprint="f",
        datasets=[DatasetReport(**named, **rows, rows_forgotten=12, empty={}, location="s3://b/t/", rejects=None)],
        batch_inputs=[],
        warnings=[],
    )
    out = io.StringIO()
    View(Terminal(file=out, width=160)).data(report)
    assert "users: 12 of the filtered rows are of users that are to be forgotten" in out.getvalue()
