"""Stacks synthesized once, with the context of cdk.json as the command line gives it."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from spec.files import PIPELINES, ROOT
from spec.load import load
from stacks.app import add_stacks

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("storage", "personalize", "workflow")
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]


@pytest.fixture(scope="session", autouse=True)
def _own_node() -> None:
    # jsii runs on the Node that the project installs, whatever else the machine has.
    os.environ["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"


def nag_findings(app: App, outdir: Path) -> list[str]:
    """Synthesize an app with the AwsSolutions rules and return what they found: rule and resource."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with contextlib.suppress(RuntimeError):  # jsii's word for a synthesis that findings stopped
        app.synth()
    report = json.loads((outdir / "validation-report.json").read_text())
    return [
        f"{violation['ruleName']} {construct['constructPath']}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


def film_app(outdir: Path) -> App:
    """Return the app with the film pipeline's stacks."""
    app = App(context=CONTEXT, outdir=str(outdir))
    add_stacks(app, load(PIPELINES / "movielens.yaml"), stage="dev", keep_data=True)
    return app


def synthesize(outdir: Path) -> None:
    """Write the film pipeline's assembly to a folder."""
    film_app(outdir).synth()


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of the film pipeline."""
    folder = tmp_path_factory.mktemp("assembly")
    synthesize(folder)
    return folder


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, dict[str, Any]]:
    """The templates by part: storage, personalize, workflow."""
    return {part: json.loads((assembly / f"movielens-dev-{part}.template.json").read_text()) for part in PARTS}
