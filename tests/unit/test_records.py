"""Records of CSV: what a writer wrote comes out of its lines, and no text within a field ever becomes a record."""

from __future__ import annotations

import csv
import io
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated import examples
from transform.raw import records
from transform.raw.dialect import Dialect
from transform.raw.records import batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transform.raw.records import Record

COMMAS = Dialect(",", '"')
ESCAPED = Dialect(",", '"', escape="\\")
WIDTH = 3
HOSTILE = (
    '"',
    '""',
    ",",
    "\n",
    "\r\n",
    "mallory,i666,5",
    "\nmallory,i666,5\n",
    '",',
    ',"',
    "x",
    "",
    " ",
    "\r",
    "\\",
    '\\"',
)


def read(text: str, dialect: Dialect = COMMAS) -> list[Record]:
    """Return the records of a text."""
    found = list(batches("a.csv", iter(io.StringIO(text, newline="\n")), dialect))
    assert all(batch.texts for batch in found)
    return [record for batch in found for record in batch.records()]


def fields(record: Record, dialect: Dialect = COMMAS) -> tuple[str | None, ...]:
    """Return the fields that an engine makes of a record."""
    return tuple(dialect.cut(record.text.removesuffix("\n").removesuffix("\r")))


def written(rows: Sequence[Sequence[str]], quoting: int, end: str = "\n", escape: str | None = None) -> list[str]:
    """Return the text of each row as the standard library's writer has it; quotes are doubled, or escaped."""
    texts = []
    for row in rows:
        target = io.StringIO()
        form = csv.writer(target, quoting=quoting, lineterminator=end, escapechar=escape, doublequote=escape is None)
        form.writerow(row)
        texts.append(target.getvalue())
    return texts


texts = st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join)
rows = st.lists(st.tuples(*[texts] * WIDTH), max_size=8)
quotings = st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
ends = st.sampled_from(["\n", "\r\n"])


@settings(max_examples=examples(300), derandomize=True, deadline=None)
@given(rows=rows, quoting=quotings, end=ends)
def test_what_is_written_is_read(rows: list[tuple[str, ...]], quoting: int, end: str) -> None:
    """Rows that the standard library wrote come back, each at the number of its first line."""
    lines = written(rows, quoting, end)
    found = read("".join(lines))

    assert [fields(record) for record in found] == rows
    assert not any(record.given_up for record in found)
    before = [sum(text.count("\n") for text in lines[:index]) for index in range(len(lines))]
    assert [record.number for record in found] == [count + 1 for count in before]


comments = st.lists(st.sampled_from((*HOSTILE[:5], "'", " # ")), max_size=3).map("".join)


@settings(max_examples=examples(300), derandomize=True, deadline=None)
@given(rows=rows, said=st.lists(comments, min_size=9, max_size=9), end=ends)
def test_comments_are_told_from_text(rows: list[tuple[str, ...]], said: list[str], end: str) -> None:
    """Comments between rows are nothing, be there quotes in them; in a field their sign is text like any other."""
    marked = [tuple(text.replace("\n", "\n#") for text in row) for row in rows]
    lines, numbers, text = written(marked, csv.QUOTE_ALL, end), [], ""
    for line, remark in zip(lines, said, strict=False):
        text += f"#{remark}".replace("\n", "") + end
        numbers.append(1 + text.count("\n"))
        text += line
    found = read(text, Dialect(",", '"', comment="#"))

    assert [fields(record) for record in found] == marked
    assert [record.number for record in found] == numbers


spoilt = st.lists(st.sampled_from(('"', "x", ",", '""', '5"', " ", '\\"')), min_size=1, max_size=6).map("".join)


