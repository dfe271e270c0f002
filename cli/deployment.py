"""Deploy pipelines with the CDK, and find what was deployed."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.errors import CommandError
from definition.paths import ROOT
from definition.plan.names import prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Node comes with this environment, whether or not it is activated.
_OWN_TOOLS = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
# No colours, and no word to anybody: neither for the newest version nor with telemetry of what is deployed here.
_QUIET = {"CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "true", "NO_COLOR": "1"}
PARTS = ("storage", "personalize", "workflow")
"""The stacks of a pipeline, in the order of their deployment."""

_CDK = ROOT / "node_modules" / ".bin" / "cdk"


@dataclass(frozen=True)
class Deployment:
    """What the stacks of a pipeline and stage made."""

    bucket: str
    state_machine_arn: str
    topic_arn: str


def cdk(*arguments: str, environment: Mapping[str, str], say: Callable[[str], None], folder: Path = ROOT) -> None:
    """Run the CDK command line in ``folder`` and hand each line it prints to ``say``.

    Raises:
        CommandError: it failed; the error holds the end of what it printed.
    """
    if not _CDK.exists():
        raise CommandError(f"{_CDK} is missing", remedy="Run `make setup`")
    printed: list[str] = []
    with subprocess.Popen(  # noqa: S603  # our own pinned CDK
        [_CDK, *arguments],
        cwd=folder,
        env={**os.environ, **environment, **_OWN_TOOLS, **_QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            printed.append(line.rstrip())
            say(printed[-1])
    if process.returncode:
        # The summary at the end says what failed; the events before it are hundreds of lines.
        summary = printed.index("Failed resources:") if "Failed resources:" in printed else -15
        text = "\n".join(printed[summary:])
        raise CommandError(f"cdk {arguments[0]} failed:\n{text}", remedy="Mend what it names and run again")


def deploy(
    pipeline_file: Path,
    stage: str,
    *,
    environment: Mapping[str, str],
    say: Callable[[str], None],
    bootstrap: bool = True,
    keep_data: bool = True,
) -> None:
    """Bootstrap the account for the CDK and deploy the stacks of a pipeline.

    Args:
        pipeline_file: the pipeline file.
        stage: part of every name.
        environment: variables for the CDK, with CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION.
        say: is told each line that the CDK prints.
        bootstrap: False where the account is bootstrapped already: doing it again could undo what people changed there.
        keep_data: whether the bucket survives ``cdk destroy``.

    Raises:
        CommandError: the CDK failed.
    """
    context = _context(pipeline_file, stage, keep_data=keep_data)
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(2) as pool:
        assembly = f"{temporary}/cdk.out"
        synth = functools.partial(cdk, environment=environment, say=say)
        # Neither needs the other.
        steps = [pool.submit(synth, "synth", "--quiet", "--output", assembly, *context)]
        if bootstrap:
            outside = functools.partial(bootstrap_account, folder=Path(temporary))
            steps.append(pool.submit(outside, environment=environment, say=say))
        for step in steps:
            step.result()
        deploy_assembly(assembly, environment=environment, say=say)


def bootstrap_account(*, environment: Mapping[str, str], say: Callable[[str], None], folder: Path) -> None:
    """Bootstrap account and region of the environment for the CDK.

    Args:
        environment: as for ``deploy``.
        say: is told each line that the CDK prints.
        folder: outside of the project, whose app would be synthesized for nothing.

    Raises:
        CommandError: the CDK failed.
    """
    place = f"aws://{environment['CDK_DEFAULT_ACCOUNT']}/{environment['CDK_DEFAULT_REGION']}"
    cdk("bootstrap", place, environment=environment, say=say, folder=folder)


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
    context = _context(pipeline_file, stage, keep_data=keep_data)
    cdk("destroy", "--all", "--force", *context, environment=environment, say=say)


def _context(pipeline_file: Path, stage: str, *, keep_data: bool) -> tuple[str, ...]:
    values = (f"pipeline={pipeline_file}", f"stage={stage}", *(() if keep_data else ("keep_data=false",)))
    return tuple(part for value in values for part in ("--context", value))


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
