"""A table that is written in any way is read back as what it was."""

from __future__ import annotations

import csv
import gzip
import io
import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from drafting.errors import DraftError
from tests.unit.drafting import Event, events, lines, read, title, when
from tests.unit.test_packed import zstd

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = events(600, users=30, items=40)
"""Fewer than Personalize needs, which is enough to be understood."""

TIMES: dict[str, tuple[dict[str, str], int]] = {
    "s": ({"unit": "s"}, 1),
    "ms": ({"unit": "ms"}, 1),
    "us": ({"unit": "us"}, 1),
    "ns": ({"unit": "ns"}, 1),
    "%Y-%m-%d %H:%M:%S": ({"format": "iso8601"}, 1),
    "%Y-%m-%dT%H:%M:%SZ": ({"format": "iso8601"}, 1),
    "%Y-%m-%d": ({"format": "iso8601"}, 86_400),
    "%d/%m/%Y %H:%M": ({"format": "%d/%m/%Y %H:%M"}, 60),
    "%m/%d/%Y %I:%M:%S %p": ({"format": "%m/%d/%Y %I:%M:%S %p"}, 1),
    "%d.%m.%Y %H:%M:%S": ({"format": "%d.%m.%Y %H:%M:%S"}, 1),
    "%Y%m%d %H:%M:%S": ({"format": "%Y%m%d %H:%M:%S"}, 1),
    "%d-%b-%Y %H:%M:%S": ({"format": "%d-%b-%Y %H:%M:%S"}, 1),
    "%b %d, %Y %I:%M %p": ({"format": "%b %d, %Y %I:%M %p"}, 60),
    "%a %b %d %H:%M:%S +0000 %Y": ({"format": "%a %b %d %H:%M:%S %z %Y"}, 1),
    "%Y-%m-%d %H-%M-%S": ({"format": "%Y-%m-%d %H-%M-%S"}, 1),
    "%Y/%m/%d %H:%M:%S UTC": ({"format": "%Y/%m/%d %H:%M:%S UTC"}, 1),
}
"""How a time is written; what the file then says, and the seconds to which that is exact."""

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def written(at: int, form: str) -> str:
    """Return a time as a unit or ``strftime`` has it."""
    return str(at * UNITS[form]) if form in UNITS else when(at, form)


def cell(text: str, *, quoting: str, delimiter: str) -> str:
    """Return a field as writers with these habits have it."""
    special = any(sign in text for sign in (delimiter, '"', "\n"))
    if quoting == "never":
        return text
    if quoting == "escaped":
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"' if special else text.replace("\\", "\\\\")
    return '"{}"'.format(text.replace('"', '""')) if special or quoting == "always" else text


