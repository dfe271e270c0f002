"""Check schedule expressions by the rules of EventBridge Scheduler.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from datetime import datetime

RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)")
_CRON = re.compile(r"cron\((.*)\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAY = "|".join(("[1-7]", *DAYS))
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, DAYS),
    ("year", 1970, 2199, ()),
)
"""Of cron: name, least and greatest number, and the words for the numbers from the least one on."""


def check_expression(text: str) -> str:
    """Return ``text`` if EventBridge Scheduler would take it.

    Raises:
        ValueError: the expression is none of ``cron(…)``, ``rate(…)`` and ``at(…)``, or a field is out of range.
    """
    if match := RATE.fullmatch(text):
        return _check_rate(text, int(match[1]), match[2])
    if match := _AT.fullmatch(text):
        datetime.fromisoformat(match[1])
        return text
    if match := _CRON.fullmatch(text):
        return _check_cron(text, match[1].split())
    raise ValueError(f"'{text}' is none of cron(…), rate(…) and at(…); write cron(0 3 * * ? *) for daily at 3")


def _check_rate(text: str, value: int, unit: str) -> str:
    if value == 0:
        raise ValueError(f"'{text}' never comes round: the value must be positive")
    if (value == 1) == unit.endswith("s"):
        raise ValueError(f"'{text}' mixes singular and plural: rate(1 day), rate(2 days)")
    return text


def _check_cron(text: str, fields: list[str]) -> str:
    if len(fields) != len(FIELDS):
        names = ", ".join(name for name, *_ in FIELDS)
        raise ValueError(f"'{text}' has {len(fields)} fields, not 6; give {names}, as in cron(0 3 * * ? *)")
    for field, (name, low, high, words) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            if not _is_cron_part(part, name, low, high, words):
                raise ValueError(f"'{part}' is no {name} in '{text}'")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ValueError(f"'{text}' restricts the day twice; put ? in exactly one of day of month and day of week")
    return text


def _is_cron_part(part: str, name: str, low: int, high: int, words: tuple[str, ...]) -> bool:
    if part in {"*", "?"}:
        return part == "*" or name.startswith("day")
    if name == "day of month" and (part in {"L", "LW"} or (part.endswith("W") and part[:-1].isdigit())):
        return True
    if name == "day of week" and re.fullmatch(rf"({_DAY})?L|({_DAY})#[1-5]", part):
        return True
    base, _, step = part.partition("/")
    if "/" in part and not (step.isdigit() and int(step) > 0):
        return False
    if base == "*":
        return True
    numbers = [number(bound, low, words) for bound in base.split("-")]
    return len(numbers) in {1, 2} and all(number is not None and low <= number <= high for number in numbers)


def number(text: str, low: int, words: tuple[str, ...]) -> int | None:
    """Return what a number or a word of a field stands for, None if it is neither."""
    if text.upper() in words:
        return words.index(text.upper()) + low
    return int(text) if text.isdigit() else None
