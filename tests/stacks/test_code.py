"""What functions and the Glue job ship."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import FileSystem, IgnoreMode

from definition.paths import ROOT
from stacks import code
from stacks.code import CHARTS, FileMissingError, files_of, ignored_but, modules_of

FUNCTIONS = ("cleanup", "dataset", "deliver", "publish", "report", "teardown", "transform")
ENTRIES = (*(f"lambdas.{name}.handler" for name in FUNCTIONS), "jobs.transform.main")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what may be shipped."""
    copy = tmp_path_factory.mktemp("repository")
    for package in ("definition", "transform", "pricing", "lambdas", "jobs", "stacks"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def fingerprints(tree: Path) -> dict[str, str]:
    """Return what the CDK would call the asset of each entry."""
    return {
        entry: FileSystem.fingerprint(str(tree), ignore_mode=IgnoreMode.GIT, exclude=ignored_but(modules_of(entry)))
        for entry in ENTRIES
    }


def test_every_function_is_looked_at() -> None:
    """The tests below know every handler."""
    assert {file.parent.name for file in (ROOT / "lambdas").glob("*/handler.py")} == set(FUNCTIONS)


def test_functions_carry_only_their_own_source(assembly: Path) -> None:
    """An asset of a synthesized pipeline holds exactly the modules that its handler imports and what these read."""
    assets = [folder for folder in assembly.glob("asset.*") if folder.is_dir()]
    shipped = {
        name: sorted(file.relative_to(asset) for file in asset.rglob("*") if file.is_file())
        for asset in assets
        for name in FUNCTIONS
        if (asset / "lambdas" / name / "handler.py").exists()
    }

    assert len(assets) == len(shipped) == len(FUNCTIONS) - 2, "this pipeline alters no dataset, and delivers nothing"
    assert {name: files_of(f"lambdas.{name}.handler") for name in shipped} == shipped
    assert {"publish": False, "report": True} == {name: Path(CHARTS) in shipped[name] for name in ("publish", "report")}


def test_charts_that_were_not_built_are_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the charting library a synthesis ends with the command that builds it, and not a run."""
    shutil.copytree(ROOT / "lambdas", tmp_path / "lambdas", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "ROOT", tmp_path)
    with pytest.raises(FileMissingError, match=r"charts\.js is missing: run `make setup`"):
        files_of("lambdas.report.handler")


@pytest.mark.slow
@pytest.mark.parametrize("entry", ENTRIES[:-1])
def test_what_is_shipped_is_enough(tree: Path, tmp_path: Path, entry: str) -> None:
    """A handler loads where nothing of the repository lies beside what it ships."""
    for file in modules_of(entry):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree / file, tmp_path / file)
    code = f"""
import sys
sys.path[:] = [path for path in sys.path if path != {str(ROOT)!r}]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
sys.path.insert(0, {str(tmp_path)!r})
import {entry}
print(*sorted(name for name in sys.modules if name.split(".")[0] in {{"definition", "transform", "lambdas"}}))
"""
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout.split()

    assert entry in loaded


def test_words_for_people_deploy_nothing(tree: Path) -> None:
    """A word in a validator or in a stack changes no function and no job; one in a reason changes what says it."""
    before = fingerprints(tree)
    for place in ("definition/rules/realtime.py", "definition/file/solutions.py", "stacks/workflow.py"):
        (tree / place).write_text((tree / place).read_text() + "# another word\n")
    assert before == fingerprints(tree)

    (tree / "transform" / "reasons.py").write_text((ROOT / "transform" / "reasons.py").read_text() + "# another\n")
    changed = {entry for entry, name in fingerprints(tree).items() if before[entry] != name}
    assert {"lambdas.transform.handler", "jobs.transform.main"} == changed
