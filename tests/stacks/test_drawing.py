"""Pictures: of a pipeline and of its state machine, those of the documentation and those of `pipelines graph`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from cli.main import app
from stacks.drawing import page
from stacks.drawing.machine import general, job_states, levels
from tests.documents import shop
from tests.stacks.test_asl import RIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_LABEL = 30


def test_the_documentation_shows_the_definition() -> None:
    """The generated page and drawings are those in docs."""
    files = page.files()

    assert {path.name: path.read_text("utf-8") for path in files} == {path.name: text for path, text in files.items()}


def test_the_documentation_leaves_no_state_out() -> None:
    """Each state has a row in the page with its comment, and a node in a drawing; a job's have one for all jobs."""
    text = page.PAGE.read_text("utf-8")
    drawn = "".join(path.read_text("utf-8") for path in sorted(page.DOCS.glob("state-machine*.svg")))
    for _, states in levels(page.machine()["States"], ""):
        jobs = job_states(states)
        for name, state in states.items():
            label = jobs.get(name)
            shown, comment = (general(each, label) if label else each for each in (name, state["Comment"]))
            row = next(line for line in text.splitlines() if line.startswith((f"| {shown} |", f"| {shown} (red) |")))
            assert row.endswith(f"| {comment.replace('<', '&lt;')} |")
            assert f"<title>{label or name}</title>" in drawn or f"<title>cluster {name}</title>" in drawn


def test_the_documentation_has_the_states_that_compare_recipes() -> None:
    """Each state of a pipeline with best_of has a row, too: with those of any pipeline, or in a part of its own."""
    text = page.PAGE.read_text("utf-8")
    for _, states in levels(RIGHT["best of several"]["States"], ""):
        jobs = job_states(states)
        for name in states:
            shown = general(name, jobs[name]) if name in jobs else name
            assert f"| {shown} |" in text or f"| {shown} (red) |" in text


def _rules(states: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for _, level in levels(states, ""):
        for state in level.values():
            yield from state.get("Choices", ())


@pytest.mark.parametrize("name", RIGHT)
def test_each_choice_says_when(name: str) -> None:
    """Every rule of every Choice has a label that fits beside an arrow, in the console too."""
    assert [] == [
        rule for rule in _rules(RIGHT[name]["States"]) if not 0 < len(rule.get("Comment", "")) <= LONGEST_LABEL
    ]


def _texts(file: Path) -> set[str]:
    return {str(element.text) for element in ET.parse(file).iter() if element.tag.endswith("}text")}  # noqa: S314  # ours


def test_graph_draws_a_pipeline(tmp_path: Path) -> None:
    """From left to right: raw folders, datasets, what is trained by which recipe, where results go, and when."""
    file = tmp_path / "retail.svg"
    ended = CliRunner().invoke(app, ["graph", "online-retail", "--output", str(file)])

    assert (0, f"{file}\n") == (ended.exit_code, ended.output)
    expected = {"raw/orders/", "parquet", "Lambda", "interactions", "items", "users", "for-you", "buyers", "together"}
    expected |= {"aws-item-affinity", "curated/for-you/top25/", "curated/buyers/likely/", "Amazon Personalize"}
    assert expected <= _texts(file)
    assert any("online-retail: started by hand" in text for text in _texts(file))


def test_graph_draws_what_is_looked_up(tmp_path: Path) -> None:
    """The raw data of a look-up leads to the transform as that of the rows does."""
    lookups = {"orders": {"source": {"path": "orders/", "format": "jsonl"}, "key": "order"}}
    section = {"source": {"path": "lines/"}, "lookups": lookups}
    columns = {"USER_ID": "orders.user", "ITEM_ID": "item", "TIMESTAMP": {"from": "orders.at", "unit": "s"}}
    document = shop(datasets={"interactions": section | {"columns": columns}})
    (tmp_path / "shop.yaml").write_text(json.dumps(document))
    file = tmp_path / "shop.svg"
    ended = CliRunner().invoke(app, ["graph", str(tmp_path / "shop.yaml"), "--output", str(file)])

    assert 0 == ended.exit_code, ended.output
    assert {"raw/lines/", "raw/orders/", "csv", "jsonl"} <= _texts(file)


def test_graph_draws_the_states_of_a_pipeline(tmp_path: Path) -> None:
    """A file with recommenders has their states, one without has none, and choices say when."""
    drawn = {}
    for name in ("movielens", "online-retail"):
        file = tmp_path / f"{name}.dot"
        ended = CliRunner().invoke(app, ["graph", name, "--states", "--output", str(file)])
        assert 0 == ended.exit_code, ended.output
        drawn[name] = file.read_text("utf-8")
    assert '"cluster Recommenders"' in drawn["online-retail"]
    assert '"cluster Recommenders"' not in drawn["movielens"]
    assert re.search(r'"Data gate" -> "Begin solutions" \[.*label="import: skip"', drawn["movielens"])


def test_graph_says_which_files_it_writes(tmp_path: Path) -> None:
    """A picture of another kind is refused before anything is written, with the kinds that there are."""
    ended = CliRunner().invoke(app, ["graph", "movielens", "--output", str(tmp_path / "a.png")])

    assert 2 == ended.exit_code
    assert ".svg, .dot" in " ".join(ended.output.split())
    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """Where nothing can be written, the message names the file and what to look at."""
    file = tmp_path / "nowhere" / "a.dot"
    ended = CliRunner().invoke(app, ["graph", "movielens", "--output", str(file)])

    assert 1 == ended.exit_code
    assert f"{file} could not be drawn" in "".join(ended.output.split("\n"))
    assert "--output FILE" in " ".join(ended.output.split())


def test_without_set_up_the_error_says_what_installs_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no Node, nothing is written and the remedy is the set-up, not another file."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    file = tmp_path / "a.svg"
    ended = CliRunner().invoke(app, ["graph", "movielens", "--output", str(file)])

    assert 1 == ended.exit_code
    assert "make setup" in " ".join(ended.output.split())
    assert not file.exists()