@pytest.mark.parametrize("dialect", [COMMAS, ESCAPED], ids=["doubled", "escaped"])
@settings(max_examples=examples(500), derandomize=True, deadline=None)
@given(rows=rows, quoting=quotings, end=ends, broken=st.lists(spoilt, max_size=2), seed=st.integers(0, 2**16))
def test_no_text_becomes_a_record(
    rows: list[tuple[str, ...]], quoting: int, end: str, broken: list[str], seed: int, *, dialect: Dialect
) -> None:
    """Beside lines with broken quoting each record is a whole row or begins with such a line; no line is lost."""
    parts = [(text, False) for text in written([("user", "item", "value"), *rows], quoting, end, dialect.escape)]
    random = Random(seed)
    for line in broken:
        parts.insert(random.randint(1, len(parts)), (f"{line}{end}", True))
    numbers = [1 + sum(text.count("\n") for text, _ in parts[:index]) for index in range(len(parts))]
    wrong = {number for number, (_, is_wrong) in zip(numbers, parts, strict=True) if is_wrong}
    whole = {("user", "item", "value"), *rows}
    found = read("".join(text for text, _ in parts), dialect)

    for record in found:
        if not record.given_up and len(fields(record, dialect)) == WIDTH:
            assert fields(record, dialect) in whole or record.number in wrong
    assert "".join(text for text, _ in parts) == "".join(record.text for record in found)


def test_two_stray_quotes_around_a_field() -> None:
    """Two lines of one quote each turn the inside of a field outwards; the width of what they make gives them away."""
    text = 'u,i,4\n"\n,,"\nmallory,i666,5\n"\n"\nv,i,4\n'
    assert ["u"] == [fields(record)[0] for record in read(text) if not record.given_up and WIDTH == len(fields(record))]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # A stray quote costs its own line.
        (['a,1,"5 inch', "b,2,x", 'c,3,"y"'], [("open", 1), ("b", 2), ("c", 3)]),
        # ... also before a field of several lines.
        (['a,1,"5 inch', 'b,2,"hello', 'mallory,9,z"', "c,3,y"], [("open", 1), ("b", 2), ("c", 4)]),
        # At the end nothing tells whether the text of a field was cut off.
        (["a,1,x", 'b,2,"hello', "mallory,9,z"], [("a", 1), ("open", 2), ("given up", 3)]),
        # Text that ends with a line feed: the quote after it could begin a field as well.
        (['a,1,"hello', '"', "b,2,y", 'c,3,"z"'], [("a", 1), ("b", 3), ("c", 4)]),
        # Text after a closing quote.
        (['a,1,"x"y', "b,2,y"], [("misplaced", 1), ("b", 2)]),
        # Two fields that begin with a line feed, after a stray quote: either reading would be a guess.
        (
            ['a,1,"5', 'b,2,"', "mallory,9,z", '"', 'c,3,"', "mallory,9,z", '"', "d,4,y"],
            [
                *(("open", n) for n in (1, 2)),
                ("given up", 3),
                *(("open", n) for n in (4, 5)),
                ("given up", 6),
                ("open", 7),
                ("given up", 8),
            ],
        ),
    ],
)
def test_what_is_given_up(lines: list[str], expected: list[tuple[str, int]]) -> None:
    """Lines whose place nothing tells are given up by their numbers, and the others are read."""

    def told(record: Record) -> str:
        cut = COMMAS.cut(record.text.removesuffix("\n"))
        if record.given_up:
            return "given up"
        return str(cut[0]) if cut and cut[0] is not None else ("misplaced" if cut else "open")

    found = [(told(record), record.number) for record in read("".join(f"{line}\n" for line in lines))]
    assert expected == found


def test_a_field_may_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that never closes is not looked for in the whole object, and reading goes on at the next field."""
    monkeypatch.setattr(records, "LONGEST", 100)
    filler = [f"m{number},1,x" for number in range(50)]
    found = read("".join(f"{line}\n" for line in ['a,1,"x', *filler, 'b,2,"y"', "c,3,z"]))

    assert ["b", "c"] == [fields(record)[0] for record in found if not record.given_up and len(fields(record)) == WIDTH]
    assert 53 == len(found)


@pytest.mark.parametrize("line", [',"a' * 5000, '"a' * 5000, '",' * 5000, '"\n' * 5000, '",a"b\n' * 5000])
def test_whatever_quotes_there_are_nothing_is_lost(line: str) -> None:
    """No line is too hostile: each is handed out once."""
    assert f"{line}\n" == "".join(record.text for record in read(f"{line}\n"))


def test_without_quotes_a_line_is_a_record() -> None:
    """Where fields are never quoted, a quote is text."""
    assert ['a,"b\n', 'c,d"\n'] == [record.text for record in read('a,"b\nc,d"\n', Dialect(",", None))]
