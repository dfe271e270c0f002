"""What it costs to enforce roles: python -m bench enforcement.

The work of `make run` on the bundled films, deployment and run, in processes of its own: with roles enforced, and
beside it with every request let through. CPU seconds of the process and its children, in turn, several rounds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.process import run

ROUNDS = 3


def main() -> None:
    """Print the CPU seconds of both, and their ratio."""
    seconds: dict[str, list[float]] = {"enforced": [], "let through": []}
    for _ in range(ROUNDS):
        for way, measured in seconds.items():
            _, cpu, _, _ = run("bench.enforcement", way)
            measured.append(cpu)
    table = Table("roles are", "CPU s, median", "rounds", title="make run of the film pipeline")
    for way, measured in seconds.items():
        table.add_row(way, f"{statistics.median(measured):.1f}", " ".join(f"{each:.1f}" for each in measured))
    Console().print(table)
    pairs = [one / other for one, other in zip(*seconds.values(), strict=True)]
    Console().print(f"Enforcing roles takes {statistics.median(pairs):.3f} times the CPU (median of the rounds).")


def _run_films(*, enforced: bool) -> None:
    """Do what `make run` does, or the same with a server that asks nobody."""
    from cli.folders import raw_folder  # noqa: PLC0415  # the parent needs none of it
    from cli.run import RunOptions, run_local  # noqa: PLC0415  # as above
    from cli.toolkit import Synthesis  # noqa: PLC0415  # as above
    from cli.view import View  # noqa: PLC0415  # as above
    from definition.load import load  # noqa: PLC0415  # as above
    from definition.paths import find  # noqa: PLC0415  # as above
    from embedded_aws import server  # noqa: PLC0415  # as above

    if not enforced:
        server.Gate = lambda inner, _: inner  # type: ignore[assignment,attr-defined]
    file = find("movielens")
    pipeline = load(file)
    with tempfile.TemporaryDirectory() as out, Synthesis(file, "dev", examined=False) as synthesis:
        options = RunOptions(file, "dev", raw_folder(pipeline, None, local=True), Path(out), {})
        if not run_local(pipeline, options, View(), synthesis):
            sys.exit(1)


if __name__ == "__main__":
    _run_films(enforced=sys.argv[1] == "enforced")
