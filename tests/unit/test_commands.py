"""The commands that need no AWS, and the help of all."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import app
from definition.paths import ROOT
from tests.documents import shop

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def invoke(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})


def test_validate_says_that_a_file_is_right() -> None:
    """The bundled pipeline is named as right, with what it holds."""
    done = invoke("validate", "movielens")

    assert 0 == done.exit_code
    assert "movielens.yaml is right: 1 dataset, 1 solution, 1 batch job" in done.output


def test_validate_tells_every_mistake(tmp_path: Path) -> None:
    """A file with mistakes ends with exit code 1 and all of them."""
    file = tmp_path / "bad.yaml"
    file.write_text(json.dumps(shop(name="Bad", extra=1, solutions__0__recipe="nothing", max_rejected=7, schedule=3)))
    done = invoke("validate", str(file))

    assert 1 == done.exit_code
    assert "5 mistakes" in done.output
    for place in ("name:", "extra:", "solutions[0].recipe:", "max_rejected:", "schedule:"):
        assert place in done.output


def test_a_pipeline_that_is_not_there_is_told() -> None:
    """An unknown name lists the known ones, and the one that it is like."""
    done = invoke("validate", "movielen")

    assert 1 == done.exit_code
    assert "Did you mean movielens? Give the path of a file, or one of: ad-audience, movielens" in done.output


def test_schema_describes_every_key() -> None:
    """The JSON Schema knows the file's keys and refuses others."""
    schema = json.loads(invoke("schema").output)

    assert {"name", "datasets"} == set(schema["required"])
    assert [["solutions"], ["recommenders"]] == [each["required"] for each in schema["anyOf"]]
    assert schema["additionalProperties"] is False
    columns = schema["$defs"]["Column"]["properties"]
    assert {"from", "value", "expression", "map", "unit", "format", "timezone", "type"} <= set(columns)
    assert all(column["description"] for column in columns.values())


def test_the_version_is_that_of_the_project() -> None:
    """`--version` prints what pyproject.toml says, and nothing else."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert f"{version}\n" == invoke("--version").output


@pytest.mark.parametrize("command", sorted(get_command(app).commands))
def test_every_command_teaches(command: str) -> None:
    """Help says what a command does and gives an example."""
    done = invoke(command, "--help")

    assert 0 == done.exit_code
    assert "Example: pipelines" in done.output
