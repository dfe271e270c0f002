"""Rows with a list that is exploded: each element is looked at as a row would be, and the row gets one fate of all.

The streaming engine cannot put elements together again without holding every row. So they are taken apart, judged and
put together within each batch of rows that it hands out, a part of the batch at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from definition.mapping.mapping import SEVERAL
from lambdas.transform import plan
from lambdas.transform.columns import ELEMENTS, LINE, LINE_NUMBER, OBJECT, SHAPE
from lambdas.transform.lookups import columns_beside
from lambdas.transform.plan import ELEMENT, FATE, FATES, FORGOTTEN, NAMED, REASON
from transform import reasons
from transform.meaning.names import raw
from transform.records import FILTERED, OUT, REJECTED, failed, failed_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.mapping.source import Explode
    from transform.records import Plan

RECORDS, USERS, TOTAL, TAKEN = ":records", ":users", ":total", ":taken"
"""Of a row: its records, each with ELEMENT; the users of its elements, of interactions; how many elements it has; and
of how many of them there are records."""

_JUDGED, _ROW, _PARTS = ":judged", ":row", ":parts"
_AT_ONCE = 100_000
"""Elements that are judged at once, or those of one row if they are more."""

_TYPES = {"string": pl.String, "float": pl.Float64, "double": pl.Float64, "int": pl.Int64, "long": pl.Int64}


def with_fate(lines: pl.LazyFrame, ids: Plan) -> pl.LazyFrame:
    """Add to each line its fate, and REASON and ELEMENT, RECORDS, USERS, TOTAL and TAKEN.

    Args:
        lines: what ``reader.read`` returns.
        ids: the dataset's mapping.
    """
    explode = ids.mapping.explode
    assert explode is not None, "the caller has looked"
    rows = lines if explode.split is None else lines.with_columns(_cut(explode, ids).alias(ELEMENTS))
    kinds = _schema(ids)

    def judge(batch: pl.Series) -> pl.Series:
        judged = [_judged(part, ids).select(*kinds) for part in _parts(batch.struct.unnest())]
        return (pl.concat(judged) if judged else pl.DataFrame(schema=kinds)).to_struct()

    packed = pl.struct(SHAPE, ELEMENTS, *map(raw, ids.mapping.raw_columns()), *columns_beside(ids.mapping.lookups))
    found = packed.map_batches(judge, return_dtype=pl.Struct(kinds), is_elementwise=True)
    return rows.select(OBJECT, LINE_NUMBER, LINE, found.alias(_JUDGED)).unnest(_JUDGED)


def records(rows: pl.LazyFrame, ids: Plan) -> pl.LazyFrame:
    """Return the records of the rows out, each with its place: OBJECT, LINE_NUMBER and ELEMENT."""
    out = rows.filter(pl.col(FATE) == OUT).select(OBJECT, LINE_NUMBER, RECORDS)
    found = out.explode(RECORDS).unnest(RECORDS)
    same = ids.mapping.duplicates
    return plan.distinct(found, ids.mapping, same, ELEMENT) if same else found


def rejects(rows: pl.LazyFrame, ids: Plan) -> pl.LazyFrame:
    """Return the rejected rows: object, line number from 1, place of the element that is wrong, reason, raw text."""
    return plan.written(plan.shown(rows.filter(pl.col(FATE) == REJECTED), ids), ids.mapping)


def counts(rows: pl.LazyFrame, *more: pl.Expr) -> pl.LazyFrame:
    """Return what ``plan.counts`` does, and elements in all, with a record, and of rejected rows; rows without any."""
    total, rejected = pl.col(TOTAL), pl.col(FATE) == REJECTED
    return plan.counts(
        rows,
        total.sum().alias("elements"),
        pl.when(~rejected).then(TAKEN).sum().alias("elements_out"),
        pl.when(rejected).then(total).sum().alias("elements_rejected"),
        ((total == 0) & ~rejected).sum().alias("rows_without"),
        *more,
    )


def facts(found: pl.LazyFrame, ids: Plan, started: int) -> pl.LazyFrame:
    """Return what ``plan.facts`` does of ``records``, and of how many rows they are where some were duplicates."""
    kept = pl.struct(OBJECT, LINE_NUMBER).n_unique().alias("rows_kept")
    return plan.facts(found, ids, started, *([kept] if ids.mapping.duplicates else []))


def user_counts(rows: pl.LazyFrame, dataset: pl.LazyFrame, ids: Plan) -> pl.LazyFrame:  # noqa: ARG001  # as of plan
    """Return what ``plan.user_counts`` does: the users of elements that a filter drops are known as well."""
    known = rows.filter(pl.col(FATE) != REJECTED).select(pl.col(USERS).alias("USER_ID")).explode("USER_ID")
    return plan.user_counts_of(dataset, known.filter(pl.col("USER_ID").is_not_null()))


def _schema(ids: Plan) -> dict[str, Any]:
    columns = ids.mapping.records[0].columns
    record = {column.name: _TYPES[column.type] for column in columns} | {ELEMENT: pl.UInt32}
    return {
        FATE: FATES,
        REASON: pl.String,
        ELEMENT: pl.UInt32,
        RECORDS: pl.List(pl.Struct(record)),
        USERS: pl.List(pl.String),
        TOTAL: pl.UInt32,
        TAKEN: pl.UInt32,
        **{failed(index): pl.Boolean for index in _row_checks(ids)},
        **{failed_at(index): pl.UInt32 for index in _row_checks(ids)},
        **(dict.fromkeys((FORGOTTEN, NAMED), pl.Boolean) if ids.forgets else {}),
    }


def _row_checks(ids: Plan) -> range:
    return range(len(ids.mapping.row_checks))


def _cut(explode: Explode, ids: Plan) -> pl.Expr:
    """Return ELEMENTS of a list that is a text; blanks around an element, and empty ones, are no part of it."""
    piece = pl.element().str.strip_chars(" \t")
    pieces = pl.col(raw(explode.path)).str.split(explode.split).list.eval(piece.filter(piece != ""))
    if not explode.fields:
        return pieces.list.eval(pl.concat_list(pl.lit(None, dtype=pl.String), pl.element()))
    # In steps: the engine would look for the parts once for each of them.
    found = pieces.list.eval(
        pl.struct(pl.element().alias("whole"), pl.element().str.extract_groups(explode.parts_pattern).alias("parts"))
    )
    whole, parts = (pl.element().struct.field(name) for name in ("whole", "parts"))
    wrong = pl.lit(reasons.fewer_parts(explode.path, len(explode.fields)))
    shape = pl.when(parts.struct.field("1").is_null()).then(wrong)
    cells = {explode.path: whole} | {
        f"{explode.path}.{name}": parts.struct.field(str(index)) for index, name in enumerate(explode.fields, 1)
    }
    read = [cells[name] for name in ids.mapping.element_columns()]
    return found.list.eval(pl.concat_list(shape, *(pl.when(cell != "").then(cell) for cell in read)))


def _parts(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the rows in parts of few elements."""
    before = rows[ELEMENTS].list.len().fill_null(0).cum_sum() // _AT_ONCE
    yield from rows.with_columns(before.alias(_PARTS)).partition_by(_PARTS, include_key=False, maintain_order=True)


