"""Types of single values in the pipeline file, each with what is said of a wrong one.

Messages are ``what is wrong; what would be right``: ``definition.load`` splits them there.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from definition import layout
from definition.file import encodings
from definition.mapping.checks import MAX_CONDITION
from definition.mapping.mapping import MAX_DELIMITER
from definition.mapping.sql import parse_condition, parse_counts, parse_value
from definition.mapping.times import compile_format

Scalar = str | int | float


_NO_TIMEZONES = {"localtime", "Factory"}
"""Names that some machines know and that are no place."""


@cache
def _timezones() -> frozenset[str]:
    """Return the names of this machine's time zones: reading them looks at six hundred files."""
    return frozenset(available_timezones()) - _NO_TIMEZONES


def _timezone(name: str) -> str:
    if name not in _timezones():
        raise ValueError(f"'{name}' is not a time zone; use a name such as UTC or Europe/Lisbon")
    return name


def _condition(text: str) -> str:
    parse_condition(text)
    return text


def _counts(text: str) -> str:
    parse_counts(text)
    return text


_CHECK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


def _check_name(name: str) -> str:
    if not _CHECK_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a check; use a letter, then letters, digits, - and _, up to 63")
    return name


def _expression(text: str) -> str:
    parse_value(text)
    return text


_MOST_DAYS = 30
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


DURATION = "([1-9][0-9]{0,4})([mhd])"
"""Regular expression of a duration."""