def texts(quoting: str) -> list[str]:
    """Return titles with what needs quotes, where there are some."""
    if quoting == "never":
        return ["Plain title", "Another one here", "Third of them"]
    return ['Five, 5" disk; or | so', "Plain title", "Two\tof\tthem, that", "What: is :: it", 'He said "no"']


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how a table is written."""
    return {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|", "::", "~", "\x01", "||", "^"])),
        "quoting": draw(st.sampled_from(["needed", "always", "escaped", "never"])),
        "header": draw(st.booleans()),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        "time": draw(st.sampled_from(sorted(TIMES))),
        "order": draw(st.permutations(["user", "item", "at", "title"])),
        "preamble": draw(st.sampled_from(["", "# exported by us\n", "Report of sales\nof the year\n"])),
        "packed": draw(st.booleans()),
    }


def as_written(how: dict[str, Any]) -> bytes:
    """Return the events, each with a title of its item, in the way that was drawn."""
    rows = []
    some = texts(how["quoting"])
    for event in EVENTS:
        fields = {
            "user": f"u{event.user}",
            "item": f"i{event.item}",
            "at": written(event.at, how["time"]),
            "title": f"{some[event.item % len(some)]} {event.item}",
        }
        rows.append([fields[name] for name in how["order"]])
    if how["header"]:
        rows.insert(0, list(how["order"]))
    habits = {key: how[key] for key in ("quoting", "delimiter")}
    body = "".join(how["delimiter"].join(cell(text, **habits) for text in row) + how["end"] for row in rows)
    content = (how["preamble"].replace("\n", how["end"]) + body).encode(how["encoding"])
    return gzip.compress(content, mtime=0) if how["packed"] else content


# Each draft takes a third of a CPU second, whatever is drafted; a failure is read as it was drawn.
@pytest.mark.slow
@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(how=tables())
def test_any_dialect_is_read_back(tmp_path_factory: pytest.TempPathFactory, how: dict[str, Any]) -> None:
    """Users, items and times of the first records are those that were written, and no row is lost."""
    # What nobody could cut: a delimiter within a field without quotes.
    assume(how["quoting"] != "never" or how["delimiter"] not in written(EVENTS[0].at, how["time"]))

    found = read(tmp_path_factory.mktemp("raw"), {"log.txt": as_written(how)})

    keys, exact = TIMES[how["time"]]
    rows = [(f"u{event.user}", f"i{event.item}", str(event.at // exact * exact)) for event in EVENTS[:10]]
    assert [tuple(record[:3]) for record in found.first()] == rows, found.text
    assert keys.items() <= found.columns()["TIMESTAMP"].items()
    assert found.facts()["rows_in"] == found.facts()["rows_out"] == len(EVENTS)


@pytest.mark.parametrize(
    "encoding", ["latin-1", "windows-1252", "windows-1251", "shift_jis", "euc-kr", "big5", "gb18030"]
)
def test_encodings_are_known_by_what_they_say(tmp_path: Path, encoding: str) -> None:
    """Letters of a language are read as such, whatever else the bytes could be."""
    names = {
        "latin-1": ["Café crème", "Über die Brücke", "Año nuevo"],
        "windows-1252": ["Men\u2019s shirt \u2013 €5", "“New” coat…", "Café"],
        "windows-1251": ["Красная книга", "Новый город", "Старый дом"],
        "shift_jis": ["赤いシャツ", "ノートと本", "新しいカメラ"],
        "euc-kr": ["빨간 셔츠 하나", "새로운 책이다", "사진기와 가방"],
        "big5": ["這是一本新書", "我們的電影", "他說的故事"],
        "gb18030": ["这是一本新书", "我们的电影", "他说的故事"],
    }[encoding]
    text = lines("user,item,at,name", lambda e: f"u{e.user},i{e.item},{e.at},{names[e.item % 3]} {e.item}")

    found = read(tmp_path, {"log.csv": text.encode("cp949" if encoding == "euc-kr" else encoding)})

    assert found.source()["encoding"] == encoding
    assert found.first("items")[0][1][:4] in {name[:4] for name in names}
    assert found.facts()["rows_rejected"] == 0


def test_a_few_damaged_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    """Bytes that are none of the encoding cost their lines, not the file."""
    text = lines("user,item,at,name", lambda e: f"u{e.user},i{e.item},{e.at},新书 我们的 {e.item}")
    content = text.encode("gb18030") + b"u1,i1,1600000000,\xff\xff\n"

    found = read(tmp_path, {"log.csv": content})

    assert found.source()["encoding"] == "gb18030"
    assert found.facts()["rows_rejected"] == 1


def test_zstd_and_gzip_are_unpacked(tmp_path: Path) -> None:
    """What is packed is looked at like anything else, and parts of both kinds are one table."""
    body = [f"u{e.user},i{e.item},{e.at}" for e in EVENTS]
    first, second = ("\n".join(["user,item,at", *half]) + "\n" for half in (body[:300], body[300:]))

    (tmp_path / "made").mkdir()
    zipped, zst = gzip.compress(first.encode()), zstd(tmp_path / "made", second)
    (tmp_path / "raw").mkdir()

    found = read(tmp_path / "raw", {"log/1.csv.gz": zipped, "log/2.csv.zst": zst})

    assert found.source()["path"] == "log/"
    assert found.facts()["rows_in"] == len(EVENTS)


def test_records_of_several_lines(tmp_path: Path) -> None:
    """Line breaks in quotes make no record, whoever wrote them."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["user", "item", "at", "comment"])
    dice = Random(1)
    for event in EVENTS:
        text = "hello\nmallory,i666,1600000060,nice" if dice.random() < 0.1 else f"{title(event.item)}, fine"
        writer.writerow([f"u{event.user}", f"i{event.item}", event.at, text])

    found = read(tmp_path, {"log.csv": target.getvalue()})

    assert found.facts()["rows_in"] == found.facts()["rows_out"] == len(EVENTS)
    assert all(row[0] != "mallory" for row in found.first())


