"""What the command line imports before it answers: a look at a file must not wait for an AWS."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from definition.paths import ROOT

HEAVY = {"aws_cdk", "boto3", "botocore", "embedded_aws", "moto", "numpy", "polars", "scipy"}
LOOK = """
import sys
from cli.main import app
try:
    app(sys.argv[1:], prog_name="pipelines")
finally:
    print("loaded:", *{name.split(".")[0] for name in sys.modules})
"""


def loaded(*arguments: str) -> set[str]:
    """Run the command in a process of its own; return the packages that were imported until it ended."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told, _, names = done.stdout.rpartition("loaded: ")
    assert told, done.stderr
    return set(names.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["init", "--help"],
        ["run", "--help"],
        ["up", "--help"],
        ["ask", "--help"],
        ["doctor", "--help"],
        ["first-contact", "--help"],
        ["serve", "--help"],
        ["cost", "--help"],
        ["prices", "--help"],
    ],
)
def test_help_imports_neither_an_aws_nor_the_meaning_of_files(arguments: list[str]) -> None:
    """Help needs no SDK, no emulator and no table engine, nor what reads pipeline files with its SQL parser."""
    assert not loaded(*arguments) & (HEAVY | {"definition", "sqlglot"})


def test_validate_imports_no_aws() -> None:
    """A pipeline file is read without an SDK, an emulator or a table engine; it does need the file's models."""
    names = loaded("validate", "movielens")

    assert not names & HEAVY
    assert {"definition", "sqlglot"} <= names


def test_the_application_cannot_be_uploaded() -> None:
    """It declares no dependencies, so an index must refuse it; the classifier makes each one do so."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert "dependencies" not in project
    assert "Private :: Do Not Upload" in project["classifiers"]
