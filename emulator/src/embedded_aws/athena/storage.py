"""S3 as a query reaches it: with the permissions of who started it, in Athena's words where they do not suffice.

A query reads every object below the location of a table but those that begin with a point or an underscore (user
guide, page tables-location-format).
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from embedded_aws import clients
from embedded_aws.athena.exceptions import InvalidRequest, QueryFailedError, not_permitted

_LOCATION: Final = re.compile(r"s3[an]?://(?P<bucket>[^/]+)(/(?P<key>.*))?", re.DOTALL)
_DENIED: Final = {"AccessDenied", "403", "AllAccessDisabled"}


@dataclass(frozen=True)
class Caller:
    """Who started a query, by the credentials of the request; in the names of moto's sessions.

    Attributes:
        access_key_id: the access key.
        session_token: the token, None for a user's own key.
        region: of the request.
    """

    access_key_id: str
    session_token: str | None
    region: str

    def client(self, service: str) -> Any:
        """Return a client of this AWS that calls as the caller."""
        return clients.client(service, self.region, self)


@dataclass(frozen=True)
class Thing:
    """An object of S3: where it is, and how many bytes it has."""

    bucket: str
    key: str
    size: int

    @property
    def url(self) -> str:
        """Its URL."""
        return f"s3://{self.bucket}/{self.key}"


def place_of(location: str) -> tuple[str, str]:
    """Return bucket and key of a location, an `s3://` URL.

    Raises:
        ValueError: it is none.
    """
    found = _LOCATION.fullmatch(location)
    if found is None:
        raise ValueError(location)
    return found["bucket"], found["key"] or ""


def check_output_bucket(caller: Caller, location: str) -> None:
    """Check that results can be written to a bucket, as StartQueryExecution does.

    Raises:
        InvalidRequest: the location is none, or the bucket is not there or not to be looked at.
    """
    try:
        bucket, _ = place_of(location)
    except ValueError as error:
        raise InvalidRequest("outputLocation is not a valid S3 path.") from error
    try:
        caller.client("s3").get_bucket_location(Bucket=bucket)
    except ClientError as error:
        raise InvalidRequest(f"Unable to verify/create output bucket {bucket}") from error


class Bucket:
    """The objects of S3 for one query."""

    def __init__(self, caller: Caller) -> None:
        self._s3 = caller.client("s3")
        self._known: set[str] = set()

    def below(self, location: str) -> list[Thing]:
        """Return the objects below the location of a table or partition, by their keys.

        Raises:
            QueryFailedError: there is no such bucket, or the caller may not look.
        """
        bucket, key = place_of(location)
        prefix = key if not key or key.endswith("/") else key + "/"
        try:
            if bucket not in self._known:
                self._s3.get_bucket_location(Bucket=bucket)
                self._known.add(bucket)
            found = self._listed(bucket, prefix)
        except ClientError as error:
            raise _unreadable(error, f"s3://{bucket}/{prefix}") from error
        return [each for each in found if each.size and not _is_hidden(each.key.removeprefix(prefix))]

    def read(self, thing: Thing) -> bytes:
        """Return the content of an object.

        Raises:
            QueryFailedError: the caller may not read it, or it has gone.
        """
        try:
            return bytes(self._s3.get_object(Bucket=thing.bucket, Key=thing.key)["Body"].read())
        except ClientError as error:
            raise _unreadable(error, thing.url) from error

    def is_empty(self, bucket: str, prefix: str) -> bool:
        """Say whether nothing is below a prefix that is to be written to.

        Raises:
            QueryFailedError: there is no such bucket, or the caller may not look.
        """
        try:
            self._s3.get_bucket_location(Bucket=bucket)
            found = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        except ClientError as error:
            raise _unreadable(error, f"s3://{bucket}/{prefix}") from error
        return not found.get("Contents")

    def write(self, url: str, body: bytes, settings: dict[str, str]) -> None:
        """Write an object; `settings` are further arguments of PutObject.

        Raises:
            QueryFailedError: the caller may not.
        """
        bucket, key = place_of(url)
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/octet-stream", **settings)
        except ClientError as error:
            raise not_permitted(
                f"Access denied when writing output to url: {url} . Please ensure you are allowed to access the S3 "
                "bucket. If you are encrypting query results with KMS key, please ensure you are allowed to access "
                f"your KMS key. ({error.response['Error']['Message']})"
            ) from error

    def exists(self, url: str) -> bool:
        """Say whether an object is there and the caller may read it."""
        bucket, key = place_of(url)
        try:
            self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError:
            return False
        return True

    def _listed(self, bucket: str, prefix: str) -> list[Thing]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [Thing(bucket, each["Key"], each["Size"]) for page in pages for each in page.get("Contents", ())]


def _is_hidden(key: str) -> bool:
    return key.endswith("/") or any(part.startswith((".", "_")) for part in key.split("/") if "=" not in part)


def _unreadable(error: ClientError, url: str) -> QueryFailedError:
    found = error.response["Error"]
    if found["Code"] in _DENIED:
        return not_permitted(f"Permission denied on S3 path: {url} ({found['Message']})")
    if found["Code"] == "NoSuchBucket":
        return QueryFailedError(
            f"HIVE_METASTORE_ERROR: The specified bucket does not exist (Service: Amazon S3; Status Code: 404; "
            f"Error Code: NoSuchBucket): {url}"
        )
    return QueryFailedError(f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {url}: {found['Message']}")
