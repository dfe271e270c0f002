"""The bucket's keys are spelled in one table."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from definition import layout, layout_page
from definition.paths import ROOT
from tests.stacks.evaluation import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

AREAS = {place.area for place in layout.LAYOUT}
KEY = re.compile(rf"(?:^|['\"/}}(])(?:{'|'.join(sorted(AREAS))})/")
"""A key at the beginning of a text, of a JSONata literal, or behind a bucket."""

PARTS = {
    "lookup": "orders",
    "run": "20261122T030000-1ebdeb",
    "solution": "for-you",
    "job": "top",
    "dataset": "items",
    "path": "a/b.csv",
    "part": "00001",
    "report": "sales",
    "execution": "e",
    "format": "csv",
    "source": "items",
    "attempt": "a-0",
    "request": "20261122T030000-1ebdeb",
}


def literals(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string constant of a module that is no docstring."""
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.lineno, node.value


def spelled(source: str) -> list[int]:
    """Return the lines of a module in which a key of the bucket is written out."""
    return [line for line, text in literals(source) if KEY.search(text)]


def files() -> list[Path]:
    """Return the modules that make or read keys, without the table itself."""
    packages = ("stacks", "lambdas", "jobs", "transform", "cli", "definition")
    every = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    return [file for file in every if file != Path(layout.__file__)]


def test_no_key_is_spelled_beside_the_table() -> None:
    """Whoever needs a key, or a pattern of keys, takes it from definition.layout."""
    found = [f"{file.relative_to(ROOT)}:{line}" for file in files() for line in spelled(file.read_text("utf-8"))]

    assert [] == found, "take the key from definition/layout.py"


@pytest.mark.parametrize(
    "line",
    [
        'key = f"runs/{run}/manifest.json"',
        "folder = 'transformed/' + run",
        "state = \"'curated/' & $plan.name & '/latest.json'\"",
        'url = f"s3://{bucket}/raw/{path}"',
        "url = \"'Manifest: s3://${Bucket}/runs/' & $run\"",
        'grant = ("batch/*/input/*",)',
    ],
)
def test_a_key_that_is_spelled_is_found(line: str) -> None:
    """Each way in which keys were once written out, in Python, JSONata and policies, is seen."""
    assert [2] == spelled(f"import os\n{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        '"""Write ``runs/<run>/manifest.json``."""',
        'remedy = "Give an object under raw/ that is CSV"',
        'page = "docs.aws.amazon.com/lambda/latest/dg/runtimes.html"',
        'name = "rejects"',
    ],
)
def test_what_only_speaks_of_the_bucket_is_no_key(line: str) -> None:
    """Sentences, pages and plain words raise no alarm."""
    assert [] == spelled(f"import os\n{line}\n")


@pytest.mark.parametrize(
    ("place", "key", "pattern"),
    [
        (layout.RAW, "raw/a/b.csv", "raw/*"),
        (layout.MANIFEST, "runs/20261122T030000-1ebdeb/manifest.json", "runs/*/manifest.json"),
        (layout.TABLE, "curated/for-you/top/run=20261122T030000-1ebdeb/", "curated/*/run=*"),
        (layout.LATEST_TABLE, "curated/for-you/top/latest.json", "curated/*/latest.json"),
        (layout.LATEST_VERSION, "curated/for-you/latest.json", "curated/*/latest.json"),
        (layout.BATCH_INPUT, "batch/20261122T030000-1ebdeb/for-you/top/input/", "batch/*/input/*"),
        (layout.REJECTED_ROWS_PART, "rejects/20261122T030000-1ebdeb/items-00001.jsonl", "rejects/*-*.jsonl"),
        (layout.IMPORTS, "runs/imports.json", "runs/imports.json"),
    ],
)
def test_keys_and_patterns(place: layout.Place, key: str, pattern: str) -> None:
    """A template gives the key with its parts, and the pattern of a policy without them."""
    assert (key, pattern) == (place.key(**parts_of(place)), place.pattern)


def parts_of(place: layout.Place) -> dict[str, str]:
    """Return a value for each part of a place."""
    return {name: PARTS[name] for name in re.findall(r"\{(\w+)\}", place.template)}


@pytest.mark.parametrize("place", layout.LAYOUT, ids=lambda place: place.template)
def test_python_and_jsonata_spell_the_same_key(place: layout.Place) -> None:
    """What a state computes is what a function reads, also behind the bucket of an S3 URL."""
    parts = parts_of(place)
    expression = place.jsonata(before="s3://${Bucket}/", **{name: f"$parts.{name}" for name in parts})

    assert f"s3://${{Bucket}}/{place.key(**parts)}" == evaluate(expression, parts=parts)


@pytest.mark.parametrize("parts", [{}, {"run": "r", "job": "j"}, {"runs": "r"}])
def test_parts_that_do_not_belong_are_refused(parts: dict[str, str]) -> None:
    """A part that is missing, or is none of this key, is a mistake and never a wrong key."""
    with pytest.raises(TypeError, match=r"runs/\{run\}/manifest.json takes \['run'\]"):
        layout.MANIFEST.key(**parts)
    with pytest.raises(TypeError, match=r"runs/\{run\}/manifest.json takes \['run'\]"):
        layout.MANIFEST.jsonata(**parts)


def test_no_two_places_have_the_same_key() -> None:
    """Places of the table are different ones."""
    assert len(layout.LAYOUT) == len({place.key(**parts_of(place)) for place in layout.LAYOUT})


def test_every_number_of_days_is_of_an_area() -> None:
    """A lifecycle rule for a prefix that nothing lies under would keep what it should delete."""
    assert layout.DAYS.keys() <= AREAS


def test_the_documentation_has_the_table() -> None:
    """The table of docs/runs.md is this one; `python -m definition.layout_page` writes it there."""
    text = layout_page.PAGE.read_text("utf-8")

    assert layout_page.page(text) == text


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    """The table is never put anywhere else."""
    with pytest.raises(ValueError, match="lacks the lines"):
        layout_page.page("# Runs\n")
