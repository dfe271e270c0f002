"""CSV with escapes, against what the standard library writes and reads."""

from __future__ import annotations

import csv
import io
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from definition.plan.mappings import dataset_mapping
from lambdas.transform.columns import LINE, LINE_NUMBER, SHAPE
from lambdas.transform.reader import read
from tests.documents import parsed
from tests.unit.raw import Folder, fill
from transform.meaning.names import raw

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

HOSTILE = ('"', '""', "\\", "\\\\", '\\"', ",", "\n", "\\\n", "\nmallory,i666,5\n", '",', ',"', "x", "N", " ", "#", "é")
"""What texts are put together from; a carriage return beside an escaped line feed is ours to read, see the corpus."""

COLUMNS = ("user", "item", "at")


def cells(folder: Path, text: str, **source: Any) -> pl.DataFrame:
    """Return the rows of an object without a header as the function's engine reads them."""
    document = parsed(datasets__interactions__source={"path": "events/", "header": list(COLUMNS), **source})
    mapping = dataset_mapping(document, "interactions")
    objects = fill(folder, {"a.csv": text})
    return read(Folder(folder), objects, mapping, COLUMNS, staging="staging/").collect(engine="streaming")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("quoting", "doubled"),
    [
        (csv.QUOTE_ALL, True),
        (csv.QUOTE_ALL, False),
        (csv.QUOTE_MINIMAL, True),
        (csv.QUOTE_MINIMAL, False),
        (csv.QUOTE_NONE, False),
    ],
)
def test_what_is_written_with_escapes_is_read(
    tmp_path: Path, quoting: Any, end: str, seed: int, *, doubled: bool
) -> None:
    """Fields, raw text and number of each record are those of the standard library's writer, whatever it escapes."""
    dice = Random(seed)
    rows = [["".join(dice.choices(HOSTILE, k=dice.randrange(4))) for _ in COLUMNS] for _ in range(300)]
    lines, numbers, number = [], [], 1
    for row in rows:
        target = io.StringIO()
        quote = None if quoting == csv.QUOTE_NONE else '"'
        writer = csv.writer(
            target, quoting=quoting, doublequote=doubled, escapechar="\\", quotechar=quote, lineterminator=end
        )
        writer.writerow(row)
        lines.append(target.getvalue())
        numbers.append(number)
        number += lines[-1].count("\n")
    frame = cells(tmp_path, "".join(lines), escape="\\", quote="none" if quoting == csv.QUOTE_NONE else '"')

    assert rows == [[cell or "" for cell in row] for row in frame.select(map(raw, COLUMNS)).rows()]
    assert numbers == frame[LINE_NUMBER].to_list()
    assert [line.removesuffix(end) for line in lines] == frame[LINE].to_list()
    assert frame[SHAPE].null_count() == len(rows)


def test_a_text_without_escapes_is_read_as_without_the_option(tmp_path: Path) -> None:
    """The option costs nothing where nothing is escaped: what is broken is so for the same reasons."""
    text = 'u,i,1\n"u,1",i,"1"\n"u"x,i,1\nu\n"u\nu"2,i,1\n,,,\n\n"""u",i,\n'
    assert cells(tmp_path / "0", text, escape="\\").equals(cells(tmp_path / "1", text, comment="#"))