@pytest.mark.parametrize(("form", "other"), [("%d/%m/%Y", "%m/%d/%Y"), ("%m/%d/%Y", "%d/%m/%Y")])
def test_days_and_months_that_could_be_either(tmp_path: Path, form: str, other: str) -> None:
    """Of two formats that fit that one is taken in which rows are in order; the other is named."""
    days = [Event(n % 30, n * 7 % 40, 1_577_836_800 + n // 5 * 86_400) for n in range(1_800)]
    body = [f"u{e.user},i{e.item},{when(e.at, form)}" for e in days if int(when(e.at, "%d")) <= 12]

    found = read(tmp_path, {"log.csv": "\n".join(["user,item,day", *body]) + "\n"})

    assert found.columns()["TIMESTAMP"] == {"from": "day", "format": form}
    assert any(other in each for each in found.drafted.unsure)


def test_a_total_at_the_end_is_one_reject(tmp_path: Path) -> None:
    """A preamble is passed over, and what stands below the table costs no more than itself."""
    text = lines("user,item,at", lambda e: f"u{e.user},i{e.item},{e.at}")

    found = read(tmp_path, {"report.csv": f"# exported\n{text}Total,1200,\n"})

    assert found.source()["comment"] == "#"
    assert found.facts()["rows_rejected"] == 1
    assert any("1 of 1,201 rows" in each for each in found.drafted.unsure)


def test_the_delimiter_that_a_spreadsheet_names(tmp_path: Path) -> None:
    """A line sep=; is believed, though commas stand on every line."""
    text = lines("user;item;at;price", lambda e: f"u{e.user};i{e.item};{e.at};{e.item},50")

    found = read(tmp_path, {"export.csv": f"sep=;\n{text}"})

    assert found.source()["delimiter"] == ";"
    assert found.facts()["rows_out"] == 1_200
    assert "REPLACE(price, ',', '.')" in found.text


@pytest.mark.parametrize("form", ["one after the other", "over several lines", "an array", "an array on one line"])
def test_json_that_is_no_lines_is_drafted(tmp_path: Path, form: str) -> None:
    """Objects without line ends, over several lines and in arrays are drafted as JSON, and every one is a record."""
    documents = [{"user": f"u{e.user}", "about": {"item": f"i{e.item}"}, "at": e.at} for e in events()]
    text = {
        "one after the other": "".join(json.dumps(each) for each in documents),
        "over several lines": "".join(json.dumps(each, indent=2) + "\n" for each in documents),
        "an array": json.dumps(documents, indent=1),
        "an array on one line": json.dumps(documents),
    }[form]

    found = read(tmp_path, {"events.json": text})

    assert {"path": "events.json", "format": "json"} == found.source()
    assert "about.item" == found.columns()["ITEM_ID"]
    assert found.facts()["rows_out"] == found.facts()["rows_in"] == len(documents)


def test_two_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Where a header names two columns alike the file names them itself, and passes over the header."""
    text = lines("user,name,item,name,at", lambda e: f"u{e.user},{e.user % 9},i{e.item},{title(e.item)},{e.at}")

    found = read(tmp_path, {"log.csv": text})

    assert {"skip_lines": 1, "header": ["user", "name", "item", "name_4", "at"]}.items() <= found.source().items()
    assert found.columns("items")["NAME_4"] == {"from": "name_4", "type": "textual"}
    assert found.facts()["rows_out"] == found.facts()["rows_in"] == 1_200


def test_a_column_that_no_file_can_name_is_told(tmp_path: Path) -> None:
    """What a state machine would evaluate is left out, and said to be."""
    text = lines("user,item,at,${price}", lambda e: f"u{e.user},i{e.item},{e.at},{e.item}")

    assert "'${price}', which no pipeline file can name" in read(tmp_path, {"log.csv": text}).text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (gzip.compress(b"user,item,at\n" * 5_000, mtime=0)[:-20], "is cut off or damaged"),
        (b'{"a": NaN}\n' * 50, "has no row that can be read"),
        (b'{"a":' * 3_000 + b"1" + b"}" * 3_000, "has no rows|is no table"),
        (b"\n\n\n", "is no table"),
    ],
)
def test_damage_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    """What cannot be read ends with what is wrong with which file, and never with a traceback."""
    with pytest.raises(DraftError, match=f"log.txt .*{told}"):
        read(tmp_path, {"log.txt": content})
