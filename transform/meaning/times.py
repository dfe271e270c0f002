"""Read times that are texts: parts by the format's pattern, then whole numbers only.

The calendar's arithmetic is that of the proleptic Gregorian calendar with years that begin in March, so that the leap
day is the last of its year (en.wikipedia.org/wiki/Zeller%27s_congruence uses the same trick).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from definition.mapping.times import DAYS_TO_1970, HALF_DAY, LAST_OF_2000S, MONTHS
from transform.meaning.engine import Expr, Frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from definition.mapping.mapping import FormattedTime
    from transform.meaning.engine import Engine


class Times(Generic[Expr, Frame]):
    """Times as text, in an engine's words."""

    def __init__(self, engine: Engine[Expr, Frame]) -> None:
        self._engine = engine

    def with_local_times(self, rows: Frame, texts: Mapping[str, tuple[FormattedTime, Expr]]) -> Frame:
        """Add what ``local`` and ``instant`` read, step by step: engines do not share what steps repeat.

        Args:
            rows: the frame.
            texts: format and text of each time, by the id of its column.
        """
        engine = self._engine
        groups = {f"groups:{key}": engine.groups(text, time) for key, (time, text) in texts.items()}
        parts = {
            f"{code}:{key}": self._number(code, engine.group(engine.column(f"groups:{key}"), index))
            for key, (time, _) in texts.items()
            for index, code in enumerate(time.parts)
        }
        clocks = {f"local:{key}": self._local(key, time) for key, (time, _) in texts.items()}
        for step in (groups, parts, clocks):
            rows = engine.with_columns(rows, step)
        return rows

    def local(self, key: str) -> Expr:
        """Return a time on the clock of its zone, in seconds since 1970; None where it is none."""
        return self._engine.column(f"local:{key}")

    def instant(self, key: str, time: FormattedTime) -> Expr:
        """Return seconds since 1970 in UTC; None where there is no time, or the zone skips it."""
        local = self.local(key)
        zoned = local if time.timezone == "UTC" else self._engine.instant(local, time.timezone)
        if "z" not in time.parts:
            return zoned
        east = self._engine.column(f"z:{key}")
        return self._engine.cases((self._engine.is_null(east), zoned), otherwise=local - east)

    def _number(self, code: str, group: Expr) -> Expr:
        """Return the number that a group stands for, None for one that takes no part."""
        engine = self._engine
        if code in {"b", "B"}:
            begins = engine.lower(engine.cut(group, 1, 3))
            return engine.cases(*((begins == month[:3].lower(), number) for number, month in enumerate(MONTHS, 1)))
        if code == "p":
            return engine.lower(group) == "pm"
        if code == "z":
            digits = engine.replaced(group, ":", "")
            minutes = engine.first_of(engine.integer(engine.cut(digits, 4, 2)), engine.constant(0))
            east = engine.integer(engine.cut(digits, 2, 2)) * 3600 + minutes * 60
            return engine.cases((group == "Z", 0), (engine.cut(digits, 1, 1) == "-", -east), otherwise=east)
        return engine.integer(group)

    def _local(self, key: str, time: FormattedTime) -> Expr:
        engine, given = self._engine, set(time.parts)

        def part(code: str) -> Expr:
            return engine.column(f"{code}:{key}")

        def clock(code: str) -> Expr:
            return engine.first_of(part(code), engine.constant(0)) if code in given else engine.constant(0)

        year = part("y" if "y" in given else "Y")
        if "y" in given:
            year = year + engine.cases((year <= LAST_OF_2000S, 2000), otherwise=1900)
        if "j" in given:
            days = self._days(year, engine.constant(1), engine.constant(1)) + part("j") - 1
            real = engine.between(part("j"), 1, self._leaps(year) + 365)
        else:
            month = part(next(code for code in ("m", "b", "B") if code in given))
            days = self._days(year, month, part("d"))
            real = engine.between(month, 1, 12) & engine.between(part("d"), 1, self._length(year, month))
        hour, minute, second = clock("H"), clock("M"), clock("S")
        if "I" in given:
            hour = part("I") % HALF_DAY + engine.cases((part("p"), HALF_DAY), otherwise=0)
            real = real & engine.between(part("I"), 1, HALF_DAY)
        real = real & engine.between(hour, 0, 23) & engine.between(minute, 0, 59) & engine.between(second, 0, 59)
        return engine.cases((real, days * 86_400 + hour * 3600 + minute * 60 + second))

    def _days(self, year: Expr, month: Expr, day: Expr) -> Expr:
        """Return the days from 1 January 1970 to a day."""
        floored = self._engine.floored
        since = self._engine.cases((month > 2, year), otherwise=year - 1)  # noqa: PLR2004  # March begins the year
        of_year = floored((month + 9) % 12 * 153 + 2, 5) + day - 1
        return since * 365 + floored(since, 4) - floored(since, 100) + floored(since, 400) + of_year - DAYS_TO_1970

    def _leaps(self, year: Expr) -> Expr:
        return self._engine.integer((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)))

    def _length(self, year: Expr, month: Expr) -> Expr:
        """Return the number of a month's days."""
        usual = (month + self._engine.floored(month, 8)) % 2 + 30
        return self._engine.cases((month == 2, self._leaps(year) + 28), otherwise=usual)  # noqa: PLR2004  # February
