"""Names of the frame's columns that hold what raw fields are; no field can have such a name."""

from __future__ import annotations


def raw(name: str) -> str:
    """Return the frame's column for a raw column, None where the field is empty."""
    return f"raw:{name}"


def number(name: str) -> str:
    """Return the frame's column for the number in a raw column, None where it holds none."""
    return f"number:{name}"


def found(lookup: str) -> str:
    """Return the frame's column that is null where a look-up has no match for a row."""
    return f"found:{lookup}"
