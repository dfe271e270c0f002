"""What of a published table is to be written to DynamoDB: a list for each key that has another one than there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from definition.plan.tables import columns
from definition.service.dynamodb import RESULTS, RUN, SCORE, THEME, item_bytes, result_bytes
from lambdas.ranges import table, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.contract.delivery import Delivered, WriteRequest
    from definition.plan.tables import Columns

_AT_ONCE = 1000
"""Lists that are objects of Python at the same time."""

_LEAST_NUMBER = 1e-130
"""Positive numbers of DynamoDB begin here (page HowItWorks.NamingRulesDataTypes); what is nearer to 0 is 0."""


class KeyMissingError(Exception):
    """Rows of the published table have no key, so no item can have them."""


class Entry(NamedTuple):
    """What becomes of the item of a key.

    Attributes:
        key: value of the partition key.
        item: as the API takes it; None: it is deleted.
        size: bytes of the item.
        results: how many are in its list.
    """

    key: str
    item: dict[str, Any] | None
    size: int
    results: int


class Work:
    """The keys of a range whose lists are written or deleted, in their order.

    Args:
        request: what is asked for.

    Raises:
        KeyMissingError: rows have no key.
    """

    def __init__(self, request: WriteRequest) -> None:
        self._columns = columns_of(request)
        self._run = request.run
        now = self._rows(request, request.location)
        if request.before is None:
            self._unchanged = pl.Series([], dtype=pl.String)
            self._work = self._lists(now.lazy())
            return
        key, there = self._columns.named, now.select(self._columns.named).unique()
        others = [self._rows(request, location) for location in request.before]
        differing = pl.concat([self._differing(now, other) for other in others]).unique()
        gone = differing.join(there, on=key, how="anti")
        self._unchanged = there.join(differing, on=key, how="anti").to_series()
        lists = self._lists(now.lazy().join(differing.lazy(), on=key, how="semi"))
        self._work = pl.concat([lists, gone], how="diagonal").sort(key)

    def unchanged(self, up_to: str | None) -> int:
        """Return how many keys have the list that stands there, up to a key or (None) to the end."""
        return len(self._unchanged) if up_to is None else int((self._unchanged <= up_to).sum())

    def entries(self) -> Iterator[Entry]:
        """Yield what is to be done."""
        for part in self._work.iter_slices(_AT_ONCE):
            for row in part.iter_rows(named=True):
                yield self._entry(row)

    def _rows(self, request: WriteRequest, location: str) -> pl.DataFrame:
        """Return the rows of a table that are left to do."""
        key = pl.col(self._columns.named)
        rows = within(table(location), request.low, request.high)
        if request.after is not None:
            rows = rows.filter(key > request.after)
        found = rows.collect(engine="streaming")
        if missing := found[self._columns.named].null_count():
            raise KeyMissingError(f"{missing:,} rows of {location} have no {self._columns.named}.")
        return found

    def _differing(self, now: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        """Return the keys whose rows are not the same in both, scores and themes included."""
        key = self._columns.named
        values = [name for name in now.columns if name not in {key, "rank"}]
        renamed = other.rename({name: f"{name}_before" for name in values})
        joined = now.join(renamed, on=[key, "rank"], how="full", coalesce=True)
        differs = [pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in values]
        return joined.filter(pl.any_horizontal(differs)).select(key).unique()

    def _lists(self, rows: pl.LazyFrame) -> pl.DataFrame:
        key, found = self._columns.named, self._columns.found
        theme = [pl.col(THEME).first()] if self._columns.themed else []
        lists = rows.sort(key, "rank").group_by(key, maintain_order=True).agg(found, SCORE, *theme)
        return lists.collect(engine="streaming")

    def _entry(self, row: dict[str, Any]) -> Entry:
        key, ids = row[self._columns.named], row[self._columns.found]
        if ids is None:
            return Entry(key, None, 0, 0)
        theme, name = row.get(THEME), self._columns.found
        found = [_result(name, each, score) for each, score in zip(ids, row[SCORE], strict=True)]
        size = item_bytes(
            self._columns.named,
            len(key.encode()),
            results=sum(result_bytes(name, len(each.encode())) for each in ids),
            scored=sum(score is not None for score in row[SCORE]),
            theme=None if theme is None else len(theme.encode()),
        )
        item = {
            self._columns.named: {"S": key},
            RUN: {"S": self._run},
            RESULTS: {"L": found},
            **({} if theme is None else {THEME: {"S": theme}}),
        }
        return Entry(key, item, size, len(ids))


def columns_of(request: Delivered) -> Columns:
    """Return the columns of the published table, whose first is the partition key."""
    return columns(request.kind, request.line, themed=request.themed)


def _result(name: str, found: str, score: float | None) -> dict[str, Any]:
    # Items that pad a list have no score, and users of segments have none.
    scored = {} if score is None else {SCORE: {"N": repr(score if abs(score) >= _LEAST_NUMBER else 0.0)}}
    return {"M": {name: {"S": found}, **scored}}
