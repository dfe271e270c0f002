"""Texts and categories of items as vectors: TF-IDF over words and categories."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse

from embedded_aws.personalize.recipes.base import Metadata

_WORD: Final = r"[\p{L}\p{N}]{2,}"
_IDEOGRAPHS: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Terms:
    """What items are described by: `table` is items by terms (CSR, float32), `names` are the terms."""

    table: Any
    names: Sequence[str]


def describe(metadata: Metadata, *, textual: bool = True, categorical: bool = True) -> Any:
    """Return the table of `find_terms`."""
    return find_terms(metadata, textual=textual, categorical=categorical).table


def find_terms(metadata: Metadata, *, textual: bool = True, categorical: bool = True) -> Terms:
    """Return items by terms, rows of length 1 or, without any term, 0.

    Words of textual columns and of titles are terms, in Chinese and Japanese, which write no spaces, pairs of
    characters; so are the values of categorical columns, which bars separate. A term counts once per item, by its
    inverse document frequency `1 + ln((1 + n) / (1 + df))`; what all items have says nothing and does not count.
    """
    frames = []
    for field in metadata.fields:
        values = pl.DataFrame({"item": np.arange(metadata.rows.height), "term": metadata.rows.get_column(field.name)})
        if (field.textual or field.item_name) and textual:
            frames.append(_words(values))
        elif field.categorical and categorical:
            split = values.drop_nulls().with_columns(pl.col("term").str.split("|")).explode("term")
            split = split.filter(pl.col("term").str.strip_chars() != "")
            frames.append(split.with_columns(pl.format("{}={}", pl.lit(field.name), "term").alias("term")))
    shape = (metadata.rows.height, 0)
    terms = pl.concat([pl.DataFrame({"item": np.zeros(0, np.int64), "term": pl.Series([], dtype=pl.String)}), *frames])
    if terms.is_empty():
        return Terms(sparse.csr_array(shape, dtype=np.float32), [])
    return _weighed(terms.drop_nulls().unique().sort("item", "term"), metadata.rows.height)


def _words(values: pl.DataFrame) -> pl.DataFrame:
    """Return one row per word."""
    texts = values.drop_nulls().with_columns(pl.col("term").str.to_lowercase())
    words = texts.with_columns(pl.col("term").str.extract_all(_WORD)).explode("term").drop_nulls()
    if not any(_IDEOGRAPHS.search(text) for text in texts.get_column("term")):
        return words
    pairs = [
        [word] if not _IDEOGRAPHS.search(word) else [word[place : place + 2] for place in range(len(word) - 1)]
        for word in words.get_column("term")
    ]
    return words.with_columns(pl.Series("term", pairs, dtype=pl.List(pl.String))).explode("term")


def _weighed(terms: pl.DataFrame, items: int) -> Terms:
    names, codes = np.unique(terms.get_column("term").to_numpy(), return_inverse=True)
    shape = (items, int(codes.max()) + 1)
    found = np.bincount(codes, minlength=shape[1])
    rarity = np.where(found < items, 1 + np.log((1 + items) / (1 + found)), 0)
    rows = terms.get_column("item").to_numpy()
    table = sparse.csr_array((rarity[codes], (rows, codes)), shape=shape)
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    scaled = sparse.diags_array(1 / np.where(lengths > 0, lengths, 1)) @ table
    return Terms(scaled.tocsr().astype(np.float32), [str(name) for name in names])
