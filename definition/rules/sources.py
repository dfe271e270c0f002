"""Rules of the source of a dataset or a look-up: which keys go with its place and format, and with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.file.source import PLACES
from definition.mapping.address import other_bucket
from definition.rules.findings import Finding, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path

_CSV_ONLY = ("delimiter", "quote", "header", "escape", "skip_lines", "comment")
_TEXT_ONLY = ("encoding",)
_OF_QUERIES = ("table", "query")
_QUERY_ONLY = ("partitions", "locations")


def is_queried(source: dict[str, Any]) -> bool:
    """Say whether Athena reads a source."""
    return any(source.get(key) is not None for key in _OF_QUERIES)


def format_of(source: dict[str, Any]) -> Any:
    """Return the format of what is read of a source; what Athena has found is Parquet."""
    return "parquet" if is_queried(source) else source.get("format", "csv")


def check_source(path: Path, source: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of a source, but for those of a list that is exploded."""
    yield from _check_place(path, source)
    kind = format_of(source)
    if kind in {"jsonl", "json", "parquet"}:
        for key in (*_CSV_ONLY, *(_TEXT_ONLY if kind == "parquet" else ())):
            if key in source:
                owner = "csv" if key in _CSV_ONLY else "csv, jsonl and json"
                what = "what Athena has found" if is_queried(source) else kind
                yield Finding((*path, key), f"has no meaning for {what}", f"Remove it; it belongs to format: {owner}")
    path_of = source.get("path")
    if "kms_key" in source and isinstance(path_of, str) and other_bucket(path_of) is None:
        found = "has no meaning for data under raw/, whose encryption is the pipeline's own"
        yield Finding((*path, "kms_key"), found, "Remove it; it belongs to path: s3://bucket/prefix/")
    header = items(source.get("header"))
    for index, name in enumerate(header):
        if name in header[:index]:
            yield Finding((*path, "header", index), f"'{name}' stands twice", "Give each field its own name")
    yield from _check_signs(path, source)


def _check_place(path: Path, source: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with where the data lies: at a path, or in the tables that Athena reads."""
    given = [key for key in PLACES if source.get(key) is not None]
    for key in PLACES:
        if key in source and source[key] is None:
            yield Finding((*path, key), "is empty", "Write where the data lies, or remove it")
    if not given and not any(key in source for key in PLACES):
        yield Finding(path, "does not say where the data lies", "Write path, table or query")
    for key in given[1:]:
        yield Finding((*path, key), f"stands beside {given[0]}, and a source has one place", f"Keep one of {_either()}")
    if not is_queried(source):
        for key in _QUERY_ONLY:
            if key in source:
                found = "has no meaning for data at a path"
                yield Finding((*path, key), found, "Remove it; it belongs to table and query")
        return
    yield from _check_queried(path, source)


def _check_queried(path: Path, source: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the keys of a source that Athena reads."""
    if "format" in source:
        yield Finding((*path, "format"), "has no meaning for what Athena has found", "Remove it; the table has its own")
    if "partitions" in source and "table" not in source:
        yield Finding((*path, "partitions"), "has no meaning for a query", "Write the condition into its WHERE")
    if not source.get("locations"):
        yield Finding(
            (*path, "locations"),
            "is missing: runs may read the data of the tables only where the file says that it lies",
            "Give the prefixes of their data, such as [s3://company-data/orders/] (aws glue get-table shows Location)",
        )


def _either() -> str:
    return " and ".join((", ".join(PLACES[:-1]), PLACES[-1]))


def _check_signs(path: Path, source: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with signs beside each other, each of which is a text or missing."""
    delimiter, escape, comment = source.get("delimiter", ","), source.get("escape"), source.get("comment")
    if not isinstance(delimiter, str) or not delimiter:
        return
    if isinstance(escape, str) and escape and escape in delimiter:
        yield Finding((*path, "escape"), "stands in the delimiter", "Use another character for one of them")
    if isinstance(comment, str) and comment:
        if comment.startswith(delimiter) or delimiter.startswith(comment):
            found = "a record whose first field is empty would be a comment"
            yield Finding((*path, "comment"), found, "Use other signs than the delimiter's")
        if isinstance(escape, str) and escape and comment.startswith(escape):
            found = "a record that begins with an escape would be a comment"
            yield Finding((*path, "comment"), found, "Use other signs")
