"""Suites that are left out where nothing changed: what they depend on is in the table."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.record import ROOT, SUITES, inputs

SOURCES = (ROOT, ROOT / "emulator" / "src")


def imported(file: Path) -> set[str]:
    """Return the dotted names that a module imports, wherever in it; of ``from a import b`` both ``a`` and ``a.b``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def ours(name: str) -> list[Path]:
    """Return the file of a module of this repository, and those of its packages."""
    parts = name.split(".")
    found = [Path(source, *parts[: count + 1]) for source in SOURCES for count in range(len(parts))]
    return [file for path in found for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


def reached(suite: str) -> set[Path]:
    """Return every module of this repository that the modules of a suite import, however deep."""
    seen: set[Path] = set()
    waiting = list((ROOT / suite).rglob("*.py"))
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += [other for name in imported(file) for other in ours(name)]
    return seen


@pytest.mark.parametrize("suite", SUITES)
def test_what_a_suite_imports_is_among_its_inputs(suite: str) -> None:
    """Nothing of the repository that a suite reaches by its imports can change without it: but for the command line."""
    missing = {file.relative_to(ROOT) for file in reached(suite) - set(inputs(suite)) if file.stat().st_size}

    assert set() == {file.as_posix() for file in missing if file.parts[0] != "cli"}


@pytest.mark.parametrize("suite", ["tests/permissions", "tests/spark"])
def test_what_is_deployed_is_among_the_inputs(suite: str) -> None:
    """Functions and jobs are imported by nobody, but deployed: a change of theirs, too, lets the suite run."""
    deployed = {"lambdas/publish/handler.py", "jobs/transform/main.py", "lambdas/requirements.txt", "cdk.json"}

    assert deployed <= {file.relative_to(ROOT).as_posix() for file in inputs(suite)}
