"""Write a dataset as the CSV that Personalize imports (pages preparing-training-data, items-datasets)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from definition.mapping.mapping import DatasetMapping


def sink(dataset: pl.LazyFrame, mapping: DatasetMapping, target: str) -> pl.LazyFrame:
    """Return the sink of a dataset's records.

    A quote within a textual field is escaped by a backslash, which is not how CSV writers do it; with such a field all
    quotes are set here.
    """
    columns = mapping.records[0].columns
    if not any(column.textual for column in columns):
        return dataset.sink_csv(target, lazy=True, mkdir=True)
    texts = [_quoted(column.name, always=column.textual) for column in columns if column.type == "string"]
    return dataset.with_columns(texts).sink_csv(target, lazy=True, mkdir=True, quote_style="never")


def _quoted(name: str, *, always: bool) -> pl.Expr:
    text = pl.col(name)
    quoted = pl.concat_str(pl.lit('"'), text, pl.lit('"'))
    chosen = quoted if always else pl.when(text.str.contains(",", literal=True)).then(quoted).otherwise(text)
    return chosen.alias(name)
