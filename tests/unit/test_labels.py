"""Labels of items are read as the file that they stand in is written, and what is wrong with them is told."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.labels import item_labels
from definition.file.pipeline import ItemLabels
from tests.unit.test_fuzz import zstd

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
