"""Checks of what is deployed: stacks, raw data, schedule, runs, and who hears of them."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.deployment import PARTS
from cli.doctor.examination import is_there
from cli.doctor.findings import failure, ok, warning
from cli.doctor.tables import queried
from definition import layout
from definition.mapping.address import literal, other_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding
    from definition.mapping.address import Address

_STUCK = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
"""Statuses of a stack that can only be deleted."""

_PENDING = "PendingConfirmation"
_ALERTS = "EndAlerts"
"""What logical ids of the alert's resources begin with (stacks/workflow.py)."""


def stacks(examination: Examination) -> Iterator[Finding]:
    """Look at the statuses of the pipeline's stacks."""
    if not examination.stacks:
        yield ok("deployment", f"{examination.prefix} is not deployed yet: {_deploy(examination)}")
        return
    missing = [f"{examination.prefix}-{part}" for part in PARTS if part not in examination.stacks]
    if missing:
        told = ", ".join(missing)
        yield failure("deployment", f"a deployment was not finished: {told} not there", _deploy(examination))
    judged = [
        found for part, stack in examination.stacks.items() if (found := _judged(examination, part, stack)) is not None
    ]
    yield from judged
    if not missing and not judged:
        statuses = (f"{part} {stack['StackStatus']}" for part, stack in examination.stacks.items())
        yield ok("deployment", ", ".join(statuses))


def _judged(examination: Examination, part: str, stack: dict[str, Any]) -> Finding | None:
    """Return what is wrong with a stack, None if it can be updated."""
    status, name = stack["StackStatus"], f"{examination.prefix}-{part}"
    seen = f"{name} is {status}"
    if status in _STUCK:
        return failure("deployment", seen, f"Delete the stack {name}, then {_deploy(examination)}")
    if status == "UPDATE_ROLLBACK_FAILED":
        remedy = f"aws cloudformation continue-update-rollback --stack-name {name}"
        return failure("deployment", f"{seen}: {stack.get('StackStatusReason', '')}", remedy)
    return warning("deployment", seen, "Wait for its end") if status.endswith("_IN_PROGRESS") else None


def raw_data(examination: Examination) -> Iterator[Finding]:
    """Look for one object under each source of the pipeline file."""
    bucket = examination.output("BucketName")
    if bucket is None:
        return
    for place, source in examination.pipeline.datasets.sources().items():
        name = place.removesuffix(".source")
        if source.path is None:
            yield from queried(examination, name, source)
            continue
        other = other_bucket(source.path)
        if other:
            yield _elsewhere(examination, name, other)
            continue
        # Of a glob, what stands before its first special character.
        prefix = layout.RAW.key(path=literal(source.path))
        found = examination.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        uri = f"s3://{bucket}/{prefix}"
        if found["KeyCount"]:
            yield ok("raw data", f"{name}: {found['Contents'][0]['Key']}")
        else:
            yield failure("raw data", f"{name}: nothing under {uri}", f"aws s3 cp --recursive <your folder> {uri}")


def _elsewhere(examination: Examination, name: str, other: Address) -> Finding:
    """Look for one object of a source in another bucket, as far as the caller may: runs have a role of their own."""
    uri = f"s3://{other.bucket}/{literal(other.path)}"
    try:
        found = examination.client("s3").list_objects_v2(Bucket=other.bucket, Prefix=literal(other.path), MaxKeys=1)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return failure("raw data", f"{name}: there is no bucket {other.bucket}", "Make it, or correct the path")
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.FORBIDDEN:
            raise
        seen = f"{name}: you may not list {uri}; whether a run may is another question"
        return warning("raw data", seen, "Ask the bucket's owner for the statements that the deployment prints")
    if found["KeyCount"]:
        return ok("raw data", f"{name}: s3://{other.bucket}/{found['Contents'][0]['Key']}")
    return failure("raw data", f"{name}: nothing under {uri}", "Upload the data there, or correct the path")


