"""The largest usual run: ten solutions that train for ten hours, five batch jobs of an hour each, five campaigns.

What is measured is how many events the longest history of each kind of execution has, beside what ``pipelines
validate`` reckons with at the most.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rich.table import Table
from ruamel.yaml import YAML

from bench.orchestration_clock import expect_parallel_waits, set_durations
from bench.orchestration_figures import histories
from cli.deployment import deploy, find_deployment
from definition.load import load
from definition.paths import PIPELINES
from definition.plan import executions, history
from definition.service.limits import MAX_BATCH_JOBS_IN_PROGRESS, MAX_CAMPAIGNS, MAX_SOLUTIONS

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS

_HOURS = {"SolutionVersion": 10.0, "BatchInferenceJob": 1.0, "Campaign": 0.5, "DatasetImportJob": 0.25}
_WHOSE = {"": "the run", executions.SOLUTION: "a solution", executions.BATCH_JOB: "a batch job"}


def document() -> dict[str, Any]:
    """Return the pipeline file: the film ratings, with a cheap recipe, since only waiting is measured."""
    whole: dict[str, Any] = YAML(typ="safe", pure=True).load((PIPELINES / "movielens.yaml").read_text("utf-8"))
    jobs = [{"name": f"top{number}", "num_results": 5} for number in range(MAX_BATCH_JOBS_IN_PROGRESS)]
    whole["solutions"] = [
        {
            "name": f"s{number}",
            "recipe": "aws-popularity-count",
            "batch_inference": jobs,
            **({"campaign": {}} if number < MAX_CAMPAIGNS else {}),
        }
        for number in range(MAX_SOLUTIONS)
    ]
    del whole["schedule"], whole["item_labels"]
    return whole | {"name": "many"}


def many(aws: EmbeddedAWS, stage: str, raw: Path) -> Table:
    """Deploy the pipeline, run it, and return the table; exit if the run fails."""
    expect_parallel_waits()
    set_durations({kind: 3600 * hours for kind, hours in _HOURS.items()})
    with TemporaryDirectory() as folder:
        file = Path(folder) / "many.yaml"
        file.write_text(json.dumps(document()))
        deploy(file, stage, environment=aws.environment(), say=lambda _: None)
        pipeline = load(file)
    deployment = find_deployment(aws.client("cloudformation"), pipeline.name, stage)
    for each in sorted(raw.rglob("*.csv")):
        aws.client("s3").upload_file(str(each), deployment.bucket, f"raw/{each.relative_to(raw).as_posix()}")
    stepfunctions = aws.client("stepfunctions")
    arn = stepfunctions.start_execution(stateMachineArn=deployment.state_machine_arn, input="{}")["executionArn"]
    while (ended := stepfunctions.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(1)
    if ended["status"] != "SUCCEEDED":
        sys.exit(f"{arn} ended as {ended['status']}: {ended.get('cause')}")
    found: dict[str, list[int]] = defaultdict(list)
    for label, events in histories(stepfunctions, arn):
        if label in _WHOSE:
            found[_WHOSE[label]].append(len(events))
    most = {each.whose: each.events for each in history.histories(pipeline)}
    hours = (ended["stopDate"] - ended["startDate"]).total_seconds() / 3600
    table = Table(
        title=f"Ten solutions, ten hours of training, five jobs of an hour each, campaigns: {hours:.1f} hours"
    )
    for column in ("execution", "how many", "longest history", "at the most"):
        table.add_column(column, justify="left" if column == "execution" else "right")
    for whose, counts in found.items():
        table.add_row(whose, f"{len(counts)}", f"{max(counts):,}", f"{most[whose]:,}")
    table.caption = (
        "Events; a history ends at 25,000. At the most: what pipelines validate reckons with the file's timeouts."
    )
    return table
