"""The list of users that every transform leaves out: read, and made longer while others may do the same."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.errors import CommandError
from definition import layout
from transform.errors import ForgottenUnreadableError
from transform.forgotten import Forgotten, ForgottenList, parsed

if TYPE_CHECKING:
    from collections.abc import Collection

_ATTEMPTS = 20
_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
"""Codes with which S3 refuses a conditional write that another one was before (page conditional-writes)."""


def add(s3: Any, bucket: str, ids: Collection[str]) -> Forgotten:
    """Put users on the list, each once; return it.

    It is written only where nobody else has since it was read, else it is read again: no two commands lose each other's
    users.

    Raises:
        CommandError: the list is damaged, or others write it all the time.
    """
    for _ in range(_ATTEMPTS):
        found, condition = _read(s3, bucket)
        digests = found.digests | {found.digest(user) for user in ids}
        longer = Forgotten(found.salt, frozenset(digests))
        if longer.digests == found.digests:
            return longer
        body = ForgottenList(salt=longer.salt, digests=sorted(longer.digests)).model_dump_json(indent=1).encode()
        try:
            s3.put_object(
                Bucket=bucket,
                Key=layout.FORGOTTEN.key(),
                Body=body,
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _LOST:
                raise
        else:
            return longer
    raise CommandError(
        f"s3://{bucket}/{layout.FORGOTTEN.key()} was changed by others {_ATTEMPTS} times in a row",
        remedy="Give the same command again when the others have ended",
    )


def _read(s3: Any, bucket: str) -> tuple[Forgotten, dict[str, str]]:
    """Return the list, and under which condition it may be written; where there is none, it gets a salt."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=layout.FORGOTTEN.key())
    except s3.exceptions.NoSuchKey:
        return Forgotten(secrets.token_hex(16)), {"IfNoneMatch": "*"}
    try:
        return parsed(answer["Body"].read()), {"IfMatch": answer["ETag"]}
    except ForgottenUnreadableError as error:
        raise CommandError(
            str(error), remedy="Copy that version over the object: aws s3api list-object-versions names it"
        ) from error
