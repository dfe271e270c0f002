"""Count raw data as a run would: the function's own transform, on this machine, into a bucket that nobody keeps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cli import uploading
from cli.account import session
from cli.errors import CommandError
from cli.folders import relative
from definition import layout
from definition.plan.batch_jobs import batch_plans
from definition.plan.mappings import dataset_mappings
from embedded_aws import EmbeddedAWS
from lambdas.transform.transform import transform
from pricing.forecast.counts import counted
from pricing.forecast.forecast import ACTIVE_DAYS
from transform.contract import Active, BatchInput, TransformRequest
from transform.errors import TransformError

if TYPE_CHECKING:
    from pathlib import Path

    from definition.file.pipeline import Pipeline
    from pricing.forecast.counts import Counts, JobName
    from transform.contract import TransformReport

_BUCKET, _RUN, _LEVERS = "cost", "cost", "active"
_ACTIVE = Active(active_seconds=ACTIVE_DAYS * 24 * 3600)


def measured(pipeline: Pipeline, folder: Path) -> tuple[Counts, TransformReport]:
    """Return the numbers of a run with a folder as its raw data, and the report of that data.

    Jobs that score every user are also counted with the active ones only.

    Raises:
        CommandError: the raw data cannot be used.
    """
    fewer = _fewer(pipeline)
    with EmbeddedAWS() as aws, aws.in_environment():
        s3 = session().client("s3")
        s3.create_bucket(Bucket=_BUCKET)
        uploading.upload_for(pipeline, s3, _BUCKET, folder, embedded=True)
        try:
            report = transform(_request(pipeline, list(fewer.values())), s3)
        except TransformError as error:
            raise CommandError(
                str(error), remedy=f"A run with {folder} would end like this: mend that first"
            ) from error
    lines = {each.prefix: each.lines for each in report.batch_inputs}
    active = {job: lines[wanted.prefix] for job, wanted in fewer.items()}
    return counted(pipeline, _RUN, report, source=relative(folder), active=active), report


def _request(pipeline: Pipeline, more: list[BatchInput]) -> TransformRequest:
    wanted = [
        BatchInput(
            prefix=layout.BATCH_INPUT.key(run=_RUN, solution=solution.name, job=job.name), **job.input.model_dump()
        )
        for solution in pipeline.solutions
        for job in batch_plans(pipeline, solution)
    ]
    return TransformRequest(
        bucket=_BUCKET,
        run=_RUN,
        started=int(time.time()),
        datasets=dataset_mappings(pipeline),
        batch_inputs=[*wanted, *more],
        max_rejected=pipeline.max_rejected,
    )


def _fewer(pipeline: Pipeline) -> dict[JobName, BatchInput]:
    """Return, for each job that scores every user, the input of one that scores those who were there lately."""
    return {
        (solution.name, job.name): BatchInput(
            line="user",
            users=_ACTIVE,
            lines_per_file=job.input.lines_per_file,
            prefix=layout.BATCH_INPUT.key(run=_LEVERS, solution=solution.name, job=job.name),
        )
        for solution in pipeline.solutions
        for job in batch_plans(pipeline, solution)
        if solution.kind.batch_input in {"user", "ranking"} and job.input.users == "all"
    }
