"""Which objects a source takes, and the columns that folders give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from definition.plan.mappings import dataset_mapping, dataset_mappings
from tests.documents import parsed
from tests.unit.raw import Folder, fill
from transform.contract import TransformRequest
from transform.errors import DataTooLargeError, UnreadableKeyError
from transform.raw.objects import RawObjects, check_size, list_objects, matches, partitions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("path", "taken", "left"),
    [
        ("events.csv", ["events.csv"], ["events.csv.old", "x/events.csv"]),
        ("events/", ["events/a.csv", "events/b/c.csv"], ["events_old/a.csv", "events/", "events/b/"]),
        ("events/", ["events/_day=1/a.csv"], ["events/_SUCCESS", "events/.a.crc", "events/_temporary/0/a.csv"]),
        ("_events/", ["_events/a.csv"], ["_events/_SUCCESS"]),
        ("events/_SUCCESS", ["events/_SUCCESS"], []),
        ("events/2024-*/part-?.csv", ["events/2024-01/part-1.csv"], ["events/2024-01/x/part-1.csv",
         "events/2023-01/part-1.csv", "events/2024-01/part-10.csv", "events/2024-/_x/part-1.csv"]),
        ("events/*.csv", ["events/a.csv"], ["events/b/a.csv", "events/_a.csv", "events/a.csv.gz"]),
        ("events/**/*.csv", ["events/a.csv", "events/b/c/a.csv"], ["events/a.tsv", "events/_b/a.csv"]),
        ("ev*/", ["events/a.csv", "ev/b/c.csv"], ["other/a.csv"]),
        ("[ab].csv", ["a.csv", "b.csv", "[ab].csv"], ["c.csv"]),
        ("f(1)+.csv", ["f(1)+.csv"], ["f1.csv"]),
    ],
)  # fmt: skip
def test_what_a_path_takes(path: str, taken: list[str], left: list[str]) -> None:
    """An object, a prefix and a glob take what their form says, and hidden names only if they are named."""
    assert taken == [key for key in (*taken, *left) if matches(key, path)]


def test_folders_give_columns() -> None:
    """Folders of the form name=value are columns, percent-decoded; Hive's name for null and no value are null."""
    key = "raw/day=2024-01-01/city=S%C3%A3o%3DPaulo/x=__HIVE_DEFAULT_PARTITION__/y=/=z/plain/file=1.csv"

    assert {"day": "2024-01-01", "city": "São=Paulo", "x": None, "y": None} == partitions(key)


EVENTS = dataset_mapping(parsed(datasets__interactions__source={"path": "events/"}), "interactions")


class Listing:
    """S3 as far as it lists keys."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys

    def get_paginator(self, _: str) -> Listing:
        """Return itself."""
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """Return one page."""
        return [{"Contents": [{"Key": key, "Size": 1, "ETag": '"e"'} for key in self._keys]}]


@pytest.mark.parametrize("name", ["events//x.csv", "events/a\tb.csv", "events/\x1b[2J.csv", "events/\x7f"])
def test_an_object_that_engines_cannot_read_for_its_key_is_named(name: str) -> None:
    """It is not left out, for its rows would be lost; its key is told in characters that can be shown."""
    told = f"{f'raw/{name}'!r} cannot be read for its name: "
    with pytest.raises(UnreadableKeyError, match=re.escape(told)) as caught:
        list_objects(Listing("raw/events/a.csv", f"raw/{name}"), "b", EVENTS)

    assert "Copy the object to another key and delete this one." in str(caught.value)
    assert str(caught.value).isprintable()


def test_odd_keys_are_counted_and_those_of_other_sources_are_not() -> None:
    """One is named and the rest counted; what the path does not take may be called as it likes."""
    keys = ("raw/events//1", "raw/events//2", "raw/events//3", "raw/other//x")
    with pytest.raises(UnreadableKeyError, match="for its name, nor can 2 more under events/: "):
        list_objects(Listing(*keys), "b", EVENTS)

    assert ["raw/events/ü %[a]\\.csv"] == [
        item.key for item in list_objects(Listing("raw/events/ü %[a]\\.csv", "raw/other//x"), "b", EVENTS)
    ]


def check(folder: Path, most: int | None, **sizes: tuple[int, int]) -> None:
    """Check gzip objects of so many bytes that tell so large a content."""
    contents = {f"{name}.gz": bytes(size - 4) + told.to_bytes(4, "little") for name, (size, told) in sizes.items()}
    request = TransformRequest(bucket="b", run="r", started=0, datasets=dataset_mappings(parsed()), max_bytes=most)
    found = fill(folder, contents)
    # A look-up has to be read as well.
    check_size(request, [RawObjects(found[:1], {"orders": found[1:]})], Folder(folder))


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"small": (900_000, 4_000_000_000), "fair": (2_000_000, 20_000_000)}, None),
        ({"bomb": (2_000_000, 3_000_000_000)}, "bomb.gz unpacks to 3.0 GB, 1500 times its size"),
        ({"fair": (2_000_000, 10), "bomb": (4_000_000, 4_000_000_000)}, "bomb.gz unpacks to 4.0 GB, 1000 times its"),
        ({"half": (2_000_000, 4_100_000_000), "other": (2_000_000, 4_100_000_000)}, "about 8.2 GB unpacked, 4.1 of it"),
    ],
)
def test_gzip_objects_tell_how_much_they_hold(
    tmp_path: Path, sizes: dict[str, tuple[int, int]], told: str | None
) -> None:
    """Their own word counts where it is more than the estimate, for all together and for each; Spark is not bound."""
    check(tmp_path, None, **sizes)
    if told is None:
        check(tmp_path, 8 * 10**9, **sizes)
        return
    with pytest.raises(DataTooLargeError, match=told) as caught:
        check(tmp_path, 8 * 10**9, **sizes)
    assert "Set engine: auto or engine: glue" in str(caught.value)
