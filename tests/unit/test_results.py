"""What the command line shows of a job's output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cli.results import point_latest, samples

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


def test_latest_leads_to_the_newest_folder_and_replaces_nothing_else(tmp_path: Path) -> None:
    """The link is moved from run to run; a folder or file of that name stays what it is."""
    runs = [tmp_path / "shop" / name for name in ("r1", "r2")]
    for run in runs:
        run.mkdir(parents=True)
        point_latest(run)
        assert run == (tmp_path / "shop" / "latest").resolve()
    assert {"latest", "r1", "r2"} == {path.name for path in (tmp_path / "shop").iterdir()}

    mine = tmp_path / "other" / "latest"
    mine.mkdir(parents=True)
    point_latest(tmp_path / "other" / "r1")
    assert not mine.is_symlink()
