"""Schedule expressions: rate(), cron() and at() (EventBridge Scheduler user guide, page schedule-types)."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_UNITS: Final = {"minute": 60, "hour": 3600, "day": 86400}
_FIELDS: Final = 6
_ANY: Final = {"*", "?"}
_YEARS: Final = range(1970, 2200)
_DAY_NUMBER: Final = re.compile(r"(?<![#/\d])\d+")


class InvalidExpressionError(ValueError):
    """An expression, or a time zone, that the service does not take; the text says which."""


def check(expression: str, timezone: str) -> None:
    """Check an expression.

    Raises:
        InvalidExpressionError: it is not one.
    """
    next_time(expression, timezone, start=datetime(2000, 1, 1, tzinfo=UTC), after=datetime(2000, 1, 1, tzinfo=UTC))


def next_time(expression: str, timezone: str, *, start: datetime, after: datetime) -> datetime | None:
    """Return the first moment of a schedule that is later than `after`, in UTC; None when there is none left.

    A rate counts from `start`, which is its first moment. Times of cron and at are wall-clock times of the zone: one
    that does not exist, as clocks go forward, is skipped; one that comes twice counts once.

    Raises:
        InvalidExpressionError: it is not an expression of the service.
    """
    zone = _zone(timezone)
    kind, _, rest = expression.partition("(")
    text = rest.removesuffix(")")
    if not rest.endswith(")"):
        raise InvalidExpressionError(f"Invalid Schedule Expression {expression}.")
    if kind == "rate":
        return _next_of_rate(_rate(text, expression), start, after)
    if kind == "cron":
        return _next_of_cron(text, expression, zone, after)
    if kind == "at":
        moment = _at(text, expression, zone)
        return moment if moment > after else None
    raise InvalidExpressionError(f"Invalid Schedule Expression {expression}.")


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidExpressionError(f"Invalid Schedule Expression Timezone {timezone}.") from error


def _rate(text: str, expression: str) -> timedelta:
    match = re.fullmatch(r"(\d+)\s+(minute|hour|day)s?", text)
    if match is None or int(match[1]) < 1:
        raise InvalidExpressionError(f"Invalid Schedule Expression {expression}.")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _next_of_rate(period: timedelta, start: datetime, after: datetime) -> datetime:
    return start if after < start else start + ((after - start) // period + 1) * period


def _at(text: str, expression: str, zone: ZoneInfo) -> datetime:
    try:
        wall = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        raise InvalidExpressionError(f"Invalid Schedule Expression {expression}.") from error
    return wall.astimezone(UTC)


def _next_of_cron(text: str, expression: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    cron, years = _translated(text, expression)
    wall = after.astimezone(zone).replace(tzinfo=None)
    while True:
        future = [year for year in years if year >= wall.year]
        if not future:
            return None
        wall = max(wall, datetime(future[0], 1, 1) - timedelta(minutes=1))  # noqa: DTZ001  # a wall-clock time
        try:
            wall = next(CronSim(cron, wall))
        except StopIteration:
            return None
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        exists = moment.astimezone(zone).replace(tzinfo=None) == wall
        if wall.year in years and exists and moment > after:
            return moment


@lru_cache
def _translated(text: str, expression: str) -> tuple[str, tuple[int, ...]]:
    """Return the five fields as cronsim reads them, and the years."""
    fields = text.upper().split()
    if len(fields) != _FIELDS:
        raise InvalidExpressionError(f"Invalid Schedule Expression {expression}: it has not six fields.")
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise InvalidExpressionError(
            f"Invalid Schedule Expression {expression}: one of day-of-month and day-of-week must be ?."
        )
    if "W" in day.replace("LW", ""):
        raise InvalidExpressionError(f"Schedule Expression {expression}: W (nearest weekday) is not emulated.")
    day = "*" if day == "?" else day
    weekday = "*" if weekday in _ANY else _weekdays(weekday)
    cron = f"{minute} {hour} {day} {month} {weekday}"
    try:
        CronSim(cron, datetime(2000, 1, 1))  # noqa: DTZ001  # a wall-clock time
        return cron, tuple(_year_numbers(year))
    except (CronSimError, ValueError) as error:
        raise InvalidExpressionError(f"Invalid Schedule Expression {expression}: {error}.") from error


def _weekdays(field: str) -> str:
    """Return days of the week counted from 0, as cron does; AWS counts from 1, Sunday."""
    if field == "L":
        return "SAT"
    return _DAY_NUMBER.sub(lambda match: str(_weekday_number(int(match[0]))), field)


def _weekday_number(number: int) -> int:
    if not 1 <= number <= 7:  # noqa: PLR2004  # days of a week
        raise InvalidExpressionError(f"Invalid Schedule Expression: {number} is no day of the week (1-7).")
    return number - 1


def _year_numbers(field: str) -> list[int]:
    if field == "*":
        return list(_YEARS)
    years: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = ("1970", "-", "2199") if span == "*" else span.partition("-")
        end = int(last) if dash else (_YEARS[-1] if step else int(first))
        years.update(range(int(first), end + 1, int(step or 1)))
    return sorted(years)
