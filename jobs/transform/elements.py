"""Rows with a list that is exploded: each element is looked at as a row would be, and the row gets one fate of all.

What ``fates.rows_with_fate`` returns has a row for each element; the first of a row's stands for the row (``LEADS``).
"""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from definition.mapping.mapping import SEVERAL
from jobs.transform.columns import (
    BLOCK,
    ELEMENT,
    ELEMENTS,
    FATE,
    FORGOTTEN,
    LINE,
    NAMED,
    OBJECT,
    RAW,
    REASON,
    ROW,
    SHAPE,
    col,
    filled,
    first_of,
    text,
)
from transform import reasons
from transform.meaning.names import raw
from transform.records import FILTERED, OUT, REJECTED, failed, failed_at
from transform.report import Exploded

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from definition.mapping.mapping import DatasetMapping
    from definition.mapping.source import Explode

LEADS, WRONG = ":leads", ":wrong"
"""Whether a row stands for a raw row, and then the place of the first element that is wrong."""

_PLACE, _CELLS = ":place", ":cells"


def exploded(rows: DataFrame, mapping: DatasetMapping) -> DataFrame:
    """Return a row for each element, and one without ELEMENT for each row that has none.

    LINE is there once for each raw row: what is rejected is shown once.
    """
    explode = mapping.explode
    assert explode is not None, "the caller has looked"
    if explode.split is not None:
        rows = rows.withColumn(ELEMENTS, _cut(explode, mapping))
    places = {name: index for index, name in enumerate(mapping.element_columns(), 1)}
    for name, column in mapping.whole_columns().items():
        kept = F.filter(_texts(places[column]), lambda each: each.isNotNull() & ~each.isin(mapping.nulls))
        several = F.exists(kept, lambda each: each.contains(SEVERAL))
        wrong = F.when(several, text(reasons.bar_in_list(column)))
        rows = rows.withColumns({SHAPE: first_of(F.col(SHAPE), wrong), raw(name): filled(F.array_join(kept, SEVERAL))})
    # Of a row that is wrong itself no element is to blame.
    elements = F.when(F.col(SHAPE).isNull(), F.col(ELEMENTS))
    found = rows.select("*", F.posexplode_outer(elements).alias(_PLACE, _CELLS))
    cells = {raw(name): F.get(F.col(_CELLS), index) for name, index in places.items()}
    if mapping.nulls:
        cells = {name: F.when(~cell.isin(mapping.nulls), cell) for name, cell in cells.items()}
    first = F.coalesce(F.col(_PLACE) == 0, F.lit(True))  # noqa: FBT003  # a value
    return found.withColumns(
        {
            ELEMENT: F.col(_PLACE) + 1,
            SHAPE: first_of(F.col(SHAPE), F.get(F.col(_CELLS), 0)),
            LINE: F.when(first, F.col(LINE)),
            **cells,
        }
    ).drop(ELEMENTS, _PLACE, _CELLS)


def with_row_fate(elements: DataFrame, checks: int, *, forgets: bool = False) -> DataFrame:
    """Return elements with the fate of their rows, of which the first element tells what is wrong, and where.

    Args:
        elements: OBJECT, BLOCK, ROW, ELEMENT, FATE, REASON, what they fail, and RAW of the first.
        checks: how many checks of rows there are.
        forgets: whether they have FORGOTTEN and NAMED.
    """
    row = Window.partitionBy(OBJECT, BLOCK, ROW)
    fate = F.col(FATE)
    wrong = F.struct(F.coalesce(F.col(ELEMENT), F.lit(0)).alias("at"), F.col(REASON).alias("reason"))
    found = elements.withColumns(
        {
            WRONG: F.min(F.when(fate == REJECTED, wrong)).over(row),
            FATE: F.when(F.max(fate == REJECTED).over(row), REJECTED)
            .when(F.max(fate == OUT).over(row), OUT)
            .otherwise(FILTERED),
            LEADS: F.coalesce(F.col(ELEMENT), F.lit(1)) == 1,
            **{
                failed_at(index): F.min(F.when(col(failed(index)), F.col(ELEMENT))).over(row) for index in range(checks)
            },
        }
    )
    if forgets:
        forgotten = F.max(FORGOTTEN).over(row) & (fate == FILTERED)
        found = found.withColumns({FORGOTTEN: forgotten, NAMED: F.min(NAMED).over(row)})
    out = F.col(LEADS) & (fate == OUT)
    found = found.withColumns({failed(index): out & col(failed_at(index)).isNotNull() for index in range(checks)})
    shown = reduce(or_, (col(failed(index)) for index in range(checks)), F.col(LEADS) & (fate == REJECTED))
    told = F.col(LEADS) & (fate == REJECTED)
    place = F.col(WRONG)["at"]
    return found.withColumns(
        {
            REASON: F.when(told, F.col(WRONG)["reason"]),
            RAW: F.when(shown, F.col(RAW)),
            WRONG: F.when(told & (place > 0), place),
        }
    )


def leading(rows: DataFrame) -> DataFrame:
    """Return a row for each raw row."""
    return rows.where(F.col(LEADS)) if LEADS in rows.columns else rows


def count(rows: DataFrame, taking: list[Column], kept: DataFrame | None) -> Exploded:
    """Count the elements of ``fates.rows_with_fate``.

    Args:
        rows: the rows.
        taking: whether a row gives each of its records.
        kept: OBJECT, BLOCK and ROW of the records that stay, None where no record is the same as another.
    """
    rejected, place = F.col(FATE) == REJECTED, F.col(ELEMENT)
    counted = rows.agg(
        F.count(place),
        F.count_if((F.col(FATE) == OUT) & reduce(or_, taking)),
        F.count_if(rejected & place.isNotNull()),
        F.count_if(~rejected & place.isNull()),
    )
    total, taken, lost, without = counted.collect()[0]
    return Exploded(total, taken, lost, without, kept.distinct().count() if kept else None)


def _texts(place: int) -> Column:
    """Return the texts at a place of all elements."""
    return F.transform(ELEMENTS, lambda cells: F.get(cells, place))


def _cut(explode: Explode, mapping: DatasetMapping) -> Column:
    """Return ELEMENTS of a list that is a text; blanks around an element, and empty ones, are no part of it."""
    pieces = F.split(col(raw(explode.path)), re.escape(explode.split or ""), -1)
    trimmed = F.filter(F.transform(pieces, lambda each: F.btrim(each, F.lit(" \t"))), lambda each: each != "")
    places = {f"{explode.path}.{name}": index for index, name in enumerate(explode.fields, 1)}

    def cells(each: Column) -> Column:
        whole = each.rlike(explode.parts_pattern) if explode.fields else F.lit(True)  # noqa: FBT003  # a value
        shape = F.when(~whole, text(reasons.fewer_parts(explode.path, len(explode.fields))))
        parts = [
            filled(F.regexp_extract(each, explode.parts_pattern, places[name])) if name in places else each
            for name in mapping.element_columns()
        ]
        return F.array(shape, *parts)

    return F.transform(trimmed, cells)
