"""Raw formats: every row is read, or rejected with its object, line, text and reason."""

from __future__ import annotations

import encodings
import json
import pkgutil
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definition.problems import SpecError
from lambdas.transform import packing
from lambdas.transform.reader import FEW, broken_objects
from tests.documents import parsed
from tests.generated import examples
from tests.unit.raw import AT, GOOD, HEADER, Folder, fates, fill, found, lazy_fates, table, told
from transform.errors import ColumnMissingError, UndecodableError
from transform.raw import records

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "datasets__interactions__columns"


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t", " ", "\x01", "¦", "支", ".", "::", "||"])
@pytest.mark.parametrize("quote", ['"', "none"])
def test_any_character_delimits(tmp_path: Path, delimiter: str, quote: str) -> None:
    """Fields are cut at the delimiter, whatever it means elsewhere; with quotes it may stand in a field."""
    first = f'"u{delimiter}1"' if quote == '"' else "u1"
    lines = [["user", "item", "at"], [first, "i1", str(AT)], ["u2", "i2"]]
    frame = fates(tmp_path, {"a": "\n".join(delimiter.join(line) for line in lines)}, delimiter=delimiter, quote=quote)

    user = f"u{delimiter}1" if quote == '"' else "u1"
    if delimiter != "\x01" or quote == "none":
        assert user == frame["USER_ID"][0]
    assert "fewer than 3 fields" == frame["reason"][1]
    assert AT == frame["TIMESTAMP"][0]


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "gb18030", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str, bom: str) -> None:
    """The same text in each encoding gives the same rows, whatever ends its lines; a BOM is no part of it."""
    user = "é" if encoding == "latin-1" else "支付😀"
    text = f"user,item,at\r\n{user},i1,{AT}\r\n\r\n{user},i2"
    body = (bom if encoding != "latin-1" else "") + text
    frame = fates(tmp_path, {"a.csv": body.encode(encoding)}, encoding=encoding)

    assert [
        ("a.csv", 2, f"{user},i1,{AT}", None),
        ("a.csv", 3, "", "blank line"),
        ("a.csv", 4, f"{user},i2", "fewer than 3 fields"),
    ] == found(frame)
    assert user == frame["USER_ID"][0]


@pytest.mark.parametrize(
    ("encoding", "content", "text"),
    [
        ("windows-1252", b"\x93caf\xe9\x94 \x80", "“café” €"),
        ("windows-1251", b"\xea\xed\xe8\xe3\xe0", "книга"),
        ("shift_jis", b"\x96{\x87@", "本①"),
        ("euc-kr", b"\xc3\xa5\x8cc", "책똠"),
        ("big5", b"\xae\xd1", "書"),
    ],
)
def test_what_spreadsheets_save(tmp_path: Path, encoding: str, content: bytes, text: str) -> None:
    """Text as the Windows of each country writes it; the bytes are those of its tables, not of our codec."""
    body = HEADER.encode() + content + f",i1,{AT}\n".encode()
    frame = fates(tmp_path, {"a.csv": body}, encoding=encoding)

    assert [("a.csv", 2, f"{text},i1,{AT}", None)] == found(frame)
    assert text == frame["USER_ID"][0]


# https://docs.python.org/3/library/codecs.html: binary and text transforms, and what is for parts of texts or for none.
TRANSFORMS = ("base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec")
PARTS = ("charmap", "idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape", "utf_7")


