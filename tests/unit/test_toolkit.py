"""The CDK's command line as commands begin it."""

from __future__ import annotations

import subprocess

import pytest

from cli.errors import CommandError
from cli.toolkit import Synthesis
from definition.paths import find


def living(group: int) -> list[str]:
    """Return the processes of a group, without those that are dead and not yet buried."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,comm="], capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 2) for line in listed.splitlines())
    return [name for found, status, name in rows if int(found) == group and not status.startswith("Z")]


def test_a_synthesis_that_nobody_waits_for_ends() -> None:
    """A run whose data is refused leaves the context at once: of the CDK and what it has begun nothing goes on."""
    with Synthesis(find("movielens"), "test") as synthesis:
        group = synthesis.group
        begun = living(group)

    assert begun
    assert [] == living(group)


@pytest.mark.slow
def test_a_synthesis_that_fails_tells_what_the_app_said() -> None:
    """The words of the app are in the error. It costs the start of the CDK's own app, which nothing else replaces."""
    with (
        Synthesis(find("movielens"), "Too-Long-A-Stage") as synthesis,
        pytest.raises(CommandError, match="stage 'Too-Long-A-Stage' is wrong"),
    ):
        synthesis.assembly(lambda _: None)
