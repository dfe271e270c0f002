"""AWS::S3::BucketPolicy, and the properties of AWS::S3::Bucket that moto's CloudFormation drops."""

from collections.abc import Mapping
from typing import Any, Final

from moto.core.common_models import CloudFormationModel
from moto.s3.models import FakeBucket, s3_backends

from embedded_aws import clients
from embedded_aws.cloudformation.attachments import PolicyAttachment
from embedded_aws.cloudformation.properties import is_true
from embedded_aws.patches import replaces

_PARTITION: Final = "aws"
_KNOWN: Final = {
    "BucketName",
    "BucketEncryption",
    "VersioningConfiguration",
    "PublicAccessBlockConfiguration",
    "LifecycleConfiguration",
    "NotificationConfiguration",
    "OwnershipControls",
    "Tags",
}


class BucketNotEmptyError(ValueError):
    """A bucket that still holds objects, versions or delete markers."""


class BucketPolicy(PolicyAttachment, CloudFormationModel):
    """A bucket's policy."""

    TYPE = "AWS::S3::BucketPolicy"
    TARGETS = "Bucket"

    @classmethod
    def put(cls, account_id: str, region_name: str, target: str, document: str | None) -> None:
        """Set the bucket's policy, or delete it."""
        del region_name
        backend = s3_backends[account_id][_PARTITION]
        if document is not None:
            backend.put_bucket_policy(target, document.encode())
        elif target in backend.buckets:
            backend.delete_bucket_policy(target)


@replaces(FakeBucket, "create_from_cloudformation_json", classmethod)
def create_with_every_property(
    _cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Any:
    """Create a bucket.

    moto: drops versioning, lifecycle, public access block and ownership. AWS: they count.
    """
    properties = cloudformation_json.get("Properties", {})
    unknown = set(properties) - _KNOWN
    if properties.get("AccessControl", "Private") == "Private":  # the canned ACL that every bucket has
        unknown.discard("AccessControl")
    if unknown:
        raise ValueError(f"AWS::S3::Bucket is emulated without {', '.join(sorted(unknown))}")
    backend = s3_backends[account_id][_PARTITION]
    bucket = backend.create_bucket(resource_name, region_name)
    _configure(resource_name, properties)
    return bucket


@replaces(FakeBucket, "update_from_cloudformation_json", classmethod)
def update_with_every_property(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a bucket.

    moto: changes encryption and tags alone. AWS: changes every property; another name replaces it.
    """
    properties = cloudformation_json["Properties"]
    if properties.get("BucketName", original_resource.name) == original_resource.name:
        _configure(original_resource.name, properties)
        return original_resource
    replacement = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
    delete_if_empty(cls, original_resource.name, cloudformation_json, account_id, region_name)
    return replacement


@replaces(FakeBucket, "delete_from_cloudformation_json", classmethod)
def delete_if_empty(_cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str) -> None:
    """Delete a bucket.

    moto: quietly keeps one that is not empty. AWS: fails the deletion.
    """
    del cloudformation_json, region_name
    if s3_backends[account_id][_PARTITION].delete_bucket(resource_name) is None:
        raise BucketNotEmptyError(f"The bucket you tried to delete is not empty: {resource_name}")


def _configure(bucket: str, properties: Mapping[str, Any]) -> None:
    """Bring a bucket to its properties, through the API; what is absent is taken away."""
    s3 = clients.client("s3")
    versioning = properties.get("VersioningConfiguration", {}).get("Status")
    if versioning:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": versioning})
    if "BucketEncryption" in properties:
        s3.put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration=_encryption(properties["BucketEncryption"])
        )
    if "PublicAccessBlockConfiguration" in properties:
        block = {name: is_true(value) for name, value in properties["PublicAccessBlockConfiguration"].items()}
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    if "OwnershipControls" in properties:
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=properties["OwnershipControls"])
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=_notifications(properties.get("NotificationConfiguration", {}))
    )
    rules = [_lifecycle_rule(rule) for rule in properties.get("LifecycleConfiguration", {}).get("Rules", [])]
    if rules:
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    else:
        s3.delete_bucket_lifecycle(Bucket=bucket)
    if properties.get("Tags"):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": properties["Tags"]})
    else:
        s3.delete_bucket_tagging(Bucket=bucket)


def _notifications(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's form: that EventBridge hears of everything, or that nobody does.

    Raises:
        ValueError: another target is to hear of something.
    """
    if others := set(configuration) - {"EventBridgeConfiguration"}:
        raise ValueError(f"notifications are emulated without {', '.join(sorted(others))}")
    wanted = configuration.get("EventBridgeConfiguration")
    # Given without the switch it is on (resource reference, AWS::S3::Bucket EventBridgeConfiguration).
    is_on = wanted is not None and is_true(wanted.get("EventBridgeEnabled", True))
    return {"EventBridgeConfiguration": {}} if is_on else {}


def _encryption(configuration: Mapping[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in configuration["ServerSideEncryptionConfiguration"]:
        renamed = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
        if "BucketKeyEnabled" in rule:
            renamed["BucketKeyEnabled"] = is_true(rule["BucketKeyEnabled"])
        rules.append(renamed)
    return {"Rules": rules}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's form of a rule.

    Raises:
        ValueError: a part of the rule is not emulated.
    """
    known = {
        "Id",
        "Status",
        "Prefix",
        "ExpirationInDays",
        "ExpiredObjectDeleteMarker",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionExpirationInDays",
        "AbortIncompleteMultipartUpload",
    }
    if set(rule) - known:
        raise ValueError(f"a lifecycle rule is emulated without {', '.join(sorted(set(rule) - known))}")
    expiration: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = int(rule["ExpirationInDays"])
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = is_true(rule["ExpiredObjectDeleteMarker"])
    noncurrent = dict(rule.get("NoncurrentVersionExpiration", {}))
    if "NoncurrentVersionExpirationInDays" in rule:
        noncurrent["NoncurrentDays"] = rule["NoncurrentVersionExpirationInDays"]
    abort = rule.get("AbortIncompleteMultipartUpload", {})
    parts = {
        "ID": rule.get("Id"),
        "Expiration": expiration,
        "NoncurrentVersionExpiration": {name: int(value) for name, value in noncurrent.items()},
        "AbortIncompleteMultipartUpload": {name: int(value) for name, value in abort.items()},
    }
    filled = {name: part for name, part in parts.items() if part}
    return {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}, **filled}
