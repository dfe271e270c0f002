"""How a text is cut into records and fields: what the transform's own reader makes of it in each way decides."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from definition.mapping.mapping import MAX_DELIMITER, NUMBER_PATTERN
from transform.errors import DelimiterError
from transform.raw.dialect import Dialect
from transform.raw.records import batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transform.raw.records import Record

_LOOKED_AT = 2_000
"""Records by which ways are compared."""

_LINES = 400
"""Physical lines in which signs are looked for, and a preamble is."""

_USUAL = ("\t", ",", ";", "|", "\x01")
_UNUSUAL = ("~", "^", "¦", "\x1f", "\x02", "#", "$", "&", "!", "@", "*")
_LAST = (" ", ":")
"""Characters that stand in dates and texts as well."""

_SEVERAL = re.compile(rf"([^\w\s\"'.()\[\]{{}}\\/-])\1{{1,{MAX_DELIMITER - 1}}}|\|~\||~\|~|\^\|\^|<>|\|,\||\$\|\$")
_COMMENTS = ("#", "//", "--", "%")
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_NUMBER = re.compile(NUMBER_PATTERN.replace(r"\z", r"\Z"))
_NAME = re.compile(r"[^\W\d][\w .:/()%#-]{0,63}")
_WHEN = re.compile(r"\d{4}-\d\d|\d:\d\d")
_ENOUGH = 0.9
_SURELY, _OFTEN = 0.99, 0.3
_FEW_RECORDS = 3


@dataclass(frozen=True)
class Cut:
    """A way to cut a text.

    Attributes:
        dialect: the way.
        header: names that the first record gives, None if it is data.
        records: the fields of the first records after a header; only whole ones of the usual width.
        width: fields of most records.
        share: of records that have as many.
    """

    dialect: Dialect
    header: list[str] | None
    records: list[list[str]]
    width: int
    share: float


def cut_of(text: str) -> Cut | None:
    """Return the way in which a text is a table, None if it is none."""
    lines = list(islice(_lines(text), _LINES))
    named = _SEPARATOR.fullmatch(lines[0].strip()) if lines else None
    if named:
        found = [cut for cut in (_best_quoting(text, named[1]),) if cut]
        return found[0] if found else None
    for signs in ((*_long_signs(lines), *_USUAL), _UNUSUAL, _LAST):
        cuts = [cut for sign in signs if any(sign in line for line in lines) and (cut := _best_quoting(text, sign))]
        good = [cut for cut in cuts if cut.share >= _ENOUGH]
        if good:
            return max(good, key=_worth)
    return None


def _worth(cut: Cut) -> tuple[float, ...]:
    # Of "a::b" a colon alone makes a field between that is always empty.
    empty = sum(not field for record in cut.records for field in record) / max(1, cut.width * len(cut.records))
    odd_blanks = cut.width % 2 == 1 and empty > _OFTEN and len(cut.dialect.delimiter) == 1
    # Quotes at one end of a field are those of a field that was cut.
    torn = sum(field.startswith('"') != field.endswith('"') for record in cut.records for field in record)
    is_whole = torn < _OFTEN * len(cut.records)
    has_preamble = cut.dialect.skip_lines > 0
    named = cut.header is not None or cut.share > _SURELY
    return (not odd_blanks, is_whole, not has_preamble, named, len(cut.dialect.delimiter), cut.share * cut.width)


def _long_signs(lines: Sequence[str]) -> list[str]:
    """Return delimiters of several characters that stand on most lines, the most frequent first."""
    found: Counter[str] = Counter()
    for line in lines:
        found.update({match[0] for match in _SEVERAL.finditer(line)})
    return [sign for sign, count in found.most_common(3) if count > len(lines) * _ENOUGH and _stands_whole(sign, lines)]


def _stands_whole(sign: str, lines: Sequence[str]) -> bool:
    """Say whether a sign's first character seldom stands alone: where it often does, two of it hold an empty field."""
    alone = sum(line.replace(sign, "").count(sign[0]) for line in lines)
    return alone <= sum(line.count(sign) for line in lines)


