"""Bring a folder of raw data to where a pipeline's sources look for it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli import catalog
from cli.folders import relative
from definition import layout
from definition.mapping.address import SCHEME, in_folder
from definition.plan.buckets import queried_buckets, source_buckets

if TYPE_CHECKING:
    from pathlib import Path

    from definition.file.pipeline import Pipeline

_BLOCK = 1 << 20


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
    own, *others = _parts(pipeline, bucket, folder)
    said = [_put(s3, own)] if own.files or not others else []
    for other in others:
        if embedded:
            _make(s3, other.bucket)
            said.append(_put(s3, other))
        elif other.folder.is_dir():
            left = f"{relative(other.folder)} is left here"
            said.append(f"{left}: s3://{other.bucket} is not the pipeline's, and is read as it is")
    return said


def is_there(pipeline: Pipeline, s3: Any, bucket: str, folder: Path) -> bool:
    """Return whether what `upload_for` would bring to an embedded AWS is there already, byte for byte.

    What Athena finds is found anew in each run, so with queries it never is.
    """
    return not queried_buckets(pipeline) and all(
        _is_same(s3, part.bucket, part.key(file), file)
        for part in _parts(pipeline, bucket, folder)
        for file in part.files
    )


def upload(s3: Any, bucket: str, folder: Path) -> int:
    """Upload a folder's files under ``raw/`` and return their number."""
    files = _files(folder)
    _put(s3, _Part(bucket, layout.RAW.key(path=""), folder, files))
    return len(files)


@dataclass(frozen=True)
class _Part:
    """Files of a folder that go to one bucket, below a prefix."""

    bucket: str
    prefix: str
    folder: Path
    files: list[Path]

    def key(self, file: Path) -> str:
        return f"{self.prefix}{file.relative_to(self.folder).as_posix()}"


def _parts(pipeline: Pipeline, bucket: str, folder: Path) -> list[_Part]:
    """Return what goes to the pipeline's own bucket, and then what goes to each other one."""
    buckets = [*source_buckets(pipeline), *queried_buckets(pipeline)]
    others = {each.name: folder / in_folder(f"{SCHEME}{each.name}") for each in buckets}
    left = [*others.values(), *([folder / catalog.FOLDER] if queried_buckets(pipeline) else [])]
    files = [file for file in _files(folder) if not any(file.is_relative_to(other) for other in left)]
    own = _Part(bucket, layout.RAW.key(path=""), folder, files)
    return [own, *(_Part(name, "", other, _files(other)) for name, other in others.items())]


def _files(folder: Path) -> list[Path]:
    # Hidden files are the desktop's, not data.
    return sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))


def _put(s3: Any, part: _Part) -> str:
    for file in part.files:
        s3.upload_file(str(file), part.bucket, part.key(file))
    return f"{len(part.files)} files from {relative(part.folder)} to s3://{part.bucket}/{part.prefix}"


def _is_same(s3: Any, bucket: str, key: str, file: Path) -> bool:
    """Return whether an object is there, with the content of a file."""
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    with file.open("rb") as own, closing(found["Body"]) as body:
        if found["ContentLength"] != file.stat().st_size:
            return False
        return all(own.read(len(block)) == block for block in body.iter_chunks(_BLOCK))


def _make(s3: Any, bucket: str) -> None:
    """Make a bucket in the client's region if it is not there."""
    region = s3.meta.region_name
    elsewhere = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **elsewhere)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
            raise
