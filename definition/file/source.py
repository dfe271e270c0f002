"""The `source` of a dataset or a look-up: where raw data lies, and how it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from definition.file.places import KmsKey, Location, SourcePath
from definition.file.values import Comment, Delimiter, Encoding, Escape, Strict, absent
from definition.mapping.query import QueryError, Table, check_condition, table_named, tables_of
from definition.mapping.source import SourceFormat

if TYPE_CHECKING:
    from collections.abc import Callable


class Explode(Strict):
    """The list of a raw row of which each element becomes a record, with the row's other fields."""

    from_: str = Field(alias="from", min_length=1, description="raw column of the list; its elements go by that name")
    split: str | None = absent(
        min_length=1, description="text between the elements, where the list is a text and not one of JSON or Parquet"
    )
    fields: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]] | None = absent(
        min_length=2, description="names of the parts of each such element, which become raw columns below the list's"
    )
    between: str | None = absent(
        min_length=1, description="text between those parts; the first part may hold it, too", examples=["-", ":"]
    )


def _explode(value: Any) -> Any:
    if isinstance(value, list):
        raise ValueError("a row has one list that is exploded; name it: explode: items")  # noqa: TRY004  # pydantic's
    return {"from": value} if isinstance(value, str) else value


ExplodeForm = Annotated[Explode, BeforeValidator(_explode, json_schema_input_type=str | Explode)]


MAX_SKIPPED = 1_000
"""Lines of the longest preamble: ours, for objects lose no more than that by it."""


PLACES = ("path", "table", "query")
"""Keys of a source of which it has one."""


def _table(text: str) -> str:
    table = table_named(text)
    if table is None:
        raise ValueError(f"'{text}' is no table of the Glue Data Catalog; write database.table, such as sales.orders")
    return ".".join(table)


def _checked(text: str, check: Callable[[str], Any]) -> str:
    try:
        check(text)
    except QueryError as error:
        raise ValueError(f"{error.what}; {error.remedy[:1].lower()}{error.remedy[1:]}") from error
    return text


def _query(text: str) -> str:
    return _checked(text, tables_of)


def _partitions(text: str) -> str:
    return _checked(text, check_condition)


class Source(Strict):
    """Where the raw data lies, and how it is read."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in PLACES]})

    path: SourcePath | None = absent(
        description="object, prefix ending in /, or glob of * ? […] and ** for any folders, under raw/ in the bucket; "
        "with s3:// and a bucket's name before it, in another bucket",
        examples=["ratings/", "events/2024-*/part-*.csv.gz", "s3://company-data/orders/"],
    )
    format: SourceFormat = Field(
        default="csv",
        description="of the objects: jsonl has an object on each line, json has them one after the other or in arrays; "
        "gzip, bzip2 and zstd are unpacked, but for parquet",
    )
    encoding: Encoding = Field(
        default="utf-8",
        description="of the text in csv, jsonl, json, by a name that Python knows; a BOM is no part of it",
    )
    delimiter: Delimiter = Field(
        default=",", description="csv: character between fields, or several", examples=[";", "::"]
    )
    quote: Literal['"', "none"] = Field(
        default='"', description='csv: character around fields that hold the delimiter, or "none"'
    )
    header: list[Annotated[str, StringConstraints(min_length=1)]] | None = Field(
        default=None,
        min_length=1,
        description="csv: names of the fields of objects without header line; left out: first lines name them",
    )
    escape: Escape | None = absent(
        description="csv: character after which the next one is text, within quotes and outside", examples=["\\"]
    )
    skip_lines: int = absent(
        default=0, ge=0, le=MAX_SKIPPED, description="csv: lines of each object before its header or first record"
    )
    comment: Comment | None = absent(
        description="csv: what a line begins with that is no record, outside of quoted fields", examples=["#"]
    )
    nulls: list[str] = absent(
        default=[], description="texts that stand for no value, wherever a field is nothing else", examples=[["NULL"]]
    )
    explode: ExplodeForm | None = absent(
        description="raw column of a list, each element of which becomes a record", examples=["items"]
    )
    kms_key: KmsKey | None = absent(
        description="ARN of the KMS key that objects in another bucket are encrypted with, so that they may be read",
        examples=["arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    )
    table: Annotated[str, AfterValidator(_table)] | None = absent(
        description="instead of path: a table of the Glue Data Catalog, which Athena reads", examples=["sales.orders"]
    )
    partitions: Annotated[str, AfterValidator(_partitions)] | None = absent(
        description="table: SQL condition on its columns; one on partitions leaves the others unread, and unpaid",
        examples=["day >= '2026-01-01'"],
    )
    query: Annotated[str, AfterValidator(_query)] | None = absent(
        description="instead of path: a SELECT that Athena runs, or the name of a file with one, ending in .sql, "
        "beside the pipeline file",
        examples=["orders.sql"],
    )
    locations: list[Location] = absent(
        default=[],
        description="table and query: prefixes in S3 where the data of the tables lies; runs may read there",
        examples=[["s3://company-data/orders/"]],
    )

    @property
    def is_queried(self) -> bool:
        """Whether Athena reads the data."""
        return self.table is not None or self.query is not None

    @property
    def tables(self) -> list[Table]:
        """The tables of the Glue Data Catalog that are read."""
        if self.table is not None:
            return [Table(*self.table.split("."))]
        return tables_of(self.query) if self.query is not None else []


_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_LEAST_SCANNED = 10**7
"""Bytes that Athena's own limit begins at (API page WorkGroupConfiguration)."""


def _scanned(text: Any) -> Any:
    form = re.fullmatch(r"([1-9]\d{0,5}) (MB|GB|TB)", text) if isinstance(text, str) else None
    if form is None or int(form[1]) * _UNITS[form[2]] < _LEAST_SCANNED:
        raise ValueError(f"'{text}' is no amount of data; write 10 MB or more, such as 100 GB")
    return text


def _workgroup(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,128}", text):
        raise ValueError(
            f"'{text}' cannot be the name of a workgroup; it has up to 128 letters, digits, dots, hyphens, underscores"
        )
    return text


class Athena(Strict):
    """How the queries of sources are run."""

    workgroup: Annotated[str, AfterValidator(_workgroup)] | None = absent(
        description="name of a workgroup of yours; left out: the deployment makes one"
    )
    results: Location | None = absent(
        description="where that workgroup writes results, if it does not let its clients say where",
        examples=["s3://company-athena/results/"],
    )
    max_scanned: Annotated[str, BeforeValidator(_scanned)] = absent(
        default="100 GB",
        description="the most that one query may read, in a workgroup that the deployment makes: Athena bills by that",
        examples=["1 TB"],
    )

    @property
    def max_bytes(self) -> int:
        """The most bytes that one query may read."""
        amount, unit = self.max_scanned.split()
        return int(amount) * _UNITS[unit]
