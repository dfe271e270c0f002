"""The executions of a pipeline's state machine as people see them: as runs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError
from cli.execution import own_run, resumed_run, skipped_for, why_skipped
from definition import layout
from definition.contract.pointers import NewestRun

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

SKIPPED = "SKIPPED"
"""What a run is that did nothing because another one was active; its execution has succeeded."""

ACTIVE = ("RUNNING", "PENDING_REDRIVE")
FAILED = ("FAILED", "TIMED_OUT", "ABORTED")
ANY = (*ACTIVE, *FAILED, "SUCCEEDED", SKIPPED)
"""Statuses of runs."""

_PAGE = 20
_REMEDY = "`pipelines runs` lists those that there are"


@dataclass(frozen=True)
class Run:
    """An execution.

    Attributes:
        run: id of the run; of an execution that resumes a run, that one's.
        status: of the execution, or ``SKIPPED``.
        started: when it began.
        ended: when it ended, None while it has not.
        note: why it failed or was skipped, or what it resumes; empty otherwise.
        execution: its ARN.
    """

    run: str
    status: str
    started: datetime
    ended: datetime | None
    note: str
    execution: str

    @property
    def seconds(self) -> float | None:
        """How long it took, None while it goes on."""
        return (self.ended - self.started).total_seconds() if self.ended else None


def of_execution(execution: dict[str, Any]) -> Run:
    """Return the run of an execution, of what DescribeExecution answers."""
    status, note = execution["status"], ""
    resumed = resumed_run(execution)
    if skipped_for(execution):
        status, note = SKIPPED, why_skipped(execution)
    elif status in FAILED:
        note = " ".join(str(execution.get("cause") or execution.get("error") or "").split())
    elif resumed:
        note = "resumed"
    return Run(
        resumed or own_run(execution),
        status,
        execution["startDate"],
        execution.get("stopDate"),
        note,
        execution["executionArn"],
    )


def newest(stepfunctions: Any, state_machine_arn: str, most: int) -> list[Run]:
    """Return the newest runs, the newest one first."""
    return [of_execution(each) for each in islice(_executions(stepfunctions, state_machine_arn), most)]


def find(
    stepfunctions: Any, state_machine_arn: str, run: str | None, statuses: Collection[str], *, what: str
) -> dict[str, Any]:
    """Return the newest execution of a run, as DescribeExecution does.

    Args:
        stepfunctions: a boto3 Step Functions client.
        state_machine_arn: of the pipeline.
        run: id of the run; None for the newest one of those statuses.
        statuses: that its run may have.
        what: those statuses in words.

    Raises:
        CommandError: there is none.
    """
    wanted = None if run else {*statuses, "SUCCEEDED"} if SKIPPED in statuses else set(statuses)
    for execution in _executions(stepfunctions, state_machine_arn, wanted):
        found = of_execution(execution)
        if run in {None, found.run} and found.status in statuses:
            return execution
        if run == found.run:
            raise CommandError(f"run {run} is {found.status}, and not {what}", remedy=_REMEDY)
    raise CommandError(f"no run is {what}" if run is None else f"there is no run {run}", remedy=_REMEDY)


def failed(stepfunctions: Any, state_machine_arn: str, run: str | None) -> dict[str, Any]:
    """Return the execution of the newest run, which has failed, as DescribeExecution does.

    Args:
        stepfunctions: a boto3 Step Functions client.
        state_machine_arn: of the pipeline.
        run: id that this run must have; None for whichever it is.

    Raises:
        CommandError: it has not failed; or the run that is named has others after it, which have replaced its data.
    """
    ran = set(ANY) - {SKIPPED}
    newest_run = find(stepfunctions, state_machine_arn, None, ran, what="there")
    if run not in {None, of_execution(newest_run).run}:
        find(stepfunctions, state_machine_arn, run, FAILED, what="failed")
        raise CommandError(
            f"run {of_execution(newest_run).run} came after run {run}, and has replaced its data",
            remedy="Start another one: `pipelines start`",
        )
    return find(stepfunctions, state_machine_arn, of_execution(newest_run).run, FAILED, what="failed")


def check_not_followed(s3: Any, bucket: str, execution: dict[str, Any]) -> None:
    """Check that no other run has begun after an execution's: a run that waited may have begun its execution before.

    Raises:
        CommandError: one has, and has replaced its data.
    """
    name = execution["executionArn"].rpartition(":")[2]
    try:
        found = s3.get_object(Bucket=bucket, Key=layout.CLAIM.key(execution=name))["Body"].read()
    except s3.exceptions.NoSuchKey:
        return
    after = NewestRun.model_validate_json(found)
    raise CommandError(
        f"run {after.run} came after run {of_execution(execution).run}, and has replaced its data",
        remedy="Start another one: `pipelines start`",
    )


def _executions(
    stepfunctions: Any, state_machine_arn: str, statuses: Collection[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield executions, the newest first; those of other statuses are not asked about."""
    pages = stepfunctions.get_paginator("list_executions").paginate(
        stateMachineArn=state_machine_arn, PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        for each in page["executions"]:
            if statuses is None or each["status"] in statuses:
                yield stepfunctions.describe_execution(executionArn=each["executionArn"])
