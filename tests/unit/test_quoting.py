"""Lines with quotes are cut many at once as Python's csv module cuts each of them."""

from __future__ import annotations

import csv

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.transform.columns import LINE, LINE_NUMBER, SHAPE, Origin
from lambdas.transform.formats import delimited
from lambdas.transform.formats.quoting import BROKEN, COUNT, Cutter, field
from transform import reasons
from transform.meaning.names import raw
from transform.raw.dialect import Dialect

BROKEN_BY = {"unexpected end of data": reasons.OPEN_QUOTE}
BROKEN_FOR = {reasons.OPEN_QUOTE, reasons.MISPLACED_QUOTE}

DELIMITERS = st.sampled_from([",", "\t", ";", "|", "]", "^", "-", "\\", " ", "é"])
QUOTE = '"'


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, int, list[str]]:
    """Draw a delimiter, a number of fields, and lines in which delimiters and quotes mean something, or nothing."""
    delimiter = draw(DELIMITERS)
    signs = st.sampled_from([delimiter, QUOTE, '""', QUOTE + delimiter + QUOTE, "a", "ß", " ", "\r", "\n", "\0"])
    field = st.lists(signs, max_size=3).map("".join)
    quoted = field.map(lambda text: QUOTE + text.replace(QUOTE, '""') + QUOTE)
    simple = st.sampled_from(["b", "", '"b"', '""'])
    record = st.lists(simple | quoted | field, max_size=5).map(delimiter.join)
    return delimiter, draw(st.integers(1, 4)), draw(st.lists(record, min_size=1, max_size=8))


def told(line: str, delimiter: str, width: int) -> tuple[object, ...]:
    """Return the fields of a line as the csv module reads them: more, fewer, or why they cannot be told apart."""
    if QUOTE not in line:
        return shaped(line.split(delimiter), width)
    try:
        return shaped(next(csv.reader([line], delimiter=delimiter, strict=True)), width)
    except csv.Error as error:
        return (BROKEN_BY.get(str(error), reasons.MISPLACED_QUOTE),)


def shaped(fields: list[str], width: int) -> tuple[object, ...]:
    """Return fields, or of another number of them only whether they are more or fewer."""
    if len(fields) == width:
        return tuple(fields)
    return (len(fields) > width,)


@given(texts())
@example((",", 3, ['",",a"",', '",","b","c"', 'a"",b,"c"']))
@example((",", 2, ['"a",b', 'a,"b,c"', 'a,"b""c"', "a,b", '"a","b"', '"a,"b"', 'a"b,c', '"a","b","c"', '"a"', '"']))
def test_lines_are_cut_as_the_csv_module_cuts_them(given: tuple[str, int, list[str]]) -> None:
    """Whatever stands beside them: fields, whether there are more or fewer, and why quoting is broken."""
    delimiter, width, lines = given
    found = Cutter(Dialect(delimiter, QUOTE), width, range(width)).cut(pl.Series(lines, dtype=pl.String))
    cut: list[tuple[object, ...]] = []
    for *fields, count, broken in found.struct.unnest().select(*map(field, range(width)), COUNT, BROKEN).rows():
        if broken is not None:
            cut.append((broken,))
        elif count != width:
            cut.append((count > width,))
        else:
            cut.append(tuple(fields))

    assert [told(line, delimiter, width) for line in lines] == cut


@given(texts(), st.sampled_from(['"a","b"', "a,b"]))
@example((",", 3, ['",",a"",', '",","b","c"', 'a"",b,"c"', '"",""', '"a""b","c"', '"', '"a","","c"', ""]), '"a"')
def test_rows_are_as_the_csv_module_cuts_lines(given: tuple[str, int, list[str]], usual: str) -> None:
    """Whatever line most lines are taken to be like; of a row that is not as wide as the header, why it is wrong."""
    delimiter, width, lines = given
    header = [f"c{place}" for place in range(width)]
    frame = pl.LazyFrame({LINE: lines}, schema={LINE: pl.String}).with_row_index(LINE_NUMBER)
    rows = delimited.cut(frame, Origin(pl.lit("o")), header, header, Dialect(delimiter, QUOTE), example=usual)
    expected = []
    for line in lines:
        cut = told(line, delimiter, width)
        if line and len(cut) == width and not isinstance(cut[0], bool) and cut[0] not in BROKEN_FOR:
            expected.append((None, *(text or None for text in cut)))
        else:
            expected.append((wrong(line, cut, width),))

    found = rows.select(SHAPE, *map(raw, header)).collect(engine="streaming").rows()
    assert expected == [row if row[0] is None else row[:1] for row in found]


