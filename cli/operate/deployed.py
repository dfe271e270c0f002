"""A pipeline in the AWS of the environment, as commands find it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.arguments import check_stage, load_pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import boto3

    from cli.deployment import Deployment
    from cli.view import View
    from definition.file.pipeline import Pipeline

_EVERY = 5.0
"""Seconds between two looks at an execution."""


@dataclass(frozen=True)
class Deployed:
    """A pipeline in the AWS of the environment."""

    pipeline: Pipeline
    file: Path
    stage: str
    session: boto3.Session
    deployment: Deployment
    view: View

    @property
    def machine(self) -> str:
        """ARN of its state machine."""
        return self.deployment.state_machine_arn

    @property
    def stepfunctions(self) -> Any:
        """A boto3 Step Functions client."""
        return self.session.client("stepfunctions")

    def command(self, name: str, *more: str) -> str:
        """Return a command line for this pipeline."""
        from cli.folders import relative  # noqa: PLC0415  # not for `pipelines --help`: see cli/main.py

        return " ".join(["pipelines", name, relative(self.file), *more, "--stage", self.stage])

    def follow(self, execution: str, out: Path) -> bool:
        """Watch an execution to its end, and bring what its run left; return whether it succeeded."""
        from cli.execution import watch  # noqa: PLC0415  # as above

        with self.view.phase("Run"):
            ended = watch(self.stepfunctions, execution, self.view, every=_EVERY, attach=self.command("follow"))
        return self.bring(ended, out)

    def bring(self, execution: dict[str, Any], out: Path) -> bool:
        """Bring what the run of an ended execution left; return whether it succeeded."""
        from cli.execution import Place, bring  # noqa: PLC0415  # as above

        place = Place(self.pipeline, self.file, self.deployment.bucket, out)
        return bring(self.session.client("s3"), place, execution, self.view)


@contextmanager
def deployed(pipeline: str, stage: str) -> Iterator[Deployed]:
    """Find a pipeline in the AWS of the environment, and let what stops the command be read as an error.

    Args:
        pipeline: name or path of its file.
        stage: part of every name.

    Raises:
        Exit: with 1, after an error that was printed.
        BadParameter: no name could hold the stage.
    """
    from cli.account import session, told  # noqa: PLC0415  # as above
    from cli.deployment import find_deployment  # noqa: PLC0415  # as above
    from cli.view import View  # noqa: PLC0415  # as above

    view = View()
    loaded, file = load_pipeline(pipeline)
    check_stage(stage)
    with told(view):
        own = session()
        deployment = find_deployment(own.client("cloudformation"), loaded.name, stage)
        yield Deployed(loaded, file, stage, own, deployment, view)
