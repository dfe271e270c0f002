"""A dataset's mapping as neutral data: what the engines compile and what travels to them as JSON.

    rows in =
        rejected   the line cannot be cut into fields, or a value is none of what its column takes
      | filtered   no condition takes the row, or an earlier or later row is the same one
      | out        everything else

A row is looked at in that order: shape of the line, numbers that conditions compare, `keep`, then for each record that
the row gives its columns in their order; the first thing wrong is the reason, and with it the whole row is rejected.

Where a list of the row is exploded, each of its elements is looked at in that order, one after the other. A row is
rejected with the first element that is; out if an element gives a record; else filtered, as one without elements.
"""

from __future__ import annotations

import operator
import re
from typing import Literal

from pydantic import Field

from definition.mapping.checks import CheckMapping
from definition.mapping.expressions import Condition, Number, RawColumn, Text, Value, kind_of, numbers_read, raw_columns
from definition.mapping.lookups import LookupMapping, Reference
from definition.mapping.source import Data, SourceMapping
from definition.service.dataset_types import AvroType, DatasetName

TimeUnit = Literal["s", "ms", "us", "ns"]
UNITS_PER_SECOND: dict[TimeUnit, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

NUMBER_PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\z"
"""What counts as a number; matched before any engine casts, since engines differ in what they let pass."""

WHOLE_PATTERN = r"^([+-]?[0-9]{1,19})(?:\.0*)?\z"
"""What counts as a whole number; the group is what is cast."""

EPOCH_PATTERN = r"^([0-9]{1,19})(\.[0-9]*)?\z"
"""What counts as an epoch time; the group is what is cast: a fraction is dropped."""

CONTROL_CHARACTERS = r"[\x00-\x1f\x7f]"
QUOTES = r'["\\]'
UNSAFE_CHARACTERS = f"{CONTROL_CHARACTERS}|{QUOTES}"
"""What no text but a textual one may hold; readers of CSV disagree whether a backslash escapes a quote."""

MAX_DELIMITER = 8
"""Characters of the longest delimiter: ours, for whoever means a line of text by it."""

EXACT = 2**53
"""Up to here every whole number has its own double; beyond, every double is whole."""

SEVERAL = "|"
"""What joins several values of one field (page items-datasets)."""

REPEATED_SEVERAL = r"\|{2,}"
AROUND_SEVERAL = f"{SEVERAL} \t"
"""Pattern of what becomes one ``SEVERAL``, and characters that none begins or ends with."""

EARLIEST = 31_536_000
LATEST = 4_102_444_800
"""Seconds of 1971-01-01 and 2100-01-01: a time outside is a wrong unit or a default, never an event."""

WHOLE_BITS: dict[AvroType, int] = {"int": 32, "long": 64}

LARGEST_FLOAT: dict[AvroType, float] = {"float": 3.4028234663852886e38, "double": 1.7976931348623157e308}
"""Largest numbers of IEEE 754 in 32 and 64 bits."""


class EpochTime(Data):
    """A time given as a count of units since 1970-01-01 UTC."""

    kind: Literal["epoch"] = "epoch"
    unit: TimeUnit


class FormattedTime(Data):
    """A time given as text.

    In a zone's autumn overlap the earlier instant is taken; a time in its spring gap does not exist and is rejected.

    Attributes:
        format: as the pipeline file has it.
        pattern: regular expression of what the format can look like, with a group for each part.
        parts: the ``strptime`` codes of the groups (``definition.mapping.times``); a group that takes no part in a
            match counts as 0.
        timezone: IANA name, for texts that name no zone of their own.
    """

    kind: Literal["formatted"] = "formatted"
    format: str
    pattern: str
    parts: list[str]
    timezone: str


class ColumnMapping(Data):
    """How one column of the dataset comes from the raw columns.

    What ``value`` gives goes through ``split``, ``values`` and ``time``, those that are there, in that order; then it
    must be of the column's type.

    Attributes:
        name: the field's name.
        value: what it is computed from: a raw column, a constant, or more.
        split: text between several values of one field.
        values: text to value, None for none, if the column is mapped.
        otherwise: what happens to texts not in ``values``.
        otherwise_value: the value for ``otherwise == "value"``.
        textual: quotes, backslashes and line breaks are written in the way that textual fields have, not refused.
        any_year: times before ``EARLIEST`` and after ``LATEST`` are taken.
        lookups: of which a row needs a match, or the column has no value.
    """

    name: str
    type: AvroType
    nullable: bool
    max_length: int | None = None
    textual: bool = False
    value: Value
    split: str | None = None
    values: dict[str, str | float | None] | None = None
    otherwise: Literal["reject", "keep", "null", "value"] = "reject"
    otherwise_value: str | float | None = None
    time: EpochTime | FormattedTime | None = None
    any_year: bool = False
    lookups: list[Reference] = Field(default=[], exclude_if=operator.not_)

    @property
    def raw_column(self) -> str | None:
        """The raw column whose field is the value as it is, None if there is more to it."""
        return self.value.name if isinstance(self.value, RawColumn) else None

    @property
    def is_constant(self) -> bool:
        """Whether every row has the same value."""
        return isinstance(self.value, Text | Number)

    @property
    def is_computed(self) -> bool:
        """Whether an engine computes a text or a number before the column's rules look at it."""
        return not self.is_constant and (self.raw_column is None or self.split is not None)

    @property
    def split_pattern(self) -> str:
        """Regular expression of what stands between several values: ``split`` with blanks around it."""
        return f"[ \\t]*{re.escape(self.split or '')}[ \\t]*"

    @property
    def gives_number(self) -> bool:
        """Whether the value is a number from the beginning, and not a text that may be read as one."""
        return kind_of(self.value) == "number"

    @property
    def reads_float(self) -> bool:
        """Whether the column reads numbers that need not be whole."""
        return self.type in {"float", "double"} and not self.is_constant

    @property
    def reads_whole(self) -> bool:
        """Whether the column reads whole numbers."""
        return self.type in {"int", "long"} and self.time is None and not self.is_constant

    def numbers_read(self) -> list[str]:
        """Return the names of the raw columns that are read as numbers for this column."""
        own = [self.raw_column] if self.raw_column and not self.split and self.reads_float else []
        return [*own, *numbers_read(self.value)]


class RecordMapping(Data):
    """A record of the dataset that a raw row gives.

    Attributes:
        when: condition on the raw columns; None for a record of every row.
        columns: the dataset's columns in the order of its schema, the same ones in every record.
    """

    when: Condition | None = None
    columns: list[ColumnMapping]


class Duplicates(Data):
    """Which of several records stays that are the same in some columns.

    Attributes:
        keep: ``first`` in the order of objects, lines and elements; ``latest`` by
            ``DatasetMapping.latest_by``, where no value comes before every value, and then the last in that order.
        by: names of columns of the dataset.
        order_by: name of the column that makes a record the latest.
    """

    keep: Literal["latest", "first"]
    by: list[str]
    order_by: str | None = Field(default=None, exclude_if=operator.not_)


class DatasetMapping(SourceMapping):
    """Everything an engine needs to turn raw objects into a dataset.

    Attributes:
        lookups: what stands beside the rows, found by a key.
        keep: condition on the raw columns.
        records: what a row gives, one at least. Several go without ``duplicates``.
        checks: what must be true of its rows and counts; nothing of the dataset depends on them.
    """

    dataset: DatasetName
    lookups: list[LookupMapping] = Field(default=[], exclude_if=operator.not_)
    keep: Condition | None = None
    records: list[RecordMapping]
    duplicates: Duplicates | None = None
    checks: list[CheckMapping] = Field(default=[], exclude_if=operator.not_)

    @property
    def place(self) -> str:
        """Where the pipeline file has the source, for remedies."""
        return f"datasets.{self.dataset}.source"

    @property
    def needs_queries(self) -> bool:
        """Whether Athena has to find rows first, of the dataset or of a look-up."""
        return any(each.queried for each in (self, *self.lookups))

    @property
    def column_names(self) -> list[str]:
        """Names of the dataset's columns in the order of its schema."""
        return [column.name for column in self.records[0].columns]

    @property
    def counted_columns(self) -> int:
        """How many columns share the quota of event types: metadata, EVENT_TYPE, EVENT_VALUE (page limits)."""
        free = {"USER_ID", "ITEM_ID", "TIMESTAMP", "IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE"}
        return len(set(self.column_names) - free)

    @property
    def conditions(self) -> list[Condition]:
        """All conditions, `keep` first."""
        return [condition for condition in (self.keep, *(record.when for record in self.records)) if condition]

    def raw_columns(self) -> list[str]:
        """Return the names of the raw columns that are read of a row as text, each once: not those of elements.

        Keys of look-ups are among them, and what look-ups give is not.
        """
        foreign = {name for names in self.foreign_columns().values() for name in names}
        keys = [lookup.on for lookup in self.lookups]
        names = list(dict.fromkeys([*(name for name in self._read() if name not in foreign), *keys]))
        if self.explode is None:
            return names
        names = [name for name in names if self.explode.column_of(name) is None]
        return names if self.explode.split is None else [*names, self.explode.path]

    def foreign_columns(self) -> dict[str, list[str]]:
        """Return the names that mean columns of look-ups, by look-up: no row may have such fields."""
        return {lookup.name: [lookup.name_of(column) for column in lookup.columns] for lookup in self.lookups}

    def element_columns(self) -> list[str]:
        """Return the names of the raw columns that are read of elements, each once."""
        found = [self.explode.column_of(name) for name in self._read()] if self.explode else []
        return list(dict.fromkeys(name for name in found if name is not None))

    def whole_columns(self) -> dict[str, str]:
        """Return the names that are read of all elements, with the element's raw column that each stands for."""
        found = {name: self.explode.column_of(name) for name in self._read()} if self.explode else {}
        return {name: column for name, column in found.items() if column is not None and column != name}

    def latest_by(self) -> ColumnMapping | None:
        """Return the column by which the latest of several records is found; None where their places say it all."""
        same = self.duplicates
        if same is None or same.keep == "first":
            return None
        timed = self.dataset == "interactions" and "TIMESTAMP" not in same.by
        name = same.order_by or ("TIMESTAMP" if timed else None)
        return next((column for column in self.records[0].columns if column.name == name), None)

    @property
    def row_checks(self) -> list[CheckMapping]:
        """The checks that look at rows."""
        return [check for check in self.checks if check.rows]

    def without_checks(self) -> DatasetMapping:
        """Return the mapping that makes the same dataset and checks nothing: what only checks read is not read."""
        if not self.checks:
            return self
        bare = self.model_copy(update={"checks": []})
        read = set(bare._read())  # noqa: SLF001  # another one of ours
        lookups = [
            each.model_copy(update={"columns": [name for name in each.columns if each.name_of(name) in read]})
            for each in self.lookups
        ]
        return bare.model_copy(update={"lookups": lookups})

    def _read(self) -> list[str]:
        values = [column.value for record in self.records for column in record.columns]
        read = [leaf.name for node in (*values, *self.conditions) for leaf in raw_columns(node)]
        return list(dict.fromkeys([*read, *(name for check in self.checks for name in check.raw_columns())]))

    def compared_numbers(self) -> list[str]:
        """Return the names of the raw columns that conditions read as numbers, each once."""
        return list(dict.fromkeys(name for condition in self.conditions for name in numbers_read(condition)))

    def numbers_of_conditions(self) -> list[str]:
        """Return the same with those that checks read as numbers, which reject no row."""
        of_checks = (name for check in self.checks for name in check.numbers_read())
        return list(dict.fromkeys([*self.compared_numbers(), *of_checks]))

    def needed_lookups(self) -> list[Reference]:
        """Return the look-ups of which a row needs a match, or conditions cannot be answered, each once."""
        return references(self.lookups, [leaf.name for condition in self.conditions for leaf in raw_columns(condition)])


def references(lookups: list[LookupMapping], names: list[str]) -> list[Reference]:
    """Return the look-ups of which a row needs a match where these raw columns are read, each once."""
    needed = (each for each in lookups if each.missing == "reject")
    return [
        Reference(lookup=each.name, on=each.on)
        for each in needed
        if any(each.column_of(name) is not None for name in names)
    ]
