"""Look-ups: raw data of its own that stands beside the rows of a dataset, found by a key."""

from __future__ import annotations

from typing import Literal

from definition.mapping.source import Data, SourceMapping
from definition.service.dataset_types import DatasetName


class Reference(Data):
    """That something cannot be read where a row has no match in a look-up.

    Attributes:
        lookup: its name.
        on: raw column of the row that holds the key.
    """

    lookup: str
    on: str


class LookupMapping(SourceMapping):
    """A look-up of a dataset: each of its rows has a key, and columns that a row of the dataset with that key gets.

    Keys are compared as texts. The columns' names in the dataset are ``<name>.<column>``.

    Attributes:
        dataset: whose rows look something up.
        name: of the look-up.
        key: raw column of the look-up that holds the key.
        on: raw column of the dataset's rows that holds it.
        columns: raw columns of the look-up that are read, each once.
        duplicates: which of several rows with the same key counts, in the order of objects and lines; None where there
            must not be several.
        missing: what becomes of the columns where no row has the key: nothing can be made of them, or they are empty.
    """

    dataset: DatasetName
    name: str
    key: str
    on: str
    columns: list[str]
    duplicates: Literal["first", "latest"] | None = None
    missing: Literal["reject", "empty"] = "reject"

    @property
    def place(self) -> str:
        """Where the pipeline file has the source, for remedies."""
        return f"{self.section}.source"

    @property
    def section(self) -> str:
        """Where the pipeline file has the look-up."""
        return f"datasets.{self.dataset}.lookups.{self.name}"

    @property
    def may_explode(self) -> bool:
        """Say that no list of a look-up is exploded."""
        return False

    def raw_columns(self) -> list[str]:
        """Return the names of the raw columns that are read, each once; the key is the first."""
        return list(dict.fromkeys([self.key, *self.columns]))

    def name_of(self, column: str) -> str:
        """Return the name that one of its columns has in the dataset."""
        return f"{self.name}.{column}"

    def column_of(self, name: str) -> str | None:
        """Return the look-up's raw column that a name in the dataset stands for, None for anything else's."""
        begin = f"{self.name}."
        return name.removeprefix(begin) if name.startswith(begin) else None
