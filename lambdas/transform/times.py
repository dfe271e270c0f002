"""Read times that are texts: parts by the format's pattern, then whole numbers only.

The calendar's arithmetic is that of the proleptic Gregorian calendar with years that begin in March, so that the leap
day is the last of its year (en.wikipedia.org/wiki/Zeller%27s_congruence uses the same trick).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from definition.mapping.times import DAYS_TO_1970, HALF_DAY, LAST_OF_2000S, MONTHS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from definition.mapping.mapping import FormattedTime

_MIDNIGHT = 0


def local_name(column: str) -> str:
    """Return the frame's column for a time on the clock of its zone, in seconds since 1970; None where it is none."""
    return f"local:{column}"


def offset_name(column: str) -> str:
    """Return the frame's column for the seconds east of UTC that a text names itself, None where it names none."""
    return f"offset:{column}"


def with_local_times(rows: pl.LazyFrame, texts: Mapping[str, tuple[FormattedTime, pl.Expr]]) -> pl.LazyFrame:
    """Add ``local_name`` and ``offset_name`` of each time, step by step: the engine does not share what steps repeat.

    Args:
        rows: the frame.
        texts: format and text of each time, by its name.
    """
    if not texts:
        return rows
    groups = [text.str.extract_groups(time.pattern).alias(f"groups:{name}") for name, (time, text) in texts.items()]
    parts = [part for name, (time, _) in texts.items() for part in _parts(name, time)]
    instants = [
        expression.alias(alias)
        for name, (time, _) in texts.items()
        for alias, expression in ((local_name(name), _local(name, time)), (offset_name(name), _offset(name, time)))
    ]
    return rows.with_columns(groups).with_columns(parts).with_columns(instants)


def instant(column: str, time: FormattedTime) -> pl.Expr:
    """Return seconds since 1970 in UTC; None where there is no time, or the zone skips it."""
    local, offset = pl.col(local_name(column)), pl.col(offset_name(column))
    if time.timezone == "UTC":
        zoned = local
    else:
        clock = pl.from_epoch(local, "s").dt.replace_time_zone(time.timezone, ambiguous="earliest", non_existent="null")
        zoned = clock.dt.epoch("s")
    return pl.when(offset.is_null()).then(zoned).otherwise(local - offset) if "z" in time.parts else zoned


def _parts(name: str, time: FormattedTime) -> list[pl.Expr]:
    """Return the number that each group stands for."""
    found = []
    for index, code in enumerate(time.parts, 1):
        group = pl.col(f"groups:{name}").struct.field(str(index))
        found.append(_number(code, group).alias(f"{code}:{name}"))
    return found


def _number(code: str, group: pl.Expr) -> pl.Expr:
    if code in {"b", "B"}:
        begins = group.str.slice(0, 3).str.to_lowercase()
        return pl.coalesce(
            pl.when(begins == month[:3].lower()).then(pl.lit(number)) for number, month in enumerate(MONTHS, 1)
        )
    if code == "p":
        return group.str.to_lowercase() == "pm"
    if code == "z":
        digits = group.str.replace_all(":", "", literal=True)
        minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
        east = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 3600 + minutes * 60
        return pl.when(group == "Z").then(0).otherwise(pl.when(digits.str.starts_with("-")).then(-east).otherwise(east))
    return group.cast(pl.Int64, strict=False)


def _offset(name: str, time: FormattedTime) -> pl.Expr:
    return pl.col(f"z:{name}") if "z" in time.parts else pl.lit(None, dtype=pl.Int64)


def _local(name: str, time: FormattedTime) -> pl.Expr:
    def part(code: str) -> pl.Expr:
        return pl.col(f"{code}:{name}")

    given = set(time.parts)
    year = part("Y")
    if "y" in given:
        year = part("y") + pl.when(part("y") <= LAST_OF_2000S).then(2000).otherwise(1900)
    if "j" in given:
        days, real = _days(year, pl.lit(1), pl.lit(1)) + part("j") - 1, part("j").is_between(1, 365 + _leaps(year))
    else:
        month = part(next(code for code in ("m", "b", "B") if code in given))
        days = _days(year, month, part("d"))
        real = month.is_between(1, 12) & part("d").is_between(1, _length(year, month))
    hour, minute, second = pl.lit(_MIDNIGHT), pl.lit(0), pl.lit(0)
    if "I" in given:
        hour = part("I") % HALF_DAY + pl.when(part("p")).then(HALF_DAY).otherwise(0)
        real &= part("I").is_between(1, 12)
    elif "H" in given:
        hour = part("H").fill_null(0)
    if "M" in given:
        minute = part("M").fill_null(0)
    if "S" in given:
        second = part("S").fill_null(0)
    real &= hour.is_between(0, 23) & minute.is_between(0, 59) & second.is_between(0, 59)
    return pl.when(real).then(days * 86_400 + hour * 3600 + minute * 60 + second)


def _days(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Return the days from 1 January 1970 to a day."""
    since = pl.when(month > 2).then(year).otherwise(year - 1)  # noqa: PLR2004  # March begins the year
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return 365 * since + since // 4 - since // 100 + since // 400 + of_year - DAYS_TO_1970


def _leaps(year: pl.Expr) -> pl.Expr:
    return ((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))).cast(pl.Int64)


def _length(year: pl.Expr, month: pl.Expr) -> pl.Expr:
    """Return the number of a month's days."""
    return (
        pl.when(month == 2)  # noqa: PLR2004  # February
        .then(28 + _leaps(year))
        .otherwise(30 + (month + month // 8) % 2)
    )
