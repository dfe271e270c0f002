"""S3 as Spark sees it: folders that mirror the account's buckets while a run lasts.

Hadoop's own way to S3, hadoop-aws, is not part of pyspark. Spark reads and writes `s3://bucket/key` in a local folder
instead (`embedded_aws.glue.spark` says how), so what Spark writes appears in S3 when the run ends, however it ends;
boto3 in the script reaches S3 at once. A bucket that is made during the run is not seen by Spark.

What cannot be a file is refused: an object `a` beside an object `a/b`, and keys such as `a//b` or `a/../b`. Where the
job's role may neither read nor list such an object, it is left out: Spark would not meet it on AWS either.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from boto3.exceptions import S3UploadFailedError
from moto.s3.models import s3_backends

from embedded_aws.glue.exceptions import RunFailedError
from embedded_aws.iam.authorization import AccessDeniedError, require
from embedded_aws.iam.principals import Principal
from embedded_aws.iam.rules.rule import Ask

_PARTITION: Final = "aws"
_NAME_BYTES: Final = 255
_Stamp = tuple[int, int, int]


class Mirror:
    """The buckets of an account as folders in `root`, for a job that runs as `principal`."""

    def __init__(self, account_id: str, root: Path, principal: Principal) -> None:
        self._s3: Any = s3_backends[account_id][_PARTITION]
        self._root = root
        self._principal = principal
        self._fetched: dict[tuple[str, str], Any] = {}
        self._stamps: dict[tuple[str, str], _Stamp] = {}
        self.folders: dict[str, Path] = {}

    def fetch(self) -> None:
        """Bring every object of every bucket into its folder.

        Raises:
            RunFailedError: a key that the role may read or list cannot be a file.
        """
        for bucket in list(self._s3.buckets):
            folder = self._root / bucket
            folder.mkdir(parents=True)
            self.folders[bucket] = folder
            for key in list(self._s3.get_bucket(bucket).keys):
                found = self._s3.get_object(bucket, key)
                if found is None:
                    continue
                try:
                    _write(bucket, folder, key, found)
                except RunFailedError:
                    if self._meets(bucket, key):
                        raise
                else:
                    self._fetched[bucket, key] = found
        self._stamps = dict(self._files())

    def _meets(self, bucket: str, key: str) -> bool:
        """Say whether the role may read an object or list the folder that it lies in."""
        arn = f"arn:aws:s3:::{bucket}"
        prefix = key[: key.rfind("/") + 1]
        for ask in (Ask("s3:GetObject", f"{arn}/{key}"), Ask("s3:ListBucket", arn, {"s3:prefix": prefix})):
            try:
                require(self._principal, [ask])
            except AccessDeniedError:
                continue
            return True
        return False

    def store(self, target: "RoleBucket") -> None:
        """Bring what has changed in the folders back to S3, in the role of the job.

        An object that somebody else replaced meanwhile is not deleted.
        """
        files = dict(self._files())
        for (bucket, key), stamp in files.items():
            if self._stamps.get((bucket, key)) != stamp:
                target.upload(self.folders[bucket] / key, bucket, key)
        for (bucket, key), fetched in self._fetched.items():
            gone = not (self.folders[bucket] / key).exists()
            if gone and bucket in self._s3.buckets and self._s3.get_object(bucket, key) is fetched:
                target.delete(bucket, key)

    def _files(self) -> Iterator[tuple[tuple[str, str], _Stamp]]:
        for bucket, folder in self.folders.items():
            for path in folder.rglob("*"):
                inner = path.relative_to(folder)
                if path.is_file() and not _is_sparks_own(inner):
                    status = path.stat()
                    yield (bucket, inner.as_posix()), (status.st_mtime_ns, status.st_size, status.st_ino)


class RoleBucket:
    """Objects as the role of a job reaches them, by an S3 client of its session, written with some more arguments.

    Raises, as all its methods do, `RunFailedError` where the role may not.
    """

    def __init__(self, s3: Any, written_with: Mapping[str, str]) -> None:
        self._s3 = s3
        self._written_with = dict(written_with)

    def read(self, url: str) -> bytes:
        """Return the content of the object that an `s3://` URL names; there must be one."""
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme not in {"s3", "s3a"} or not bucket or not key:
            raise RunFailedError(f"{url or 'An empty location'} is not of the form s3://bucket/key")
        try:
            return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except self._s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket"}:
                raise RunFailedError(f"There is no object {url}") from error
            raise RunFailedError(str(error)) from error

    def upload(self, file: Path, bucket: str, key: str) -> None:
        """Write a file to an object."""
        try:
            self._s3.upload_file(str(file), bucket, key, ExtraArgs=self._written_with)
        except S3UploadFailedError as error:
            raise RunFailedError(str(error)) from error

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object."""
        try:
            self._s3.delete_object(Bucket=bucket, Key=key)
        except self._s3.exceptions.ClientError as error:
            raise RunFailedError(str(error)) from error


def _write(bucket: str, folder: Path, key: str, found: Any) -> None:
    names = key.removesuffix("/").split("/")
    if any(name in {"", ".", ".."} or "\0" in name or len(name.encode()) > _NAME_BYTES for name in names):
        raise RunFailedError(_impossible(bucket, key))
    path = folder.joinpath(*names)
    try:
        if key.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(found.value)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise RunFailedError(_impossible(bucket, key)) from error


def _impossible(bucket: str, key: str) -> str:
    return (
        f"The embedded AWS shows S3 to Spark as files, and s3://{bucket}/{key} cannot be one beside the bucket's other "
        "objects: move or delete it"
    )


def _is_sparks_own(path: Path) -> bool:
    """Say whether Spark or Hadoop made a file for their own use: what is not committed, and checksums."""
    if any(name == "_temporary" or name.startswith(".spark-staging") for name in path.parts):
        return True
    return path.name.startswith(".") and path.suffix == ".crc"
