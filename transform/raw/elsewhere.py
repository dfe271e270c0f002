"""What to say where a source in another bucket may not be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transform.errors import BucketMissingError, SourceRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.exceptions import ClientError

    from transform.errors import TransformError

_REFUSED = 403


def check_region(answer: Mapping[str, Any], region: str, what: str) -> None:
    """Check that a source lies in the region of the run: engines look for it there and nowhere else.

    Args:
        answer: of S3, to the listing.
        region: of the run.
        what: address of the source.

    Raises:
        SourceRefusedError: it lies in another one.
    """
    found = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", region)
    if found != region:
        raise SourceRefusedError(
            f"{what} lies in the region {found}, and runs read in {region} only. Replicate its bucket to one "
            f"in {region}, or deploy the pipeline there."
        )


def is_refusal(error: ClientError) -> bool:
    """Say whether S3 has answered that the caller may not, also for want of a KMS key."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) == _REFUSED


def refused(error: ClientError, what: str, place: str | None = None) -> TransformError | ClientError:
    """Return the error for a source in another bucket that S3 does not give.

    Args:
        error: what S3 has answered.
        what: address of the source, or of one of its objects.
        place: where the pipeline file has the source.

    Returns:
        ``BucketMissingError`` where there is no such bucket, ``SourceRefusedError`` where the caller may not, else the
        error itself.
    """
    bucket = what.removeprefix("s3://").partition("/")[0]
    if error.response["Error"]["Code"] == "NoSuchBucket":
        corrected = f"{place}.path" if place else "the source's path"
        return BucketMissingError(f"There is no bucket {bucket}, for {what}. Make it, or correct {corrected}.")
    if not is_refusal(error):
        return error
    told = error.response["Error"].get("Message") or "no reason is given"
    return SourceRefusedError(
        f"{what} may not be {'listed' if place else 'read'} ({told}). Deploy the pipeline file as it is. Where the "
        f"bucket is another account's, its owner adds the statements that the deployment prints as SourceBucketPolicy; "
        "where its objects are encrypted with a KMS key, set kms_key beside the path, and its key policy needs the "
        "printed statement, too."
    )
