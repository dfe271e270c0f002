"""Parts of objects, which are read without the rest: clients fetch and copy large objects in many parts."""

import re
from typing import Any, Final

from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response

from embedded_aws.patches import replaces

_get_key = S3Response._get_key  # noqa: SLF001  # the gap is in there
_copy = S3Backend.upload_part_copy
_RANGE: Final = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


class _Content:
    """The bytes of an object; a slice reads no more than it gives."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key

    def __len__(self) -> int:
        return int(self._key.contentsize)

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(len(self))
        with self._key.lock:
            self._key._value_buffer.seek(start)  # noqa: SLF001  # moto reads all of it
            return bytes(self._key._value_buffer.read(stop - start))  # noqa: SLF001  # as above


class _InParts:
    """An object whose value is only to be sliced."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key
        self.value = _Content(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)


@replaces(S3Response, "_get_key")
def only_the_part_is_read(self: Any, *args: Any, **kwargs: Any) -> tuple[Any, bool]:
    """Find the object that is asked for.

    moto: reads the whole object for each part of it. AWS: reads the part.
    """
    key, not_modified = _get_key(self, *args, **kwargs)
    return (_InParts(key) if key.contentsize and _asks_for_a_part(self) else key), not_modified


def _asks_for_a_part(response: Any) -> bool:
    """Return whether moto will cut a part out of what it is given, and not answer with the whole."""
    found = _RANGE.fullmatch(response.headers.get("range", ""))
    if found is None or "partNumber" in response.querystring:
        return False
    first, last = found["first"], found["last"]
    return int(first) <= int(last) if first and last else bool(first or last)


@replaces(S3Backend, "upload_part_copy")
def only_the_part_is_copied(
    self: Any,
    dest_bucket_name: str,
    multipart_id: str,
    part_id: int,
    *,
    start_byte: Any,
    end_byte: Any,
    **source: Any,
) -> Any:
    """Make a part of an upload from an object (see only_the_part_is_read)."""
    if start_byte is None or end_byte is None:
        return _copy(self, dest_bucket_name, multipart_id, part_id, start_byte=start_byte, end_byte=end_byte, **source)
    upload = self.get_bucket(dest_bucket_name).multiparts[multipart_id]
    found = self.get_object(source["src_bucket_name"], source["src_key_name"], version_id=source["src_version_id"])
    return upload.set_part(part_id, _Content(found)[start_byte : end_byte + 1])
