"""Every grant has a run that needs it, in a pipeline with the Spark job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded_aws.glue import spark
from tests.permissions.exploring import explore

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS
    from tests.permissions.exploring import Explored

LACKING = spark.missing()


@pytest.fixture(scope="module")
def explored(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Explored:
    """The pipeline, to which everything has happened."""
    if LACKING is not None:
        pytest.skip(LACKING)
    return explore(aws, "sparkling", tmp_path_factory.mktemp("file"))


def test_nothing_was_denied(explored: Explored) -> None:
    """No role of the pipeline was refused anything."""
    assert {} == explored.denied


def test_every_statement_is_needed(explored: Explored) -> None:
    """Each statement alone allowed some call, which without it is denied; the others are explained."""
    assert [] == explored.idle_statements


def test_every_grant_is_needed(explored: Explored) -> None:
    """Each action on each resource pattern was needed by a call; the others are explained."""
    assert [] == explored.idle_grants
