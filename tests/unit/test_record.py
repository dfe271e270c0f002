"""Suites that are left out where nothing changed: what they depend on is in the table."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests import record
from tests.record import ROOT, SUITES, inputs

SOURCES = (ROOT, ROOT / "emulator" / "src")


@cache  # what several suites reach is read once
def imported(file: Path) -> set[str]:
    """Return the dotted names that a module imports, wherever in it; of ``from a import b`` both ``a`` and ``a.b``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@cache
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


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_what_a_suite_imports_is_among_its_inputs(suite: str) -> None:
    """Nothing of the repository that a suite reaches by its imports can change without it: but for the command line."""
    missing = {file.relative_to(ROOT) for file in reached(suite) - set(inputs(suite)) if file.stat().st_size}

    assert set() == {file.as_posix() for file in missing if file.parts[0] != "cli" or suite == "tests/pipeline"}


@pytest.mark.parametrize("suite", ["tests/permissions", "tests/pipeline", "tests/spark"])
def test_what_is_deployed_is_among_the_inputs(suite: str) -> None:
    """Functions and jobs are imported by nobody, but deployed: a change of theirs, too, lets the suite run."""
    deployed = {"lambdas/publish/handler.py", "jobs/transform/main.py", "lambdas/requirements.txt", "cdk.json"}

    assert deployed <= {file.relative_to(ROOT).as_posix() for file in inputs(suite)}


def test_a_suite_is_left_out_until_an_input_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record holds for these contents of these files, pins among them: a changed, new or renamed one breaks it."""
    for name, text in {"product/a.py": "1", "pins.txt": "x==1", "suite/test_a.py": "2"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(record, "ROOT", tmp_path)
    monkeypatch.setattr(record, "SUITES", {"suite": ("product", "suite")})
    monkeypatch.setattr(record, "_PINS", ["pins.txt"])
    monkeypatch.setattr(record.spark, "missing", lambda: None)

    assert 1 == record.main(["suite"])
    for name, text in (("product/a.py", "3"), ("product/b.py", ""), ("pins.txt", "x==2"), ("suite/test_a.py", "4")):
        assert 0 == record.main(["suite", "--passed", record.fingerprint("suite")])
        assert 0 == record.main(["suite"])
        before = record.fingerprint("suite")
        (tmp_path / name).write_text(text)
        assert 1 == record.main(["suite"]), name
        assert 0 == record.main(["suite", "--passed", before])
        assert 1 == record.main(["suite"]), "it changed while the suite ran"


def test_without_spark_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where tests were skipped for want of Java, the suite has not passed."""
    before = {path: path.read_bytes() for path in ROOT.rglob("passed.sha256") if ".venv" not in path.parts}
    monkeypatch.setattr(record.spark, "missing", lambda: "no Java")

    assert 0 == record.main(["tests/parity", "--passed", record.fingerprint("tests/parity")])
    assert "not recorded" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in before}
