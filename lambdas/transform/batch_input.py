"""Write the input of batch jobs: JSON Lines that name users, items or queries, in objects within the service's limits.

Pages of https://docs.aws.amazon.com/personalize/latest/dg/: batch-data-upload, prepare-input-data-user-segment.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from polars.exceptions import PolarsError

from lambdas.transform.plan import NEWEST
from spec.errors import BatchInputError
from spec.limits import MAX_INPUT_BYTES, MAX_INPUT_FILES
from spec.transform import Active, BatchInputReport, FromFile

if TYPE_CHECKING:
    from spec.store import Store
    from spec.transform import BatchInput


class Known(NamedTuple):
    """Who and what there is in the interactions.

    Attributes:
        users: USER_ID and NEWEST, one row per user.
        items: ITEM_ID, one row per item.
    """

    users: pl.DataFrame
    items: pl.DataFrame


def write(store: Store, wanted: BatchInput, known: Known) -> BatchInputReport:
    """Write the input of one batch job; nothing where nothing is selected, which the data gate tells.

    Raises:
        BatchInputError: it would be beyond the service's limits, or a file of ids cannot be read.
    """
    lines = _lines(store, wanted, known)
    files = -(-len(lines) // wanted.lines_per_file)
    if files > MAX_INPUT_FILES:
        most = MAX_INPUT_FILES * wanted.lines_per_file
        raise BatchInputError(f"{wanted.prefix} would have {len(lines)} lines; Personalize takes {most}. {_SELECT}.")
    size = 0
    for index in range(files):
        buffer = io.BytesIO()
        lines.slice(index * wanted.lines_per_file, wanted.lines_per_file).write_ndjson(buffer)
        size += buffer.tell()
        if size > MAX_INPUT_BYTES:
            raise BatchInputError(f"{wanted.prefix} would have more than {MAX_INPUT_BYTES} bytes. {_SELECT}.")
        store.write(f"{wanted.prefix}{_NAMES[wanted.line]}-{index:05}.json", buffer.getvalue())
    return BatchInputReport(prefix=wanted.prefix, lines=len(lines), files=files)


_SELECT = "Select others with users, items or attributes of the job in the pipeline file"
_NAMES = {"user": "users", "item": "items", "ranking": "rankings", "attributes": "queries"}


def _lines(store: Store, wanted: BatchInput, known: Known) -> pl.DataFrame:
    if wanted.line == "attributes":
        return pl.DataFrame({"itemAttributes": wanted.attributes or []}, schema={"itemAttributes": pl.String})
    if wanted.line == "item":
        return _items(store, wanted, known).rename("itemId").to_frame()
    users = _users(store, wanted, known).rename("userId").to_frame()
    if wanted.line == "user":
        return users
    ranked = _items(store, wanted, known).rename("itemList").implode()
    return users.with_columns(ranked) if len(ranked.item()) else users.clear()


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
    uri = f"{store.root}raw/{selected.file}"
    try:
        found = pl.scan_csv(uri, infer_schema=False, glob=False).select(selected.column).collect().to_series()
    except (PolarsError, OSError) as error:
        remedy = "Give an object under raw/ that is CSV in UTF-8 with a header, and one of its columns"
        raise BatchInputError(f"raw/{selected.file} gives no ids in {selected.column} ({error}). {remedy}.") from error
    return found.filter(found.is_not_null() & (found != "")).unique(maintain_order=True)
