"""Times as text: what a format of the pipeline file can look like, as one pattern with a group for each part.

Engines take the groups apart and reckon with whole numbers, so that both read the same instant; their own parsers
differ in what they let pass.
"""

from __future__ import annotations

import re
from itertools import pairwise

ISO_8601 = "iso8601"
"""Extended ISO 8601 in the pipeline file: a date, alone or with a time of day; seconds, fraction, zone are optional."""

OFFSET = "Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?"
"""UTC or hours and minutes east of it."""

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS_TO_1970 = 719_468
"""Days from 1 March of the year 0 to 1 January 1970."""

HALF_DAY = 12
"""Hours."""

LAST_OF_2000S = 68
"""Years of two digits up to here are 2000 and later, as POSIX has it for ``strptime``."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_ISO_PATTERN = (
    "^([0-9]{4})-([0-9]{2})-([0-9]{2})"
    f"(?:[Tt ]([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:[.,][0-9]{{1,9}})?)?(?: ?({OFFSET}))?)?\\z"
)
_ISO_PARTS = ["Y", "m", "d", "H", "M", "S", "z"]

_SHORT = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "D": "%m/%d/%y", "R": "%H:%M"}
"""Codes that stand for several."""

_WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "j": 3, "f": 9}


def _any_case(*words: str) -> str:
    """Return a pattern of words; engines disagree about what else ignoring case lets pass."""
    return "|".join("".join(f"[{letter.upper()}{letter.lower()}]" for letter in word) for word in words)


_WORDS = {
    "b": _any_case(*(month[:3] for month in MONTHS)),
    "B": _any_case(*MONTHS),
    "a": _any_case(*(day[:3] for day in _DAYS)),
    "A": _any_case(*_DAYS),
    "p": _any_case("AM", "PM"),
    "z": OFFSET,
}
CODES = (*_WIDTHS, *_WORDS, *_SHORT, "%")

_DAY = (
    {"Y", "m", "d"},
    {"y", "m", "d"},
    {"Y", "b", "d"},
    {"y", "b", "d"},
    {"Y", "B", "d"},
    {"y", "B", "d"},
    {"Y", "j"},
    {"y", "j"},
)
_IGNORED = frozenset("aAf")


class TimeFormatError(ValueError):
    """The text is not a format of times that is understood; the message says why, and what would be."""


def compile_format(text: str) -> tuple[str, list[str]]:
    """Return the pattern of a format, and the code of each of its groups.

    Codes are those of ``strptime`` of C and Python. As there, a number may have fewer digits than its code stands for
    (``3/7/2021``), but not where another number follows it at once (``%Y%m%d``). Names of months and days are English,
    in any case. Fractions of seconds and names of days are matched and not read.

    Raises:
        TimeFormatError: a code is unknown, or the codes give no day, or half a time of day.
    """
    if text == ISO_8601:
        return _ISO_PATTERN, list(_ISO_PARTS)
    spelled = re.sub(r"%([FTDR])", lambda match: _SHORT[match[1]], text)
    words = re.findall(r"%.?|[^%]+", spelled, flags=re.DOTALL)
    _check_codes([word[1:] for word in words if word.startswith("%") and word != "%%"])
    pieces = [_piece(word, following) for word, following in pairwise([*words, ""])]
    parts = [word[1] for word in words if word.startswith("%") and word[1] not in {"%", *_IGNORED}]
    return f"^{''.join(pieces)}\\z", parts


def _piece(word: str, following: str) -> str:
    if word == "%%":
        return "%"
    if not word.startswith("%"):
        return re.escape(word)
    code = word[1]
    if code in _WORDS:
        return f"({'?:' if code in _IGNORED else ''}{_WORDS[code]})"
    width = _WIDTHS[code]
    digits_follow = following[:1].isdigit() or (following[:1] == "%" and following[1:] in _WIDTHS)
    least = width if code == "Y" or (digits_follow and code != "f") else 1
    return f"({'?:' if code in _IGNORED else ''}[0-9]{{{width if least == width else f'{least},{width}'}}})"


def _check_codes(codes: list[str]) -> None:
    if unknown := [f"%{code}" for code in codes if code not in CODES]:
        known = " ".join(f"%{code}" for code in CODES)
        raise TimeFormatError(f"{', '.join(unknown)} is not supported; use {ISO_8601}, or a format of {known}")
    if twice := sorted({f"%{code}" for code in codes if codes.count(code) > 1}):
        raise TimeFormatError(f"{', '.join(twice)} stands twice; name each part of the time once")
    given = set(codes)
    if (given & set("YymbBdj")) not in _DAY:
        raise TimeFormatError("the format gives no day; name year, month and day, such as %Y-%m-%d, or %Y and %j")
    clock = given & set("HIpMS")
    if clock not in (set(), {"H", "M"}, {"H", "M", "S"}, {"I", "p", "M"}, {"I", "p", "M", "S"}):
        raise TimeFormatError("the format gives half a time of day; name %H and %M, or %I, %M and %p, or none of them")
    if ("z" in given or "f" in given) and not clock:
        raise TimeFormatError("the format has a zone or a fraction without a time of day; name %H and %M too")
