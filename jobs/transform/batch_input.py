"""Write the input of batch jobs: JSON Lines that name users, items or queries, in objects within the service's limits.

Ids come to the driver in their order a part at a time, and each object is written in one request once it is whole.
"""

from __future__ import annotations

import csv
import io
import json
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from definition import layout
from jobs.transform.counts import NEWEST
from transform.batch_files import check_bytes, count_files, fitted, key_of, unreadable_ids
from transform.contract import Active, BatchInputReport, FromFile
from transform.forgotten import NOBODY
from transform.raw.told import fields_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyspark.sql import DataFrame

    from transform.contract import BatchInput
    from transform.forgotten import Forgotten
    from transform.raw.store import Store


class Known(NamedTuple):
    """Who and what there is in the interactions.

    Attributes:
        users: USER_ID and NEWEST, one row per user.
        items: ITEM_ID, one row per item.
    """

    users: DataFrame
    items: DataFrame


class _Ids(NamedTuple):
    """Ids in their order: how many, and all of them in turn."""

    total: int
    each: Callable[[], Iterator[str]]


def write(store: Store, wanted: BatchInput, known: Known, forgotten: Forgotten = NOBODY) -> BatchInputReport:
    """Write the input of one batch job; nothing where nothing is selected, which the data gate tells.

    Users that are to be forgotten are in none, also where the pipeline file or a file of ids names them.

    Raises:
        BatchInputError: it would be beyond the service's limits, or a file of ids cannot be read.
    """
    ranked = list(_ids(store, wanted.items, known.items, "ITEM_ID").each()) if wanted.line == "ranking" else None
    count, lines = _lines(store, wanted, known, ranked, forgotten)
    if ranked:
        wanted = fitted(wanted, ranked, count)
    files = count_files(wanted, count)
    waiting, size = lines, 0
    for index in range(files):
        content = "".join(f"{_line(each)}\n" for each in islice(waiting, wanted.lines_per_file)).encode()
        size += len(content)
        check_bytes(wanted, size)
        store.write(key_of(wanted, index), content)
    return BatchInputReport(prefix=wanted.prefix, lines=count, files=files)


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _lines(
    store: Store, wanted: BatchInput, known: Known, ranked: Sequence[str] | None, forgotten: Forgotten
) -> tuple[int, Iterator[dict[str, Any]]]:
    if wanted.line == "attributes":
        queries = wanted.attributes or []
        return len(queries), ({"itemAttributes": query} for query in queries)
    if wanted.line == "item":
        items = _ids(store, wanted.items, known.items, "ITEM_ID")
        return items.total, ({"itemId": item} for item in items.each())
    users = _users(store, wanted, known, forgotten)
    if ranked is None:
        return users.total, ({"userId": user} for user in users.each())
    return users.total if ranked else 0, ({"userId": user, "itemList": ranked} for user in users.each())


def _users(store: Store, wanted: BatchInput, known: Known, forgotten: Forgotten) -> _Ids:
    if isinstance(wanted.users, Active):
        newest = known.users.agg(F.max(NEWEST)).collect()[0][0]
        # Without any interaction nobody is active: a comparison with null takes no one.
        since = F.lit(newest).cast("long") - wanted.users.active_seconds
        return _of(known.users.where(F.col(NEWEST) >= since), "USER_ID")
    if isinstance(wanted.users, FromFile):
        return _listed(forgotten.others(_from_file(store, wanted.users)))
    if isinstance(wanted.users, list):
        return _listed(forgotten.others(list(dict.fromkeys(wanted.users))))
    return _of(known.users, "USER_ID")


def _ids(store: Store, selected: object, everything: DataFrame, name: str) -> _Ids:
    if isinstance(selected, FromFile):
        return _listed(_from_file(store, selected))
    if isinstance(selected, list):
        return _listed(list(dict.fromkeys(selected)))
    return _of(everything, name)


def _listed(ids: Sequence[str]) -> _Ids:
    return _Ids(len(ids), lambda: iter(ids))


def _of(frame: DataFrame, name: str) -> _Ids:
    ordered = frame.select(name).orderBy(name)
    return _Ids(frame.count(), lambda: (row[0] for row in ordered.toLocalIterator()))


def _from_file(store: Store, selected: FromFile) -> list[str]:
    try:
        with store.read(layout.RAW.key(path=selected.file)) as stream:
            rows = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), strict=True)
            if selected.column not in (rows.fieldnames or ()):
                raise unreadable_ids(selected, f"it {fields_told(rows.fieldnames or (), [selected.column])}")
            return list(dict.fromkeys(row[selected.column] for row in rows if row[selected.column]))
    except (OSError, ValueError, csv.Error, BotoCoreError, ClientError) as error:
        raise unreadable_ids(selected, error) from error
