"""Data tests of one's own: what must be true of every row of a dataset, or of its counts.

A check takes no row away: rows that fail it stay in the dataset, and are shown beside the rejected ones. A row fulfils
a condition only where it is true, as with `keep`: what is null, and what is no number where one is read, fails. SQL's
own CHECK lets null pass; here a test that nobody could answer is none that was passed.

    rows      of the raw row, or of each element that is exploded; only rows out are tested, before duplicates go
    counts    of the dataset's counts, ``COUNTS`` and its like, once for the dataset; what is not known of them is null
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from definition.mapping.expressions import Condition, numbers_read, raw_columns
from definition.mapping.source import Data

if TYPE_CHECKING:
    from collections.abc import Collection

    from definition.service.dataset_types import DatasetName

Severity = Literal["fail", "warn"]

MAX_CHECKS = 20
MAX_CONDITION = 300
"""Checks of a dataset, and characters of a condition: ours, for Step Functions carries 256 KiB of state, and the data
report and what the gate says are in it."""

COUNTS = (
    "rows_in",
    "rows_out",
    "rows_filtered",
    "rows_duplicate",
    "rows_rejected",
    "records",
    "object_count",
    "object_bytes",
    "started",
)
"""What conditions on counts may name of any dataset: figures of the data report, and the start of the run in seconds
since 1970."""

OF_INTERACTIONS = (
    "users",
    "items",
    "users_with_two",
    "event_type_count",
    "first_timestamp",
    "last_timestamp",
    "after_start",
)
OF_KNOWN_ITEMS = frozenset({"unknown_items", "unknown_item_rows"})
"""What there is of interactions, and of those with a dataset of items beside them."""

EMPTY = "empty."
"""Begins the name of the count of records without a value in a column: ``empty.TITLE``."""


class CheckMapping(Data):
    """A check of a dataset, with one of ``rows`` and ``counts``.

    Attributes:
        name: in the pipeline file, which no other check of the dataset has.
        severity: whether a run stops where it fails, or warns.
        text: the condition as the pipeline file has it.
        rows: what must be true of the raw columns.
        counts: what must be true of the counts, which are raw columns that are read as numbers.
        max_rows: how many rows may fail it.
        max_share: which share of the rows that are tested may, from 0 to 1.
    """

    name: str
    severity: Severity
    text: str
    rows: Condition | None = None
    counts: Condition | None = None
    max_rows: int = 0
    max_share: float = 0

    def raw_columns(self) -> list[str]:
        """Return the names of the raw columns that are read."""
        return [leaf.name for leaf in raw_columns(self.rows)] if self.rows else []

    def numbers_read(self) -> list[str]:
        """Return the names of those that are read as numbers."""
        return numbers_read(self.rows) if self.rows else []

    def counts_read(self) -> list[str]:
        """Return the names of the counts that are read, each once."""
        return list(dict.fromkeys(leaf.name for leaf in raw_columns(self.counts))) if self.counts else []


def count_names(dataset: DatasetName, columns: Collection[str], *, has_items: bool) -> list[str]:
    """Return the names of the counts of a dataset.

    Args:
        dataset: which.
        columns: names of its columns.
        has_items: whether the pipeline has a dataset of items.
    """
    own = (*OF_INTERACTIONS, *(sorted(OF_KNOWN_ITEMS) if has_items else ())) if dataset == "interactions" else ()
    return [*COUNTS, *own, *(f"{EMPTY}{column}" for column in columns)]
