"""Look-ups through the function's engine: against dictionaries, and what ends a run."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from definition.plan.mappings import dataset_mapping
from lambdas.transform.execute import execute
from lambdas.transform.lookups import Lookups
from tests.corpus.looked_up import COLUMNS, LOOKUP, OF_LINES
from tests.corpus.orders import ORDERS, Orders
from tests.documents import parsed
from tests.generated import examples
from tests.unit.raw import Folder, fill_all, table
from tests.unit.test_corpus import check
from transform.errors import (
    ColumnMissingError,
    DamagedError,
    DataTooLargeError,
    RepeatedKeyError,
    TransformError,
    UndecodableError,
)

if TYPE_CHECKING:
    from lambdas.transform.execute import Outcome

LINES = "order_id,product\n1,p\n"
ORDER = "order_id,customer,at\n1,c,1700000000\n"


def looked_up(
    folder: Path,
    contents: dict[str, bytes | str],
    *,
    most: int | None = None,
    lookup: dict[str, Any] | None = None,
    **section: Any,
) -> Outcome:
    """Transform lines with their orders."""
    dataset = OF_LINES | ({"lookups": {"orders": LOOKUP | lookup}} if lookup else {}) | section
    mapping = dataset_mapping(parsed(datasets__interactions=dataset), "interactions")
    objects, beside = fill_all(folder, mapping, contents)
    (folder / "staging").mkdir()
    lookups = Lookups(beside, most)
    return execute(mapping, Folder(folder), objects, staging="staging/", started=0, lookups=lookups)


@settings(max_examples=examples(60), deadline=None)
@given(orders=ORDERS)
def test_every_line_finds_its_order_or_is_named(orders: Orders) -> None:
    """Records, rejects and the counts of the look-up are what a dictionary gives."""
    with TemporaryDirectory() as folder:
        check(Path(folder), orders.case())


def test_a_key_that_stands_twice_is_named_with_both_places(tmp_path: Path) -> None:
    """The run ends; the least of the keys is told by object and line of its first two rows, the others are counted."""
    contents = {
        "raw/lines/a.csv": LINES,
        "raw/orders/a.csv": ORDER + "2,c,1\n3,c,1\n2,c,1\n3,c,1\n",
        "raw/orders/b.csv": ORDER,
    }
    with pytest.raises(RepeatedKeyError) as caught:
        looked_up(tmp_path, contents)

    assert (
        "The same order_id stands twice in the look-up orders: in raw/orders/a.csv, line 2 and in raw/orders/b.csv, "
        "line 2; 2 more keys stand more than once. Correct the raw data, or say which row counts in its order: "
        "datasets.interactions.lookups.orders.duplicates is first or latest."
    ) == str(caught.value)


def test_a_key_that_stands_twice_in_parquet_is_named_with_its_objects(tmp_path: Path) -> None:
    """There are no lines to tell."""
    orders = table({"order_id": [1, 1], "customer": ["c", "c"], "at": [1, 1]})
    told = "twice in the look-up orders: in raw/orders/a.parquet and in raw/orders/a.parquet. Correct"
    with pytest.raises(RepeatedKeyError, match=re.escape(told)):
        looked_up(
            tmp_path,
            {"raw/lines/a.csv": LINES, "raw/orders/a.parquet": orders},
            lookup={"source": {"path": "orders/", "format": "parquet"}},
        )


def test_numbers_of_parquet_are_found_by_their_text(tmp_path: Path) -> None:
    """A whole number, be it stored as one with a fraction, is the text that CSV has."""
    orders = table({"order_id": [1.0, None], "customer": ["c", "d"], "at": [1_700_000_000, 1]})
    found = looked_up(
        tmp_path,
        {"raw/lines/a.csv": LINES, "raw/orders/a.parquet": orders},
        lookup={"source": {"path": "orders/", "format": "parquet"}},
    )

    assert (1, 0) == (found.facts["records"], found.facts["rows_rejected"])
    (orders_found,) = found.lookups
    assert [("order_id is empty", 1)] == [(each.reason, each.rows) for each in orders_found.report.reasons]


def test_too_many_keys_for_a_function_are_for_spark(tmp_path: Path) -> None:
    """Characters of what is read and 16 bytes a field are what counts, for all look-ups of a dataset together."""
    contents = {"raw/lines/a.csv": LINES, "raw/orders/a.csv": "order_id,customer,at,note\n1,c,1700000000,long\n"}
    # 1 + 1 + 10 characters.
    assert 1 == looked_up(tmp_path / "fits", contents, most=48 + 12).facts["records"]

    told = "datasets.interactions.lookups.orders has 1 keys, which with the columns that are read make 0 MB"
    with pytest.raises(DataTooLargeError, match=f"{told}.*engine: auto or engine: glue"):
        looked_up(tmp_path / "not", contents, most=48 + 11)


def test_lookups_of_a_dataset_share_the_memory(tmp_path: Path) -> None:
    """Each fits by itself, and the second is too large beside the first."""
    shops = {"source": {"path": "shops.csv"}, "key": "product"}
    section = {
        "lookups": {"orders": LOOKUP, "shops": shops},
        "columns": COLUMNS | {"PLACE": {"from": "shops.place", "type": "string"}},
    }
    contents = {"raw/lines/a.csv": LINES, "raw/orders/a.csv": ORDER, "raw/shops.csv": "product,place\np,here\n"}
    # 1 + 1 + 10 characters in three fields, and 1 + 4 in two.
    assert 1 == looked_up(tmp_path / "fit", contents, most=48 + 12 + 32 + 5, **section).facts["records"]

    with pytest.raises(DataTooLargeError, match=r"lookups\.shops has 1 keys"):
        looked_up(tmp_path / "not", contents, most=48 + 12 + 32 + 4, **section)


@pytest.mark.parametrize(
    ("contents", "lookup", "error", "told"),
    [
        (
            {"raw/orders/a.csv": "order,customer,at\n"},
            {},
            ColumnMissingError,
            "raw/orders/a.csv has no column 'order_id'",
        ),
        (
            {"raw/orders/a.csv": b"order_id,customer,at,\xff\n"},
            {},
            UndecodableError,
            "Set datasets.interactions.lookups.orders.source.encoding",
        ),
        ({"raw/orders/a.csv.gz": b"\x1f\x8b\x08\0\0\0\0\0\0\0"}, {}, DamagedError, "raw/orders/a.csv.gz"),
        (
            {"raw/orders/a.parquet": "no"},
            {"source": {"path": "orders/", "format": "parquet"}},
            UndecodableError,
            "correct datasets.interactions.lookups.orders.source.format",
        ),
        (
            {"raw/lines/a.csv": "order_id,product,orders.customer\n", "raw/orders/a.csv": ORDER},
            {},
            ColumnMissingError,
            "raw/lines/a.csv has a column 'orders.customer', and orders is a look-up as well",
        ),
    ],
)
def test_what_ends_a_run_names_the_lookup(
    tmp_path: Path, contents: dict[str, Any], lookup: dict[str, Any], error: type[TransformError], told: str
) -> None:
    """Objects that cannot be read are named with the place of the look-up's source; a name of two meanings, too."""
    with pytest.raises(error, match=re.escape(told)):
        looked_up(tmp_path, {"raw/lines/a.csv": LINES} | contents, lookup=lookup)


def test_structs_of_parquet_do_not_share_their_name(tmp_path: Path) -> None:
    """A struct of the rows to which the look-up's name leads as well ends the run."""
    lines = table({"order_id": ["1"], "product": ["p"], "orders": [{"customer": "c"}]})
    with pytest.raises(ColumnMissingError, match=r"a\.parquet has a column 'orders', and orders is a look-up as well"):
        looked_up(
            tmp_path,
            {"raw/lines/a.parquet": lines, "raw/orders/a.csv": ORDER},
            source={"path": "lines/", "format": "parquet"},
            columns=COLUMNS,
        )
