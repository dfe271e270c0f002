"""What the command line imports before it answers: a look at a file must not wait for an AWS."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest
from typer.main import get_command

from cli.main import app
from definition.paths import ROOT

HEAVY = {"aws_cdk", "boto3", "botocore", "embedded_aws", "moto", "numpy", "polars", "scipy"}
LOOK = """
import json, sys
from cli.main import app
loaded = {}
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments, prog_name="pipelines")
    except SystemExit as ended:
        assert not ended.code, arguments
    loaded[" ".join(arguments)] = sorted({name.split(".")[0] for name in sys.modules})
print("loaded:", json.dumps(loaded))
"""


def loaded(*calls: list[str]) -> dict[str, set[str]]:
    """Run commands one after the other in a process of their own; return the packages that are there after each."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, json.dumps(calls)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told, _, names = done.stdout.rpartition("loaded: ")
    assert told, done.stderr
    return {call: set(packages) for call, packages in json.loads(names).items()}


@pytest.mark.slow
def test_help_imports_neither_an_aws_nor_the_meaning_of_files() -> None:
    """Help needs no SDK, no emulator and no table engine, nor what reads pipeline files with its SQL parser."""
    commands = get_command(app).commands
    helped = loaded(["--help"], *([name, "--help"] for name in commands))
    found = {call: names & (HEAVY | {"definition", "sqlglot"}) for call, names in helped.items()}

    assert {"run", "up", "ask", "doctor", "first-contact", "serve", "cost", "init", "import"} <= set(commands)
    assert {} == {call: names for call, names in found.items() if names}


def test_validate_imports_no_aws() -> None:
    """A pipeline file is read without an SDK, an emulator or a table engine; it does need the file's models."""
    (names,) = loaded(["validate", "movielens"]).values()

    assert not names & HEAVY
    assert {"definition", "sqlglot"} <= names


def test_the_application_cannot_be_uploaded() -> None:
    """It declares no dependencies, so an index must refuse it; the classifier makes each one do so."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert "dependencies" not in project
    assert "Private :: Do Not Upload" in project["classifiers"]
