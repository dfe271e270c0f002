"""The pipeline of a first contact, made of the bundled films, and the raw data of its runs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from definition.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NAME = "first-contact"
FILMS = ROOT / "samples" / "movielens"
RESULTS = 25
"""Items for each user."""

VARIED = "varied"
"""The solution that the change of the pipeline file concerns."""

LIKED = 3.5
WATCHED = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
LOOKED_AT = 100
"""Interactions of a user that a filter looks at (page limits)."""

_LATER = 50
"""Each row of this number comes later, as an object of its own: more than the 1,000 that an import needs."""

_FEW = 25


@dataclass(frozen=True)
class Films:
    """The bundled ratings.

    Attributes:
        header: names of the raw columns.
        rows: the ratings, as rows of texts.
    """

    header: list[str]
    rows: list[list[str]]

    @classmethod
    def read(cls, folder: Path = FILMS) -> Films:
        """Read the ratings of a folder."""
        with (folder / "ratings" / "ratings.csv").open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        return cls(header, rows)

    @property
    def users(self) -> set[str]:
        """Everybody who rated."""
        return {row[0] for row in self.rows}

    @property
    def liked(self) -> dict[str, set[str]]:
        """The films that each user liked: what the pipeline keeps."""
        liked: dict[str, set[str]] = {user: set() for user in self.users}
        for user, film, rating, _ in self.rows:
            if float(rating) >= LIKED:
                liked[user].add(film)
        return liked

    def few(self) -> list[str]:
        """Return some users of whom a filter sees every interaction."""
        counts = Counter(user for user, _, rating, _ in self.rows if float(rating) >= LIKED)
        return sorted((user for user, count in counts.items() if count <= LOOKED_AT), key=int)[:_FEW]

    def first(self) -> str:
        """Return the ratings of the first run as a CSV file."""
        return self._file([row for number, row in enumerate(self.rows) if number % _LATER])

    def later(self) -> str:
        """Return the ratings that come after it."""
        return self._file(self.rows[::_LATER])

    def broken(self) -> str:
        """Return some ratings without the column of the films."""
        return self._file(self.rows[:5], header=["film" if name == "movieId" else name for name in self.header])

    def imported(self) -> str:
        """Return a few ratings of every user as Personalize takes them, for imports of their own."""
        rows = [[user, film, at, "watch"] for user, film, _, at in self.rows[::_LATER]]
        return self._file(rows, header=["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"])

    def _file(self, rows: list[list[str]], *, header: list[str] | None = None) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header or self.header, *rows])
        return text.getvalue()


def document(films: Films, *, changed: bool = False) -> dict[str, Any]:
    """Return the pipeline file: one solution for everybody, two for some users, and one of them changed.

    Args:
        films: the ratings; the changed file names some of their users.
        changed: whether it is the file after the change.
    """
    interactions = {
        "source": {"path": "ratings/", "format": "csv"},
        "keep": f"rating >= {LIKED}",
        "import_mode": "incremental",
        "columns": {
            "USER_ID": "userId",
            "ITEM_ID": "movieId",
            "TIMESTAMP": {"from": "timestamp", "unit": "s"},
            "EVENT_TYPE": {"value": "watch"},
        },
    }
    recipe = "aws-user-personalization-v2"
    everybody = {"name": "top", "users": "all", "num_results": RESULTS}
    some = {"name": "some", "users": films.few(), "num_results": RESULTS}
    steady: dict[str, Any] = {"name": "steady", "recipe": recipe, "batch_inference": [some]}
    steady["hyperparameters"] = {"apply_recency_bias": "false"}
    varied: dict[str, Any] = {"name": VARIED, "recipe": recipe, "batch_inference": [some]}
    made: dict[str, Any] = {
        "name": NAME,
        "description": "Shows whether everything works in this account; removed at the end",
        "datasets": {"interactions": interactions},
        "solutions": [{"name": "for-you", "recipe": recipe, "batch_inference": [everybody]}, steady, varied],
    }
    if changed:
        made["filters"] = [{"name": "unseen", "expression": WATCHED}]
        varied["hyperparameters"] = {"apply_recency_bias": "false"}
        varied["batch_inference"] = [{**some, "name": "new", "filter": "unseen"}]
    return made


def write(folder: Path, films: Films, *, changed: bool = False) -> Path:
    """Write the pipeline file into a folder and return its path; JSON is YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{NAME}{'-changed' if changed else ''}.yaml"
    file.write_text(f"{json.dumps(document(films, changed=changed), indent=2, ensure_ascii=False)}\n", encoding="utf-8")
    return file
