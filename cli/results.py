"""Bring a run's results from the bucket to a folder."""

from __future__ import annotations

import contextlib
import errno
import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from definition import layout
from definition.contract.history import RunRow
from definition.contract.manifest import Document, read_document
from definition.contract.pointers import LatestTable, LatestVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from definition.file.pipeline import Pipeline

SAMPLED_LINES = 3
SAMPLED_RESULTS = 5
_OF_ONE_LINE = (layout.MANIFEST, layout.FAILURE, layout.CLEANUP)
"""What the state machine writes: JSON without a line break."""

_MISSING = {"NoSuchKey", "404"}
_FOUND = ("recommendedItems", "usersList", "recommendedUsers")


class Left(NamedTuple):
    """An object that was left in the bucket: its key, and why."""

    key: str
    reason: str


class UnsafeKeyError(ValueError):
    """A key that no file inside a folder can be named by; the message says why."""


class NewestTable(NamedTuple):
    """The newest complete table of a batch job: its run, its S3 folder, and when that run ended."""

    run: str
    location: str
    published: datetime


def newest_table(s3: Any, bucket: str, solution: str, job: str) -> NewestTable | None:
    """Return the table that ``latest.json`` names, None while there is none."""
    found = _pointer(s3, bucket, layout.LATEST_TABLE.key(solution=solution, job=job))
    if found is None:
        return None
    # It is written at the end of the run, when its tables become the newest ones.
    latest = LatestTable.model_validate_json(found["Body"].read())
    return NewestTable(latest.run, latest.location, found["LastModified"])


def newest_version(s3: Any, bucket: str, solution: str) -> LatestVersion | None:
    """Return the version of a solution that was published last, None while there is none."""
    found = _pointer(s3, bucket, layout.LATEST_VERSION.key(solution=solution))
    return LatestVersion.model_validate_json(found["Body"].read()) if found else None


def row_of_run(s3: Any, bucket: str, run: str) -> RunRow | None:
    """Return the row that a run left in the history, None if it left none.

    Raises:
        UnreadableDocumentError: it is of a later version, or another document.
        ClientError: it may not be read.
    """
    found = _pointer(s3, bucket, layout.RUN_ROW.key(run=run))
    return read_document(RunRow, found["Body"].read()) if found else None


def _pointer(s3: Any, bucket: str, key: str) -> Any:
    try:
        return s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return None


def download(s3: Any, bucket: str, pipeline: Pipeline, run: str, target: Path) -> list[Left]:
    """Bring manifest, failure record, report, rejects, Personalize's lines and tables of one run.

    Whoever may write to the bucket chooses keys, so nothing is written but plain names inside the target.

    Args:
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        pipeline: its solutions and jobs say what to look for.
        run: run id.
        target: the folder; it is made.

    Returns:
        What could not be brought.
    """
    target.mkdir(parents=True, exist_ok=True)
    left = [
        left
        for prefix, folder, suffix in _sources(pipeline, run)
        for left in _fetch(s3, bucket, prefix, suffix, partial(_place, target, target / folder))
    ]
    for place in _OF_ONE_LINE:
        _indent(target / place.name)
    return left


def point_latest(folder: Path) -> None:
    """Let ``latest`` beside the folder of a run lead to it, where systems have such links and nothing else is there."""
    link, made = folder.parent / "latest", folder.parent / f".latest-{folder.name}"
    if link.exists() and not link.is_symlink():
        return
    with contextlib.suppress(OSError):
        made.symlink_to(folder.name)
        made.replace(link)


def document(model: type[Document], folder: Path, place: layout.Place) -> Document | None:
    """Return what a run wrote, from the folder that it was brought to; None if it wrote no such object.

    Raises:
        UnreadableDocumentError: it is of a later version, or another document.
    """
    file = folder / place.name
    return read_document(model, file.read_bytes()) if file.exists() else None


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


def _sources(pipeline: Pipeline, run: str) -> Iterator[tuple[str, str, str]]:
    """Yield prefixes in the bucket, the folder that each goes to, and the end of the keys that are wanted."""
    yield layout.RUN.key(run=run), "", ""
    yield layout.REJECTS.key(run=run), "rejects", ""
    for solution in pipeline.solutions:
        for job in solution.jobs:
            name = f"{solution.name}/{job.name}"
            of_run = {"run": run, "solution": solution.name, "job": job.name}
            yield layout.BATCH_OUTPUT.key(**of_run), name, ".out"
            yield layout.TABLE.key(**of_run), name, ".parquet"
            yield layout.CHANGES.key(**of_run), f"{name}/changes", ".parquet"


def _fetch(s3: Any, bucket: str, prefix: str, suffix: str, place: Callable[[str], Path]) -> Iterator[Left]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for item in (item for page in pages for item in page.get("Contents", ())):
        key = item["Key"]
        is_folder = key.endswith("/") and not item["Size"]  # the console makes such objects
        if is_folder or not key.endswith(suffix):
            continue
        try:
            file = place(key.removeprefix(prefix))
        except (UnsafeKeyError, OSError) as error:
            yield Left(key, str(error))
            continue
        try:
            s3.download_file(bucket, key, str(file))
        except OSError as error:
            # While it is written the file has a longer name.
            if error.errno != errno.ENAMETOOLONG:
                raise
            yield Left(key, str(error))


def _indent(file: Path) -> None:
    """Put the fields of a document on lines of their own; what is no JSON stays as it came."""
    if not file.is_file() or file.is_symlink():
        return
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(file.read_bytes()), indent=2, ensure_ascii=False)
        file.write_text(f"{text}\n", "utf-8")


def _place(target: Path, folder: Path, name: str) -> Path:
    """Return the file of an object in a folder of the target; the folder is made.

    Raises:
        UnsafeKeyError: the name leads out of the target, or is none that every system can write and show.
        OSError: the system refuses the name.
    """
    if {"", ".", ".."} & set(name.split("/")):
        raise UnsafeKeyError("it has a part that is empty, . or ..")
    if "\\" in name or not name.isprintable():
        raise UnsafeKeyError("it has backslashes or characters that cannot be shown")
    file = folder / name
    if not file.resolve().is_relative_to(target.resolve()):
        raise UnsafeKeyError(f"it leads out of {target}, by a link there")
    if file.is_dir():
        raise UnsafeKeyError("a folder has its name")
    file.parent.mkdir(parents=True, exist_ok=True)
    return file
