"""Print what each role of a pipeline that has everything called, what it may, and what is left over.

    make permissions [ONLY="whole-test sparkling"]

Deploys it to an embedded AWS, lets everything happen to it that may, and exits with 1 if a grant is left over that
nobody can explain.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from embedded_aws.glue import spark
from embedded_aws.server import EmbeddedAWS
from tests.permissions.explained import explanation
from tests.permissions.exploring import explore
from tests.permissions.recording import short
from tests.permissions.scenario import DOCUMENTS

if TYPE_CHECKING:
    from tests.permissions.recording import Grant, Recording, Statement

SPEED = 120


def main() -> None:
    """Explore every pipeline and print its roles."""
    console, unexplained = Console(), 0
    for name in DOCUMENTS:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        if name == "sparkling" and (lacking := spark.missing()) is not None:
            console.print(f"{name}: left out. {lacking}")
            continue
        console.print(f"[bold]{name}[/bold]: deploy it, let it run, fail, go on, change and go")
        with tempfile.TemporaryDirectory() as folder, EmbeddedAWS(speed=SPEED) as aws:
            explored = explore(aws, name, Path(folder))
        unexplained += _show(console, name, explored.statements, explored.recording)
    console.print(f"{unexplained} grants left over without an explanation")
    sys.exit(1 if unexplained else 0)


def _show(console: Console, name: str, found: list[Statement], recording: Recording) -> int:
    """Print one table for each role; return the number of unexplained grants."""
    unexplained = 0
    for role in dict.fromkeys(statement.role for statement in found):
        granted = {grant for statement in found if statement.role == role for grant in statement.grants}
        calls = recording.calls[role]
        table = Table("action", "resource", "calls", "left over because", title=short(role, f"{name}-test"))
        for column in table.columns:
            column.overflow = "fold"
        for grant in sorted(granted, key=lambda grant: (grant.action, grant.resource)):
            why = "" if grant in recording.used else explanation(grant) or "NOBODY KNOWS"
            unexplained += why == "NOBODY KNOWS"
            table.add_row(grant.action, _plain(grant), str(calls[grant.action] or ""), why)
        console.print(table)
        for refused in sorted(recording.denied[role]):
            console.print(f"  denied: {refused}")
    return unexplained


def _plain(grant: Grant) -> str:
    """Return a resource without what is the same everywhere."""
    return grant.resource.replace(":us-east-1:123456789012:", "::").replace("arn:aws:", "").replace(":::", ":")


if __name__ == "__main__":
    main()
