"""What has changed in raw data since a run imported it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from definition.plan.mappings import dataset_mapping
from tests.documents import parsed
from tests.unit.raw import Folder
from transform.contract import DatasetReport, Imported, RawObject, TransformRequest
from transform.raw.lineage import Lineage, changes, incremental_import, lineage_of
from transform.raw.objects import RawObjects

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from transform.raw.lineage import Change

A, B = (RawObject(key=f"raw/events/{name}.csv", size=10, etag=name) for name in "ab")
CHANGED = RawObject(key=A.key, size=10, etag="other")
LARGE = RawObject(key="raw/events/c.csv.gz", size=200_000_000, etag="c")


def request(run: str, keep: str = "user <> ''", **more: Any) -> TransformRequest:
    """Return a request for interactions."""
    mapping = dataset_mapping(parsed(datasets__interactions__keep=keep), "interactions")
    return TransformRequest(bucket="b", run=run, started=0, datasets=[mapping], **more)


def change(
    folder: Path, before: list[RawObject], now: list[RawObject], *, keep: str = "user <> ''", incremental: bool = True
) -> Change:
    """Return how a second run's data differs from a first one's that was imported."""
    store = Folder(folder)
    lineage = lineage_of(request("first"), [RawObjects(before)])
    store.write("runs/first/lineage.json", lineage.model_dump_json().encode())
    imported = [Imported(dataset="interactions", run="first")]
    wanted = request("second", keep, imported=imported, incremental=["interactions"] if incremental else [])
    (found,) = changes(wanted, lineage_of(wanted, [RawObjects(now)]), store)
    return found


def test_the_same_objects_are_nothing_new(tmp_path: Path) -> None:
    """The same keys, sizes and ETags under the same mapping are not imported again."""
    assert "NONE" == change(tmp_path, [A, B], [A, B]).mode


def test_objects_that_came_are_added(tmp_path: Path) -> None:
    """Only they are imported, where the file allows it; else everything is."""
    found = change(tmp_path, [A], [A, B])
    assert ("INCREMENTAL", [B]) == (found.mode, found.added)
    assert "FULL" == change(tmp_path, [A], [A, B], incremental=False).mode


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ([A], "1 raw object changed or vanished since run first"),
        ([CHANGED, B], "1 raw object changed or vanished since run first"),
        ([RawObject(key="raw/events/z.csv", size=10, etag="a"), CHANGED], "2 raw objects changed or vanished"),
        ([A, B, LARGE], "1 raw object came since run first, more than the 1 GiB of an incremental import"),
    ],
    ids=["vanished", "changed", "renamed", "large"],
)
def test_what_cannot_be_added(tmp_path: Path, now: list[RawObject], told: str) -> None:
    """What was imported cannot be taken back, and the service limits what is added: everything is imported."""
    found = change(tmp_path, [A, B], now)
    assert "FULL" == found.mode
    assert told in found.reason


def test_another_mapping_imports_everything(tmp_path: Path) -> None:
    """A mapping that makes other records of the same objects."""
    found = change(tmp_path, [A], [A], keep="user <> 'x'")
    assert ("FULL", "the mapping has changed since run first") == (found.mode, found.reason)


def test_without_a_record_everything_is_imported(tmp_path: Path) -> None:
    """No run has imported the dataset, or the record of the one that has is gone."""
    for imported in ([], [Imported(dataset="interactions", run="gone")]):
        wanted = request("second", imported=imported)
        (found,) = changes(wanted, lineage_of(wanted, [RawObjects([A])]), Folder(tmp_path))
        assert "FULL" == found.mode


def test_the_fingerprint_is_that_of_the_data() -> None:
    """It follows the objects and the mapping, and not the run."""

    def fingerprint(run: str, objects: list[RawObject], **keep: str) -> str:
        return lineage_of(request(run, **keep), [RawObjects(objects)]).fingerprint

    known = fingerprint("first", [A])
    assert known == fingerprint("second", [A])
    assert 3 == len({known, fingerprint("first", [CHANGED]), fingerprint("first", [A], keep="user <> 'x'")})


@pytest.mark.parametrize(
    ("records", "mode", "location", "size"),
    [(0, "NONE", None, 0), (999, "FULL", "s3://b/all/", 9), (1000, "INCREMENTAL", "s3://b/new/", 4)],
)
def test_the_service_takes_a_thousand_interactions(
    tmp_path: Path, records: int, mode: str, location: str | None, size: int
) -> None:
    """Fewer are not added (page limits): then everything is imported, or nothing where there are none."""
    counts = dict.fromkeys(("rows_in", "rows_out", "records"), 5000) | dict.fromkeys(
        ("rows_filtered", "rows_duplicate", "rows_rejected", "object_count", "object_bytes"), 0
    )
    report = DatasetReport.model_validate(
        {
            "dataset": "interactions",
            "objects": [],
            "reasons": [],
            "empty": {},
            "location": "s3://b/all/",
            "rejects": None,
        }
        | counts
    )
    seen = change(tmp_path, [A], [A, B])
    found = incremental_import(report, seen, records=records, location="s3://b/new/", size=4, whole=9)
    assert (mode, location, size) == (found.mode, found.location, found.bytes)


OF_LINES = {
    "source": {"path": "lines/"},
    "lookups": {
        "orders": {"source": {"path": "orders/"}, "key": "order"},
        "shops": {"source": {"path": "b/"}, "key": "s"},
    },
    "columns": {
        "USER_ID": "orders.user",
        "ITEM_ID": "item",
        "TIMESTAMP": {"from": "orders.at", "unit": "s"},
        "PLACE": {"from": "shops.place", "type": "string"},
    },
}


@pytest.mark.parametrize(
    ("rows", "orders", "mode", "told"),
    [
        ([A], [B], "NONE", "nothing has changed since run first"),
        ([A], [CHANGED], "FULL", "the raw data of the look-up orders has changed since run first"),
        ([A], [B, LARGE], "FULL", "the raw data of the look-up orders has changed since run first"),
        ([A, CHANGED], [], "FULL", "the raw data of the look-up orders has changed since run first"),
        ([A, LARGE], [B], "INCREMENTAL", "1 raw object came since run first"),
    ],
    ids=["same", "changed", "came", "vanished", "rows came"],
)
def test_what_a_row_finds_is_a_part_of_the_data(
    tmp_path: Path, rows: list[RawObject], orders: list[RawObject], mode: str, told: str
) -> None:
    """Nothing can be added where a look-up has changed, and the fingerprint follows it."""
    rows = [row if row is not LARGE else RawObject(key="raw/lines/c.csv", size=1, etag="c") for row in rows]
    mapping = dataset_mapping(parsed(datasets__interactions=OF_LINES), "interactions")
    asked = TransformRequest(bucket="b", run="first", started=0, datasets=[mapping])
    before = lineage_of(asked, [RawObjects([A], {"orders": [B], "shops": [B]})])
    Folder(tmp_path).write("runs/first/lineage.json", before.model_dump_json().encode())
    again = {"imported": [Imported(dataset="interactions", run="first")], "incremental": ["interactions"]}
    now = lineage_of(asked, [RawObjects(rows, {"orders": orders, "shops": [B]})])
    (found,) = changes(asked.model_copy(update=again), now, Folder(tmp_path))

    assert (mode, told) == (found.mode, found.reason)
    assert (mode == "NONE") == (before.fingerprint == now.fingerprint)
    assert now == Lineage.model_validate_json(now.model_dump_json())


def test_a_lineage_is_read_as_it_was_written() -> None:
    """Whole, with every object."""
    lineage = lineage_of(request("first"), [RawObjects([A, B])])
    assert lineage == Lineage.model_validate_json(lineage.model_dump_json())
