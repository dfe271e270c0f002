"""What a dataset holds: bulk imports, and the records that came one by one.

Rules: Developer Guide, bulk-data-import-step (FULL overwrites what earlier imports brought, not what the Put
operations brought; later records replace those with the same ID, equal interactions collapse) and
how-new-data-influences-batch-recommendations (segments see what FULL imports brought, nothing else). "Later" is by
arrival, whichever way a record came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import polars as pl

from embedded_aws import clock
from embedded_aws.personalize.schemas import Schema


@dataclass(frozen=True)
class Table:
    """The rows of a dataset, in the columns and types of its schema."""

    rows: pl.DataFrame
    schema: Schema


Datasets = Mapping[str, Table]
"""By dataset type in upper case; those without any record are missing."""


@dataclass(frozen=True)
class Bulk:
    """A bulk import: its rows, and how many of the frames in `Contents.streamed` came before it."""

    rows: pl.DataFrame
    after: int


@dataclass
class Contents:
    """The records of one dataset. The backend's lock guards it.

    `bulk` are the FULL import and the INCREMENTAL ones since. `streamed` are the records of the Put operations with
    the embedded times at which they arrived. Both are oldest first; each frame has the columns of the schema at its
    time, in order. `version` grows with every change.
    """

    bulk: list[Bulk] = field(default_factory=list)
    streamed: list[tuple[datetime, pl.DataFrame]] = field(default_factory=list)
    version: int = 0
    changed: datetime | None = None

    @property
    def empty(self) -> bool:
        """Whether there is no record at all."""
        return self._size() == 0

    @property
    def full(self) -> pl.DataFrame | None:
        """The rows of the FULL import, None before the first one."""
        return self.bulk[0].rows if self.bulk else None

    def replace(self, rows: pl.DataFrame) -> None:
        """Take in a FULL import."""
        self.bulk = [Bulk(rows, len(self.streamed))]
        self._touch()

    def append(self, rows: pl.DataFrame) -> None:
        """Take in an INCREMENTAL import."""
        self.bulk.append(Bulk(rows, len(self.streamed)))
        self._touch()

    def stream(self, arrived: datetime, rows: pl.DataFrame) -> None:
        """Take in records of a Put operation."""
        self.streamed.append((arrived, rows))
        self._touch()

    def forget(self, user_ids: pl.Series) -> int:
        """Drop every record of these users; return how many there were."""
        keep = ~pl.col("USER_ID").is_in(user_ids.implode())
        before = self._size()
        self.bulk = [Bulk(one.rows.filter(keep), one.after) for one in self.bulk]
        self.streamed = [(arrived, rows.filter(keep)) for arrived, rows in self.streamed]
        self._touch()
        return before - self._size()

    def table(self, schema: Schema, *, full_only: bool = False, until: datetime | None = None) -> Table | None:
        """Return the records as training or a job sees them, None if there are none.

        Args:
            schema: the dataset's; columns that the records lack are null.
            full_only: leave out INCREMENTAL imports and Put operations, as segments do.
            until: leave out what Put operations brought after that embedded time.
        """
        frames = self.frames(streamed=False)[:1] if full_only else self.frames(until=until)
        return Table(joined(frames, schema), schema) if any(frame.height for frame in frames) else None

    def rows(self, schema: Schema, *, bulk: bool, streamed: bool) -> pl.DataFrame:
        """Return the records of bulk imports, of Put operations, or both, without duplicates."""
        return joined(self.frames(bulk=bulk, streamed=streamed), schema)

    def frames(self, *, bulk: bool = True, streamed: bool = True, until: datetime | None = None) -> list[pl.DataFrame]:
        """Return the frames of bulk imports, of Put operations (until that embedded time), or both, by arrival."""
        imports = [one.rows for one in self.bulk]
        if not streamed:
            return imports if bulk else []
        first, *gaps = self.gaps(until)
        for rows, gap in zip(imports, gaps, strict=True):
            first += [rows, *gap] if bulk else gap
        return first

    def gaps(self, until: datetime | None = None) -> list[list[pl.DataFrame]]:
        """Return the frames of Put operations in parts: before the first bulk import, after it, after the next one."""
        edges = [0, *(one.after for one in self.bulk), len(self.streamed)]
        return [
            [rows for arrived, rows in self.streamed[start:end] if until is None or arrived <= until]
            for start, end in pairwise(edges)
        ]

    def _size(self) -> int:
        return sum(frame.height for frame in self.frames())

    def _touch(self) -> None:
        self.version += 1
        self.changed = clock.now()


def joined(frames: Sequence[pl.DataFrame], schema: Schema) -> pl.DataFrame:
    """Return the records, a later one in the place of one with the same ID, equal interactions once."""
    rows = pl.concat([schema.empty, *frames], how="diagonal").select(schema.names)
    if schema.rules.keys:
        return rows.unique(subset=list(schema.rules.keys), keep="last", maintain_order=True)
    return rows.unique(keep="first", maintain_order=True)
