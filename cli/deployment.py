"""Deploy pipelines with the CDK, and find what was deployed."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.bootstrapping import bootstrap_account
from cli.errors import CommandError
from cli.toolkit import Synthesis, cdk, context
from definition.plan.names import prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PARTS = ("storage", "personalize", "workflow")
"""The stacks of a pipeline, in the order of their deployment."""


@dataclass(frozen=True)
class Deployment:
    """What the stacks of a pipeline and stage made."""

    bucket: str
    state_machine_arn: str
    topic_arn: str


def deploy(
    pipeline_file: Path,
    stage: str,
    *,
    environment: Mapping[str, str],
    say: Callable[[str], None],
    bootstrap: bool = False,
    keep_data: bool = True,
    synthesis: Synthesis | None = None,
) -> None:
    """Deploy the stacks of a pipeline.

    Args:
        pipeline_file: the pipeline file.
        stage: part of every name.
        environment: variables for the CDK, with CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION.
        say: is told each line that the CDK prints.
        bootstrap: whether to bootstrap the account before: doing it again could undo what people changed there.
        keep_data: whether the bucket survives ``cdk destroy``.
        synthesis: of the same file and stage, where one has begun already.

    Raises:
        CommandError: the CDK failed.
    """
    with ExitStack() as ending:
        begun = synthesis or ending.enter_context(Synthesis(pipeline_file, stage, keep_data=keep_data))
        if bootstrap:
            # Neither needs the other.
            outside = ending.enter_context(tempfile.TemporaryDirectory())
            bootstrap_account(environment=environment, say=say, folder=Path(outside))
        deploy_assembly(begun.assembly(say), environment=environment, say=say)


def deploy_assembly(assembly: str, *, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Deploy the stacks of a cloud assembly, a folder that was synthesized.

    Raises:
        CommandError: the CDK failed.
    """
    cdk("deploy", "--all", "--app", assembly, "--require-approval", "never", environment=environment, say=say)


def destroy(
    pipeline_file: Path,
    stage: str,
    *,
    environment: Mapping[str, str],
    say: Callable[[str], None],
    keep_data: bool = True,
) -> None:
    """Remove the stacks of a pipeline; without ``keep_data`` the bucket, too, which must be empty.

    Raises:
        CommandError: the CDK failed.
    """
    told = context(pipeline_file, stage, keep_data=keep_data)
    cdk("destroy", "--all", "--force", *told, environment=environment, say=say)


def find_deployment(cloudformation: Any, pipeline: str, stage: str) -> Deployment:
    """Read the outputs of a pipeline's stacks.

    Raises:
        CommandError: the stacks are not there.
    """
    outputs = {
        key: value
        for part in ("storage", "workflow")
        for key, value in outputs_of(cloudformation, pipeline, stage, part).items()
    }
    if missing := {"BucketName", "StateMachineArn", "TopicArn"} - set(outputs):
        raise CommandError(
            f"the stacks of {prefix(pipeline, stage)} lack {', '.join(sorted(missing))}: their deployment has failed",
            remedy=f"Deploy again: make deploy PIPELINE={pipeline} STAGE={stage}",
        )
    return Deployment(outputs["BucketName"], outputs["StateMachineArn"], outputs["TopicArn"])


def outputs_of(cloudformation: Any, pipeline: str, stage: str, part: str) -> dict[str, str]:
    """Return the outputs of one of a pipeline's stacks: ``storage``, ``personalize`` or ``workflow``.

    Raises:
        CommandError: it is not there.
    """
    name = f"{prefix(pipeline, stage)}-{part}"
    try:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        raise CommandError(
            f"stack {name} cannot be read: {error}",
            remedy=f"Deploy it: make deploy PIPELINE={pipeline} STAGE={stage}, or run with --local",
        ) from error
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