def _judged(rows: pl.DataFrame, ids: Plan) -> pl.DataFrame:
    """Return the schema's columns for each row."""
    numbered = rows.with_row_index(_ROW)
    judged = plan.with_fate(_exploded(numbered, ids).lazy(), ids).collect(engine="in-memory")
    fate = pl.col(FATE)
    of_rows = judged.group_by(_ROW, maintain_order=True).agg(
        (fate == REJECTED).any().alias("rejected"),
        (fate == OUT).sum().cast(pl.UInt32).alias(TAKEN),
        pl.col(ELEMENT).count().cast(pl.UInt32).alias(TOTAL),
        _users(ids).alias(USERS),
        *(pl.col(ELEMENT).filter(failed(index)).first().alias(failed_at(index)) for index in _row_checks(ids)),
        *([pl.col(FORGOTTEN).any(), pl.col(NAMED).all()] if ids.forgets else []),
    )
    rejected = judged.filter(fate == REJECTED).unique(_ROW, keep="first", maintain_order=True)
    wrong = plan.with_reason(rejected.lazy(), ids).select(_ROW, REASON, ELEMENT).collect(engine="in-memory")
    out = judged.filter(fate == OUT).lazy()
    given = plan.records_of(out, ids, _ROW, ELEMENT).collect(engine="in-memory")
    names = [*ids.mapping.column_names, ELEMENT]
    listed = given.sort(_ROW, ELEMENT, maintain_order=True).group_by(_ROW, maintain_order=True)
    joined = of_rows.join(wrong, on=_ROW, how="left", maintain_order="left")
    joined = joined.join(listed.agg(pl.struct(names).alias(RECORDS)), on=_ROW, how="left", maintain_order="left")
    found = (
        pl.when("rejected").then(pl.lit(REJECTED)).when(pl.col(TAKEN) > 0).then(pl.lit(OUT)).otherwise(pl.lit(FILTERED))
    )
    return joined.with_columns(found.cast(FATES).alias(FATE)).with_columns(
        ((pl.col(FATE) == OUT) & pl.col(failed_at(index)).is_not_null()).alias(failed(index))
        for index in _row_checks(ids)
    )


