"""Names that something else has already: CloudFormation creates nothing under a name that is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.doctor.examination import is_there
from cli.doctor.findings import failure, ok
from definition.plan import names
from definition.plan.tables import database_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding

FUNCTIONS = {
    "personalize": ("teardown", "dataset"),
    "workflow": ("transform", "publish", "report", "cleanup", "deliver"),
}
"""Functions by the stack that makes them."""


def taken_names(examination: Examination) -> Iterator[Finding]:
    """Look for what has a name of this pipeline and stage although its stack is not there."""
    taken = []
    if "personalize" not in examination.stacks:
        taken += [*_datasets(examination), *_functions(examination, "personalize")]
    if "workflow" not in examination.stacks:
        taken += [*_workflow(examination), *_functions(examination, "workflow")]
    if taken:
        yield failure(
            "names",
            f"taken by what belongs to no stack of this pipeline: {', '.join(taken)}",
            "Delete what an earlier deployment left behind, or take another STAGE",
        )
    else:
        yield ok("names", f"none that begins with {examination.prefix} is taken by something else")


def _datasets(examination: Examination) -> Iterator[str]:
    pipeline, stage, client = examination.pipeline, examination.stage, examination.client("personalize")
    if is_there(client, "describe_dataset_group", datasetGroupArn=examination.group_arn):
        yield f"dataset group {names.dataset_group_name(pipeline, stage)}"
    for dataset in pipeline.datasets.by_name():
        name = names.schema_name(pipeline, stage, dataset)
        if is_there(client, "describe_schema", schemaArn=examination.arn("personalize", f"schema/{name}")):
            yield f"schema {name}"


def _functions(examination: Examination, part: str) -> Iterator[str]:
    for function in FUNCTIONS[part]:
        name = f"{examination.prefix}-{function}"
        if is_there(examination.client("lambda"), "get_function_configuration", FunctionName=name):
            yield f"function {name}"
        yield from _log_group(examination, f"/aws/lambda/{name}")


def _workflow(examination: Examination) -> Iterator[str]:
    prefix, pipeline = examination.prefix, examination.pipeline
    for name in (prefix, names.alert_name(prefix)):
        arn = examination.arn("states", f"stateMachine:{name}")
        if is_there(examination.client("stepfunctions"), "describe_state_machine", stateMachineArn=arn):
            yield f"state machine {name}"
        yield from _log_group(examination, f"/aws/vendedlogs/states/{name}")
    if pipeline.schedule and is_there(examination.client("scheduler"), "get_schedule", Name=prefix):
        yield f"schedule {prefix}"
    database = database_name(prefix)
    if pipeline.catalog and is_there(examination.client("glue"), "get_database", Name=database):
        yield f"Glue database {database}"
    job = f"{prefix}-transform"
    if pipeline.engine != "lambda" and is_there(examination.client("glue"), "get_job", JobName=job):
        yield f"Glue job {job}"
    queried = any(source.is_queried for source in pipeline.datasets.sources().values())
    own = queried and (pipeline.athena is None or pipeline.athena.workgroup is None)
    if own and is_there(examination.client("athena"), "get_work_group", WorkGroup=prefix):
        yield f"Athena workgroup {prefix}"
    yield from _delivered(examination)


def _delivered(examination: Examination) -> Iterator[str]:
    for solution in examination.pipeline.solutions:
        for job in solution.jobs:
            name = names.delivered_name(examination.prefix, solution.name, job.name)
            if job.deliver and is_there(examination.client("dynamodb"), "describe_table", TableName=name):
                yield f"DynamoDB table {name}"


def _log_group(examination: Examination, name: str) -> Iterator[str]:
    listed = examination.listed("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    if name in {group["logGroupName"] for group in listed}:
        yield f"log group {name}"
