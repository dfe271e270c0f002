"""Users are taken out of each form that a pipeline writes: theirs goes, everything else stays byte for byte."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.forget import formats
from cli.forget.ids import csv_of
from cli.forget.naming import Users
from cli.forget.places import WAYS, taking, way_of
from definition import layout
from lambdas.report.page import escaped
from tests.unit.test_layout import parts_of

if TYPE_CHECKING:
    from cli.forget.formats import Taking

HOSTILE = [
    "1",
    "11",
    "1 ",
    "01",
    "a,1",
    "a",
    "a,11",
    "\u00e9mile",
    "e\u0301mile",
    "user 1",
    "'1'",
    "NULL",
    "=1+1",
    "1.0",
    "{1}",
]
IDS = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=12)
TWO = st.sets(st.sampled_from(HOSTILE), min_size=1, max_size=2)


def taken_out(take: Taking, content: bytes, users: Any) -> tuple[int, bytes]:
    """Return how much a function takes out of a file, and the file without; the file itself where that is nothing."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        source.write_bytes(content)
        gone = take(source, target, Users(users))
        assert content == source.read_bytes()
        return gone, target.read_bytes() if gone else content


@given(ids=IDS, gone=TWO)
def test_rows_of_a_dataset(ids: list[str], gone: set[str]) -> None:
    """A row goes if its USER_ID is one of the ids, whatever other columns hold."""
    lines = [f'{_cell(user)},"1, \\"a\\"",1\n' for user in ids]
    expected = "".join(line for user, line in zip(ids, lines, strict=True) if user not in gone)
    count, left = taken_out(formats.dataset, f"USER_ID,TITLE,AT\n{''.join(lines)}".encode(), gone)

    assert (f"USER_ID,TITLE,AT\n{expected}", sum(user in gone for user in ids)) == (left.decode(), count)


def test_a_dataset_without_users() -> None:
    """Items may have the id of a user."""
    assert 0 == taken_out(formats.dataset, b"ITEM_ID,TITLE\n1,1\n", ["1"])[0]


@given(ids=IDS, gone=TWO, found=st.sampled_from(["user_id,rank,item_id", "item_id,rank,user_id"]))
def test_rows_of_an_exported_table(ids: list[str], gone: set[str], found: str) -> None:
    """Keyed by users, or finding them; fields with quotes, delimiters and line ends."""
    rows = [[user, "1", 'x "1"\n1'] if found.startswith("user") else ['x "1"\n1', "1", user] for user in ids]
    texts = [_csv(row) for row in rows]
    expected = "".join(text for user, text in zip(ids, texts, strict=True) if user not in gone)
    count, left = taken_out(formats.csv_table, f"{found}\n{''.join(texts)}".encode(), gone)

    assert (f"{found}\n{expected}", sum(user in gone for user in ids)) == (left.decode(), count)


@given(ids=IDS, gone=TWO)
def test_lines_about_users(ids: list[str], gone: set[str]) -> None:
    """Input and output of batch jobs, tables and lines with errors: a line goes if it is about one of them."""
    forms: list[Any] = [
        lambda user: {"userId": user, "itemList": ["1", "11"]},
        lambda user: {"input": {"userId": user}, "output": {"recommendedItems": ["1"]}, "error": None},
        lambda user: {"user_id": user, "rank": 1, "item_id": "1"},
    ]
    rows = [
        (user, f"{json.dumps(form(user), ensure_ascii=escape)}\n")
        for user in ids
        for form in forms
        for escape in (0, 1)
    ]
    expected = "".join(line for user, line in rows if user not in gone)
    count, left = taken_out(formats.json_lines, "".join(line for _, line in rows).encode(), gone)

    assert (expected, sum(user in gone for user, _ in rows)) == (left.decode(), count)


@given(ids=IDS, gone=TWO, name=st.sampled_from(["usersList", "recommendedUsers"]))
def test_users_of_a_segment(ids: list[str], gone: set[str], name: str) -> None:
    """They leave the list, with their scores if there are some; a line without them stays as it was."""
    scores = list(range(len(ids)))
    line = json.dumps({"input": {"itemId": "1"}, "output": {name: ids, "scores": scores}, "error": None}) + " \n"
    count, left = taken_out(formats.json_lines, line.encode(), gone)

    kept = [(user, score) for user, score in zip(ids, scores, strict=True) if user not in gone]
    if len(kept) == len(ids):
        assert (0, line.encode()) == (count, left)
    else:
        output = json.loads(left)["output"]
        assert (1, kept) == (count, list(zip(output[name], output["scores"], strict=True)))


