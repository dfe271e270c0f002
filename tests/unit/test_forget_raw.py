"""Users are found in raw objects as the transform reads these, and taken out of those that can be written anew."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.forget.naming import Users
from cli.forget.rows import UnwritableError, rows_of, write_without
from definition.plan.mappings import dataset_mapping
from tests.documents import parsed
from transform.forgotten import Forgotten

HEADER = "user,item,at\n"
ROWS = ["1,a,1700000000\n", "11,a,1700000000\n", "01,1,1700000000\n"]
TABLE = {"user": ["11", "1", "1", None, "x"], "item": ["a"] * 5, "at": [1_700_000_000] * 5}


def without(content: bytes, users: list[str], key: str = "raw/events/a.csv", **section: Any) -> bytes | None:
    """Return a raw object without users, None where it holds none of them."""
    lookups = section.pop("beside", {})
    mapping = dataset_mapping(parsed(**section), "interactions")
    only = Forgotten("salt", frozenset(hashlib.sha256(f"salt{user}".encode()).hexdigest() for user in users))
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        source.write_bytes(content)
        beside: dict[str, dict[str, Path]] = {}
        for name, text in lookups.items():
            file = Path(folder) / name
            file.write_text(text)
            beside[name] = {f"raw/{name}/a.csv": file}
        found = rows_of(mapping, source, key=key, users=Users(users), forgotten=only, lookups=beside)
        if not found.places:
            return None
        write_without(mapping, source, target, found)
        return target.read_bytes()


@settings(max_examples=40)  # each is a transform
@given(rows=st.lists(st.sampled_from(ROWS), max_size=8), end=st.booleans(), packed=st.booleans())
def test_lines_of_csv(rows: list[str], end: bool, packed: bool) -> None:  # noqa: FBT001  # a generator
    """Whatever lines there are, theirs go, and the others are the same bytes; packed or not."""
    text = "".join([HEADER, *rows])
    content = (text if end else text.removesuffix("\n")).encode()
    found = without(gzip.compress(content) if packed else content, ["1"])

    lines = content.splitlines(keepends=True)
    expected = b"".join(line for line in lines if not line.startswith(b"1,"))
    if ROWS[0] in rows:
        assert found is not None
        assert expected == (gzip.decompress(found) if packed else found)
    else:
        assert found is None


def test_records_of_several_lines() -> None:
    """A record goes with all its lines, whether its user stands before the line end or behind; comments stay."""
    text = (
        '\ufeffitem,user,at\r\n# 1 is a comment\r\n"a\nb",1,1700000000\r\n"a\n1",11,1700000000\r\nc,"1",1700000000\r\n'
        '"x\n\n""y""",1,never\r\nc,11,1700000000'
    )
    expected = '\ufeffitem,user,at\r\n# 1 is a comment\r\n"a\n1",11,1700000000\r\nc,11,1700000000'
    found = without(text.encode(), ["1"], datasets__interactions__source={"path": "events/", "comment": "#"})
    assert expected.encode() == found


def test_rows_whose_user_nobody_can_read() -> None:
    """They go where their text names one of them; broken rows of others stay."""
    text = f"{HEADER}1,a\n11,a\n,a,1700000000\n,1,never\nx,1\n"
    assert f"{HEADER}11,a\n,a,1700000000\n".encode() == without(text.encode(), ["1"])


@pytest.mark.parametrize(
    ("encoding", "name"), [("latin-1", "latin-1"), ("gb18030", "gb18030"), ("utf-16", "utf-16"), ("shift_jis", "cp932")]
)
def test_other_encodings(encoding: str, name: str) -> None:
    """Lines that end with one byte are taken out; of others it is said that they are not."""
    user = {"latin-1": "\u00e9", "shift_jis": "\u8868"}.get(encoding, "\u5f20")
    text = f"{HEADER}{user},a,1700000000\n{user}1,a,1700000000\n"
    source = {"path": "events/", "encoding": encoding}
    if encoding == "utf-16":
        with pytest.raises(UnwritableError, match="text in utf-16 is not written anew"):
            without(text.encode(name), [user], datasets__interactions__source=source)
    else:
        expected = f"{HEADER}{user}1,a,1700000000\n".encode(name)
        assert expected == without(text.encode(name), [user], datasets__interactions__source=source)


