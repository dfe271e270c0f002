"""The frame between source and rules: one row per raw row, whatever its format.

Beside these columns a frame has one for each raw column that is asked for, all of them text.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

OBJECT, BLOCK, ROW = ":object", ":block", ":row"
"""Where a row comes from: Spark's address of its object, the byte at which the split of the object begins that a task
read, and the row's index in that split from 0, headers counted. No field of a dataset can have such a name."""

MORE = ":more lines"
"""How many lines the records before it in its object have beyond their first."""

LINE, SHAPE = ":line", ":shape"
"""The row's text, and what is wrong with its shape."""

FATE, REASON, RAW = ":fate", ":reason", ":raw"
"""What becomes of a row, and why it is rejected; its text in bytes."""

FORGOTTEN, NAMED = ":forgotten", ":named"
"""Whether a row is filtered since it is of a user that is to be forgotten; and whether it is surely of others. Both are
there only if there are such users."""

ELEMENTS, ELEMENT = ":elements", ":element"
"""Of rows with a list that is exploded its elements: of each what is wrong with its shape, and the text of each of
``DatasetMapping.element_columns``. Then a row is there for each of them, with its place from 1, or once without any."""

ELEMENTS_TYPE = "array<array<string>>"


def col(name: str) -> Column:
    """Return a column by its name, whatever characters it has."""
    return F.col("`{}`".format(name.replace("`", "``")))


def text(value: str | None) -> Column:
    """Return a constant text."""
    return F.lit(value).cast("string")


def filled(value: Column) -> Column:
    """Return a text, None where it is empty."""
    return F.when(value != "", value)


def first_of(*reasons: Column) -> Column:
    """Return the first text that is there."""
    return F.coalesce(text(None), *reasons)


def all_of(*conditions: Column) -> Column:
    """Return whether all conditions hold."""
    result = F.lit(True)  # noqa: FBT003  # a value
    for condition in conditions:
        result = result & condition
    return result