@pytest.mark.slow
@settings(max_examples=20)  # each asks two engines
@given(ids=IDS, gone=TWO, column=st.sampled_from(["user_id", "item_id"]))
def test_rows_of_a_table(ids: list[str], gone: set[str], column: str) -> None:
    """Rows keep their order, and the file its schema and the way it is packed."""
    other = "item_id" if column == "user_id" else "user_id"
    frame = pl.DataFrame({column: ids, "rank": range(len(ids)), other: [f"x{user}" for user in ids]})
    frame = frame.with_columns(pl.col("rank").cast(pl.Int32), score=pl.lit(None, dtype=pl.Float64))
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    count, left = taken_out(formats.parquet, buffer.getvalue(), gone)

    theirs = pl.col("user_id").is_in(gone)
    assert frame.select(theirs.sum()).item() == count
    assert frame.filter(~theirs).equals(pl.read_parquet(io.BytesIO(left)))
    assert _described(buffer.getvalue())[0] == _described(left)[0]


def test_how_tables_are_packed() -> None:
    """As the publish function packs them."""
    buffer = io.BytesIO()
    pl.DataFrame({"user_id": ["1", "11"] * 100}).lazy().sink_parquet(buffer)
    count, left = taken_out(formats.parquet, buffer.getvalue(), ["1"])

    assert (100, {"ZSTD"}) == (count, _described(left)[1])
    assert {"ZSTD"} == _described(buffer.getvalue())[1]


def _described(content: bytes) -> tuple[list[Any], set[str]]:
    with TemporaryDirectory() as folder, duckdb.connect() as engine:
        file = Path(folder) / "file"
        file.write_bytes(content)
        columns = engine.execute("SELECT name, type, logical_type FROM parquet_schema(?)", [str(file)]).fetchall()
        packed = engine.execute("SELECT DISTINCT compression FROM parquet_metadata(?)", [str(file)]).fetchall()
    return columns[1:], {row[0] for row in packed}


@pytest.mark.parametrize(
    ("raw", "is_theirs"),
    [
        ("1,i,never", True),
        ("i;'1';never", True),
        ('{"user": 1, "at": "never"', True),
        ('{"user": "\\u00e9mile", "at": 5}', True),
        ('{"user": "\\u00e9mile", "at": ', True),
        ('"\u00e9mile",i', True),
        ("https://x.org/?user=1&n=2", True),
        ("\u00c9MILE wrote this.", True),
        ("11,i,never", False),
        ("1.5,i,never", False),
        ("u-1,i,1-2", False),
        ("\u00e9milee,i,x@1", False),
        ('{"user": 11, "at": "1:2"', False),
    ],
)
def test_text_of_rejected_rows(raw: str, is_theirs: bool) -> None:  # noqa: FBT001  # a case
    """Where it names one of them the text goes; the row stays, so that the counts of the run still add up."""
    row = {"object": "raw/a.csv", "line": 1, "reason": "1 is not a time", "raw": raw}
    rows = [row | {"reason": "no"}, {**row, "reason": "no", "raw": None}]
    lines = "".join(f"{json.dumps(each)}\n" for each in rows).encode()
    count, left = taken_out(formats.json_lines, lines, ["1", "\u00e9mile"])

    if is_theirs:
        first, second = left.splitlines()
        assert (1, rows[0] | {"raw": None}) == (count, json.loads(first))
        assert lines.splitlines()[1] == second
    else:
        assert (0, lines) == (count, left)


def test_documents_of_runs() -> None:
    """Lists of users lose them, and messages their ids; other values are not looked at."""
    document = {
        "run": "1",
        "batch_inputs": [{"users": ["1", "11"], "lines_per_file": 1}, {"users": "all"}],
        "solutions": [{"batch_inference": [{"published": {"rows": 1, "first_error": "user 1 of 11 is unknown"}}]}],
        "failures": [{"error": "E1", "reason": "no user 11"}],
    }
    count, left = taken_out(formats.document, json.dumps(document, indent=1).encode(), ["1"])
    found = json.loads(left)

    assert 2 == count
    assert [{"users": ["11"], "lines_per_file": 1}, {"users": "all"}] == found["batch_inputs"]
    job = found["solutions"][0]["batch_inference"][0]["published"]
    assert {"rows": 1, "first_error": "user [forgotten] of 11 is unknown"} == job
    assert (document["run"], document["failures"]) == (found["run"], found["failures"])
    assert left.startswith(b'{\n "run"')