def test_json_lines_and_ids_after_the_mapping() -> None:
    """Ids are those of the results: what the pipeline file makes of the raw values."""
    rows = [
        {"u": {"mail": mail}, "i": "bob@x.com", "t": 1_700_000_000} for mail in ("Bob@X.com", "bob@x.co", "BOB@x.com")
    ]
    lines = [f"{json.dumps(row)}\n" for row in rows]
    section: dict[str, Any] = {
        "datasets__interactions__source": {"path": "events/", "format": "jsonl"},
        "datasets__interactions__columns": {
            "USER_ID": {"expression": 'lower("u.mail")'},
            "ITEM_ID": "i",
            "TIMESTAMP": {"from": "t", "unit": "s"},
        },
    }
    assert lines[1].encode() == without("".join(lines).encode(), ["bob@x.com"], "raw/events/a.jsonl", **section)


def test_users_from_a_look_up() -> None:
    """Rows name the order, the look-up whose it is."""
    section: dict[str, Any] = {
        "datasets__interactions__lookups": {"orders": {"source": {"path": "orders/"}, "key": "id", "on": "order"}},
        "datasets__interactions__columns__USER_ID": "orders.customer",
        "beside": {"orders": "id,customer\n7,1\n8,11\n"},
    }
    text = "order,item,at\n7,a,1700000000\n8,a,1700000000\n9,a,1700000000\n"
    expected = "order,item,at\n8,a,1700000000\n9,a,1700000000\n"
    assert expected.encode() == without(text.encode(), ["1"], **section)


@pytest.mark.parametrize("codec", ["zstd", "snappy", "uncompressed"])
def test_parquet(codec: Any) -> None:
    """Rows go, with the types of the columns and how it is packed as they were."""
    buffer = io.BytesIO()
    frame = pl.DataFrame(TABLE).with_columns(at2=pl.from_epoch("at", "s").cast(pl.Datetime("ms", "UTC")), n=pl.lit([1]))
    frame.write_parquet(buffer, compression=codec)
    source = {"path": "events/", "format": "parquet"}
    found = without(buffer.getvalue(), ["1"], "raw/events/a.parquet", datasets__interactions__source=source)

    assert found is not None
    assert frame.filter(pl.col("user").ne_missing("1")).equals(pl.read_parquet(io.BytesIO(found)))
    assert None is without(buffer.getvalue(), ["0"], "raw/events/a.parquet", datasets__interactions__source=source)


def test_what_is_not_written_anew() -> None:
    """JSON documents, other packings, and rows that are of others, too: it says so, and loses nothing."""
    documents = {"path": "events/", "format": "json"}
    text = json.dumps([{"user": user, "item": "a", "at": 1_700_000_000} for user in ("1", "11")])
    with pytest.raises(UnwritableError, match="JSON documents"):
        without(text.encode(), ["1"], "raw/events/a.json", datasets__interactions__source=documents)
    with pytest.raises(UnwritableError, match="bzip2"):
        without(bz2.compress(f"{HEADER}1,a,1700000000\n".encode()), ["1"], "raw/events/a.csv.bz2")
    visits = {"path": "events/", "format": "jsonl", "explode": "users"}
    line = json.dumps({"users": ["1", "11"], "item": "a", "at": 1_700_000_000})
    section = {"datasets__interactions__source": visits, "datasets__interactions__columns__USER_ID": "users"}
    with pytest.raises(UnwritableError, match="of other users, too"):
        without(f"{line}\n".encode(), ["1"], "raw/events/a.jsonl", **section)
    assert b"" == without(line.replace(', "11"', "").encode(), ["1"], "raw/events/a.jsonl", **section)
