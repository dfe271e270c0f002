"""Remove a deployed pipeline, and its bucket if that is wanted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.deployment import outputs_of
from cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from definition.file.pipeline import Pipeline

_BATCH = 1000
"""The most keys that DeleteObjects takes."""


@dataclass(frozen=True)
class Contents:
    """What a bucket holds, all versions counted; ``size`` in bytes."""

    objects: int
    size: int


def cdk_environment(session: boto3.Session) -> dict[str, str]:
    """Return the variables that tell the CDK account and region."""
    region = str(session.region_name)
    return {
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
        "AWS_REGION": region,
        "CDK_DEFAULT_ACCOUNT": session.client("sts").get_caller_identity()["Account"],
        "CDK_DEFAULT_REGION": region,
    }


def check_idle(stepfunctions: Any, machine: str) -> None:
    """Check that no run is active.

    Raises:
        CommandError: one is, which would go on writing.
    """
    active = stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    if active:
        raise CommandError(
            f"a run is active: {active[0]['executionArn']}", remedy="Wait for its end (pipelines follow), or stop it"
        )


def made_key(cloudformation: Any, pipeline: Pipeline, stage: str) -> str | None:
    """Return the ARN of the key that the deployment made, which stays when the stacks go; None if it made none."""
    if pipeline.encryption is None or pipeline.encryption.given:
        return None
    return outputs_of(cloudformation, pipeline.name, stage, "storage").get("KeyArn")


def contents(s3: Any, bucket: str) -> Contents:
    """Count what a bucket holds."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    sizes = [each["Size"] for page in pages for each in page.get("Versions", ())]
    return Contents(len(sizes), sum(sizes))


def empty(s3: Any, bucket: str, say: Callable[[str], None] = lambda _: None) -> None:
    """Delete every version of every object.

    Args:
        s3: a boto3 S3 client.
        bucket: its name.
        say: is told how many are gone.

    Raises:
        CommandError: an object could not be deleted.
    """
    gone = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": _BATCH}):
        versions = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for kind in ("Versions", "DeleteMarkers")
            for each in page.get(kind, ())
        ]
        if not versions:
            continue
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": versions, "Quiet": True})
        if failed := answer.get("Errors"):
            raise CommandError(
                f"{failed[0]['Key']} in {bucket} cannot be deleted: {failed[0].get('Message', failed[0]['Code'])}",
                remedy="Allow s3:DeleteObjectVersion on the bucket, and run this again: it goes on from there",
            )
        gone += len(versions)
        say(f"{gone:,} objects deleted")
