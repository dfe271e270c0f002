"""The frame between reader and rules: one row per raw row, whatever its format.

Every reader returns these columns and one for each raw column that is asked for, all of them text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from transform.meaning.names import raw

if TYPE_CHECKING:
    from collections.abc import Sequence

OBJECT, LINE_NUMBER, LINE, SHAPE = ":object", ":line_number", ":line", ":shape"
"""Columns beside the raw fields: key, number of the line from 1, its text, what is wrong with its shape. Where a format
has no lines, the number only says which row of an object comes before which. No field can have such a name."""

ELEMENTS = ":elements"
"""Of rows with a list that is exploded its elements: of each what is wrong with its shape, and the text of each of
``DatasetMapping.element_columns``."""

ELEMENTS_TYPE = pl.List(pl.List(pl.String))


@dataclass(frozen=True)
class Origin:
    """Where lines come from, as expressions over the frame that holds them.

    Attributes:
        object: key of the raw object.
        partitions: raw columns that the folders in the key give, by name.
        damage: what is wrong with a line's bytes, null where nothing is.
    """

    object: pl.Expr
    partitions: dict[str, pl.Expr] = field(default_factory=dict)
    damage: pl.Expr = field(default_factory=lambda: pl.lit(None, dtype=pl.String))

    def rows(
        self,
        lines: pl.LazyFrame,
        columns: Sequence[str],
        shape: pl.Expr,
        cells: dict[str, pl.Expr],
        elements: pl.Expr | None = None,
    ) -> pl.LazyFrame:
        """Return the frame between reader and rules.

        Args:
            lines: frame with LINE_NUMBER, LINE and what the expressions read.
            columns: names of raw columns, in the order of the frame.
            shape: what is wrong with a line that was decoded.
            cells: text of each raw column that no folder gives.
            elements: what becomes ELEMENTS, where the format has lists and one is exploded.
        """
        given = cells | self.partitions
        return lines.select(
            self.object.alias(OBJECT),
            LINE_NUMBER,
            LINE,
            pl.coalesce(self.damage, shape).alias(SHAPE),
            *(given[name].alias(raw(name)) for name in columns),
            *([] if elements is None else [elements.alias(ELEMENTS)]),
        )
