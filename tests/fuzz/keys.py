"""Keys of objects: each is read, or the error names it; a run's results stay within their folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cli.errors import CommandError
from cli.results import download
from definition.plan.mappings import dataset_mappings
from lambdas.transform.transform import transform
from tests.documents import parsed
from tests.fuzz.ground import TEXTS
from tests.pipeline.data import csv
from transform.contract import TransformRequest
from transform.errors import TransformError

if TYPE_CHECKING:
    from random import Random

    from tests.functions.handlers import Bucket
    from tests.fuzz.ground import Ground

_AT = 1_700_000_000
_RUN = "20260101T000000-abcdef"
_ENDS = [".csv", ".csv.gz", "", "/", ".json", "/.csv", ".csv "]


def case(chance: Random, ground: Ground) -> None:
    """Put an object under an odd key beside a usual one, and transform or download."""
    key = "".join(chance.choice([*TEXTS, "a", "b/", "day=1/"]) for _ in range(chance.randint(1, 4)))
    with ground.bucket("fuzz-keys") as bucket:
        if chance.random() < 0.5:
            _transform(bucket, f"events/{key}{chance.choice(_ENDS)}")
        else:
            _download(bucket, key, ground, chance)


def _put(bucket: Bucket, key: str, text: str) -> bool:
    """Write an object; return False where S3 takes no such key."""
    try:
        bucket.put(key, text)
    except (ClientError, UnicodeEncodeError, ValueError):
        return False
    return key in bucket.listed()


def _transform(bucket: Bucket, key: str) -> None:
    pipeline = parsed()
    bucket.put("raw/events/usual.csv", csv([f"u{number},i,{_AT + number}" for number in range(3)]))
    there = _put(bucket, f"raw/{key}", csv([f"v,i,{_AT}"]))
    event = {
        "bucket": bucket.name,
        "run": _RUN,
        "started": _AT + 10_000_000,
        "datasets": [mapping.model_dump(mode="json") for mapping in dataset_mappings(pipeline)],
        "batch_inputs": [],
    }
    try:
        report = transform(TransformRequest.model_validate(event), bucket.s3).datasets[-1]
    except TransformError as error:
        assert there, f"{error}, and nothing odd was there"
        assert "events/" in str(error), f"{error} names no key"
        return
    assert report.rows_in == report.rows_out + report.rows_filtered + report.rows_rejected, report
    assert report.rows_out in {3, 4}, report
    strange = [
        each
        for each in bucket.listed()
        if not each.startswith(("raw/", f"transformed/{_RUN}/", f"rejects/{_RUN}/", f"runs/{_RUN}/"))
    ]
    assert strange == []


def _download(bucket: Bucket, key: str, ground: Ground, chance: Random) -> None:
    folder = ground.folder / "keys"
    (folder / "inside").mkdir(parents=True)
    pipeline = parsed()
    place = chance.choice([f"runs/{_RUN}/", f"rejects/{_RUN}/", f"batch/{_RUN}/for-you/top/output/"])
    _put(bucket, f"{place}{key}{chance.choice(['', '.json', '.out'])}", "content")
    try:
        download(bucket.s3, bucket.name, pipeline, _RUN, folder / "inside" / _RUN)
    except CommandError as error:
        assert "Traceback" not in str(error)
    finally:
        outside = [
            file for file in folder.rglob("*") if file.is_file() and folder / "inside" / _RUN not in file.parents
        ]
        shutil.rmtree(folder)
    assert outside == []
