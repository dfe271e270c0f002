"""Which objects a source takes, and the columns that folders give."""

from __future__ import annotations

import pytest

from spec.raw.objects import matches, partitions


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