def wrong(line: str, cut: tuple[object, ...], width: int) -> object:
    """Return why a line is no row of this width."""
    if line == "":
        return reasons.BLANK_LINE
    if isinstance(cut[0], bool):
        return reasons.more_fields(width) if cut[0] else reasons.fewer_fields(width)
    return cut[0]


@pytest.mark.parametrize("usual", ['"a","b"', "a,b"])
def test_a_long_line_is_cut_as_short_ones(usual: str) -> None:
    """It may have so many fields that their places alone would take more memory than there is."""
    lines = ['"{}","b"'.format("a" * 1_000_000), "c," + "d" * 1_000_000, "," * 1_000_000, '"e","f"']
    frame = pl.LazyFrame({LINE: lines}).with_row_index(LINE_NUMBER)
    rows = delimited.cut(frame, Origin(pl.lit("o")), ["x", "y"], ["x", "y"], Dialect(",", QUOTE), example=usual)
    found = rows.select(SHAPE, pl.col(raw("x"), raw("y")).str.len_bytes()).collect().rows()

    assert found[:2] + found[3:] == [(None, 1_000_000, 1), (None, 1, 1_000_000), (None, 1, 1)]
    assert found[2][0] == reasons.more_fields(2)


def test_a_long_line_without_quotes_is_cut_as_short_ones() -> None:
    """Where quotes mean nothing: rows of the right width, wider ones and narrower ones."""
    lines = ["c::" + "d" * 1_000_000, "::" * 1_000_000, "e" * 1_000_001, '"::f', "", "g"]
    frame = pl.LazyFrame({LINE: lines}).with_row_index(LINE_NUMBER)
    rows = delimited.cut(frame, Origin(pl.lit("o")), ["x", "y"], ["y", "x"], Dialect("::", None))
    found = rows.select(SHAPE, pl.col(raw("x"), raw("y")).str.len_bytes()).collect().rows()

    fewer, more = reasons.fewer_fields(2), reasons.more_fields(2)
    assert [None, more, fewer, None, reasons.BLANK_LINE, fewer] == [shape for shape, *_ in found]
    assert found[0][1:] == (1, 1_000_000)
    assert found[3][1:] == (1, 1)


def test_a_line_of_thousands_of_fields_is_cut() -> None:
    """No pattern has a group for each of them; the engine would refuse to compile it."""
    fields = [f'{number}"x' for number in range(3000)]
    line = ",".join('"{}"'.format(field.replace('"', '""')) for field in fields)
    cut = Cutter(Dialect(",", QUOTE), len(fields), range(len(fields))).cut(pl.Series([line])).struct.unnest()

    assert [*fields, len(fields), None] == list(cut.row(0))


def test_only_the_wanted_fields_are_cut_out() -> None:
    """In whatever way a line is cut, a field that nobody asks for costs nothing, and the others keep their places."""
    lines = pl.Series(["a,b,c", '"a","b","c"', '"a",b,c', '"a","b ""x""",c', "a", 'a,"b"x,c'])
    cut = Cutter(Dialect(",", QUOTE), 3, [2, 0]).cut(lines).struct.unnest()

    assert cut.columns == [field(0), field(2), COUNT, BROKEN]
    assert cut[field(2)].to_list() == ["c", "c", "c", "c", None, None]
    assert cut[field(0)].to_list()[:4] == ["a"] * 4
