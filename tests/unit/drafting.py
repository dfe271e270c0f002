"""Small raw data of the kinds that people have, and what is drafted from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from definition.load import parse
from drafting.drafting import draft
from tests.unit.raw import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from definition.file.datasets import Dataset
    from drafting.drafting import Drafted

FIRST = 1_600_000_000
WORDS = ("Red", "Blue", "Old", "New", "Great", "Tale", "House", "River", "Night", "King", "Lost", "City", "Sun", "Moon")
KINDS = ("Books", "Music", "Garden", "Toys", "Food")


class Event(NamedTuple):
    """Who did something with what, when, as numbers; ``at`` in seconds since 1970."""

    user: int
    item: int
    at: int


def events(count: int = 1_200, users: int = 60, items: int = 90, seed: int = 5) -> list[Event]:
    """Return events in the order of time: each user is there for two days, items are liked unequally, all month."""
    dice = Random(seed)
    found = []
    for _ in range(count):
        user = dice.randrange(users)
        item = min(int(dice.paretovariate(0.9)) - 1, items - 1) if dice.random() < 0.7 else dice.randrange(items)
        arrives = Random(user).randrange(28 * 86_400)
        found.append(Event(user, item, FIRST + arrives + dice.randrange(2 * 86_400)))
    return sorted(found, key=lambda event: event.at)


def when(at: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return a time in UTC as ``strftime`` writes it."""
    return datetime.fromtimestamp(at, UTC).strftime(form)


def title(item: int) -> str:
    """Return what an item is called."""
    dice = Random(item)
    return f"{' '.join(dice.choice(WORDS) for _ in range(4))} {item}"


def lines(header: str | None, row: Callable[[Event], str], **shape: Any) -> str:
    """Return a text with a line for each event."""
    return "".join(f"{line}\n" for line in ([header] if header else []) + [row(event) for event in events(**shape)])


@dataclass(frozen=True)
class Read:
    """A draft, and the pipeline that it is."""

    drafted: Drafted
    text: str

    def dataset(self, name: str) -> Dataset | None:
        """Return a dataset of the file."""
        found: Dataset | None = getattr(parse(self.text).datasets, name)
        return found

    def source(self, name: str = "interactions") -> dict[str, Any]:
        """Return what the source of a dataset says."""
        dataset = self.dataset(name)
        assert dataset is not None, self.text
        return dataset.source.model_dump(by_alias=True, exclude_unset=True)

    def keep(self, name: str = "interactions") -> str | None:
        """Return the condition of a dataset."""
        dataset = self.dataset(name)
        assert dataset is not None, self.text
        return dataset.keep

    def columns(self, name: str = "interactions") -> dict[str, Any]:
        """Return what the columns of a dataset say, raw columns by their name alone."""
        dataset = self.dataset(name)
        assert dataset is not None, self.text
        forms = {key: form.model_dump(by_alias=True, exclude_unset=True) for key, form in dataset.columns.items()}
        return {key: form["from"] if set(form) == {"from"} else form for key, form in forms.items()}

    def first(self, name: str = "interactions") -> list[list[str]]:
        """Return the first records of a dataset, as they would be imported."""
        return next(outcome.first[1:] for outcome in self.drafted.outcomes if outcome.dataset == name)

    def facts(self, name: str = "interactions") -> dict[str, int]:
        """Return what became of the rows of a dataset."""
        return next(outcome.facts for outcome in self.drafted.outcomes if outcome.dataset == name)


def read(folder: Path, files: Mapping[str, bytes | str]) -> Read:
    """Write files into a folder, and draft a pipeline from it."""
    for name, content in files.items():
        Folder(folder).write(name, content if isinstance(content, bytes) else content.encode())
    drafted = draft(str(folder), name="shop", schema=None, s3=_no_s3)
    return Read(drafted, drafted.text)


def _no_s3() -> Any:
    raise AssertionError("a folder needs no AWS")
