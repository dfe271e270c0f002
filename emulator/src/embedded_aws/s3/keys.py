"""The keys of KMS that requests to objects use, and an object's own choice beside that of its bucket.

Sources: S3 user guide, pages UsingKMSEncryption (permissions, encryption context, bucket keys), mpuoverview (multipart
uploads) and bucket-encryption; API pages PutObject, HeadObject and UploadPart.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from moto.s3.models import S3Backend, s3_backends

from embedded_aws.patches import replaces

_PARTITION: Final = "aws"
_HEADER: Final = "x-amz-server-side-encryption"
MANAGED: Final = "alias/aws/s3"
"""What encrypts where KMS is asked for and no key is named."""

_put = S3Backend.put_object


class Encrypted(NamedTuple):
    """An object's encryption by KMS: the key as it was named, and what its encryption context names."""

    key: str
    arn: str


@replaces(S3Backend, "put_object")
def an_object_may_choose_another_encryption(self: Any, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
    """Put an object.

    moto: gives an object that asks for another encryption than its bucket's the bucket's key. AWS: none for AES256, and
    the key that S3 manages for KMS without a key.
    """
    chosen = kwargs.get("encryption")
    made = _put(self, bucket_name, *args, **kwargs)
    if chosen and not kwargs.get("kms_key_id"):
        made.kms_key_id = MANAGED if _is_kms(chosen) else None
    if not _is_kms(made.encryption):
        made.bucket_key_enabled = None
    return made


def of_object(account_id: str, bucket: str, key: str, version: str | None = None) -> Encrypted | None:
    """Return what an object is encrypted with in KMS; None if there is no object, or S3's own keys encrypt it."""
    backend: Any = s3_backends[account_id][_PARTITION]
    if bucket not in backend.buckets:
        return None
    return _of(backend.get_object(bucket, key, version_id=version), f"arn:aws:s3:::{bucket}", key)


def of_upload(account_id: str, bucket: str, key: str, upload: str) -> Encrypted | None:
    """Return what a multipart upload will be encrypted with in KMS."""
    found: Any = s3_backends[account_id][_PARTITION].buckets.get(bucket)
    begun = found.multiparts.get(upload) if found is not None else None
    if begun is None:
        return None
    headers = {_HEADER: begun.sse_encryption, f"{_HEADER}-aws-kms-key-id": begun.kms_key_id}
    return of_write(account_id, bucket, key, {name: value for name, value in headers.items() if value})


def of_write(account_id: str, bucket: str, key: str, headers: Mapping[str, str]) -> Encrypted | None:
    """Return what an object will be encrypted with in KMS that is written with these headers."""
    found: Any = s3_backends[account_id][_PARTITION].buckets.get(bucket)
    rule = found.encryption["Rule"] if found is not None and found.encryption else {}
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    chosen, named = headers.get(_HEADER), headers.get(f"{_HEADER}-aws-kms-key-id")
    if not _is_kms(chosen or default.get("SSEAlgorithm")):
        return None
    named = named or MANAGED if chosen else default.get("KMSMasterKeyID") or MANAGED
    asked = headers.get(f"{_HEADER}-bucket-key-enabled", rule.get("BucketKeyEnabled"))
    return Encrypted(str(named), _context(f"arn:aws:s3:::{bucket}", key, asked))


def _of(found: Any, bucket: str, key: str) -> Encrypted | None:
    if found is None or not _is_kms(found.encryption):
        return None
    return Encrypted(str(found.kms_key_id or MANAGED), _context(bucket, key, found.bucket_key_enabled))


def _context(bucket: str, key: str, bucket_key: Any) -> str:
    """Return the ARN in the encryption context: with a bucket key that of the bucket."""
    return bucket if str(bucket_key).lower() == "true" else f"{bucket}/{key}"


def _is_kms(algorithm: Any) -> bool:
    return str(algorithm or "").startswith("aws:kms")
