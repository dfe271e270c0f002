"""Rules of data tests: each says one thing, of names that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.mapping.checks import count_names
from definition.mapping.expressions import raw_columns
from definition.mapping.sql import UnsupportedSqlError, parse_counts
from definition.rules.findings import Finding, duplicates, items, mapping
from definition.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from definition.rules.findings import Path
    from definition.service.dataset_types import DatasetName


def check_checks(
    path: Path, name: DatasetName, checks: Any, columns: Collection[str], *, has_items: bool
) -> Iterator[Finding]:
    """Yield every broken rule of a dataset's checks but those of conditions on rows, which are as those of keep.

    Args:
        path: of the checks.
        name: of the dataset.
        checks: the section in the document.
        columns: names of the dataset's columns.
        has_items: whether the pipeline has a dataset of items.
    """
    given = [mapping(check) for check in items(checks)]
    yield from duplicates(path, given)
    known = count_names(name, columns, has_items=has_items)
    for index, check in enumerate(given):
        place = (*path, index)
        conditions = [key for key in ("rows", "counts") if key in check]
        if len(conditions) != 1:
            yield Finding(
                place,
                "needs one of rows and counts",
                "Write a condition on the raw columns with rows, or one on counts with counts",
            )
        limits = [key for key in ("max", "max_share") if check.get(key) is not None]
        if "counts" in check and limits:
            what = "has no meaning for counts, which are one for the dataset"
            yield Finding((*place, limits[0]), what, "Write the limit into the condition")
        elif len(limits) > 1:
            yield Finding((*place, "max_share"), "stands beside max", "Keep one of them")
        yield from _check_names((*place, "counts"), check.get("counts"), known)


def _check_names(path: Path, text: Any, known: list[str]) -> Iterator[Finding]:
    if not isinstance(text, str):
        return
    try:
        named = [leaf.name for leaf in raw_columns(parse_counts(text))]
    except UnsupportedSqlError:  # the types tell of it
        return
    if not named:
        yield Finding(path, "names no count, so it says nothing of the data", f"Use some of {', '.join(known)}")
    for name in dict.fromkeys(named):
        if name not in known:
            remedy = f"{did_you_mean(name, known)}Known: {', '.join(known)}"
            yield Finding(path, f"'{name}' is no count of the dataset", remedy)
