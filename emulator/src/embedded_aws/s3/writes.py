"""Writes of one object at the same time: one after the other, so that a condition holds until its write is done."""

from collections.abc import Mapping
from threading import Lock, RLock
from typing import Any, Final
from weakref import WeakValueDictionary

from moto.s3.models import FakeKey
from moto.s3.responses import S3Response

from embedded_aws.patches import replaces
from embedded_aws.s3.conditions import refused_source, refused_write

_put = S3Response._key_response_put  # noqa: SLF001  # the gap is in there
_post = S3Response._key_response_post  # noqa: SLF001  # as above
_delete = S3Response._key_response_delete  # noqa: SLF001  # as above
_make = FakeKey.__init__
_OF_THE_OBJECT: Final = {"partNumber", "uploadId", "x-id"}
_locks: Final[WeakValueDictionary[tuple[str, str], Any]] = WeakValueDictionary()
_making: Final = Lock()


@replaces(FakeKey, "__init__")
def objects_are_encrypted(self: Any, *args: Any, **kwargs: Any) -> None:
    """Make an object.

    moto: encrypts none unless told to. AWS: all, with its own keys (page default-encryption-faq).
    """
    _make(self, *args, **kwargs)
    self.encryption = self.encryption or "AES256"


def _refused_put(response: Any, key: str, query: Mapping[str, Any]) -> Any:
    """Return what a put is refused with: the object by its key's and its source's conditions, a part by the latter."""
    if response.headers.get("x-amz-copy-source") and (refusal := refused_source(response.headers, response.backend)):
        return refusal
    if "uploadId" in query:
        return None
    return refused_write(response.headers, response.backend.get_object(response.bucket_name, key))


def _typed(answer: Any) -> Any:
    """Return an answer to a put that says what its checksum is of: as no part of an upload, the whole object."""
    if isinstance(answer, tuple) and any(name.startswith("x-amz-checksum-") for name in answer[1]):
        answer[1].setdefault("x-amz-checksum-type", "FULL_OBJECT")
    return answer


def _writing(bucket: str, key: str) -> Any:
    """Return the lock of an object; reads do not take it, so a function that a write notifies can read."""
    with _making:
        return _locks.setdefault((bucket, key), RLock())


@replaces(S3Response, "_key_response_put")
def put_one_after_the_other(self: Any, query: Any, key_name: str) -> Any:
    """Put an object or what belongs to it.

    moto: looks at If-None-Match and If-Match and then writes, so several callers at once can all win; even without
    conditions some get an internal error. AWS: one wins, the others get 412 (page conditional-writes).
    """
    with _writing(self.bucket_name, key_name):
        if set(query) <= _OF_THE_OBJECT and (refusal := _refused_put(self, key_name, query)):
            return refusal
        return _typed(_put(self, query, key_name))


@replaces(S3Response, "_key_response_post")
def complete_one_after_the_other(self: Any, request: Any, body: bytes, bucket: str, query: Any, key_name: str) -> Any:  # noqa: PLR0917  # moto's signature
    """Complete a multipart upload, or do what else is posted to an object (see put_one_after_the_other)."""
    with _writing(bucket, key_name):
        if upload_id := query.get("uploadId"):
            existing = self.backend.get_object(bucket, key_name)
            upload = self.backend.get_bucket(bucket).multiparts.get(upload_id[0])
            if upload is not None and (refusal := refused_write(self.headers, existing, upload)):
                return refusal
        return _post(self, request, body, bucket, query, key_name)


@replaces(S3Response, "_key_response_delete")
def delete_one_after_the_other(self: Any, bucket: str, query: Any, key_name: str) -> Any:
    """Delete an object or what belongs to it (see put_one_after_the_other)."""
    with _writing(bucket, key_name):
        return _delete(self, bucket, query, key_name)
