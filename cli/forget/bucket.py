"""Take users out of every version of every object that the pipeline has written.

An object that holds one is written anew without, and then its older versions are deleted; where only older versions do,
those are. An attempt that is cut off in between leaves older versions that the next one finds.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.errors import CommandError
from cli.forget.places import Way, taking, way_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cli.forget.formats import Taking
    from cli.forget.naming import Users

_KEPT = ("ContentType", "ContentEncoding", "ContentDisposition", "CacheControl", "Metadata")
"""What an object has beside its content."""

_BATCH = 1000
"""The most versions that DeleteObjects takes."""

_PART = 64 << 20
"""Bytes that are written at once; 10,000 such parts make an object."""

_ATTEMPTS = 10
_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_GONE = frozenset({"NoSuchKey", "NoSuchVersion"})
"""Codes of S3: another version is the newest (page conditional-writes), or one is there no more."""


class ChangedError(Exception):
    """Somebody else has changed an object since its versions were listed."""


@dataclass(frozen=True)
class Version:
    """A version of an object, or the mark of its deletion, which has no content."""

    key: str
    id: str
    size: int
    etag: str
    newest: bool
    marker: bool


@dataclass
class Taken:
    """What was taken out, by area.

    Attributes:
        looked_at: versions that were read.
        rewritten: objects that were written anew.
        records: rows, lines or parts that these have no longer.
        deleted: versions that were deleted.
    """

    looked_at: Counter[str] = field(default_factory=Counter)
    rewritten: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)


class Bucket:
    """The pipeline's bucket.

    Args:
        s3: a boto3 S3 client.
        name: of the bucket.
    """

    def __init__(self, s3: Any, name: str) -> None:
        self.s3, self.name = s3, name

    def objects(self, prefix: str = "") -> Iterator[list[Version]]:
        """Yield the versions of each key, the newest first."""
        listed = self._versions(prefix)
        for _, versions in groupby(listed, key=lambda version: version.key):
            # S3 has both kinds in one order, and an answer has them apart.
            yield sorted(versions, key=lambda version: not version.newest)

    def _versions(self, prefix: str) -> Iterator[Version]:
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=prefix)
        for page in pages:
            found = [
                Version(
                    each["Key"],
                    each["VersionId"],
                    each.get("Size", 0),
                    each.get("ETag", ""),
                    each["IsLatest"],
                    kind == "DeleteMarkers",
                )
                for kind in ("Versions", "DeleteMarkers")
                for each in page.get(kind, ())
            ]
            # Of one key two pages may have some each: then it is looked at twice.
            yield from sorted(found, key=lambda version: version.key)

    def of_key(self, key: str) -> list[Version]:
        """Return the versions of one key, the newest first."""
        return next((versions for versions in self.objects(key) if versions[0].key == key), [])

    def fetch(self, version: Version, file: Path) -> dict[str, Any]:
        """Write the content of a version to a file; return what the object has beside it.

        Raises:
            ChangedError: it is there no more.
        """
        try:
            found = self.s3.get_object(Bucket=self.name, Key=version.key, VersionId=version.id)
        except ClientError as error:
            raise _changed(error, _GONE) from error
        with file.open("wb") as target:
            for block in found["Body"].iter_chunks(1 << 20):
                target.write(block)
        return {name: found[name] for name in _KEPT if found.get(name)}

    def replace(self, version: Version, file: Path, beside: dict[str, Any]) -> None:
        """Write an object anew, a large one in parts, if this version is still the newest.

        So two commands that take out different users at the same time do not bring back each other's.

        Raises:
            ChangedError: it is not.
        """
        where, if_same = {"Bucket": self.name, "Key": version.key}, {"IfMatch": version.etag}
        try:
            with file.open("rb") as body:
                if file.stat().st_size <= _PART:
                    self.s3.put_object(**where, Body=body, **beside, **if_same)
                    return
                upload = {**where, "UploadId": self.s3.create_multipart_upload(**where, **beside)["UploadId"]}
                try:
                    parts = [
                        {
                            "PartNumber": number,
                            "ETag": self.s3.upload_part(**upload, PartNumber=number, Body=part)["ETag"],
                        }
                        for number, part in enumerate(iter(lambda: body.read(_PART), b""), 1)
                    ]
                    self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **if_same)
                except BaseException:
                    self.s3.abort_multipart_upload(**upload)
                    raise
        except ClientError as error:
            raise _changed(error, _LOST | _GONE) from error

    def delete(self, versions: Sequence[Version]) -> None:
        """Delete versions for good.

        Raises:
            CommandError: one could not be deleted.
        """
        for at in range(0, len(versions), _BATCH):
            listed = [{"Key": each.key, "VersionId": each.id} for each in versions[at : at + _BATCH]]
            answer = self.s3.delete_objects(Bucket=self.name, Delete={"Objects": listed, "Quiet": True})
            if failed := answer.get("Errors"):
                raise CommandError(
                    f"{failed[0]['Key']} in {self.name} cannot be deleted: {failed[0].get('Message', '')}",
                    remedy="Allow s3:DeleteObjectVersion on the bucket, and give the same command again",
                )


def _changed(error: ClientError, codes: frozenset[str]) -> Exception:
    return ChangedError(str(error)) if error.response["Error"]["Code"] in codes else error


def settled(bucket: Bucket, versions: Sequence[Version], work: Callable[[Sequence[Version]], None]) -> None:
    """Do something with the versions of a key, again with those that there are then where others change them meanwhile.

    Raises:
        CommandError: they do so all the time.
    """
    for _ in range(_ATTEMPTS):
        try:
            work(versions)
        except ChangedError:
            versions = bucket.of_key(versions[0].key)
            if not versions:
                return
        else:
            return
    raise CommandError(
        f"{versions[0].key} was changed by others {_ATTEMPTS} times in a row",
        remedy="Give the same command again when they have ended",
    )


def take_out(bucket: Bucket, users: Users, say: Callable[[str], None] = lambda _: None) -> Taken:
    """Take users out of all that the pipeline has written.

    Args:
        bucket: the pipeline's.
        users: their ids.
        say: is told how far it has come.

    Raises:
        CommandError: an object cannot be read as what it should be, or not deleted.
    """
    taken = Taken()
    with tempfile.TemporaryDirectory() as folder:
        for versions in bucket.objects():
            area = versions[0].key.partition("/")[0]
            way = way_of(versions[0].key)
            if way is Way.DELETE:
                bucket.delete(versions)
                taken.deleted[area] += sum(not each.marker for each in versions)
            take = taking(versions[0].key) if way is Way.REWRITE else None
            if take is not None:
                work = partial(clean, bucket, users=users, take=take, taken=taken, folder=Path(folder))
                settled(bucket, versions, work)
            say(f"{sum(taken.looked_at.values()):,} versions looked at, now {versions[0].key}")
    return taken


def clean(
    bucket: Bucket, versions: Sequence[Version], *, users: Users, take: Taking, taken: Taken, folder: Path
) -> None:
    """Take users out of the versions of one object.

    Args:
        bucket: the pipeline's.
        versions: of one key, the newest first.
        users: their ids.
        take: takes users out of such an object.
        taken: is added to.
        folder: for files that go afterwards.

    Raises:
        ChangedError: somebody else has changed it since.
        CommandError: as of ``take_out``.
    """
    area = versions[0].key.partition("/")[0]
    source, target = folder / "source", folder / "target"
    others: set[str] = set()
    theirs: list[Version] = []
    for version in versions:
        if version.marker or not version.size or version.etag in others:
            continue
        beside = bucket.fetch(version, source)
        taken.looked_at[area] += 1
        gone = _tried(take, source, target, users, version)
        if not gone:
            others.add(version.etag)
        elif version.newest:
            bucket.replace(version, target, beside)
            taken.rewritten[area] += 1
            taken.records[area] += gone
            theirs = [each for each in versions if not each.marker]
            break
        else:
            theirs.append(version)
    bucket.delete(theirs)
    taken.deleted[area] += len(theirs)


def _tried(take: Taking, source: Path, target: Path, users: Users, version: Version) -> int:
    try:
        return take(source, target, users)
    except Exception as error:
        raise CommandError(
            f"{version.key} (version {version.id}) cannot be read as what a run writes there: {error}",
            remedy="Delete this version, or move it out of the pipeline's areas, and give the same command again",
        ) from error


def sized(bucket: Bucket) -> tuple[int, int]:
    """Return how many versions are to be looked at, and their bytes."""
    sizes = [
        each.size
        for versions in bucket.objects()
        if way_of(versions[0].key) is Way.REWRITE and taking(versions[0].key) is not None
        for each in versions
        if not each.marker
    ]
    return len(sizes), sum(sizes)
