"""Rules of the source of a dataset: which keys go with its format, and with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.mapping.address import other_bucket
from definition.rules.findings import Finding, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path

_CSV_ONLY = ("delimiter", "quote", "header", "escape", "skip_lines", "comment")
_TEXT_ONLY = ("encoding",)


def check_source(path: Path, source: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of a source, but for those of a list that is exploded."""
    kind = source.get("format", "csv")
    if kind in {"jsonl", "json", "parquet"}:
        for key in (*_CSV_ONLY, *(_TEXT_ONLY if kind == "parquet" else ())):
            if key in source:
                owner = "csv" if key in _CSV_ONLY else "csv, jsonl and json"
                yield Finding((*path, key), f"has no meaning for {kind}", f"Remove it; it belongs to format: {owner}")
    path_of = source.get("path")
    if "kms_key" in source and isinstance(path_of, str) and other_bucket(path_of) is None:
        found = "has no meaning for data under raw/, whose encryption is the pipeline's own"
        yield Finding((*path, "kms_key"), found, "Remove it; it belongs to path: s3://bucket/prefix/")
    header = items(source.get("header"))
    for index, name in enumerate(header):
        if name in header[:index]:
            yield Finding((*path, "header", index), f"'{name}' stands twice", "Give each field its own name")
    yield from _check_signs(path, source)


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
