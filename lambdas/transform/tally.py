"""Count by key in memory that depends on the keys and not on the rows.

The streaming engine's own group_by sets aside each key that it meets again after many others, once per time: with
many keys in no order it ends up holding nearly all rows (measured with Polars 2.1.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

_BATCH = 500_000
"""Rows that are counted at once."""


class UnfitKeyError(Exception):
    """A key that is counted is not one that its column takes."""


class Tally:
    """Counts rows by a key while a query runs.

    Args:
        schema: of what is counted: the key first, then columns that are added up.
        maxima: columns of which the greatest is kept, and not the sum.
        fits: whether a key is one that its column takes; the query ends with ``UnfitKeyError`` as soon as one is not.
    """

    def __init__(
        self,
        schema: Mapping[str, type[pl.DataType]],
        maxima: frozenset[str] = frozenset(),
        fits: pl.Expr | None = None,
    ) -> None:
        self._key, *values = schema
        self._fits = fits
        self._merge = [pl.col(name).max() if name in maxima else pl.col(name).sum() for name in values]
        self._counted = pl.DataFrame(schema=dict(schema))
        self._waiting: list[pl.DataFrame] = []

    def sink(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the sink that counts rows of the schema, to be collected with others."""
        sink = rows.sink_batches(self._add, chunk_size=_BATCH, maintain_order=False, lazy=True)
        assert sink is not None, "a lazy sink is a frame"
        return sink

    def counted(self) -> pl.DataFrame:
        """Return a row for each key, in no order."""
        self._settle()
        return self._counted

    def _add(self, batch: pl.DataFrame) -> None:
        counted = self._grouped(batch)
        if self._fits is not None and not counted.select(self._fits.all()).item():
            raise UnfitKeyError(f"{self._key} does not take a key")
        self._waiting.append(counted)
        # Merging less often than this would hold more than twice what there is.
        if sum(map(len, self._waiting)) > max(_BATCH, len(self._counted)):
            self._settle()

    def _settle(self) -> None:
        self._counted = self._grouped(pl.concat([self._counted, *self._waiting]))
        self._waiting.clear()

    def _grouped(self, rows: pl.DataFrame) -> pl.DataFrame:
        # Unlike the in-memory engine, this one adds up as it goes, without a list of the rows of each key.
        return rows.lazy().group_by(self._key).agg(self._merge).collect(engine="streaming")
