"""What of this repository a function or a job ships: the modules that it imports, the files they read, no others."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from definition.paths import ROOT

CHARTS = "build/charts.js"
"""The charting library of reports, built by lambdas/build_charts.py."""

_PACKAGES = ("definition", "jobs", "lambdas", "pricing", "transform")
"""The packages whose modules run on AWS."""

_READ_BY = {"lambdas/report/page.py": ("lambdas/report/*.html", "lambdas/report/*.css", "lambdas/report/*.js", CHARTS)}
"""Files that a module reads at run time, as patterns."""


class FileMissingError(Exception):
    """A file that a function reads has not been built yet."""


def files_of(entry: str) -> list[Path]:
    """Return what a function ships: its modules, and the files that they read.

    Args:
        entry: dotted name of a module.

    Raises:
        FileMissingError: one of them is not there.
    """
    modules = modules_of(entry)
    read: list[Path] = []
    for pattern in (pattern for module in modules for pattern in _READ_BY.get(module.as_posix(), ())):
        found = [file.relative_to(ROOT) for file in ROOT.glob(pattern)]
        if not found:
            raise FileMissingError(f"{ROOT / pattern} is missing: run `make setup`, which builds it")
        read += found
    return sorted({*modules, *read})


def modules_of(entry: str) -> list[Path]:
    """Return the files that a module needs: itself, what it imports of ours, however deep, and their packages.

    Imports inside functions count, those for type checkers do not.

    Args:
        entry: dotted name of a module, for example ``lambdas.transform.handler``.

    Returns:
        paths relative to the repository, sorted.
    """
    found: set[Path] = set()
    waiting = [entry]
    while waiting:
        file = _file(ROOT, waiting.pop())
        if file is None or file in found:
            continue
        found.add(file)
        waiting.extend(_imported((ROOT / file).read_text()))
    packages = {above / "__init__.py" for file in found for above in file.parents[:-1]}
    return sorted(found | packages)


def ignored_but(files: list[Path]) -> list[str]:
    """Return the lines of a .gitignore that leaves nothing but these files, for an asset of the whole repository."""
    folders = sorted({above.as_posix() for file in files for above in file.parents[:-1]})
    return ["*", *(f"!/{folder}/" for folder in folders), *(f"!/{file.as_posix()}" for file in files)]


@cache  # a synthesis asks two thousand times for three hundred modules
def _file(root: Path, module: str) -> Path | None:
    """Return the file of a module of ours; None for a name within a module, and for what is not ours."""
    path = Path(*module.split("."))
    if path.parts[0] not in _PACKAGES:
        return None
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return None


@cache
def _imported(source: str) -> list[str]:
    """Return the dotted names that a module imports: of ``from a import b`` both ``a`` and ``a.b``."""
    tree = ast.parse(source)
    for_checkers = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for part in node.body
        for inner in ast.walk(part)
    }
    names: list[str] = []
    for node in ast.walk(tree):
        if node in for_checkers:
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