def _users(ids: Plan) -> pl.Expr:
    if ids.mapping.dataset != "interactions":
        return pl.lit([], dtype=pl.List(pl.String)).first()
    return pl.col("USER_ID").filter(plan.is_ok("USER_ID")).unique(maintain_order=True)


def _exploded(rows: pl.DataFrame, ids: Plan) -> pl.DataFrame:
    """Return a row for each element, and one without ELEMENT for each row that has none."""
    mapping = ids.mapping
    places = {name: index for index, name in enumerate(mapping.element_columns(), 1)}
    nothing: list[str] = mapping.nulls
    listed = rows.with_columns(pl.col(ELEMENTS).list.len().alias(_PARTS))
    for name, column in mapping.whole_columns().items():
        texts = pl.col(ELEMENTS).list.eval(pl.element().list.get(places[column]))
        kept = texts.list.eval(pl.element().filter(pl.element().is_not_null() & ~pl.element().is_in(nothing)))
        several = kept.list.eval(pl.element().str.contains(SEVERAL, literal=True)).list.any()
        wrong = pl.when(several).then(pl.lit(reasons.bar_in_list(column)))
        joined = kept.list.join(SEVERAL)
        listed = listed.with_columns(
            pl.coalesce(SHAPE, wrong).alias(SHAPE), pl.when(joined != "").then(joined).alias(raw(name))
        )
    # What is null becomes one row, as is wanted of no elements; and of a row that is wrong itself none is to blame.
    some, places_of = (
        pl.when((pl.col(_PARTS) > 0) & pl.col(SHAPE).is_null()),
        pl.int_ranges(1, pl.col(_PARTS) + 1, dtype=pl.UInt32),
    )
    listed = listed.with_columns(some.then(ELEMENTS).alias(ELEMENTS), some.then(places_of).alias(ELEMENT))
    elements = listed.explode(ELEMENTS, ELEMENT)
    found = {name: pl.col(ELEMENTS).list.get(index) for name, index in places.items()}
    cells = {raw(name): pl.when(~cell.is_in(nothing)).then(cell) if nothing else cell for name, cell in found.items()}
    return elements.with_columns(
        pl.coalesce(SHAPE, pl.col(ELEMENTS).list.get(0)).alias(SHAPE),
        *(cell.alias(name) for name, cell in cells.items()),
    ).drop(ELEMENTS, _PARTS)
