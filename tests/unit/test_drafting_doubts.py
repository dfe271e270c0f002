"""What drafts leave out, doubt or refuse, with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from definition.paths import ROOT
from drafting.drafting import draft
from drafting.errors import DraftError
from tests.unit.drafting import Read, lines, read

if TYPE_CHECKING:
    from pathlib import Path


def test_columns_that_cost_rows_become_comments(tmp_path: Path) -> None:
    """The transform has the last word: a category with line breaks would reject rows, and is left out."""
    comments = ["fine", '"hello\nmallory,i666,1600000060,nice"', "good", "bad"]
    text = lines("user,item,at,comment", lambda e: f"u{e.user},i{e.item},{e.at},{comments[(e.user + e.at) % 4]}")

    found = read(tmp_path, {"x.csv": text})

    assert "COMMENT" not in found.columns()
    assert "# COMMENT: " in found.text
    assert found.facts() | {"rows_in": 1_200, "rows_out": 1_200, "rows_rejected": 0} == found.facts()


def test_too_few_rows_are_told(tmp_path: Path) -> None:
    """Less than Personalize needs is said before a run says it."""
    text = lines("user,item,at", lambda e: f"u{e.user},i{e.item},{e.at}", count=200)

    assert any(
        "200 interactions: Personalize needs 1,000" in each for each in read(tmp_path, {"x.csv": text}).drafted.unsure
    )


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "there is no table in it"),
        ({"a.csv.zip": b"PK\x03\x04zip"}, "is a zip archive, which is not read: unpack it"),
        (
            {"a.xlsx": b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml"},
            "is an Excel workbook, which is not read: save",
        ),
        ({"a.orc": b"ORC\x08\x00"}, "is ORC, which is not read"),
        ({"a.avro": b"Obj\x01\x04\x16avro.schema"}, "is Avro, which is not read"),
        ({"a.bin": b"\x00\x01\x02\x00\x00\x03" * 50}, "is neither text nor Parquet"),
        ({"a.json": '{"a": 1}{"a": 2}{"a": 3}'}, "no table has both users and items"),
        ({"a.txt": "Dear reader,\nthis is a letter.\nYours\n"}, "is no table"),
        ({"a.csv": "id,name\n" + "".join(f"{n},n{n}\n" for n in range(50))}, "no table has both users and items"),
    ],
)
def test_what_cannot_be_drafted_is_told_with_a_remedy(tmp_path: Path, files: dict[str, Any], told: str) -> None:
    """Each form of data that is not read is named as what it is."""
    with pytest.raises(DraftError) as error:
        read(tmp_path, files)

    assert told in str(error.value)
    assert error.value.remedy


@pytest.mark.slow
@pytest.mark.parametrize("name", ["movielens", "online-retail", "ad-audience"])
def test_drafts_of_the_bundled_samples_run(name: str) -> None:
    """The data that this project ships are drafted without rejecting more than is broken in them."""
    drafted = draft(str(ROOT / "samples" / name), name="shop", schema=None, s3=lambda: None)
    found = Read(drafted, drafted.text)

    facts = found.facts()
    assert facts["rows_in"] == facts["rows_out"] + facts["rows_filtered"] + facts["rows_rejected"]
    assert facts["rows_rejected"] <= 0.005 * facts["rows_in"]
    expected = {
        "movielens": ("userId", "movieId", {"from": "timestamp", "unit": "s"}),
        "online-retail": (
            {"expression": "NULLIF(CustomerID, '0')"},
            "StockCode",
            {"from": "InvoiceDate", "format": "iso8601"},
        ),
        "ad-audience": ("user_id", "ad_label", {"from": "event_time", "format": "%Y-%m-%d %H-%M-%S"}),
    }
    assert tuple(found.columns()[column] for column in ("USER_ID", "ITEM_ID", "TIMESTAMP")) == expected[name]
