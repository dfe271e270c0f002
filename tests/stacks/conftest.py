"""Stacks synthesized once, with the context of cdk.json as the command line gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from definition.load import load
from definition.paths import PIPELINES
from tests.synthesis import synthesize, templates_in

if TYPE_CHECKING:
    from pathlib import Path


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
