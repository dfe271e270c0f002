"""A dataset's mapping as neutral data: what the engines compile and what travels to them as JSON.

    rows in =
        rejected   the line cannot be cut into fields, or a value is none of what its column takes
      | filtered   the condition of `keep` is not true
      | out        everything else

A row is looked at in that order: shape of the line, numbers that `keep` compares, `keep`, then the columns in the
file's order; the first thing wrong is the reason.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from spec.expressions import Expression
from spec.interactions import AvroType

SourceFormat = Literal["csv", "jsonl", "parquet"]
Encoding = Literal["utf-8", "latin-1", "gb18030", "utf-16"]
TimeUnit = Literal["s", "ms", "us", "ns"]
UNITS_PER_SECOND: dict[TimeUnit, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

NUMBER_PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
"""What counts as a number; matched before any engine casts, since engines differ in what they let pass."""

EPOCH_PATTERN = r"^[0-9]{1,19}(\.[0-9]*)?$"
"""What counts as an epoch time; a fraction is dropped."""

CONTROL_CHARACTERS = r"[\x00-\x1f\x7f]"
QUOTES = r'["\\]'
UNSAFE_CHARACTERS = f"{CONTROL_CHARACTERS}|{QUOTES}"
"""What no text of the dataset may hold; readers of CSV disagree whether a backslash escapes a quote."""

EARLIEST = 31_536_000
LATEST = 4_102_444_800
"""Seconds of 1971-01-01 and 2100-01-01: a time outside is a wrong unit or a default, never an event."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EpochTime(_Data):
    """A time given as a count of units since 1970-01-01 UTC."""

    kind: Literal["epoch"] = "epoch"
    unit: TimeUnit


class FormattedTime(_Data):
    """A time given as text.

    In a zone's autumn overlap the earlier instant is taken; a time in its spring gap does not exist and is rejected.

    Attributes:
        format: strptime codes and literal characters.
        pattern: regular expression of what the format can look like.
        timezone: IANA name.
    """

    kind: Literal["formatted"] = "formatted"
    format: str
    pattern: str
    timezone: str


class ColumnMapping(_Data):
    """How one column of the dataset comes from the raw columns.

    Attributes:
        source: raw column, or None for a constant.
        constant: the value of every row, if ``source`` is None.
        values: raw text to value, if the column is mapped.
        otherwise: what happens to raw texts not in ``values``.
        otherwise_value: the value for ``otherwise == "value"``.
    """

    name: str
    type: AvroType
    nullable: bool
    max_length: int | None
    source: str | None = None
    constant: str | float | None = None
    values: dict[str, str | float] | None = None
    otherwise: Literal["reject", "keep", "null", "value"] = "reject"
    otherwise_value: str | float | None = None
    time: EpochTime | FormattedTime | None = None


class DatasetMapping(_Data):
    """Everything an engine needs to turn raw objects into a dataset.

    Attributes:
        path: object, prefix ending in ``/`` or glob, under ``raw/``.
        encoding: of the text in CSV and JSON Lines.
        delimiter: character between the fields of CSV.
        quote: character around fields of CSV, or None where fields are never quoted.
        header: names of the fields of CSV, or None where each object's first line gives them.
    """

    dataset: Literal["interactions"]
    path: str
    format: SourceFormat = "csv"
    encoding: Encoding = "utf-8"
    delimiter: str
    quote: str | None
    header: list[str] | None = None
    keep: Expression | None
    columns: list[ColumnMapping]