def last_run(examination: Examination) -> Iterator[Finding]:
    """Look how the newest execution has ended."""
    machine = examination.output("StateMachineArn")
    if machine is None:
        return
    executions = examination.client("stepfunctions").list_executions(stateMachineArn=machine, maxResults=1)[
        "executions"
    ]
    if not executions:
        yield ok("last run", "none yet")
        return
    (last,) = executions
    seen = f"{last['status']}, started {last['startDate'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if last["status"] in {"FAILED", "TIMED_OUT", "ABORTED"}:
        yield warning("last run", f"{seen}: {last['executionArn']}", "Its cause says why; docs/runs.md how to go on")
    else:
        yield ok("last run", seen)


def schedule(examination: Examination) -> Iterator[Finding]:
    """Look whether runs start by themselves."""
    wanted = examination.pipeline.schedule
    if wanted is None:
        trigger = examination.pipeline.trigger
        how = f"where {layout.RAW.key(path=trigger.arrival)} arrives" if trigger else "by hand only"
        yield ok("schedule", f"none in the pipeline file: runs start {how}")
        return
    if "workflow" not in examination.stacks:
        return
    scheduler = examination.client("scheduler")
    if not is_there(scheduler, "get_schedule", Name=examination.prefix):
        yield failure("schedule", f"{examination.prefix} is not there", _deploy(examination))
        return
    found: dict[str, Any] = scheduler.get_schedule(Name=examination.prefix)
    seen = f"{found['ScheduleExpression']} {found.get('ScheduleExpressionTimezone', 'UTC')}, {found['State']}"
    if found["State"] == "ENABLED":
        yield ok("schedule", seen)
    else:
        yield warning("schedule", seen, "Enable it in the console of EventBridge Scheduler, or deploy again")


def subscribers(examination: Examination) -> Iterator[Finding]:
    """Look whether anybody hears of a failure."""
    topic = examination.output("TopicArn")
    if topic is None:
        return
    listed = examination.listed("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    confirmed = [each for each in listed if each["SubscriptionArn"] != _PENDING]
    if confirmed:
        yield ok("subscribers", f"{len(confirmed)} confirmed")
        return
    waiting = f", {len(listed)} not confirmed" if listed else ""
    yield warning(
        "subscribers",
        f"nobody hears when a run fails{waiting}",
        f"aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint <address>, "
        "then confirm by the link in the mail",
    )


def dead_letters(examination: Examination) -> Iterator[Finding]:
    """Look for starts that the schedule could not make, and for ends of runs that could not be told."""
    if "workflow" not in examination.stacks:
        return
    stack = f"{examination.prefix}-workflow"
    resources = examination.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    failed = []
    for queue in (each for each in resources if each["ResourceType"] == "AWS::SQS::Queue"):
        url, what = queue["PhysicalResourceId"], "starts of the schedule"
        if queue["LogicalResourceId"].startswith(_ALERTS):
            what = "alerts of runs that were stopped or ran out of time"
        answer = examination.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        if count := int(answer["Attributes"]["ApproximateNumberOfMessages"]):
            failed.append(f"{count} {what} failed: {url}")
    if failed:
        yield warning("dead letters", "; ".join(failed), "Their messages say why")
    else:
        yield ok("dead letters", "none")


def glue(examination: Examination) -> Iterator[Finding]:
    """Look whether the Spark job is there, if the file may use it."""
    if examination.pipeline.engine == "lambda":
        return
    job = f"{examination.prefix}-transform"
    there = is_there(examination.client("glue"), "get_job", JobName=job)
    if there or "workflow" not in examination.stacks:
        yield ok("Glue", f"answers{f', job {job} is there' if there else ''}")
    else:
        yield failure("Glue", f"job {job} is not there", _deploy(examination))


def _deploy(examination: Examination) -> str:
    return f"make deploy PIPELINE={examination.pipeline.name} STAGE={examination.stage}"