def duration_text(duration: timedelta) -> str:
    """Return a duration of whole minutes as the pipeline file has it: ``36h``."""
    minutes = int(duration.total_seconds()) // 60
    for unit, length in (("d", 24 * 60), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def _duration(text: Any) -> Any:
    match = re.fullmatch(DURATION, text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is not a duration; write 90m, 12h or 2d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _wait(duration: timedelta) -> timedelta:
    if duration > timedelta(days=_MOST_DAYS):
        raise ValueError(f"{duration.days}d is longer than a run can take; write up to {_MOST_DAYS}d")
    return duration


LONGEST_FRESHNESS = timedelta(days=7)
"""How far an alarm of CloudWatch can look back (API reference, page API_PutMetricAlarm, Period)."""

_HOUR = timedelta(hours=1)


def _freshness(duration: timedelta) -> timedelta:
    # An alarm that looks back for more than a day has periods of an hour at least (same page).
    if duration % _HOUR:
        raise ValueError(f"{duration_text(duration)} are no whole hours, which CloudWatch counts; write 2h or 26h")
    if duration > LONGEST_FRESHNESS:
        raise ValueError(
            f"{duration_text(duration)} are more than an alarm of CloudWatch can look back; write up to "
            f"{duration_text(LONGEST_FRESHNESS)}, or leave it out and watch such rare runs with a calendar of your own"
        )
    return duration


LONGEST_LINK = timedelta(hours=12)
"""No session of a role is longer (STS API reference, page API_AssumeRole, DurationSeconds), and a pre-signed URL ends
with the session that signed it, whatever was asked for (S3 user guide, page using-presigned-url). How long sessions of
Lambda functions are no page says, so a link may end earlier."""


def _link(duration: timedelta) -> timedelta:
    if duration > LONGEST_LINK:
        raise ValueError(
            f"{duration_text(duration)} are more than the session of a role, with which a signed link ends; write up "
            f"to {duration_text(LONGEST_LINK)}"
        )
    return duration


MONEY = r"([0-9]{1,9}(?:\.[0-9]{1,2})?) USD"
"""Regular expression of an amount."""


def _money(text: Any) -> Any:
    match = re.fullmatch(MONEY, text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is no amount; write 50 USD or 0.75 USD")
    if not Decimal(match[1]):
        raise ValueError("0 USD would refuse every run; write the most that one may cost, such as 50 USD")
    return text


def _budget(text: Any) -> Any:
    if isinstance(text, str) and re.fullmatch(MONEY, text) and not Decimal(text.removesuffix(" USD")):
        raise ValueError("0 USD would ring with the first run; write what the runs of a month may cost, as 300 USD")
    return _money(text)


_NO_DELIMITERS = frozenset('"\r\n\x00\ufeff')


def _time_format(text: str) -> str:
    compile_format(text)
    return text


def _delimiter(text: str) -> str:
    if not _NO_DELIMITERS.isdisjoint(text):
        raise ValueError(f"{text!r} cannot cut fields; use a character such as a comma or a tab, or several such as ::")
    return text


def _comment(text: str) -> str:
    if not _NO_DELIMITERS.isdisjoint(text):
        raise ValueError(f"{text!r} cannot begin a comment; use signs such as #, // or --")
    return text


def _escape(text: str) -> str:
    if re.fullmatch(r'[\w\s"\x00\ufeff]', text):
        raise ValueError(f"{text!r} cannot escape; use a sign such as a backslash. Doubled quotes need no escape")
    return text


def _text_keys(value: Any) -> Any:
    """Read keys that YAML took for numbers as the raw text they stand for."""
    if not isinstance(value, dict):
        return value
    return {str(key) if type(key) in {int, float} else key: item for key, item in value.items()}


OWN_TAGS = ("pipeline", "stage", "run")
"""Tags that everything has whose life a run or a deployment begins."""

_TAG = re.compile(r"[\w .:/=+\-@]*")
"""What keys and values of tags may hold (Personalize's page API_Tag)."""


def _quoted(value: Any) -> Any:
    if not isinstance(value, str):
        # pydantic tells ValueError only.
        raise ValueError(f"{value} is no text as YAML reads it; write it in quotes")  # noqa: TRY004  # see above
    return value


def _tag_key(text: str) -> str:
    if text.lower() in OWN_TAGS:
        raise ValueError(f"'{text}' is set to what it says; take another key")
    if text.lower().startswith("aws:"):
        raise ValueError(f"'{text}' begins with aws:, which AWS keeps for itself; take another key")
    if not text.strip():
        raise ValueError("a key cannot be blank; give it a name")
    return _tag_value(text)


def _distinct_keys(tags: dict[str, str]) -> dict[str, str]:
    # IAM does (page id_tags, "Case sensitivity"), and roles are among what is tagged.
    seen: dict[str, str] = {}
    for key in tags:
        if other := seen.get(key.casefold()):
            raise ValueError(f"'{other}' and '{key}' differ by case only, which roles do not tell apart; rename one")
        seen[key.casefold()] = key
    return tags


def _tag_value(text: str) -> str:
    if text != text.strip():
        raise ValueError(f"'{text}' begins or ends with a blank; leave it out")
    if not _TAG.fullmatch(text):
        raise ValueError(f"'{text}' holds what no tag can; use letters, digits, blanks and . : / = + - @ _")
    return text


def raw_path(text: str) -> str:
    """Return the path of raw data in the pipeline's bucket.

    Raises:
        ValueError: it does not lie under ``raw/``.
    """
    if text.lower().startswith("s3:"):
        raise ValueError(
            f"'{text}' must lie under raw/ in the pipeline's bucket: only sources of datasets and of look-ups may lie "
            "in another one; copy it there, and write it relative to raw/"
        )
    if text.startswith(("/", layout.RAW.key(path=""))) or ".." in text.split("/"):
        raise ValueError(
            f"'{text}' must lie under raw/ in the pipeline's bucket; write it relative to that, such as ratings/"
        )
    return text


def _arrival_path(text: str) -> str:
    if re.search(r"[?\[\]\\\x00-\x1f]|\*\*|^\s|\s$", text):
        raise ValueError(
            f"'{text}' is no pattern that EventBridge takes; write * for any characters, and no ?, [ or **"
        )
    return text


Timezone = Annotated[str, AfterValidator(_timezone)]
Encoding = Annotated[
    str,
    AfterValidator(encodings.canonical),
    WithJsonSchema({"anyOf": [{"enum": list(encodings.BEST_KNOWN)}, {"type": "string"}]}),
]
Condition = Annotated[str, AfterValidator(_condition)]
CheckName = Annotated[str, AfterValidator(_check_name)]
CheckCondition = Annotated[str, StringConstraints(max_length=MAX_CONDITION), AfterValidator(_condition)]
CountsCondition = Annotated[str, StringConstraints(max_length=MAX_CONDITION), AfterValidator(_counts)]
Expression = Annotated[str, AfterValidator(_expression)]
TimeFormat = Annotated[str, AfterValidator(_time_format)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Money = Annotated[str, BeforeValidator(_money), WithJsonSchema({"type": "string", "pattern": f"^{MONEY}$"})]
Link = Annotated[Duration, AfterValidator(_link)]
MonthlyMoney = Annotated[str, BeforeValidator(_budget), WithJsonSchema({"type": "string", "pattern": f"^{MONEY}$"})]
Wait = Annotated[Duration, AfterValidator(_wait)]
Freshness = Annotated[Duration, AfterValidator(_freshness)]
Delimiter = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DELIMITER), AfterValidator(_delimiter)]
Comment = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DELIMITER), AfterValidator(_comment)]
Escape = Annotated[str, StringConstraints(min_length=1, max_length=1), AfterValidator(_escape)]
LowerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", min_length=1)]
PipelineName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=1)]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_tag_key)]
TagValue = Annotated[str, BeforeValidator(_quoted), StringConstraints(max_length=256), AfterValidator(_tag_value)]
Tags = Annotated[dict[TagKey, TagValue], AfterValidator(_distinct_keys)]
RawPath = Annotated[str, StringConstraints(min_length=1), AfterValidator(raw_path)]
ArrivalPath = Annotated[RawPath, AfterValidator(_arrival_path)]
ValueMap = Annotated[dict[str, Scalar | None], BeforeValidator(_text_keys)]


def _absent(value: object) -> bool:
    return not value


def absent(default: Any = None, **about: Any) -> Any:
    """Return the field of an option that leaves no trace where it is not used, neither in dumps nor in their hash."""
    return Field(default=default, exclude_if=_absent, **about)


class Strict(BaseModel):
    """A mapping of the pipeline file: unknown keys are errors, and texts are not turned into numbers."""

    # Deferred: a command needs few of the validators, and building all of them takes longer than what it does.
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, populate_by_name=True, strict=True)
