"""Read times that are texts: parts by the format's pattern, then whole numbers only.

The calendar's arithmetic is that of the proleptic Gregorian calendar with years that begin in March, so that the leap
day is the last of its year (en.wikipedia.org/wiki/Zeller%27s_congruence uses the same trick).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it

from definition.mapping.times import DAYS_TO_1970, HALF_DAY, LAST_OF_2000S, MONTHS
from jobs.transform.columns import col

if TYPE_CHECKING:
    from collections.abc import Mapping

    from definition.mapping.mapping import FormattedTime

_BETWEEN = "\x01"
"""Stands between the groups of a match; no group of a time can hold it."""


def local_name(column: str) -> str:
    """Return the frame's column for a time on the clock of its zone, in seconds since 1970; None where it is none."""
    return f"local:{column}"


def offset_name(column: str) -> str:
    """Return the frame's column for the seconds east of UTC that a text names itself, None where it names none."""
    return f"offset:{column}"


def with_local_times(rows: DataFrame, texts: Mapping[str, tuple[FormattedTime, Column]]) -> DataFrame:
    """Add ``local_name`` and ``offset_name`` of each time.

    Args:
        rows: the frame.
        texts: format and text of each time, by its name.
    """
    if not texts:
        return rows
    groups = {f"groups:{name}": _groups(time, text) for name, (time, text) in texts.items()}
    parts = {
        f"{code}:{name}": _number(code, F.get(col(f"groups:{name}"), index))
        for name, (time, _) in texts.items()
        for index, code in enumerate(time.parts)
    }
    instants = {
        alias: expression
        for name, (time, _) in texts.items()
        for alias, expression in ((local_name(name), _local(name, time)), (offset_name(name), _offset(name, time)))
    }
    return rows.withColumns(groups).withColumns(parts).withColumns(instants)


def instant(column: str, time: FormattedTime) -> Column:
    """Return seconds since 1970 in UTC; None where there is no time, or the zone skips it."""
    local, offset = col(local_name(column)), col(offset_name(column))
    zoned = local
    if time.timezone != "UTC":
        # Spark takes the earlier instant of an overlap, and moves what a zone skips forward: it does not come back.
        moment = F.to_utc_timestamp(F.timestamp_seconds(local), time.timezone)
        back = F.from_utc_timestamp(moment, time.timezone)
        zoned = F.when(F.unix_seconds(back) == local, F.unix_seconds(moment))
    return F.when(offset.isNull(), zoned).otherwise(local - offset) if "z" in time.parts else zoned


def _groups(time: FormattedTime, text: Column) -> Column:
    """Return the texts of the pattern's groups, empty for one that takes no part; None without a match."""
    found = _BETWEEN.join(f"${index}" for index in range(1, len(time.parts) + 1))
    return F.when(text.rlike(time.pattern), F.split(F.regexp_replace(text, time.pattern, found), _BETWEEN, -1))


def _number(code: str, group: Column) -> Column:
    """Return the number that a group stands for, None for an empty one."""
    if code in {"b", "B"}:
        begins = F.lower(F.substring(group, 1, 3))
        return F.coalesce(*[F.when(begins == month[:3].lower(), number) for number, month in enumerate(MONTHS, 1)])
    if code == "p":
        return F.lower(group) == "pm"
    if code == "z":
        digits = F.regexp_replace(group, ":", "")
        minutes = F.coalesce(F.substring(digits, 4, 2).cast("long"), F.lit(0))
        east = F.substring(digits, 2, 2).cast("long") * 3600 + minutes * 60
        return F.when(group == "Z", 0).otherwise(F.when(digits.startswith("-"), -east).otherwise(east))
    return group.cast("long")


def _offset(name: str, time: FormattedTime) -> Column:
    return col(f"z:{name}") if "z" in time.parts else F.lit(None).cast("long")


def _local(name: str, time: FormattedTime) -> Column:
    def part(code: str) -> Column:
        return col(f"{code}:{name}")

    given = set(time.parts)
    year = part("y" if "y" in given else "Y")
    if "y" in given:
        year = year + F.when(year <= LAST_OF_2000S, 2000).otherwise(1900)
    if "j" in given:
        days, real = _days(year, F.lit(1), F.lit(1)) + part("j") - 1, part("j").between(1, 365 + _leaps(year))
    else:
        month = part(next(code for code in ("m", "b", "B") if code in given))
        days = _days(year, month, part("d"))
        real = month.between(1, 12) & part("d").between(F.lit(1), _length(year, month))
    hour = minute = second = F.lit(0)
    if "I" in given:
        hour = part("I") % HALF_DAY + F.when(part("p"), HALF_DAY).otherwise(0)
        real = real & part("I").between(1, 12)
    elif "H" in given:
        hour = F.coalesce(part("H"), F.lit(0))
    if "M" in given:
        minute = F.coalesce(part("M"), F.lit(0))
    if "S" in given:
        second = F.coalesce(part("S"), F.lit(0))
    real = real & hour.between(0, 23) & minute.between(0, 59) & second.between(0, 59)
    return F.when(real, days * 86_400 + hour * 3600 + minute * 60 + second)


def _days(year: Column, month: Column, day: Column) -> Column:
    """Return the days from 1 January 1970 to a day."""
    since = F.when(month > 2, year).otherwise(year - 1)  # noqa: PLR2004  # March begins the year
    of_year = F.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
    leaps = F.floor(since / 4) - F.floor(since / 100) + F.floor(since / 400)
    return 365 * since + leaps + of_year - DAYS_TO_1970


def _leaps(year: Column) -> Column:
    return ((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))).cast("long")


def _length(year: Column, month: Column) -> Column:
    """Return the number of a month's days."""
    usual = 30 + (month + F.floor(month / 8)) % 2
    return F.when(month == 2, 28 + _leaps(year)).otherwise(usual)  # noqa: PLR2004  # February
