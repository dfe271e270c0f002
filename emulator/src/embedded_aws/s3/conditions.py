"""Conditions of writes: what S3 refuses because of the object that is there, or of the one that is copied.

Sources: S3 user guide, page conditional-requests; API reference, PutObject, CopyObject, UploadPartCopy and
CompleteMultipartUpload; recordings of the service for codes, statuses and the name of the condition.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlparse
from xml.sax.saxutils import escape

from moto.s3.models import FakeMultipart

from embedded_aws.patches import replaces

Refusal = tuple[int, dict[str, str], str]
_FAILED: Final = "At least one of the pre-conditions you specified did not hold"
_CONFLICT: Final = "The conditional request cannot succeed due to a conflicting operation against this resource."
_UNKNOWN: Final = "A header you provided implies functionality that is not implemented"
_SOURCE: Final = "x-amz-copy-source"
_begin_upload = FakeMultipart.__init__


@replaces(FakeMultipart, "__init__")
def uploads_know_their_start(self: Any, *args: Any, **kwargs: Any) -> None:
    """Begin a multipart upload.

    moto: forgets when. AWS: remembers, for conditions.
    """
    _begin_upload(self, *args, **kwargs)
    self.initiated = datetime.now(UTC).replace(tzinfo=None)


def refused_write(headers: Mapping[str, str], existing: Any, upload: Any = None) -> Refusal | None:
    """Return what a write of an object is refused with, None if it may go on.

    Args:
        headers: the request's.
        existing: moto's object of that key, or None.
        upload: moto's multipart upload that is completed, or None.
    """
    match, none = headers.get("If-Match"), headers.get("If-None-Match")
    if match == "*" or (match and none) or none not in {None, "*"}:
        return _refusal(501, "NotImplemented", _UNKNOWN, Header="If-Match" if match else "If-None-Match")
    if none and existing is not None:
        return _refusal(412, "PreconditionFailed", _FAILED, Condition="If-None-Match")
    if match and existing is None:
        return _refusal(404, "NoSuchKey", "The specified key does not exist.")
    if match and not _same(match, existing):
        return _refusal(412, "PreconditionFailed", _FAILED, Condition="If-Match")
    if match and upload is not None and existing.last_modified > upload.initiated:
        return _refusal(409, "ConditionalRequestConflict", _CONFLICT, Condition="If-Match")
    return None


def refused_source(headers: Mapping[str, str], backend: Any) -> Refusal | None:
    """Return what a copy is refused with because of its source, None if it may go on."""
    given = {name: headers.get(f"{_SOURCE}-{name.lower()}") for name in _HOLDS}
    if not any(given.values()):
        return None
    parsed = urlparse(headers[_SOURCE])
    bucket, _, key = unquote(parsed.path).lstrip("/").partition("/")
    source = backend.get_object(bucket, key, version_id=parse_qs(parsed.query).get("versionId", [None])[0])
    if source is None:
        return None
    for name, holds in _HOLDS.items():
        # Dates count only where no ETag decides (page conditional-requests).
        decided = name == "If-Unmodified-Since" and given["If-Match"]
        if (value := given[name]) and not decided and not holds(value, source):
            return _refusal(412, "PreconditionFailed", _FAILED, Condition=f"{_SOURCE}-{name}")
    return None


def _same(etag: str, existing: Any) -> bool:
    return etag.strip('"') == str(existing.etag).strip('"')


def _modified_since(date: str, existing: Any) -> bool:
    """Say whether an object is younger than a date; one that is still to come does not count."""
    moment = parsedate_to_datetime(date).replace(tzinfo=None)
    return existing.last_modified.replace(microsecond=0) > moment or moment > datetime.now(UTC).replace(tzinfo=None)


def _unmodified_since(date: str, existing: Any) -> bool:
    return bool(existing.last_modified.replace(microsecond=0) <= parsedate_to_datetime(date).replace(tzinfo=None))


_HOLDS: Final = {
    "If-Match": _same,
    "If-Unmodified-Since": _unmodified_since,
    "If-None-Match": lambda value, source: not _same(value, source),
    "If-Modified-Since": _modified_since,
}


def _refusal(status: int, code: str, message: str, **fields: str) -> Refusal:
    told = {"Code": code, "Message": message, **fields}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
    return status, {"content-type": "application/xml"}, f"<Error>{inner}</Error>"
