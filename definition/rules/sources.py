"""Rules of the source of a dataset: which keys go with its format, and with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.rules.findings import Finding, items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.rules.findings import Path

_CSV_ONLY = ("delimiter", "quote", "header", "skip_lines", "comment")
_TEXT_ONLY = ("encoding",)


def check_source(path: Path, source: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of a source, but for those of a list that is exploded."""
    kind = source.get("format", "csv")
    if kind in {"jsonl", "parquet"}:
        for key in (*_CSV_ONLY, *(_TEXT_ONLY if kind == "parquet" else ())):
            if key in source:
                owner = "csv" if key in _CSV_ONLY else "csv and jsonl"
                yield Finding((*path, key), f"has no meaning for {kind}", f"Remove it; it belongs to format: {owner}")
    header = items(source.get("header"))
    for index, name in enumerate(header):
        if name in header[:index]:
            yield Finding((*path, "header", index), f"'{name}' stands twice", "Give each field its own name")
    yield from _check_comment((*path, "comment"), source)


def _check_comment(path: Path, source: dict[str, Any]) -> Iterator[Finding]:
    comment, delimiter = source.get("comment"), source.get("delimiter", ",")
    if not (isinstance(comment, str) and isinstance(delimiter, str) and comment and delimiter):
        return
    if comment.startswith(delimiter) or delimiter.startswith(comment):
        yield Finding(path, "a record whose first field is empty would be a comment", "Use other signs than delimiter")
