"""What the terminal shows at the widths that people have: nothing that is copied or compared is cut."""

from __future__ import annotations

import copy
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.tables import FittedTable
from cli.terminal import Terminal
from cli.view import View
from definition.contract.manifest import Manifest
from tests.manifests import manifest

SNAPSHOTS = Path(__file__).with_name("snapshots")
ARN = "arn:aws:personalize:us-east-1:123456789012:recommender/shop-dev--best-sellers-9299ef"
WIDTHS = (60, 80, 200)
SCREEN = 36
"""Lines of a screen and a half of 24."""


def sixteen_jobs() -> Manifest:
    """Return the manifest of a run of four solutions with four jobs each, and a recommender."""
    document = manifest()
    (solution,) = document["solutions"]
    (job,) = solution["batch_inference"]
    recipe = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
    document["solutions"] = [
        {
            **copy.deepcopy(solution),
            "name": f"for-you-and-{number}",
            "recipe": recipe,
            "batch_inference": [{**copy.deepcopy(job), "name": f"top-twenty-{each}"} for each in range(4)],
        }
        for number in range(4)
    ]
    document["recommenders"][0] |= {"arn": ARN, "recipe": "arn:aws:personalize:::recipe/aws-ecomm-popular-items"}
    return Manifest.model_validate(document)


def shown(width: int) -> str:
    """Return the summary of the run as text; what is no terminal gets no colours."""
    written = io.StringIO()
    view = View(console=Terminal(file=written, width=width))
    view.summary(sixteen_jobs())
    view.samples("for-you-and-0", "top-twenty-0", {"u1": ["Pulp Fiction (1994)", "Sita sings the blues (2008)"]})
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary_of_a_run(width: int) -> None:
    """It is what somebody looked at and found readable; after a change look again, and write it to the file."""
    assert (SNAPSHOTS / f"summary-{width}.txt").read_text("utf-8") == shown(width)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_that_matters_is_cut(width: int) -> None:
    """Every figure and name is whole, an ARN stands on one line, other lines fit, and the jobs fit on 36 lines."""
    text = shown(width)
    lines = text.splitlines()
    jobs = text[text.index("Batch jobs") : text.index("Recommenders:")].splitlines()

    assert "…" not in text
    assert "\x1b" not in text
    assert 1 == sum(ARN in line for line in lines)
    assert {f"for-you-and-{number}/top-twenty-{each}" for number in range(4) for each in range(4)} <= {
        word for line in jobs for word in line.split()
    }
    assert all(figure in text for figure in ("1,200", "1,100", "4,975", "0.5000", "0.2500"))
    assert len(jobs) <= SCREEN + 16 * (width < 80)
    # What is copied, and sentences, are left to the terminal to wrap.
    assert all(len(line) <= width for line in lines if ARN not in line and "import:" not in line)


CELLS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F), min_size=1, max_size=14)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), width=st.integers(20, 90))
def test_ids_and_figures_stay_whole_at_every_width(rows: list[tuple[str, str, str]], width: int) -> None:
    """As a table or as a list, each is there in one piece, and no line is wider than the terminal."""
    table = FittedTable("A title").ids("id").figures("count").text("note")
    for row in rows:
        table.add_row(*row)
    written = io.StringIO()
    Terminal(file=written, width=width).print(table)
    lines = written.getvalue().splitlines()

    for cell in {cell for row in rows for cell in row[:2]}:
        assert any(cell in line for line in lines), written.getvalue()
    assert all(len(line) <= width for line in lines)


def test_a_list_leaves_out_what_is_empty() -> None:
    """A row without a value for a column does not name the column."""
    table = FittedTable("[bold]Jobs[/bold]").ids("job").figures("rows", "errors")
    table.add_row("x" * 30, "1,000", "-")
    written = io.StringIO()
    Terminal(file=written, width=36).print(table)

    assert ["Jobs", "x" * 30, "  rows 1,000"] == [line.rstrip() for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("width", [36, 80])
def test_a_row_that_stands_out_does_so_at_every_width(width: int) -> None:
    """The style of a row is that of its cells, as a table and as a list."""
    table = FittedTable().ids("item").figures("rank")
    table.add_row("plain" + "x" * 25, "1")
    table.add_row("moved" + "x" * 25, "2", style="bold")
    written = io.StringIO()
    Console(file=written, width=width, force_terminal=True, color_system="standard", highlight=False).print(table)
    bold = [text.strip() for text in re.findall(r"\x1b\[1m([^\x1b]*)", written.getvalue())]

    assert "moved" + "x" * 25 in bold
    assert any(text.endswith("2") for text in bold)
    assert not any("plain" in text for text in bold)