def text_codecs() -> list[str]:
    """Return the names of Python's codecs with which whole files may be written, on any system."""
    named = {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    return sorted(named - {"aliases", "mbcs", "oem", *TRANSFORMS, *PARTS})


@pytest.mark.slow
@pytest.mark.parametrize("name", text_codecs())
def test_every_codec_of_python_is_an_encoding(tmp_path: Path, name: str) -> None:
    """What Python writes with a codec is read by that codec's name, letters beyond ASCII included where it has any."""
    encoding = parsed(datasets__interactions__source__encoding=name).datasets.interactions.source.encoding
    user = "".join(letter for letter in "éж書글א" if letter.encode(name, "ignore")) or "u"
    body = f"user,item,at\n{user},i1,{AT}\nu2,i2,{AT}\n".encode(name)
    frame = fates(tmp_path, {"a.csv": body}, encoding=encoding)

    assert [(user, "i1", AT, None), ("u2", "i2", AT, None)] == told(frame)


@pytest.mark.parametrize("name", [*TRANSFORMS, *PARTS])
def test_other_codecs_are_no_encodings(name: str) -> None:
    """What Python calls a codec and no file is written in is refused, before a run would read nonsense by it."""
    with pytest.raises(SpecError, match="is no encoding of text that Python knows"):
        parsed(datasets__interactions__source__encoding=name)


@pytest.mark.parametrize(
    ("given", "encoding"),
    [
        ("UTF-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("latin1", "latin-1"),
        ("cp1252", "windows-1252"),
        ("Windows-1251", "windows-1251"),
        ("sjis", "shift_jis"),
        ("cp949", "euc-kr"),
        ("ISO-8859-2", "iso8859-2"),
        ("EUC-JP", "euc_jp"),
    ],
)
def test_an_encoding_has_one_name(given: str, encoding: str) -> None:
    """However it is written, so that another spelling reads nothing anew."""
    assert encoding == parsed(datasets__interactions__source__encoding=given).datasets.interactions.source.encoding


@pytest.mark.parametrize(("encoding", "windows"), [("latin-1", "windows-1252"), ("iso8859-2", "cp1250")])
def test_windows_is_not_iso_8859(tmp_path: Path, encoding: str, windows: str) -> None:
    """Curly quotes of Windows in what is called ISO 8859 reject their line, instead of becoming control characters."""
    body = HEADER.encode() + b"\x93u\x94,i1,1\n" + f"\xe9,i1,{AT}\n".encode(encoding)
    frame = fates(tmp_path, {"a.csv": body}, encoding=encoding)

    reason = f"bytes that are not {encoding}; such files are often {windows}"
    assert ("a.csv", 2, "\\x93u\\x94,i1,1", reason) == found(frame)[0]
    assert "é" == frame["USER_ID"][1]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_both_orders_of_utf_16(tmp_path: Path, encoding: str) -> None:
    """The BOM says in which order the bytes stand, and lines are cut where characters end."""
    body = f"\ufeffuser,item,at\nĊ,਀,{AT}\n".encode(encoding)  # U+010A and U+0A00 hold the byte of a line feed

    assert [("Ċ", "਀", AT, None)] == told(fates(tmp_path, {"a": body}, encoding="utf-16"))


@pytest.mark.parametrize(
    ("encoding", "wrong", "shown"),
    [("utf-8", b"\xff", "\\xff"), ("utf-8", b"\xe6\x94", "\\xe6\\x94"), ("utf-8", b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
     ("gb18030", b"\xff", "\\xff"), ("utf-16", b"\x00\xdc", "\\x00\\xdc")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_undecodable_bytes_reject_their_line(
    tmp_path: Path, encoding: str, wrong: bytes, shown: str, kind: str
) -> None:
    """Bytes that are none of the encoding's reject the line they stand on, shown as bytes, and no other."""

    def encode(text: str) -> bytes:
        return text.encode("utf-16-le" if encoding == "utf-16" else encoding)

    start, good, before, after = (
        (HEADER, f"u1,i1,{AT}\n", "x", f",i,{AT}\n")
        if kind == "csv"
        else ("", json.dumps({"user": "u1", "item": "i1", "at": AT}) + "\n", '{"user": "x', '"}\n')
    )
    bom = b"\xff\xfe" if encoding == "utf-16" else b""
    body = bom + encode(start + good + before) + wrong + encode(after + good)
    frame = fates(tmp_path, {"a": body}, broken={"a"}, encoding=encoding, format=kind)

    first = 2 if kind == "csv" else 1
    raw = before + shown + after.rstrip()
    assert ("a", first + 1, raw, f"bytes that are not {encoding}") == found(frame)[1]
    assert [GOOD, GOOD] == told(frame[[0, 2]])
    assert [first, first + 2] == frame["line_number"][[0, 2]].to_list()


def test_a_header_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    """Text whose header cannot be decoded is in another encoding: the error says where to set it."""
    body = f"user,item,at,né\nu,i,{AT},\n".encode("latin-1")

    with pytest.raises(UndecodableError, match=r"a\.csv is not utf-8 text.*source\.encoding"):
        fates(tmp_path, {"a.csv": body}, broken={"a.csv"})


@pytest.mark.parametrize("many", [False, True])
def test_names_instead_of_a_header(tmp_path: Path, many: bool) -> None:  # noqa: FBT001  # a case
    """With `header` the first line is data, in every object, and a BOM is no part of it."""
    bodies = {"a": f"\ufeffu1\ti1\t3\t{AT}\n", "b": f"u1\ti1\t3\t{AT}\nu2\t\ufeffi2"}
    filler = {str(number): f"f\ti\t3\t{AT}" for number in range(FEW if many else 0)}
    frame = fates(tmp_path, bodies | filler, delimiter="\t", quote="none", header=["user", "item", "rating", "at"])

    rows = frame.filter(pl.col("object").is_in(["a", "b"]))
    assert [GOOD, GOOD] == told(rows)[:2]
    assert [("a", 1, None), ("b", 1, None), ("b", 2, "fewer than 4 fields")] == rows.select(
        "object", "line_number", "reason"
    ).rows()
    assert len(frame) == 3 + len(filler)


def test_names_that_lack_a_mapped_column_are_refused(tmp_path: Path) -> None:
    """A raw column that neither `header` nor a folder gives is an error."""
    with pytest.raises(ColumnMissingError, match="'item'"):
        fates(tmp_path, {"a": "u,1"}, header=["user", "at"])


def test_lines_before_a_header_are_told(tmp_path: Path) -> None:
    """Who exports with a line above the header is told of the keys that pass over it."""
    with pytest.raises(ColumnMissingError, match=r"lines stand before it, set skip_lines or comment\.$"):
        fates(tmp_path, {"a": f"# exported 2024-01-01\n{HEADER}u,i,{AT}\n"})


def test_many_small_objects_are_one_scan(tmp_path: Path) -> None:
    """More objects than a few are staged together: the engine opens one, and lines keep object and number."""
    contents = {f"{number}.csv": f"{HEADER}u{number},i,{AT}\nu" for number in range(FEW + 1)}
    lazy = lazy_fates(tmp_path, contents)
    frame = lazy.collect(engine="streaming")

    assert 1 == lazy.explain().count("SCAN")
    assert [(key, 2, f"u{number},i,{AT}", None) for number, key in enumerate(contents)] == found(frame)[::2]
    assert [(key, 3, "u", "fewer than 3 fields") for key in contents] == found(frame)[1::2]


def test_many_objects_with_different_headers(tmp_path: Path) -> None:
    """Among many objects too, each one's own header says where its columns stand."""
    orders = ["user,item,at", "at,more,user,item"]
    rows = [f"u,i,{AT}", f"{AT},?,u,i"]
    contents = {f"{n}": f"{orders[n % 2]}\n{rows[n % 2]}\n" for n in range(FEW + 2)}
    frame = fates(tmp_path, contents)

    assert {("u", "i", AT, None)} == set(told(frame))
    assert set(contents) == set(frame["object"])


def test_many_objects_may_lack_a_column(tmp_path: Path) -> None:
    """The error names the first object with that header."""
    contents = {str(n): HEADER for n in range(FEW)} | {"bad": "user,thing,at\n"}

    with pytest.raises(ColumnMissingError, match=r"^bad has no column 'item'"):
        fates(tmp_path, contents)


def test_large_objects_are_staged_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staged objects are bounded in size, and no line is lost between them."""
    monkeypatch.setattr(packing, "_STAGED", 100)
    monkeypatch.setattr(records, "_BATCH", 7)
    text = HEADER + "".join(f"u{n},i,{AT}\n" for n in range(100))
    frame = fates(tmp_path, {"a": text.encode("utf-16")}, encoding="utf-16")

    assert [f"u{n}" for n in range(100)] == frame["USER_ID"].to_list()
    assert list(range(2, 102)) == frame["line_number"].to_list()
    assert 1 < len(list((tmp_path / "staging").iterdir()))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("many", [False, True])
def test_folders_are_columns(tmp_path: Path, kind: str, many: bool) -> None:  # noqa: FBT001  # a case
    """A folder day=… gives the raw column day for each row below it, in every format."""
    days = ["2024-01-01", "2024-01-02", "__HIVE_DEFAULT_PARTITION__"]
    bodies = {
        "csv": "user,item\nu,i\n",
        "jsonl": '{"user": "u", "item": "i"}\n',
        "parquet": table({"user": ["u"], "item": ["i"]}),
    }
    contents = {f"day={day}/{n}": bodies[kind] for day in days for n in range(FEW // 2 if many else 1)}
    form = {"from": "day", "format": "%Y-%m-%d"}
    frame = fates(tmp_path, contents, format=kind, **{f"{COLUMNS}__TIMESTAMP": form})

    first = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    expected = {
        (f"day={days[0]}", first, None),
        (f"day={days[1]}", first + 86400, None),
        (f"day={days[2]}", None, "TIMESTAMP is empty"),
    }
    seen = frame.select(pl.col("object").str.split("/").list.first(), "TIMESTAMP", "reason")
    assert expected == set(seen.rows())
    assert len(contents) == len(frame)


JSON_PATHS = {
    f"{COLUMNS}__USER_ID": "user",
    f"{COLUMNS}__ITEM_ID": "event.item.id",
    f"{COLUMNS}__EVENT_VALUE": "event.value",
}


def json_row(item: str = '"i1"', more: str = "") -> str:
    """Return a line with an item and more keys."""
    return f'{{"user": "u1", "event": {{"item": {{"id": {item}}}}}, "at": {AT}{more}}}'


@pytest.mark.parametrize(
    ("line", "item", "reason"),
    [
        (json_row(), "i1", None),
        (json_row("7"), "7", None),
        (json_row("12345678901234567890123"), "12345678901234567890123", None),
        (json_row("4.10"), "4.10", None),
        (json_row("1e3"), "1e3", None),
        (json_row("true"), "true", None),
        (json_row("null"), None, "ITEM_ID is empty"),
        (json_row('""'), None, "ITEM_ID is empty"),
        (json_row('"支\\u4ed8\\ud83d\\ude00"'), "支付😀", None),
        (json_row(more=', "event.item.id": "flat"'), "flat", None),
        (json_row(more=', "user": "u2"'), "i1", None),
        (f" {json_row()}\t", "i1", None),
        (f"\ufeff{json_row()}", "i1", None),
        (json_row('"a\\u0000b"'), "a\x00b", "ITEM_ID holds a control character"),
        (json_row('"\\ud83d"'), None, "event.item.id holds half a character"),
        (json_row("[1]"), None, "event.item.id is a list; explode: event.item.id makes each element a record"),
        (json_row("{}"), None, "event.item.id is a list or an object"),
        (json_row(more=', "event": 5'), None, "event is a text or a number, through which event.item.id cannot lead"),
        (json_row(more=', "event": {"item": "i"}'), None,
         "event.item is a text or a number, through which event.item.id cannot lead"),
        (json_row(more=', "event": [{"item": 1}]'), None,
         "event is a list, through which event.item.id cannot lead; explode: event makes each element a record"),
        (json_row(more=', "event": null'), None, "ITEM_ID is empty"),
        (json_row() * 2, None, "several JSON objects on one line: set format: json"),
        (json_row(more=', "x": NaN'), None, "not JSON"),
        (json_row(more=', "x": 01'), None, "not JSON"),
        (json_row(more=","), None, "not JSON"),
        (json_row(more=', "x": "\t"'), None, "not JSON"),
        (json_row(more=', "x": "\0"'), None, "not JSON"),
        (json_row()[:-1], None, "not JSON"),
        (f"{json_row()},{json_row()}", None, "not JSON"),
        ("", None, "blank line"),
        ("  ", None, "not JSON"),
        (f"[{json_row()}]", None, "a JSON array, not an object (format: json reads the objects of an array)"),
        ("3", None, "not a JSON object"),
        ("null", None, "not a JSON object"),
        ("[" * 100_000, None, "JSON that is nested too deep"),
    ],
)  # fmt: skip
def test_json_lines(tmp_path: Path, line: str, item: str | None, reason: str | None) -> None:
    """Each line gives one row: nested values as text, numbers as they are spelled, or the reason why not."""
    body = f"{json_row()}\n{line}\n{json_row()}\n"
    frame = fates(tmp_path, {"a.jsonl": body}, format="jsonl", **JSON_PATHS)

    assert ("a.jsonl", 2, line, reason) == found(frame)[1]
    assert item == frame["ITEM_ID"][1]
    assert [GOOD, GOOD] == told(frame[[0, 2]])


@pytest.mark.parametrize("source", [{"format": "jsonl"}, {"format": "parquet"}, {"encoding": "utf-16"}, {}])
def test_every_format_streams(tmp_path: Path, source: dict[str, str]) -> None:
    """No format makes the engine hold all rows: the physical plan has no node that materialises them."""
    text = f"{HEADER}u1,i1,{AT}\n"
    body = {"jsonl": json_row().encode(), "parquet": table({"user": ["u"], "item": ["i"], "at": [AT]})}.get(
        source.get("format", ""), text.encode(source.get("encoding", "utf-8"))
    )
    lazy = lazy_fates(tmp_path, {"day=1/a": body, "day=1/b": body}, **source)
    graph = lazy.show_graph(engine="streaming", plan_stage="physical", raw_output=True)

    assert graph is not None
    nodes = re.findall(r'^\d+ \[label="([\w-]+)', graph, flags=re.MULTILINE)
    assert "multi-scan" in nodes
    assert not {"columnar-function", "in-memory-map", "in-memory-source"} & set(nodes)


PIECES = st.sampled_from(
    [b"u", b"i", b"1700000000", b",", b'"', b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xe6\x94\xaf", b"{", b"}",
     b"[", b"]", b":", b'{"user":"u","item":"i","at":1}', b"\\ud800", b"\\", b" ", b"\xef\xbb\xbf", "\ufdd0".encode()]
)  # fmt: skip
SOURCES = st.sampled_from(
    [{}, {"quote": "none"}, {"format": "jsonl"}, {"encoding": "gb18030"}, {"format": "jsonl", "encoding": "latin-1"}]
)


@settings(
    max_examples=examples(60),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.lists(PIECES, max_size=40).map(b"".join), source=SOURCES)
def test_no_line_is_lost(tmp_path: Path, body: bytes, source: dict[str, str]) -> None:
    """Whatever bytes a file holds, each of its lines is one row with its number and, if it has any, its text."""
    headers = 0 if "format" in source else 1
    content = b"user,item,at\n" * headers + b"x" + body
    broken = broken_objects(Folder(tmp_path), fill(tmp_path, {"a": content}))
    frame = fates(tmp_path, {"a": content}, broken=broken, **source)

    lines = content.removesuffix(b"\n").split(b"\n")
    assert list(range(1 + headers, 1 + len(lines))) == frame["line_number"].to_list()
    for line, text, reason in zip(lines[headers:], frame["line"], frame["reason"], strict=True):
        if (reason or "").startswith("bytes that are not"):
            continue
        assert line.decode(source.get("encoding", "utf-8")).removesuffix("\r") == text