def test_pages_of_runs() -> None:
    """A page loses lines, histories, members of segments and examples of theirs; nothing else of it changes."""
    report = {
        "samples": [
            {
                "keyed_by": "user",
                "finds": "item",
                "lines": [{"key": user, "found": ["1"], "of": 1} for user in ("1", "11")],
            },
            {"keyed_by": "item", "finds": "user", "lines": [{"key": "1", "found": ["11", "1"], "of": 2}]},
        ],
        "histories": [{"user": user, "interactions": 1, "latest": []} for user in ("1", "11")],
        "reasons": [{"reason": "no", "example": {"raw": raw}} for raw in ("1,i,<b>", "11,i,x")] + [{"example": None}],
        "notes": ["</script> of 11"],
    }
    begin, end = '<p>1</p><script type="application/json" id="report">', "</script><script>1</script>"
    content = (begin + escaped(json.dumps(report)) + end).encode()
    count, left = taken_out(formats.page, content, ["1"])

    text = left.decode()
    assert text.startswith(begin)
    assert text.endswith(end)
    found = json.loads(text[len(begin) : -len(end)])
    assert "<" not in text[len(begin) : -len(end)]
    assert 4 == count
    assert [["11"], ["1"]] == [[line["key"] for line in sample["lines"]] for sample in found["samples"]]
    assert ["11"] == found["samples"][1]["lines"][0]["found"]
    assert ["11"] == [each["user"] for each in found["histories"]]
    assert ["", "11,i,x"] == [each["example"]["raw"] for each in found["reasons"][:2]]
    assert report["notes"] == found["notes"]


@pytest.mark.parametrize("place", layout.LAYOUT, ids=lambda place: place.template)
def test_every_area_of_the_bucket_is_thought_of(place: layout.Place) -> None:
    """A new area cannot come without saying how users are taken out of it."""
    assert WAYS[place.area] is way_of(place.key(**parts_of(place)))


@pytest.mark.parametrize(
    "key",
    [
        layout.DATASET.key(run="r", dataset="users") + "users.csv",
        layout.DATASET.key(run="r", dataset="users") + "part-00000.csv",
        layout.INCREMENT.key(run="r", dataset="interactions") + "interactions.csv",
        layout.REJECTED_ROWS.key(run="r", dataset="users"),
        layout.REJECTED_LOOKUPS_PART.key(run="r", dataset="users", lookup="l", part="00000"),
        layout.FAILED_CHECKS.key(run="r", dataset="users"),
        layout.REJECTED_LINES.key(run="r", solution="s", job="j"),
        layout.REJECTED_LINES_PARTS.key(run="r", solution="s", job="j") + "users-00000.json.jsonl",
        layout.BATCH_INPUT.key(run="r", solution="s", job="j") + "users-00000.json",
        layout.BATCH_OUTPUT.key(run="r", solution="s", job="j") + "users-00000.json.out",
        layout.TABLE.key(run="r", solution="s", job="j") + "part-00000.parquet",
        layout.CHANGES.key(run="r", solution="s", job="j") + "part-00000.parquet",
        *(layout.EXPORT.key(run="r", solution="s", job="j", format=form) + f"part.{form}" for form in ("csv", "jsonl")),
        layout.MANIFEST.key(run="r"),
        layout.FAILURE.key(run="r"),
        layout.REPORT.key(run="r"),
        layout.LINEAGE.key(run="r"),
        layout.DATA_REPORT.key(run="r"),
        layout.TRANSFORM_REQUEST.key(run="r"),
        layout.RUN_ROW.key(run="r"),
    ],
)
def test_every_kind_of_object_is_looked_into(key: str) -> None:
    """Each that may hold an id has a function that takes it out."""
    assert taking(key) is not None


def test_the_list_of_a_data_deletion_job() -> None:
    """One column, quoted only where it must be, with escapes as imports have them."""
    assert 'USER_ID\n1\n"a,1"\n"x\\"y\\\\z"\n\u00e9\n' == csv_of(["1", "a,1", 'x"y\\z', "\u00e9"]).decode()


def _cell(user: str) -> str:
    return f'"{user}"' if "," in user else user


def _csv(row: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(row)
    return buffer.getvalue()
