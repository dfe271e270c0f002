"""The `datasets` section of the pipeline file: raw data, and how the columns of the datasets come from it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from definition.file.source import Source
from definition.file.values import (
    CheckCondition,
    CheckName,
    Condition,
    CountsCondition,
    Expression,
    Scalar,
    Strict,
    TimeFormat,
    Timezone,
    ValueMap,
    absent,
)
from definition.mapping.checks import MAX_CHECKS, Severity
from definition.service.dataset_types import ColumnType, DatasetName


def _column_type(value: Any) -> Any:
    if value in ("boolean", "bool"):
        raise ValueError(
            "Personalize neither trains on booleans nor filters by them; write categorical, for categories such as "
            "true and false, or int, for 0 and 1"
        )
    return value


def _column(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class Column(Strict):
    """One column of a dataset: taken from a raw column, computed, or constant."""

    from_: str | None = Field(default=None, alias="from", min_length=1, description="name of the raw column")
    value: Scalar | None = Field(default=None, description="the same value in every row")
    expression: Expression | None = Field(
        default=None, description="SQL on the raw columns", examples=["price * quantity", "LOWER(TRIM(sku))"]
    )
    split: str | None = Field(
        default=None, min_length=1, description="text between several values of one field; they are joined by |"
    )
    map: ValueMap | None = Field(
        default=None,
        min_length=1,
        description="raw text to value, null for none; what is not listed goes by `otherwise`",
    )
    otherwise: Scalar | None = Field(
        default="reject",
        description="reject, keep (the raw text), null, or a value for what `map` does not list",
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(default=None, description="unit of an epoch time")
    format: TimeFormat | None = Field(
        default=None,
        description="iso8601, or a date format of strptime codes and literal characters",
        examples=["iso8601", "%d/%m/%Y %H:%M", "%b %d, %Y %I:%M %p"],
    )
    timezone: Timezone | None = Field(
        default=None, description="zone of times that name none themselves; default UTC", examples=["Asia/Shanghai"]
    )
    type: Annotated[ColumnType, BeforeValidator(_column_type)] | None = Field(
        default=None, description="of a metadata column; reserved fields have their own"
    )
    nullable: bool | None = Field(
        default=None, description="whether rows go without a value; metadata columns do, unless this says false"
    )


ColumnForm = Annotated[Column, BeforeValidator(_column, json_schema_input_type=str | Column)]


class Duplicates(Strict):
    """Which of several records stays that are the same in some columns."""

    keep: Literal["latest", "first", "all"] = Field(
        default="latest", description="latest by time and then in the order of the raw data, first, or all of them"
    )
    by: list[str] | None = Field(
        default=None, min_length=1, description="columns of the dataset; default user, item and time, or the id"
    )
    order_by: str | None = absent(
        min_length=1, description="column of items or users whose greatest value is the latest, instead of the last row"
    )


def _duplicates(value: Any) -> Any:
    return {"keep": value} if isinstance(value, str) else value


DuplicatesForm = Annotated[
    Duplicates,
    BeforeValidator(_duplicates, json_schema_input_type=Literal["latest", "first", "all"] | Duplicates),
]


def _key(value: Any) -> Any:
    if isinstance(value, list):
        raise ValueError("a look-up has one key, and it is one column; name it: key: order_id")  # noqa: TRY004  # pydantic's
    return value


RawName = Annotated[str, BeforeValidator(_key), StringConstraints(min_length=1)]


class Lookup(Strict):
    """Raw data beside the rows of a dataset: a row gets the columns of the look-up's row that has the same key."""

    source: Source
    key: RawName = Field(description="raw column of the look-up that holds the key", examples=["order_id"])
    on: RawName | None = absent(
        description="raw column of the dataset's rows that holds the key; left out: it has the key's name"
    )
    duplicates: Literal["first", "latest"] | None = absent(
        description="which of several rows with the same key counts, in the order of the raw data; left out: a key "
        "that stands twice stops the run"
    )
    missing: Literal["reject", "empty"] = absent(
        default="reject",
        description="what becomes of rows whose key the look-up does not hold: rejected where a column or a condition "
        "reads the look-up, or taken with its columns empty",
    )


