"""Look-ups beside the rows of a dataset: read once, staged as Parquet, then held in memory by their keys.

The raw objects of a look-up may be as large and as broken as any: they are scanned like those of datasets. Only keys
and columns that something reads are held, and their size is known before they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

from lambdas.transform.attempts import REJECTS, until_read
from lambdas.transform.columns import LINE_NUMBER, OBJECT, SHAPE
from lambdas.transform.plan import REASON, WITHOUT_TEXT, reasons, written
from lambdas.transform.reader import read
from transform.errors import DataTooLargeError
from transform.meaning.names import found, raw
from transform.raw.keys import repeated_key
from transform.raw.objects import USE_SPARK
from transform.reasons import empty
from transform.report import lookup_report

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from definition.mapping.lookups import LookupMapping
    from definition.mapping.mapping import DatasetMapping
    from transform.contract import LookupReport, RawObject, TransformRequest
    from transform.raw.store import Store

MOST_BYTES = 320 * 10**6
"""Bytes of a dataset's look-ups in the function: their texts, and ``_FIELD`` for each.

A join was measured to take 1.8 times as many (`python -m bench lookups`): a third of a function of 1,769 MB.
"""

_FIELD = 16
"""Bytes of a text in memory beside its characters."""

_TABLE, _KEY = "table.parquet", ":key"


class Lookups(NamedTuple):
    """The raw objects of each look-up of a dataset, by its name, and the bytes that they may have in memory together.

    ``most`` is None where memory is not the function's.
    """

    objects: Mapping[str, Sequence[RawObject]]
    most: int | None = None


NO_LOOKUPS = Lookups({})


class LookedUp(NamedTuple):
    """A look-up in memory.

    Attributes:
        lookup: its mapping.
        staging: prefix of its rejected rows, REJECTS.
        report: what became of its rows.
        table: its columns under the names that the dataset has for them, the key as ``_KEY``, and what says that a row
            has found something.
    """

    lookup: LookupMapping
    staging: str
    report: LookupReport
    table: pl.DataFrame

    def beside(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of the dataset with the columns of the look-up."""
        on = raw(self.lookup.on)
        # The rows stream by, in their order.
        return rows.join(self.table.lazy(), left_on=on, right_on=_KEY, how="left", maintain_order="left")


@dataclass(frozen=True)
class _Staged:
    """The rows of a look-up as they were read.

    Attributes:
        staging: prefix of _TABLE and REJECTS.
        rows: how many there are.
        rejected: how many of them are rejected.
        size: bytes that the others have in memory.
        reasons: of rejected rows, with their number.
    """

    staging: str
    rows: int
    rejected: int
    size: int
    reasons: pl.DataFrame = field(repr=False)


def most_bytes(request: TransformRequest) -> int | None:
    """Return how many bytes look-ups may have in memory: any number where the raw data may be of any size."""
    return None if request.max_bytes is None else MOST_BYTES


def columns_beside(lookups: Sequence[LookupMapping]) -> list[str]:
    """Return the columns that look-ups add to the rows."""
    return [name for each in lookups for name in (*_values(each), found(each.name))]


def look_up(
    mapping: DatasetMapping, store: Store, lookups: Lookups, *, staging: str, bare: bool = False
) -> list[LookedUp]:
    """Read the look-ups of a dataset.

    Args:
        mapping: the dataset's mapping.
        store: where their raw objects lie.
        lookups: these objects.
        staging: prefix of what is staged.
        bare: whether rejected rows are written without their text: nobody knows which users it names.

    Raises:
        TransformError: the raw data cannot be read.
        RepeatedKeyError: a key stands twice, and the pipeline file does not say which row counts.
        DataTooLargeError: there are more keys and columns than memory is meant for.
    """
    every, size = [], 0
    for lookup in mapping.lookups:
        objects = lookups.objects[lookup.name]
        staged = _staged(lookup, store, objects, f"{staging}lookups/{lookup.name}/", bare=bare)
        size += staged.size
        if lookups.most is not None and size > lookups.most:
            raise DataTooLargeError(
                f"{lookup.section} has {staged.rows - staged.rejected:,} keys, which with the columns that are read "
                f"make {staged.size / 1e6:,.0f} MB; a function holds {lookups.most / 1e6:,.0f} MB of look-ups for a "
                f"dataset. {USE_SPARK}"
            )
        table = _table(lookup, store, staged)
        report = lookup_report(
            lookup.name,
            objects,
            rows=staged.rows,
            keys=len(table),
            rejected=staged.rejected,
            reasons=staged.reasons.rows(),
        )
        every.append(LookedUp(lookup, staged.staging, report, table))
    return every


