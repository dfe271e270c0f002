"""Write the input of batch jobs: JSON Lines that name users, items or queries, within the service's limits."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from polars.exceptions import PolarsError

from definition import layout
from lambdas.transform.plan import NEWEST
from transform.batch_files import check_bytes, count_files, fitted, key_of, unreadable_ids
from transform.contract import Active, BatchInputReport, FromFile
from transform.forgotten import NOBODY
from transform.raw.told import fields_told

if TYPE_CHECKING:
    from transform.contract import BatchInput
    from transform.forgotten import Forgotten
    from transform.raw.store import Store


class Known(NamedTuple):
    """Who and what there is in the interactions.

    Attributes:
        users: USER_ID and NEWEST, one row per user.
        items: ITEM_ID, one row per item.
    """

    users: pl.DataFrame
    items: pl.DataFrame


def write(store: Store, wanted: BatchInput, known: Known, forgotten: Forgotten = NOBODY) -> BatchInputReport:
    """Write the input of one batch job; nothing where nothing is selected, which the data gate tells.

    Users that are to be forgotten are in none, also where the pipeline file or a file of ids names them.

    Raises:
        BatchInputError: it would be beyond the service's limits, or a file of ids cannot be read.
    """
    lines = _lines(store, wanted, known, forgotten)
    ranked = _items(store, wanted, known) if wanted.line == "ranking" else None
    if ranked is not None:
        lines = lines.clear() if ranked.is_empty() else lines
        wanted = fitted(wanted, ranked.to_list(), len(lines))
    files = count_files(wanted, len(lines))
    size = 0
    for index in range(files):
        buffer = io.BytesIO()
        part = lines.slice(index * wanted.lines_per_file, wanted.lines_per_file)
        # Only now: the list takes its memory in every line.
        (part if ranked is None else _with_list(part, ranked)).write_ndjson(buffer)
        size += buffer.tell()
        check_bytes(wanted, size)
        store.write(key_of(wanted, index), buffer.getvalue())
    return BatchInputReport(prefix=wanted.prefix, lines=len(lines), files=files)


def _lines(store: Store, wanted: BatchInput, known: Known, forgotten: Forgotten) -> pl.DataFrame:
    if wanted.line == "attributes":
        return pl.DataFrame({"itemAttributes": wanted.attributes or []}, schema={"itemAttributes": pl.String})
    if wanted.line == "item":
        return _items(store, wanted, known).rename("itemId").to_frame()
    users = _users(store, wanted, known)
    named = users.filter(~users.is_in(forgotten.among(users))) if forgotten else users
    return named.rename("userId").to_frame()


def _with_list(users: pl.DataFrame, items: pl.Series) -> pl.DataFrame:
    return users.with_columns(pl.lit(items.to_list(), dtype=pl.List(pl.String)).alias("itemList"))


def _users(store: Store, wanted: BatchInput, known: Known) -> pl.Series:
    if isinstance(wanted.users, Active):
        newest = pl.col(NEWEST)
        since = newest.max() - wanted.users.active_seconds
        return known.users.filter(newest >= since)["USER_ID"].sort()
    return _ids(store, wanted.users, known.users["USER_ID"])


def _items(store: Store, wanted: BatchInput, known: Known) -> pl.Series:
    return _ids(store, wanted.items, known.items["ITEM_ID"])


def _ids(store: Store, selected: object, everything: pl.Series) -> pl.Series:
    if isinstance(selected, FromFile):
        return _from_file(store, selected)
    if isinstance(selected, list):
        return pl.Series(selected, dtype=pl.String).unique(maintain_order=True)
    return everything.sort()


def _from_file(store: Store, selected: FromFile) -> pl.Series:
    uri = f"{store.root}{layout.RAW.key(path=selected.file)}"
    try:
        rows = pl.scan_csv(uri, infer_schema=False, glob=False)
        names = rows.collect_schema().names()
        if selected.column not in names:
            raise unreadable_ids(selected, f"it {fields_told(names, [selected.column])}")
        found = rows.select(selected.column).collect().to_series()
    except (PolarsError, OSError) as error:
        raise unreadable_ids(selected, error) from error
    return found.filter(found.is_not_null() & (found != "")).unique(maintain_order=True)
