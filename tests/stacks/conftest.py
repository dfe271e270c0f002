"""Stacks synthesized once, with the context of cdk.json as the command line gives it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from definition.load import load
from definition.paths import PIPELINES
from tests.synthesis import synthesize, templates_in

if TYPE_CHECKING:
    from pathlib import Path

    from aws_cdk import App


def nag_findings(app: App, outdir: Path) -> list[str]:
    """Synthesize an app with the rules of both packs and return what they found: rule and resource."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    with contextlib.suppress(RuntimeError):  # jsii's word for a synthesis that findings stopped
        app.synth()
    report = json.loads((outdir / "validation-report.json").read_text())
    return [
        f"{violation['ruleName']} {construct['constructPath']}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assembly of the film pipeline."""
    folder = tmp_path_factory.mktemp("assembly")
    synthesize(load(PIPELINES / "movielens.yaml"), folder)
    return folder


@pytest.fixture(scope="session")
def templates(assembly: Path) -> dict[str, dict[str, Any]]:
    """The templates by part: storage, personalize, workflow."""
    return templates_in(assembly, "movielens-dev")
