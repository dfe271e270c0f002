"""A pipeline in an account that came back: has anything changed since its last run?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cli import uploading
from cli.account import session as session_of_environment
from cli.deployment import PARTS, find_deployment
from cli.operate import runs
from definition.plan.names import prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.run import RunOptions
    from definition.file.pipeline import Pipeline

_MOST = 50


def templates(pipeline: Pipeline, stage: str) -> dict[str, str]:
    """Return the template of each stack of a pipeline that is there, by its name, in the AWS of the environment."""
    cloudformation = session_of_environment().client("cloudformation")
    found = {}
    for part in PARTS:
        name = f"{prefix(pipeline.name, stage)}-{part}"
        try:
            template = cloudformation.get_template(StackName=name)["TemplateBody"]
        except ClientError:
            continue
        found[name] = json.dumps(template, sort_keys=True)
    return found


def settled(pipeline: Pipeline, options: RunOptions, before: Mapping[str, str]) -> str | None:
    """Return the last run of a pipeline if another one would find what that one found, None if one is to be started.

    Args:
        pipeline: the pipeline file, which is deployed.
        options: what the command line was told.
        before: `templates` before the deployment.
    """
    # Templates hold the hash of all code and settings.
    if options.execution_input != {} or templates(pipeline, options.stage) != before:
        return None
    session = session_of_environment()
    deployment = find_deployment(session.client("cloudformation"), pipeline.name, options.stage)
    newest = runs.newest(session.client("stepfunctions"), deployment.state_machine_arn, _MOST)
    last = next((run for run in newest if run.status != runs.SKIPPED), None)
    if last is None or last.status != "SUCCEEDED":
        return None
    there = options.raw is None or uploading.is_there(pipeline, session.client("s3"), deployment.bucket, options.raw)
    return last.run if there else None