def _best_quoting(text: str, delimiter: str) -> Cut | None:
    """Return the best of the ways to quote and to escape; the simplest of equal ones."""
    beginning = text[: 1 << 20]
    ways = [Dialect(delimiter, '"')]
    if '"' in beginning:
        ways.append(Dialect(delimiter, None))
    if re.search(r'\\["\\\n]', beginning) or "\\" + delimiter in beginning:
        ways.append(Dialect(delimiter, '"', escape="\\"))
    cuts = [cut for way in ways if (cut := _cut(text, way))]
    if not cuts:
        return None
    best = max(_good(cut) for cut in cuts)
    return next(cut for cut in cuts if _good(cut) >= best - 1e-9)


def _good(cut: Cut) -> float:
    # Quotes that stay around texts are no text.
    kept = sum(len(field) > 1 and field[0] == field[-1] == '"' for record in cut.records for field in record)
    return round(cut.share - kept / max(1, len(cut.records) * cut.width), 6)


def _cut(text: str, dialect: Dialect) -> Cut | None:
    dialect = _with_preamble(text, dialect)
    try:
        records = [dialect.fields(record.text) for record in islice(_records(text, dialect), _LOOKED_AT)]
    except DelimiterError:
        return None
    widths = Counter(len(record) for record in records)
    if not records:
        return None
    width, count = widths.most_common(1)[0]
    if width < 2:  # noqa: PLR2004  # a list of one column is no table
        return None
    regular = [record for record in records if len(record) == width]
    header = regular[0] if len(records[0]) == width and is_header(regular[0], regular[1:]) else None
    if header is None and len(records) < _FEW_RECORDS:
        return None
    body = regular[1:] if header else regular
    return Cut(dialect, header, body, width, count / len(records))


def _with_preamble(text: str, dialect: Dialect) -> Dialect:
    """Return the dialect with what passes over lines that come before the table."""
    lines = list(islice(_lines(text), _LINES))
    widths = [len(dialect.fields(line)) for line in lines]
    usual = Counter(width for width in widths if width > 1).most_common(1)
    if not usual or usual[0][1] < len(lines) / 2:
        return dialect
    width = usual[0][0]
    first = widths.index(width)
    if any(dialect.quote and line.count(dialect.quote) % 2 for line in lines[:first]):
        return dialect
    sign = next((sign for sign in _COMMENTS if lines[0].startswith(sign)), None)
    others = [line for line, found in zip(lines, widths, strict=True) if found == width]
    if sign and first and not any(line.startswith(sign) for line in others):
        return replace(dialect, comment=sign) if _goes(dialect, sign) else replace(dialect, skip_lines=first)
    return replace(dialect, skip_lines=first) if first else dialect


def _goes(dialect: Dialect, sign: str) -> bool:
    return not (sign.startswith(dialect.delimiter) or dialect.delimiter.startswith(sign))


def _records(text: str, dialect: Dialect) -> Iterator[Record]:
    for batch in batches("", _lines(text), dialect):
        yield from batch.records()


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their line feeds, which alone end them."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def is_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Say whether the first record names the fields of the others.

    Names are no numbers, few stand twice, and they are none of the values below them. Where all fields are texts,
    names must look like some.
    """
    named = [name.strip() for name in first]
    if len(set(named)) <= len(named) / 2 or any(_NUMBER.match(name) for name in named):
        return False
    # A table that was written with its row numbers has no name above them.
    if not all(named[1:]) or any(_WHEN.search(name) for name in named):
        return False
    columns = list(zip(*rest, strict=True)) if rest else []
    if any(sum(bool(_NUMBER.match(value)) for value in values) > len(values) / 2 for values in columns):
        return True
    if any(name in values for name, values in zip(first, columns, strict=False)):
        return False
    return all(_NAME.fullmatch(name) for name in named if name)
