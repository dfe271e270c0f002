"""What tests of faults look at and change around a run."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.rig import Rig, Run


def published(rig: Rig) -> dict[str, bytes]:
    """Return every pointer to a table or a version."""
    return {key: rig.read(key) for key in rig.keys("curated/") if key.endswith("latest.json")}


def made(rig: Rig, run: Run) -> Counter[str]:
    """Count what a run made in Personalize, by name; solution versions may bear a name more than once."""
    personalize = rig.aws.client("personalize")
    names = [
        job["jobName"]
        for kind in ("dataset_import", "batch_inference", "batch_segment")
        for page in personalize.get_paginator(f"list_{kind}_jobs").paginate()
        for job in next(value for value in page.values() if isinstance(value, list))
    ]
    versions = [
        personalize.describe_solution_version(solutionVersionArn=arn)["solutionVersion"] for arn in rig.versions()
    ]
    names += [f"{version['solutionArn']} {version['name']}" for version in versions]
    return Counter(name for name in names if run.id in name)


def assert_failed_alone(rig: Rig, run: Run, before: dict[str, bytes], owner: str | None, *told: str) -> None:
    """Check the end of a run in which one solution, or all (None), went wrong."""
    rig.disarm()
    assert "FAILED" == run.status
    assert run.failure is not None
    (message,) = rig.messages(run.id)
    for text in told:
        assert text in run.cause
        assert text in run.failure["cause"]
        assert text in message["Message"]
    assert run.failure["remedy"] in message["Message"]
    assert run.execution["executionArn"] in message["Message"]
    after = published(rig)
    touched = {key for key in after if before.get(key) != after[key]}
    others = {key for key in before if owner is not None and not key.startswith(f"curated/{owner}/")}
    assert others == touched
    assert {1} >= set(made(rig, run).values())


@contextmanager
def configured(rig: Rig, function: str, **changes: Any) -> Iterator[None]:
    """Change settings of a function."""
    client, name = rig.aws.client("lambda"), f"{rig.pipeline.name}-test-{function}"
    was = client.get_function_configuration(FunctionName=name)
    client.update_function_configuration(FunctionName=name, **changes)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, **{key: was[key] for key in changes})


@contextmanager
def denied(rig: Rig, *keys: str) -> Iterator[None]:
    """Let nobody write these keys."""
    s3, bucket = rig.aws.client("s3"), rig.deployment.bucket
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    document = json.loads(policy)
    resources = [f"arn:aws:s3:::{bucket}/{key}" for key in keys]
    document["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": resources})
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def forget_solution(rig: Rig, name: str) -> None:
    """Delete a solution with its trainings, those that stall too, so that the next run makes it anew."""
    personalize = rig.aws.client("personalize")
    (arn,) = {arn.rpartition("/")[0] for arn in rig.versions() if f"/guarded-test--{name}-" in arn}

    def statuses() -> dict[str, str]:
        listed = personalize.list_solution_versions(solutionArn=arn)["solutionVersions"]
        return {each["solutionVersionArn"]: each["status"] for each in listed}

    for version, status in statuses().items():
        if status == "CREATE IN_PROGRESS":
            personalize.stop_solution_version_creation(solutionVersionArn=version)
    rig.wait_until(lambda: "CREATE STOPPING" not in statuses().values())
    personalize.delete_solution(solutionArn=arn)
    rig.wait_until(lambda: not [found for found in rig.versions() if found.startswith(f"{arn}/")])