def _left_out(value: object) -> bool:
    return value is None


def _lookup_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(
            f"{name!r} cannot name a look-up; use letters, digits and underscores, for a dot comes after it"
        )
    return name


LookupName = Annotated[str, AfterValidator(_lookup_name)]


class Check(Strict):
    """A data test: what must be true of every row, or of the counts of the dataset."""

    name: CheckName = Field(description="stands in messages and beside the rows that fail it", examples=["paid"])
    rows: CheckCondition | None = absent(
        description="SQL condition on the raw columns, which every row out must fulfil", examples=["price > 0"]
    )
    counts: CountsCondition | None = absent(
        description="SQL condition on counts of the data report, such as rows_in, records, users or empty.TITLE",
        examples=["records >= 10000", "empty.TITLE <= 0.1 * records"],
    )
    max: int | None = Field(
        default=None, ge=0, exclude_if=_left_out, description="how many rows may fail it; default none"
    )
    max_share: float | None = Field(
        default=None, ge=0, lt=1, strict=False, exclude_if=_left_out, description="share of the rows that may fail it"
    )
    severity: Severity = absent(
        default="fail", description="fail: the run stops before anything is imported; warn: it says so and goes on"
    )


class Dataset(Strict):
    """A dataset: its raw data, which rows to keep, and its columns."""

    source: Source
    lookups: dict[LookupName, Lookup] = absent(
        default={},
        description="raw data beside the rows, by names of yours: orders.customer_id is then a raw column",
        examples=[{"orders": {"source": {"path": "orders/"}, "key": "order_id"}}],
    )
    keep: Condition | None = Field(
        default=None, description="SQL condition on the raw columns", examples=["rating >= 3.5"]
    )
    columns: dict[str, ColumnForm] = Field(
        min_length=1,
        description="Personalize's name to raw column: required and reserved fields, and metadata of your own",
    )
    duplicates: DuplicatesForm | None = Field(
        default=None, description="left out: every interaction is kept, and the latest record of an item or user"
    )
    checks: list[Check] = absent(
        default=[],
        max_length=MAX_CHECKS,
        description="data tests of your own, before anything is imported",
        examples=[[{"name": "paid", "rows": "price > 0", "max_share": 0.01}]],
    )
    import_mode: Literal["full", "incremental"] = Field(
        default="full",
        description="incremental: only new raw objects are imported, as long as no earlier one changes or vanishes",
    )


class Event(Strict):
    """An event that rows of a wide table give: `columns` add to those of the dataset, or replace them."""

    when: Condition = Field(description="SQL condition on the raw columns", examples=["purchased_at IS NOT NULL"])
    columns: dict[str, ColumnForm] = Field(min_length=1)


class Interactions(Dataset):
    """The Item interactions dataset."""

    events: list[Event] | None = Field(
        default=None, min_length=1, description="several interactions of one raw row, each under its own condition"
    )


class Datasets(Strict):
    """The datasets of the dataset group."""

    interactions: Interactions
    items: Dataset | None = None
    users: Dataset | None = None

    def sources(self) -> dict[str, Source]:
        """Return all sources by their place in the section: ``interactions.source``."""
        found: dict[str, Source] = {}
        for name, dataset in self.by_name().items():
            found[f"{name}.source"] = dataset.source
            found |= {f"{name}.lookups.{each}.source": lookup.source for each, lookup in dataset.lookups.items()}
        return found

    def by_name(self) -> dict[DatasetName, Dataset]:
        """Return the datasets that there are: those that others refer to first, as they are transformed."""
        given: dict[DatasetName, Dataset | None] = {
            "items": self.items,
            "users": self.users,
            "interactions": self.interactions,
        }
        return {name: dataset for name, dataset in given.items() if dataset is not None}
