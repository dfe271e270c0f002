"""Writes of one object at the same time: one after the other, so that a condition holds until its write is done."""

from threading import Lock, RLock
from typing import Any, Final
from weakref import WeakValueDictionary

from moto.s3.responses import S3Response

from local.patches import replaces

_put = S3Response._key_response_put  # noqa: SLF001  # the gap is in there
_post = S3Response._key_response_post  # noqa: SLF001  # as above
_delete = S3Response._key_response_delete  # noqa: SLF001  # as above
_locks: Final[WeakValueDictionary[tuple[str, str], Any]] = WeakValueDictionary()
_making: Final = Lock()


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
        return _put(self, query, key_name)


@replaces(S3Response, "_key_response_post")
def complete_one_after_the_other(self: Any, request: Any, body: bytes, bucket: str, query: Any, key_name: str) -> Any:  # noqa: PLR0917  # moto's signature
    """Complete a multipart upload, or do what else is posted to an object (see put_one_after_the_other)."""
    with _writing(bucket, key_name):
        return _post(self, request, body, bucket, query, key_name)


@replaces(S3Response, "_key_response_delete")
def delete_one_after_the_other(self: Any, bucket: str, query: Any, key_name: str) -> Any:
    """Delete an object or what belongs to it (see put_one_after_the_other)."""
    with _writing(bucket, key_name):
        return _delete(self, bucket, query, key_name)
