"""Rules that tie two places of a pipeline file together.

They read the raw document and skip what has not the expected shape, so that a mistake in one place, which the
types report, does not hide a mistake in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.rules.datasets import check_dataset
from definition.rules.filters import check_filters
from definition.rules.findings import Finding, items, mapped_columns, mapping
from definition.rules.queries import check_queries
from definition.rules.realtime import check_attribution, check_recommenders
from definition.rules.solutions import check_solutions
from definition.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path
    from definition.service.dataset_types import DatasetName, Domain

_DATASETS: tuple[DatasetName, ...] = ("interactions", "items", "users")


def check(document: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of the document."""
    given = document.get("domain")
    domain: Domain | None = given if given in {"ECOMMERCE", "VIDEO_ON_DEMAND"} else None
    datasets = mapping(document.get("datasets"))
    for name in _DATASETS:
        if isinstance(datasets.get(name), dict):
            yield from check_dataset(name, datasets[name], domain, has_items="items" in datasets)
    pipeline, solutions = document.get("name"), items(document.get("solutions"))
    yield from check_queries(document)
    yield from _check_trains(document)
    yield from check_solutions(pipeline, solutions, datasets)
    yield from check_filters(pipeline, items(document.get("filters")), solutions, mapped_columns(datasets))
    yield from check_recommenders(pipeline, items(document.get("recommenders")), domain, datasets)
    yield from check_attribution(mapping(document.get("metric_attribution")), domain, mapped_columns(datasets))
    yield from _check_labels(document.get("item_labels"), mapped_columns(datasets))
    yield from _check_events(document, solutions)
    yield from _evaluated(document)
    yield from half_characters(document)


def _check_trains(document: dict[str, Any]) -> Iterator[Finding]:
    given = [document.get(key, []) for key in ("solutions", "recommenders")]
    if not any(given) and all(isinstance(each, list) for each in given):
        remedy = "Add one of solutions, or of recommenders in a domain"
        yield Finding(("solutions",), "are none, and there are no recommenders: nothing would be trained", remedy)


def _check_labels(given: Any, columns: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    known = columns.get("items", {})
    if isinstance(given, str) and given not in known:
        remedy = "Map it in datasets.items.columns, or name a raw file: {path: …, id: …, label: …}"
        yield Finding(("item_labels",), f"'{given}' is no column of items", did_you_mean(given, known) + remedy)


def _check_events(document: dict[str, Any], solutions: list[Any]) -> Iterator[Finding]:
    for index, solution in enumerate(map(mapping, solutions)):
        if document.get("event_tracker") is True and solution.get("unchanged_data") == "skip":
            yield Finding(
                ("solutions", index, "unchanged_data"),
                "with an event tracker there is new data although the raw data is the same",
                "Train, or go without event_tracker",
            )


def half_characters(document: dict[str, Any]) -> Iterator[Finding]:
    """Find texts and keys with a lone surrogate, which the types cannot even look at where it stands in a key."""
    for path, text in _texts(document, ()):
        if any("\ud800" <= character <= "\udfff" for character in text):
            yield Finding(
                path, "holds half a character (a lone surrogate), which no UTF-8 can", "Write the character itself"
            )


def _evaluated(document: dict[str, Any]) -> Iterator[Finding]:
    """Find texts that the state machine would evaluate instead of passing them on."""
    for path, text in _texts(document, ()):
        if "${" in text or "{%" in text:
            yield Finding(path, "${ and {% have a meaning of their own in state machines", "Write it without them")


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield each text of a document, keys included, with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, str(key)), str(key)
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
    elif isinstance(value, str):
        yield path, value
