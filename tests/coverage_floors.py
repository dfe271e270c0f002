"""The share of each package that its tests must reach: `python -m tests.coverage_floors [SUITE]`, after they ran.

One number for all would let the largest package hide the smallest. The suites of whole deployments are not measured;
what only they reach is the command line's, which has no floor.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path, PurePath

from coverage import Coverage
from rich.console import Console
from rich.table import Table

FLOORS = {
    "definition": 97,
    "transform": 91,
    "pricing": 95,
    "stacks": 98,
    "lambdas/transform": 92,  # what Polars calls in threads of its own is not seen
    "lambdas/publish": 97,
    "lambdas/deliver": 93,
    "lambdas/teardown": 88,
    "lambdas": 75,  # the rest: clean-up and schema changes are reached by whole pipelines
    "drafting": 90,
}
"""Percent of lines and branches, by folder, that the suites reach which always run."""

OF_SUITE = {
    "emulator/tests": {"embedded_aws": 90},
    "tests/parity": {"jobs": 78},  # what Spark's Python workers run is not seen
}
"""The same of suites that are left out where nothing that they depend on has changed."""


def measured() -> dict[str, tuple[int, int]]:
    """Return, by folder, how many lines and branches there are and how many of them were reached."""
    data = Coverage()
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "coverage.json")
        data.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for name, file in files.items():
        summary = file["summary"]
        there = summary["num_statements"] + summary["num_branches"]
        reached = summary["covered_lines"] + summary["covered_branches"]
        folder = _owner(PurePath(name))
        found[folder] = (found[folder][0] + there, found[folder][1] + reached)
    return dict(found)


def _owner(file: PurePath) -> str:
    parts = file.parts
    if "embedded_aws" in parts:
        return "embedded_aws"
    own = "/".join(parts[:2])
    return own if own in FLOORS else parts[0]


def main(suites: list[str]) -> int:
    """Print a row for each package; return 1 if one is below its floor."""
    floors, found = OF_SUITE[suites[0]] if suites else FLOORS, measured()
    table = Table("package", "lines and branches", "reached %", "floor %")
    below = []
    for package in floors:
        there, reached = found.get(package, (0, 0))
        share = 100 * reached / there if there else 0.0
        table.add_row(package, str(there), f"{share:.1f}", str(floors[package]))
        below += [package] if share < floors[package] else []
    Console().print(table)
    for package in below:
        print(f"{package} is below its floor: coverage report --include='*{package}/*' shows what no test reaches")  # noqa: T201  # a command
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
