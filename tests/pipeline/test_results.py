"""What of a run's objects comes to the folder of its results, whoever wrote them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cli.execution import Place, bring, own_run
from cli.results import download
from cli.view import View
from definition.load import parse
from tests.documents import shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.handlers import Bucket

SHOP = parse(json.dumps(shop()))
"""The pipeline with the job for-you/top."""

RUN = "20260101T000000-abcdef"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (f"rejects/{RUN}/../../up.jsonl", "empty, . or .."),
        (f"rejects/{RUN}/..", "empty, . or .."),
        (f"rejects/{RUN}/.", "empty, . or .."),
        (f"rejects/{RUN}//srv/absolute.jsonl", "empty, . or .."),
        (f"rejects/{RUN}/a//b.jsonl", "empty, . or .."),
        (f"rejects/{RUN}/folder/", "empty, . or .."),
        (f"rejects/{RUN}/..\\..\\up.jsonl", "backslashes"),
        (f"rejects/{RUN}/C:\\up.jsonl", "backslashes"),
        (f"rejects/{RUN}/\x1b]0;title\x07.jsonl", "cannot be shown"),
        (f"rejects/{RUN}/\u202egnp.jsonl", "cannot be shown"),
        (f"rejects/{RUN}/link/out.jsonl", "by a link there"),
        (f"rejects/{RUN}/file-link", "by a link there"),
        (f"runs/{RUN}/rejects", "a folder has its name"),
        (f"rejects/{RUN}/interactions.jsonl/under-a-file", ""),
        (f"rejects/{RUN}/{'long' * 200}", ""),
        (f"rejects/{RUN}/{'é' * 125}", "too long"),
        (f"runs/{RUN}/../{RUN}x/up", "empty, . or .."),
        (f"batch/{RUN}/for-you/top/output/../../../../up.out", "empty, . or .."),
        (f"curated/for-you/top/run={RUN}/../up.parquet", "empty, . or .."),
        (f"curated/for-you/top/changes/run={RUN}/../../../../up.parquet", "empty, . or .."),
    ],
)
def test_nothing_is_written_outside_the_folder(bucket: Bucket, tmp_path: Path, key: str, reason: str) -> None:
    """A key that is no plain name inside the folder is named with the reason, and the others are brought."""
    good = (f"runs/{RUN}/manifest.json", f"rejects/{RUN}/interactions.jsonl", f"rejects/{RUN}/ünï code/z.jsonl")
    for each in (*good, key):
        bucket.s3.put_object(Bucket=bucket.name, Key=each, Body=each.encode())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    target = tmp_path / "out" / "shop" / RUN
    (target / "rejects").mkdir(parents=True)
    (target / "rejects" / "link").symlink_to(outside)
    (target / "rejects" / "file-link").symlink_to(outside / "kept")
    left = download(bucket.s3, bucket.name, SHOP, RUN, target)

    assert [key] == [each.key for each in left]
    assert reason in left[0].reason
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    folder = f"out/shop/{RUN}"
    brought = {"manifest.json", "rejects/interactions.jsonl", "rejects/ünï code/z.jsonl", "rejects/file-link"}
    assert {f"{folder}/{name}" for name in brought} | {"outside/kept"} == written
    assert "kept" == (outside / "kept").read_text()


def test_markers_of_folders_are_no_results(bucket: Bucket, tmp_path: Path) -> None:
    """What the console makes for a folder is neither brought nor told."""
    for key in (f"runs/{RUN}/", f"rejects/{RUN}/", f"rejects/{RUN}/deeper/"):
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"")

    assert [] == download(bucket.s3, bucket.name, SHOP, RUN, tmp_path)


def test_documents_of_one_line_are_brought_to_be_read(bucket: Bucket, tmp_path: Path) -> None:
    """What the state machine writes in one line has a line for each field; what is no JSON stays as it is."""
    said = {"run": RUN, "failure": {"reason": "é"}}
    bucket.s3.put_object(Bucket=bucket.name, Key=f"runs/{RUN}/failure.json", Body=json.dumps(said).encode())
    bucket.s3.put_object(Bucket=bucket.name, Key=f"runs/{RUN}/cleanup.json", Body=b"\xff{")
    download(bucket.s3, bucket.name, SHOP, RUN, tmp_path)

    expected = ["{", f'  "run": "{RUN}",', '  "failure": {', '    "reason": "é"', "  }", "}"]
    assert expected == (tmp_path / "failure.json").read_text("utf-8").splitlines()
    assert b"\xff{" == (tmp_path / "cleanup.json").read_bytes()


@pytest.mark.parametrize("lasts", [True, False])
def test_the_remedy_of_a_failed_run_fits_its_aws(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, lasts: bool
) -> None:
    """What an AWS that ends with its command ran cannot be redriven, and the record is where this machine has it."""
    execution = {"name": "n", "startDate": datetime(2026, 1, 1, tzinfo=UTC), "status": "FAILED", "cause": "no data"}
    run = own_run(execution)
    record = {
        "run": run, "pipeline": "shop", "stage": "dev", "execution": "arn", "cause": "no data", "failures": [],
        "remedy": "Then redrive this execution.",
    }  # fmt: skip
    bucket.s3.put_object(Bucket=bucket.name, Key=f"runs/{run}/failure.json", Body=json.dumps(record).encode())
    place = Place(SHOP, tmp_path / "shop.yaml", bucket.name, tmp_path, embedded=True, lasts=lasts)

    assert not bring(bucket.s3, place, execution, View())
    told = capsys.readouterr().out
    assert "Then redrive this execution." in told
    assert ("nothing is left to redrive: mend it and run it again" in told) is not lasts
    assert f"shop/{run}" in told
