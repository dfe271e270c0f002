"""How raw objects are read as rows, whatever the rows are for: those of a dataset, or those of a look-up."""

from __future__ import annotations

import operator
import re
from abc import abstractmethod
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SourceFormat = Literal["csv", "jsonl", "json", "parquet"]

ALL_ELEMENTS = "[*]"
"""Stands behind the name of an exploded list where a column is read of all of its elements."""


class Data(BaseModel):
    """Neutral data."""

    # Deferred: a command needs few of the validators, and building all of them takes longer than what it does.
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)


class Explode(Data):
    """The list of a raw row of which each element becomes a record, or several, with the row's other fields.

    An element's raw columns are ``path``, the element itself, and what lies below it.

    Attributes:
        path: raw column of the list.
        split: text between the elements where the list is a text, None where it is one of JSON or Parquet.
        fields: names, below ``path``, of the parts of such an element.
        between: text between the parts; the first may hold it, too.
    """

    path: str
    split: str | None = None
    fields: list[str] = []
    between: str = ""

    def column_of(self, name: str) -> str | None:
        """Return the element's raw column that a name stands for, of one or of all elements; None for a row's own."""
        begin = self.path + ALL_ELEMENTS
        plain = self.path + name.removeprefix(begin) if name.startswith(begin) else name
        if self.split is not None:
            return plain if plain in {self.path, *(f"{self.path}.{each}" for each in self.fields)} else None
        return plain if plain == self.path or plain.startswith(f"{self.path}.") else None

    @property
    def parts_pattern(self) -> str:
        """Regular expression of an element with several parts, a group for each."""
        return f"(?s)^{re.escape(self.between).join(['(.*)'] * len(self.fields))}\\z"


class SourceMapping(Data):
    """Everything an engine needs to read raw objects as rows of text fields.

    Attributes:
        path: object, prefix ending in ``/`` or glob, under ``raw/`` or, as ``s3://bucket/…``, anywhere.
        queried: whether Athena has found the rows: each run has them elsewhere, and puts in the path.
        encoding: of the text in CSV and JSON, by the name that `definition.file.encodings` gives it.
        delimiter: text between the fields of CSV, of up to ``MAX_DELIMITER`` characters.
        quote: character around fields of CSV, or None where fields are never quoted.
        header: names of the fields of CSV, or None where each object's first line gives them.
        escape: character of CSV after which the next one is text, or None where none has that meaning.
        comment: what lines of CSV begin with that are no records, or None where all are.
        skip_lines: lines at the beginning of each object of CSV that are no records.
        nulls: texts of a field that stand for no value.
        lists: raw columns that may hold a list, which is read as its values joined by ``SEVERAL``.
        explode: the list of which each element is looked at like a row; None where a row is one.
    """

    path: str
    queried: bool = Field(default=False, exclude_if=operator.not_)
    format: SourceFormat = "csv"
    encoding: str = "utf-8"
    delimiter: str
    quote: str | None = None
    header: list[str] | None = None
    # Left out where there are none, so that mappings of before keep their digest.
    escape: str | None = Field(default=None, exclude_if=operator.not_)
    comment: str | None = Field(default=None, exclude_if=operator.not_)
    skip_lines: int = Field(default=0, exclude_if=operator.not_)
    nulls: list[str] = Field(default=[], exclude_if=operator.not_)
    lists: list[str] = []
    explode: Explode | None = Field(default=None, exclude_if=operator.not_)

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the pipeline file has the source, for remedies."""

    @property
    def owner(self) -> str:
        """Whose raw data it is, for messages: ``interactions`` or ``interactions.lookups.orders``."""
        return self.place.removeprefix("datasets.").removesuffix(".source")

    @property
    def may_explode(self) -> bool:
        """Whether the source could explode a list and does not, for remedies."""
        return self.explode is None

    @abstractmethod
    def raw_columns(self) -> list[str]:
        """Return the names of the raw columns that are read of a row as text, each once: not those of elements."""

    def element_columns(self) -> list[str]:
        """Return the names of the raw columns that are read of elements, each once."""
        return []

    def foreign_columns(self) -> dict[str, list[str]]:
        """Return the names that mean columns of look-ups, by look-up: no row may have such fields."""
        return {}
