"""What the command line shows of a job's output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cli.results import samples

if TYPE_CHECKING:
    from pathlib import Path

LABELS = {"1": "Toy Story", "2": "Jumanji"}


@pytest.mark.parametrize(
    ("asked", "output", "shown"),
    [
        ({"userId": "1"}, {"recommendedItems": ["2", "1"]}, {"1": ["Jumanji", "Toy Story"]}),
        ({"itemId": "1"}, {"recommendedItems": ["2", "9"]}, {"Toy Story": ["Jumanji", "9"]}),
        ({"itemId": "1"}, {"usersList": ["2"]}, {"Toy Story": ["2"]}),
        ({"itemAttributes": 'ITEMS.G = "a"'}, {"recommendedUsers": ["1"]}, {'ITEMS.G = "a"': ["1"]}),
    ],
)
def test_only_items_bear_labels_of_items(
    tmp_path: Path, asked: dict[str, str], output: dict[str, Any], shown: dict[str, list[str]]
) -> None:
    """A user whose id is also an item's is shown by the id."""
    lines = [{"input": asked, "output": output, "error": None}, {"input": asked, "output": None, "error": "no"}]
    (tmp_path / "a.json.out").write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert shown == samples(tmp_path, LABELS)
