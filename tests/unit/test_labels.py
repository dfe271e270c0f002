"""Labels of items are read as the file that they stand in is written, and what is wrong with them is told."""

from __future__ import annotations

import gzip
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.labels import item_labels
from definition.file.pipeline import ItemLabels
from tests.documents import parsed
from tests.unit.test_fuzz import zstd
from tests.unit.test_rules import told as told_of

MOVIES = "1|Caf\xe9, The (1995)|x\n2||x\n3|Toy|x\n".encode("latin-1")


class Bucket:
    """An S3 with one object."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # boto3's names
        """Return the object."""
        if Key != f"raw/{Bucket}/movies":
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "gone"}}, "GetObject")
        return {"Body": io.BytesIO(self._body)}


def labels(body: bytes, **given: Any) -> tuple[dict[str, str], list[str]]:
    """Return the labels of an object, and what was told."""
    told: list[str] = []
    where = ItemLabels(**{"path": "b/movies", "id": "id", "label": "title"} | given)
    return item_labels(Bucket(body), "b", where, told.append), told


def test_labels_are_read_by_delimiter_encoding_and_header() -> None:
    """The titles of a file without header, cut at bars, in Latin-1; an item without a title has no label."""
    found = labels(MOVIES, delimiter="|", encoding="latin-1", header=["id", "title", "more"])

    assert ({"1": "Caf\xe9, The (1995)", "3": "Toy"}, []) == found


class Imported:
    """An S3 with the items that a run has imported, two objects of them."""

    exceptions = SimpleNamespace(NoSuchKey=LookupError)
    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, *, record: str, parts: dict[str, str]) -> None:
        self._objects = {"runs/imports.json": record, **parts}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # boto3's names
        """Return an object."""
        assert Bucket == "b"
        return {"Body": io.BytesIO(self._objects[Key].encode())}

    def get_paginator(self, _: str) -> Any:
        """Return what lists keys by their beginnings."""
        listed = [{"Key": key, "Size": len(text)} for key, text in self._objects.items()]
        return SimpleNamespace(
            paginate=lambda *, Prefix, **_: [{"Contents": [each for each in listed if each["Key"].startswith(Prefix)]}]  # noqa: N803
        )


RECORD = json.dumps({"datasets": [{"dataset": "items", "run": "r1", "import_job_arn": "arn:job"}]})


def test_labels_may_be_a_column_of_items() -> None:
    """Of what the newest import holds, all of its objects; an item without a value has no label."""
    parts = {
        "transformed/r1/items/a.csv": 'ITEM_ID,TITLE\n1,"Caf\xe9, ""The"""\n2,\n',
        "transformed/r1/items/b.csv": "ITEM_ID,TITLE\n3,Toy\n",
        "transformed/r0/items/a.csv": "ITEM_ID,TITLE\n1,old\n",
    }
    told: list[str] = []

    found = item_labels(Imported(record=RECORD, parts=parts), "b", "TITLE", told.append)
    assert ({"1": 'Caf\xe9, "The"', "3": "Toy"}, []) == (found, told)


def test_a_column_that_is_not_imported_yet_is_told() -> None:
    """As after a deployment that adds it, until the next run."""
    told: list[str] = []
    parts = {"transformed/r1/items/a.csv": "ITEM_ID,GENRE\n1,x\n"}

    assert {} == item_labels(Imported(record=RECORD, parts=parts), "b", "TITLE", told.append)
    assert ["item_labels: ids stand for items: run r1 has imported them without TITLE"] == told


def test_items_that_are_gone_are_told() -> None:
    """Ids stand for items then; a run has kept its data for its time."""
    told: list[str] = []

    assert {} == item_labels(Imported(record=RECORD, parts={}), "b", "TITLE", told.append)
    assert [
        "item_labels: ids stand for items: the data of run r1 is gone from the bucket, which keeps it for 30 days"
    ] == told


def test_a_column_of_labels_is_one_of_items() -> None:
    """Whatever else it names is told, with what is close to it."""
    items = {"source": {"path": "items/"}, "columns": {"ITEM_ID": "i", "TITLE": {"from": "t", "type": "textual"}}}

    assert "TITLE" == parsed(datasets__items=items, item_labels="TITLE").item_labels
    found = told_of(datasets__items=items, item_labels="TITEL")["item_labels"]
    assert "'TITEL' is no column of items. Did you mean TITLE? Map it in datasets.items.columns" in found
    assert "'TITLE' is no column of items. Map it" in told_of(item_labels="TITLE")["item_labels"]
    assert "item_labels.path" in told_of(item_labels={"id": "a", "label": "b"})


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_packed_labels_are_read(pack: Any) -> None:
    """Gzip and zstd are unpacked, as those of the raw data are."""
    assert ({"1": "a"}, []) == labels(pack(b"id,title\n1,a\n"))


def test_labels_of_csv_keep_line_breaks_and_quotes() -> None:
    """A quoted title goes on to its quote."""
    assert ({"1": 'a "b"\nc'}, []) == labels('\ufeffid,title\r\n1,"a ""b""\nc"\r\n'.encode())


@pytest.mark.parametrize(
    ("body", "given", "told"),
    [
        (b"id,name\n1,a\n", {}, "raw/b/movies has no column title; it has id, name"),
        (b"", {}, "has no column id and title; it has "),
        (b"id,title\n1,a\n", {"path": "b/other"}, "raw/b/other cannot be read, so ids stand for items"),
        (b"PK\x03\x04", {}, "is a zip archive"),
    ],
)
def test_what_is_wrong_with_labels_is_told(body: bytes, given: dict[str, Any], told: str) -> None:
    """There are no labels then, and one sentence says why."""
    found, (sentence,) = labels(body, **given)

    assert {} == found
    assert sentence.startswith("item_labels: ")
    assert told in sentence
