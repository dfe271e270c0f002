"""A broken rule with its place in the document, and helpers for rules that read a possibly malformed document."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from definition.service.limits import MAX_NAME_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]


class Finding(NamedTuple):
    """A mistake by its path in the document."""

    path: Path
    what: str
    remedy: str


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping, empty where the value is none."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list, empty where the value is none."""
    return value if isinstance(value, list) else []


def mapped_columns(datasets: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the mapped columns of each dataset in the document, those of events among them."""
    found: dict[str, dict[str, Any]] = {}
    for name, dataset in datasets.items():
        parts = [dataset, *items(mapping(dataset).get("events"))]
        found[name] = {key: form for part in parts for key, form in mapping(mapping(part).get("columns")).items()}
    return found


def is_number(value: Any) -> bool:
    """Say whether a value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def duplicates(path: Path, named: list[dict[str, Any]]) -> Iterator[Finding]:
    """Find names that stand twice in a list."""
    counts = Counter(str(item["name"]) for item in named if "name" in item)
    seen: set[str] = set()
    for index, item in enumerate(named):
        name = str(item.get("name"))
        if counts[name] > 1 and name in seen:
            yield Finding((*path, index, "name"), f"'{name}' is used twice", "Give each its own name")
        seen.add(name)


def long_name(path: Path, length: int, added: str, shorten: str = "it") -> Iterator[Finding]:
    """Find a name that Personalize would refuse.

    Args:
        path: of the name.
        length: of the longest name that is made of it.
        added: what is added to it.
        shorten: which names can be shorter.
    """
    if length > MAX_NAME_LENGTH:
        what = f"with {added} the name would exceed Personalize's {MAX_NAME_LENGTH} characters"
        yield Finding(path, what, f"Shorten {shorten} by {length - MAX_NAME_LENGTH}")
