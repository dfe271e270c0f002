"""What is told of lists in Parquet objects that stand where the pipeline file expects something else."""

from __future__ import annotations


def list_in_path(key: str, parent: str, raw_column: str, *, may_explode: bool) -> str:
    """Return the message for a path that leads through a list."""
    remedy = f"Set explode: {parent} in the source" if may_explode else "Map a column that no further list holds"
    return f"{key} holds a list in '{parent}', through which '{raw_column}' cannot lead. {remedy}."


def list_held(key: str, raw_column: str) -> str:
    """Return the message for a list in the place of one value."""
    return (
        f"{key} holds List in '{raw_column}', which no text stands for. Set explode: {raw_column} in the source to "
        "make each element a record, or map a column of text, numbers, booleans, dates or timestamps."
    )


def no_list_held(key: str, raw_column: str, held: str, place: str) -> str:
    """Return the message for something else in the place of the list that is exploded."""
    return (
        f"{key} holds {held} in '{raw_column}', which is no list to explode. If it is a text with several values, set "
        f"split in {place}.explode."
    )
