"""Whether texts are times, and of which form, in the words of the pipeline file."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from definition.mapping.mapping import EPOCH_PATTERN, UNITS_PER_SECOND, FormattedTime
from definition.mapping.times import ISO_8601, compile_format
from lambdas.transform.engine import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.mapping.mapping import TimeUnit

_PLAUSIBLE = (datetime(1985, 1, 1, tzinfo=UTC).timestamp(), datetime(2045, 1, 1, tzinfo=UTC).timestamp())
"""Seconds between which whole numbers may be meant as times."""

_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d/%b/%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%a, %d %b %Y",
    "%A, %d %B %Y",
    "%A, %B %d, %Y",
    "%Y年%m月%d日",
    "%m %d, %Y",
    "%d %m %Y",
    "%Y %m %d",
    "%Y-%j",
    "%Y-%b-%d",
)
_JOINS = (" ", "T", ":", ", ", "_", "-", "  ", " at ", "")
_CLOCKS = (
    "%H:%M:%S",
    "%H:%M:%S.%f",
    "%H:%M",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%I:%M:%S%p",
    "%I:%M%p",
    "%H-%M-%S",
    "%H.%M.%S",
    "%H.%M",
    "%H%M%S",
    "%H%M",
)
_ZONES = ("", " %z", "%z", " UTC", " GMT")
_WHOLE = ("%a %b %d %H:%M:%S %z %Y", "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y", "%b %d %H:%M:%S %Y")
"""Formats that are no date followed by a time of day."""

_NAMED_ZONE = r":.*([zZ]|[+-]\d\d(:?\d\d)?)$"

_TOLERATED = 0.98
"""Share of values that must be times of one form."""


@dataclass(frozen=True)
class TimeForm:
    """How a column says when.

    Attributes:
        unit: of an epoch time, else None.
        format: of a text, else None.
        first, last: of its times, in seconds since 1970; of texts as if they were UTC.
        others: formats that fit as well.
        zoned: whether each time is one instant whatever the zone.
        is_day: whether there is no time of day.
    """

    unit: TimeUnit | None = None
    format: str | None = None
    first: int = 0
    last: int = 0
    others: tuple[str, ...] = ()
    zoned: bool = False
    is_day: bool = False


def time_form(values: pl.Series) -> TimeForm | None:
    """Return the form of times, None if the values are none.

    Args:
        values: texts in the order of their rows, none of them null.
    """
    unique = values.unique(maintain_order=True)
    return _epoch(unique) or _formatted(unique, values)


def _epoch(unique: pl.Series) -> TimeForm | None:
    if unique.str.contains(EPOCH_PATTERN).mean() != 1 or unique.str.starts_with("0").any():
        return None
    counts = unique.cast(pl.Float64)
    for unit, factor in UNITS_PER_SECOND.items():
        seconds = counts / factor
        low, high = seconds.min(), seconds.max()
        if _PLAUSIBLE[0] <= _number(low) and _number(high) <= _PLAUSIBLE[1]:
            return TimeForm(unit=unit, first=int(_number(low)), last=int(_number(high)), zoned=True)
    return None


def _number(value: object) -> float:
    assert isinstance(value, int | float), "what is compared is a number"
    return float(value)


def _formatted(unique: pl.Series, values: pl.Series) -> TimeForm | None:
    sample = unique.head(1_000)
    if not _fits(ISO_8601, sample):
        texts = sample.head(50).to_list()
        candidates = [text for text in _candidates(texts[0]) if _fits(text, sample)]
    else:
        candidates = [ISO_8601]
    found = [(text, seconds) for text in candidates if (seconds := _seconds(text, unique)) is not None]
    if not found:
        return None
    text, seconds = max(found, key=lambda each: _order(each[0], values)) if len(found) > 1 else found[0]
    is_iso = text == ISO_8601
    zoned = bool(unique.str.contains(_NAMED_ZONE).all()) if is_iso else bool(re.search("%z|UTC|GMT", text))
    is_day = not unique.str.contains(":").any() if is_iso else "%H" not in text and "%I" not in text
    return TimeForm(
        format=text,
        first=int(_number(seconds.min())),
        last=int(_number(seconds.max())),
        others=tuple(other for other, _ in found if other != text),
        zoned=zoned,
        is_day=is_day,
    )


def _candidates(value: str) -> Iterator[str]:
    """Yield the formats that one value may be in."""
    for text in _WHOLE:
        if _pattern(text).fullmatch(value):
            yield text
    for day in _DATES:
        found = _beginning(day).match(value)
        if found is None:
            continue
        rest = value[found.end() :]
        if not rest:
            yield day
        for join in _JOINS:
            if rest.startswith(join):
                yield from (
                    f"{day}{join}{clock}{zone}"
                    for clock in _CLOCKS
                    for zone in _ZONES
                    if _pattern(f"{day}{join}{clock}{zone}").fullmatch(value)
                )


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(compile_format(text)[0].replace(r"\z", r"\Z"))


@functools.cache
def _beginning(day: str) -> re.Pattern[str]:
    return re.compile(compile_format(day)[0].removesuffix(r"\z"))


def _fits(text: str, sample: pl.Series) -> bool:
    share = sample.str.contains(compile_format(text)[0]).mean()
    return isinstance(share, float) and share >= _TOLERATED


def _seconds(text: str, unique: pl.Series) -> pl.Series | None:
    """Return the instants of texts as the transform reads them, None if too few are some."""
    found = _read(unique, text).drop_nulls()
    return found if len(found) >= _TOLERATED * len(unique) and len(found) else None


def seconds_of(texts: pl.Series, form: TimeForm) -> pl.Series:
    """Return texts as seconds since 1970, null where they are no such times."""
    if form.unit:
        return (texts.cast(pl.Float64, strict=False) / UNITS_PER_SECOND[form.unit]).cast(pl.Int64, strict=False)
    return _read(texts, form.format or ISO_8601)


def _read(texts: pl.Series, text: str) -> pl.Series:
    pattern, parts = compile_format(text)
    time = FormattedTime(format=text, pattern=pattern, parts=parts, timezone="UTC")
    rows = TIMES.with_local_times(texts.alias("text").to_frame().lazy(), {"text": (time, pl.col("text"))})
    return rows.select(TIMES.instant("text", time).alias("seconds")).collect()["seconds"]


def _order(text: str, values: pl.Series) -> tuple[float, float]:
    """Rank a format by how well rows are in the order of time, and how short the time is that they span."""
    seconds = _read(values, text).drop_nulls()
    steps = seconds.diff().drop_nulls()
    rising = abs(_number((steps >= 0).mean() or 0) - _number((steps <= 0).mean() or 0))
    span = _number(seconds.max()) - _number(seconds.min())
    return round(rising, 2), -span


def clock_form(values: pl.Series) -> str | None:
    """Return the format of times of day without a date, None if the values are none."""
    unique = values.unique().head(1_000)
    for clock in _CLOCKS[:7]:
        pattern = compile_format(f"%Y-%m-%d {clock}")[0]
        share = ("2000-01-01 " + unique).str.contains(pattern).mean()
        if isinstance(share, float) and share >= _TOLERATED:
            return clock
    return None
