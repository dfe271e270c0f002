"""Read raw CSV objects as lines cut into text fields, each line with its object and number.

Lines are cut here rather than by a CSV reader: readers drop or merge what they cannot read, and bind columns by
name or by position depending on version. A quoted field must end on its line.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import polars as pl

from lambdas.transform.errors import ColumnMissingError, SourceEmptyError, UndecodableError
from lambdas.transform.request import RawObject

if TYPE_CHECKING:
    from collections.abc import Iterable

OBJECT, LINE_NUMBER, LINE, SHAPE = "object", "line_number", "line", "shape"
"""Columns beside the raw fields: key, number of the line from 1, its text, what is wrong with its shape."""

_BOM = "\ufeff"


def raw(name: str) -> str:
    """Return the frame's column for a raw column, None where the field is empty."""
    return f"raw:{name}"


def list_objects(s3: Any, bucket: str, path: str) -> list[RawObject]:
    """List the objects with content at ``raw/<path>``: one object, or all below a prefix ending in ``/``.

    Raises:
        SourceEmptyError: there are none.
    """
    prefix = f"raw/{path}"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [
        RawObject(key=item["Key"], size=item["Size"], etag=item["ETag"].strip('"'))
        for page in pages
        for item in page.get("Contents", ())
        if item["Size"] and (prefix.endswith("/") or item["Key"] == prefix)
    ]
    if not found:
        where = f"s3://{bucket}/{prefix}"
        remedy = "Upload the raw data there, or correct datasets.interactions.source.path"
        raise SourceEmptyError(f"No data at {where}. {remedy}.")
    return found


def scan(
    root: str, objects: Iterable[RawObject], columns: Iterable[str], *, delimiter: str, quote: str | None
) -> pl.LazyFrame:
    """Return the lines of all objects after their headers, with the fields of ``columns`` as text.

    Each object's own header says where its columns stand, so objects may order them differently.

    Args:
        root: what an object's key is appended to, such as ``s3://bucket/``.
        objects: the raw objects.
        columns: names of raw columns.
        delimiter: one character.
        quote: character around fields, or None where fields are never quoted.

    Raises:
        ColumnMissingError: a header lacks one of ``columns``, or has it twice.
        polars.exceptions.ComputeError: the beginning of an object is not UTF-8; ``undecodable`` says which and where.
    """
    wanted = list(columns)
    return pl.concat([_scan_object(root, item, wanted, delimiter, quote) for item in objects])


def undecodable(bucket: str, objects: Iterable[RawObject], s3: Any) -> UndecodableError | None:
    """Return the error that names the object which is not UTF-8, if there is one."""
    for item in objects:
        if item.key.endswith(".gz"):
            continue  # its bytes are not its text
        body = s3.get_object(Bucket=bucket, Key=item.key)["Body"]
        for number, line in enumerate(body.iter_lines(), 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                remedy = "Convert it to UTF-8 and upload it again"
                return UndecodableError(f"{item.key} is not UTF-8 text (line {number}). {remedy}.")
    return None


def _scan_object(root: str, item: RawObject, columns: list[str], delimiter: str, quote: str | None) -> pl.LazyFrame:
    uri = root + item.key
    header = _header(uri, delimiter, quote)
    for name in columns:
        if header.count(name) != 1:
            what = "has no column" if name not in header else "names twice the column"
            raise ColumnMissingError(
                f"{item.key} {what} '{name}'; its header is {delimiter.join(header)[:500]}. "
                "Correct the column names (or the delimiter) in the pipeline file, or the file's header."
            )
    lines = pl.scan_lines(uri, name=LINE, row_index_name=LINE_NUMBER, row_index_offset=1, glob=False)
    return (
        lines.filter(pl.col(LINE_NUMBER) > 1)
        .with_columns(
            pl.col(LINE).str.splitn(delimiter, len(header) + 1).alias("split"),
            _parse_quoted(delimiter, quote).alias("quoted"),
        )
        .select(
            pl.lit(item.key).alias(OBJECT),
            LINE_NUMBER,
            LINE,
            _shape(len(header)).alias(SHAPE),
            *(_field(header.index(name)).alias(raw(name)) for name in columns),
        )
    )


def _header(uri: str, delimiter: str, quote: str | None) -> list[str]:
    text = pl.scan_lines(uri, n_rows=1, glob=False).collect().item().removeprefix(_BOM)
    return _cut(text, delimiter) or [text] if quote else text.split(delimiter)


# A field may be as long as its line.
csv.field_size_limit(2**31 - 1)


def _cut(line: str, delimiter: str) -> list[str]:
    """Cut a line with quotes into its fields; an empty list if the quoting is broken."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _parse_quoted(delimiter: str, quote: str | None) -> pl.Expr:
    """Return the fields of lines that hold a quote, null for the others: those are cut by splitting."""
    fields = pl.List(pl.String)
    if quote is None:
        return pl.lit(None, dtype=fields)

    def parse(lines: pl.Series) -> pl.Series:
        if not lines.str.contains(quote, literal=True).any():
            return pl.repeat(None, len(lines), dtype=fields, eager=True)
        return pl.Series([_cut(line, delimiter) if quote in line else None for line in lines], dtype=fields)

    return pl.col(LINE).map_batches(parse, return_dtype=fields, is_elementwise=True)


def _shape(width: int) -> pl.Expr:
    quoted, split = pl.col("quoted"), pl.col("split").struct
    fields = f"{width} {'field' if width == 1 else 'fields'}"
    return (
        pl.when(pl.col(LINE) == "")
        .then(pl.lit("blank line"))
        .when(quoted.list.len() == 0)
        .then(pl.lit("a quoted field does not end on its line"))
        .when(pl.when(quoted.is_null()).then(split[width - 1].is_null()).otherwise(quoted.list.len() < width))
        .then(pl.lit(f"fewer than {fields}"))
        .when(pl.when(quoted.is_null()).then(split[width].is_not_null()).otherwise(quoted.list.len() > width))
        .then(pl.lit(f"more than {fields}"))
    )


def _field(index: int) -> pl.Expr:
    split = pl.col("split").struct[index]
    quoted = pl.col("quoted").list.get(index, null_on_oob=True)
    text = pl.when(pl.col("quoted").is_null()).then(split).otherwise(quoted)
    return pl.when(text != "").then(text)
