"""Grants on sources in other buckets, and what the owners of those buckets have to add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam

from stacks.acknowledge import acknowledge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from definition.plan.buckets import SourceBucket

_DECRYPT: dict[str, Any] = {"Action": ["kms:Decrypt"]}


def statements(buckets: Sequence[SourceBucket], *, reads: bool = True) -> list[iam.PolicyStatement]:
    """Return what a role may do in other buckets: list what the sources take, and read it if it ``reads``."""
    return [
        iam.PolicyStatement(actions=each["Action"], resources=each["Resource"], conditions=each.get("Condition", {}))
        for bucket in buckets
        for each in [_listing(bucket), *([_reading(bucket), *_decrypting(bucket)] if reads else [])]
    ]


def acknowledge_objects(role: iam.Role, buckets: Sequence[SourceBucket]) -> None:
    """Acknowledge the wildcards at the ends of what a role may read in other buckets."""
    found = [f"IAM5[Resource::{arn}]" for each in buckets for arn in _objects(each) if arn.endswith("*")]
    if found:
        acknowledge(role, "A source takes whatever objects lie under its prefix in another bucket", *found)


def tell_owners(
    scope: Construct,
    buckets: Sequence[SourceBucket],
    *,
    readers: Sequence[iam.IRole],
    listers: Sequence[iam.IRole],
    of: str = "Source",
) -> None:
    """Print, for each other bucket and its key, the statements of policies that an owner elsewhere has to add.

    Args:
        scope: the stack.
        buckets: the other buckets.
        readers: roles that list and read.
        listers: roles that only list.
        of: whose data the buckets hold; the outputs are called after it.
    """
    stack = Stack.of(scope)
    for number, bucket in enumerate(buckets, 1):
        read, everyone = _principals(readers), _principals([*readers, *listers])
        policy = [_admitted(_listing(bucket), everyone), _admitted(_reading(bucket), read)]
        CfnOutput(
            scope,
            f"{of}BucketPolicy{number}",
            value=stack.to_json_string(policy),
            description=f"Where {bucket.name} is another account's: statements for its bucket policy",
        )
        if bucket.kms_keys:
            # In the policy of a key, the resource is the key itself.
            key_policy = [_admitted({**_DECRYPT, "Resource": "*"}, read)]
            CfnOutput(
                scope,
                f"{of}KeyPolicy{number}",
                value=stack.to_json_string(key_policy),
                description=f"Where a key of {bucket.name} is another account's: statement for its key policy",
            )


def _listing(bucket: SourceBucket) -> dict[str, Any]:
    condition = {"Condition": {"StringLike": {"s3:prefix": bucket.listed}}} if bucket.listed else {}
    return {"Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket.name}"], **condition}


def _reading(bucket: SourceBucket) -> dict[str, Any]:
    return {"Action": ["s3:GetObject"], "Resource": _objects(bucket)}


def _decrypting(bucket: SourceBucket) -> list[dict[str, Any]]:
    return [{**_DECRYPT, "Resource": list(bucket.kms_keys)}] if bucket.kms_keys else []


def _objects(bucket: SourceBucket) -> list[str]:
    return [f"arn:aws:s3:::{bucket.name}/{pattern}" for pattern in bucket.objects]


def _principals(roles: Sequence[iam.IRole]) -> dict[str, list[str]]:
    return {"AWS": [role.role_arn for role in roles]}


def _admitted(statement: dict[str, Any], principals: dict[str, list[str]]) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principals, **statement}
