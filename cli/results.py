"""Bring a run's results from the bucket to a folder."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spec.pipeline import ItemLabels, Pipeline

SAMPLED_LINES = 3
SAMPLED_RESULTS = 5
_FOUND = ("recommendedItems", "usersList", "recommendedUsers")


def upload(s3: Any, bucket: str, folder: Path) -> int:
    """Upload a folder's files under ``raw/`` and return their number."""
    # Hidden files are the desktop's, not data.
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    for file in files:
        s3.upload_file(str(file), bucket, f"raw/{file.relative_to(folder).as_posix()}")
    return len(files)


def download(s3: Any, bucket: str, pipeline: Pipeline, run: str, target: Path) -> None:
    """Bring manifest, failure record, rejects, Personalize's lines and tables of one run.

    Args:
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        pipeline: its solutions and jobs say what to look for.
        run: run id.
        target: the folder; it is made.
    """
    target.mkdir(parents=True, exist_ok=True)
    _fetch(s3, bucket, f"runs/{run}/", target)
    _fetch(s3, bucket, f"rejects/{run}/", target / "rejects")
    for solution in pipeline.solutions:
        for job in solution.jobs:
            folder = target / solution.name / job.name
            _fetch(s3, bucket, f"batch/{run}/{solution.name}/{job.name}/output/", folder, suffix=".out")
            curated = f"curated/{solution.name}/{job.name}"
            _fetch(s3, bucket, f"{curated}/run={run}/", folder, suffix=".parquet")
            _fetch(s3, bucket, f"{curated}/changes/run={run}/", folder / "changes", suffix=".parquet")


def read_json(file: Path) -> dict[str, Any] | None:
    """Return a JSON file's content, None if it is not there."""
    return json.loads(file.read_text()) if file.exists() else None


def item_labels(s3: Any, bucket: str, labels: ItemLabels | None) -> dict[str, str]:
    """Return the readable label of each item id; empty if the pipeline names none or the file is not there."""
    if labels is None:
        return {}
    try:
        body = s3.get_object(Bucket=bucket, Key=f"raw/{labels.path}")["Body"].read()
    except ClientError:
        return {}
    # Labels are for the eye: whatever is wrong with them must not spoil a run that succeeded.
    text = body.decode("utf-8-sig", errors="replace")
    csv.field_size_limit(max(len(text), 1))
    rows = csv.DictReader(io.StringIO(text))
    return {row[labels.id]: row[labels.label] for row in rows if row.get(labels.id) and row.get(labels.label)}


def samples(folder: Path, labels: dict[str, str]) -> dict[str, list[str]]:
    """Return the first results of the first lines of a job's output, by what the line names, with item labels."""
    found: dict[str, list[str]] = {}
    for line in _lines(folder):
        output = line.get("output") or {}
        kind = next((key for key in _FOUND if output.get(key)), None)
        if kind and not line.get("error"):
            asked, named = next(iter(line["input"].items()))
            # Ids of users may well be those of some items.
            of_items = labels if kind == "recommendedItems" else {}
            label = labels.get(str(named), str(named)) if asked == "itemId" else str(named)
            found[label] = [of_items.get(each, each) for each in output[kind][:SAMPLED_RESULTS]]
        if len(found) == SAMPLED_LINES:
            break
    return found


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.out")):
        with file.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def _fetch(s3: Any, bucket: str, prefix: str, folder: Path, *, suffix: str = "") -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", ()):
            if item["Key"].endswith(suffix):
                target = folder / item["Key"].removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, item["Key"], str(target))
