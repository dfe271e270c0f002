"""Bring a folder of raw data to where a pipeline's sources look for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli import catalog
from cli.folders import relative
from definition import layout
from definition.mapping.address import SCHEME, in_folder
from definition.plan.buckets import queried_buckets, source_buckets

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from definition.file.pipeline import Pipeline


def upload_for(pipeline: Pipeline, s3: Any, bucket: str, folder: Path, *, embedded: bool) -> list[str]:
    """Upload a folder's files, and say in a line each how many went where.

    What lies below ``s3/`` and the name of another bucket of the pipeline stands for that bucket's content: on an
    embedded AWS it is put there, and the bucket is made. In an account it stays: such buckets are somebody's own.

    Args:
        pipeline: the pipeline file.
        s3: a boto3 S3 client.
        bucket: the pipeline's bucket.
        folder: with the files.
        embedded: whether that is an embedded AWS.
    """
    buckets = [*source_buckets(pipeline), *queried_buckets(pipeline)]
    others = {each.name: folder / in_folder(f"{SCHEME}{each.name}") for each in buckets}
    left = [*others.values(), *([folder / catalog.FOLDER] if queried_buckets(pipeline) else [])]
    files = [file for file in _files(folder) if not any(file.is_relative_to(other) for other in left)]
    said = [_put(s3, bucket, layout.RAW.key(path=""), folder, files)] if files or not others else []
    for name, other in others.items():
        if embedded:
            _make(s3, name)
            said.append(_put(s3, name, "", other, _files(other)))
        elif other.is_dir():
            said.append(f"{relative(other)} is left here: s3://{name} is not the pipeline's, and is read as it is")
    return said


def upload(s3: Any, bucket: str, folder: Path) -> int:
    """Upload a folder's files under ``raw/`` and return their number."""
    files = _files(folder)
    _put(s3, bucket, layout.RAW.key(path=""), folder, files)
    return len(files)


def _files(folder: Path) -> list[Path]:
    # Hidden files are the desktop's, not data.
    return sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))


def _put(s3: Any, bucket: str, prefix: str, folder: Path, files: Iterable[Path]) -> str:
    count = 0
    for file in files:
        s3.upload_file(str(file), bucket, f"{prefix}{file.relative_to(folder).as_posix()}")
        count += 1
    return f"{count} files from {relative(folder)} to s3://{bucket}/{prefix}"


def _make(s3: Any, bucket: str) -> None:
    """Make a bucket in the client's region if it is not there."""
    region = s3.meta.region_name
    elsewhere = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **elsewhere)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise
