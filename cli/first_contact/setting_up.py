"""Look at the account, and deploy the films to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.deployment import deploy, find_deployment
from cli.doctor.examination import Examination
from cli.doctor.examine import examine
from cli.doctor.findings import Level
from cli.doctor.show import summary, table
from cli.errors import CommandError
from cli.first_contact.documents import NAME
from cli.operate.removal import cdk_environment

if TYPE_CHECKING:
    from pathlib import Path

    from cli.first_contact.world import World
    from definition.file.pipeline import Pipeline

_BOOTSTRAP = "CDK bootstrap"
_RAW = "raw data"


def examine_account(world: World, pipeline: Pipeline) -> str:
    """Let the doctor look; what the next steps mend themselves stops nothing.

    Raises:
        CommandError: something else would stop them.
    """
    examination = Examination(pipeline, world.folder, world.stage, world.session)
    findings = list(examine(examination))
    world.view.console.print(table(examination, findings), highlight=False)
    failed = {finding.check: finding for finding in findings if finding.level is Level.FAILURE}
    world.memo["bootstrap"] = _BOOTSTRAP in failed
    for mended in (_BOOTSTRAP, _RAW):
        failed.pop(mended, None)
    for finding in failed.values():
        raise CommandError(f"{finding.check}: {finding.seen}", remedy=finding.remedy)
    if examination.stacks:
        raise CommandError(
            f"{world.prefix} is deployed already, by a first contact that was kept or has failed",
            remedy=f"Remove it: pipelines first-contact --stage {world.stage} --remove",
        )
    return "not bootstrapped for the CDK yet: the next step does it" if world.memo["bootstrap"] else summary(findings)


def deploy_films(world: World, file: Path) -> str:
    """Deploy a pipeline file, and bootstrap the account before if it is not; return what is there."""
    deploy(
        file,
        world.stage,
        environment=cdk_environment(world.session),
        say=lambda _: None,
        bootstrap=world.memo.get("bootstrap", False),
        keep_data=False,
    )
    world.memo["bootstrap"] = False
    world.deployment = find_deployment(world.client("cloudformation"), NAME, world.stage)
    return f"bucket {world.bucket}, state machine {world.deployed.state_machine_arn}"
