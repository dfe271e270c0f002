"""What a dataset holds: bulk imports, and the records that came one by one.

Rules: Developer Guide, bulk-data-import-step (FULL overwrites what earlier imports brought, not what the Put
operations brought; later records replace those with the same ID, equal interactions collapse) and
how-new-data-influences-batch-recommendations (segments see what FULL imports brought, nothing else).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from local import clock
from local.personalize.schemas import Schema


@dataclass(frozen=True)
class Table:
    """The rows of a dataset, in the columns and types of its schema."""

    rows: pl.DataFrame
    schema: Schema


Datasets = Mapping[str, Table]
"""By dataset type in upper case; those without any record are missing."""


@dataclass
class Contents:
    """The records of one dataset. The backend's lock guards it.

    `streamed` are the records of the Put operations with the embedded times at which they arrived, oldest first;
    each frame has the columns of the schema, in order. `version` grows with every change.
    """

    full: pl.DataFrame | None = None
    incremental: list[pl.DataFrame] = field(default_factory=list)
    streamed: list[tuple[datetime, pl.DataFrame]] = field(default_factory=list)
    version: int = 0
    changed: datetime | None = None

    @property
    def empty(self) -> bool:
        """Whether there is no record at all."""
        return self.full is None and not self.streamed

    def replace(self, rows: pl.DataFrame) -> None:
        """Take in a FULL import."""
        self.full, self.incremental = rows, []
        self._touch()

    def append(self, rows: pl.DataFrame) -> None:
        """Take in an INCREMENTAL import."""
        self.incremental.append(rows)
        self._touch()

    def stream(self, arrived: datetime, rows: pl.DataFrame) -> None:
        """Take in records of a Put operation."""
        self.streamed.append((arrived, rows))
        self._touch()

    def forget(self, user_ids: pl.Series) -> int:
        """Drop every record of these users; return how many there were."""
        keep = ~pl.col("USER_ID").is_in(user_ids.implode())
        before = self._size()
        self.full = None if self.full is None else self.full.filter(keep)
        self.incremental = [rows.filter(keep) for rows in self.incremental]
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
        frames = [] if self.full is None else [self.full]
        if not full_only:
            frames += self.incremental
            frames += [rows for arrived, rows in self.streamed if until is None or arrived <= until]
        return Table(_joined(frames, schema), schema) if frames else None

    def rows(self, schema: Schema, *, bulk: bool, streamed: bool) -> pl.DataFrame:
        """Return the records of bulk imports, of Put operations, or both, without duplicates."""
        frames = [*([] if self.full is None else [self.full]), *self.incremental] if bulk else []
        frames += [rows for _, rows in self.streamed] if streamed else []
        return _joined(frames, schema)

    def _size(self) -> int:
        frames = [*([] if self.full is None else [self.full]), *self.incremental, *(rows for _, rows in self.streamed)]
        return sum(frame.height for frame in frames)

    def _touch(self) -> None:
        self.version += 1
        self.changed = clock.now()


def _joined(frames: list[pl.DataFrame], schema: Schema) -> pl.DataFrame:
    """Return the records, a later one in the place of one with the same ID, equal interactions once."""
    rows = pl.concat([schema.empty, *frames], how="diagonal").select(schema.names)
    if schema.rules.keys:
        return rows.unique(subset=list(schema.rules.keys), keep="last", maintain_order=True)
    return rows.unique(keep="first", maintain_order=True)
