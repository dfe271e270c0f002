"""How often a schedule starts runs in a month, which is a twelfth of a year of 365 days: 730 hours.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

from definition.file.schedule import DAYS, FIELDS, RATE, number

HOURS = 730
"""Hours of a month: 24 * 365 / 12."""

DAYS_OF_YEAR = 365
MONTHS = 12

_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}


def runs_a_month(expression: str, *, since: dt.date) -> Fraction:
    """Return how many runs a month a schedule starts on average, from those of the year that begins on a day.

    Args:
        expression: one that ``definition.file.schedule.check_expression`` takes.
        since: first day of the 365 that are looked at.
    """
    if match := RATE.fullmatch(expression):
        minutes = int(match[1]) * _MINUTES[match[2].removesuffix("s")]
        return Fraction(HOURS * 60, minutes)
    if expression.startswith("at("):
        return Fraction(0)
    minute, hour, day, month, weekday, year = expression[len("cron(") : -1].split()
    days = [since + dt.timedelta(days=count) for count in range(DAYS_OF_YEAR)]
    months, years = _numbers(month, 3), _numbers(year, 5)
    starting = [each for each in days if each.month in months and each.year in years and _is_day(each, day, weekday)]
    return Fraction(len(_numbers(minute, 0)) * len(_numbers(hour, 1)) * len(starting), MONTHS)


def decimal(runs: Fraction) -> Decimal:
    """Return a number of runs as amounts are multiplied by it."""
    return Decimal(runs.numerator) / Decimal(runs.denominator)


def _is_day(day: dt.date, of_month: str, of_week: str) -> bool:
    """Return whether a day is one of the schedule's; one of the two fields is ``?``."""
    if of_month != "?":
        return any(_is_of_month(day, part) for part in of_month.split(","))
    return any(_is_of_week(day, part) for part in of_week.split(","))


def _is_of_month(day: dt.date, part: str) -> bool:
    # W, the nearest day from Monday to Friday, moves a start within its month: there are as many as without it.
    part = part.removesuffix("W")
    if part == "L":
        return day.day == calendar.monthrange(day.year, day.month)[1]
    return day.day in _numbers(part, 2)


def _is_of_week(day: dt.date, part: str) -> bool:
    # AWS counts from 1, Sunday.
    own = day.isoweekday() % 7 + 1
    if match := re.fullmatch(r"(\w+)#(\d)", part):
        return own == number(match[1], 1, DAYS) and (day.day - 1) // 7 + 1 == int(match[2])
    if part.upper() == "L":
        return own == len(DAYS)
    if part.upper().endswith("L"):
        is_last = (day + dt.timedelta(days=7)).month != day.month
        return own == number(part[:-1], 1, DAYS) and is_last
    return own in _numbers(part, 4)


def _numbers(text: str, index: int) -> set[int]:
    """Return what a field of numbers, ranges and steps stands for; a range that ends before it begins wraps around."""
    _, low, high, words = FIELDS[index]
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = ("", "", "") if span in {"*", "?"} else span.partition("-")
        start = low if not first else number(first, low, words) or low
        end = (number(last, low, words) or low) if dash else (high if step or not first else start)
        length = (end - start) % (high - low + 1)
        found |= {(start - low + offset) % (high - low + 1) + low for offset in range(0, length + 1, int(step or 1))}
    return found