def _values(lookup: LookupMapping) -> dict[str, pl.Expr]:
    return {raw(lookup.name_of(name)): pl.col(raw(name)) for name in lookup.columns}


def _staged(lookup: LookupMapping, store: Store, objects: Sequence[RawObject], staging: str, *, bare: bool) -> _Staged:
    def attempt(folder: str, broken: Collection[str]) -> _Staged:
        lines = read(store, objects, lookup, lookup.raw_columns(), staging=folder, broken=broken)
        return _stage(lookup, lines, store.root, folder, bare=bare)

    return until_read(lookup, store, objects, staging, attempt)


def _stage(lookup: LookupMapping, lines: pl.LazyFrame, root: str, folder: str, *, bare: bool) -> _Staged:
    key = pl.col(raw(lookup.key))
    reason = pl.coalesce(SHAPE, pl.when(key.is_null()).then(pl.lit(empty(lookup.key))))
    rows = lines.with_columns(reason.alias(REASON)).cache()
    wrong = rows.filter(pl.col(REASON).is_not_null())
    rejected = written(wrong.with_columns(WITHOUT_TEXT) if bare else wrong, lookup).cache()
    values = _values(lookup)
    good = (
        rows.filter(pl.col(REASON).is_null())
        .select(OBJECT, LINE_NUMBER, key.alias(_KEY), *(value.alias(name) for name, value in values.items()))
        .cache()
    )
    sizes = [pl.col(name).str.len_bytes().sum() for name in (_KEY, *values)]
    size = good.select(pl.sum_horizontal(pl.len() * _FIELD * len(sizes), *sizes))
    counts = rows.select(pl.len(), pl.col(REASON).count().alias("rejected"))
    sinks = [
        good.sink_parquet(f"{root}{folder}{_TABLE}", lazy=True, mkdir=True),
        rejected.sink_ndjson(f"{root}{folder}{REJECTS}", lazy=True, mkdir=True, check_extension=False),
    ]
    *_, counted, sized, why = pl.collect_all([*sinks, counts, size, reasons(rejected)], engine="streaming")
    total, bad = counted.row(0)
    return _Staged(folder, total, bad, sized.item(), why)


def _table(lookup: LookupMapping, store: Store, staged: _Staged) -> pl.DataFrame:
    rows = pl.scan_parquet(f"{store.root}{staged.staging}{_TABLE}", glob=False, hive_partitioning=False)
    repeated = rows.group_by(_KEY).agg(pl.len()).filter(pl.col("len") > 1)
    count, first = repeated.select(pl.len(), pl.col(_KEY).min()).collect(engine="streaming").row(0)
    if count and lookup.duplicates is None:
        found_in = rows.filter(pl.col(_KEY) == first).select(OBJECT, LINE_NUMBER).sort(OBJECT, LINE_NUMBER).head(2)
        places = found_in.collect(engine="streaming").rows()
        numbered = lookup.format != "parquet"
        raise repeated_key(lookup, [(key, line if numbered else None) for key, line in places], count)
    if count:
        keep: Literal["last", "first"] = "last" if lookup.duplicates == "latest" else "first"
        rows = rows.sort(OBJECT, LINE_NUMBER).unique(_KEY, keep=keep, maintain_order=True)
    table = rows.select(_KEY, *_values(lookup), pl.lit(value=True).alias(found(lookup.name)))
    return table.collect(engine="streaming")
