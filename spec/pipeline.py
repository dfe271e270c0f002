"""The pipeline file as types.

``spec.load`` reads a file into a ``Pipeline`` and reports every mistake; nothing else should build one from
untrusted data.
"""

from __future__ import annotations

import difflib
import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from spec.interactions import FIELDS
from spec.limits import MAX_NUM_RESULTS
from spec.mapping import Encoding, SourceFormat
from spec.recipes import RECIPES, USER_RECIPES
from spec.schedule import check_expression
from spec.sql import parse_condition

Scalar = str | int | float


_NO_TIMEZONES = {"localtime", "Factory"}
"""Names that some machines know and that are no place."""


def _timezone(name: str) -> str:
    if name not in available_timezones() - _NO_TIMEZONES:
        raise ValueError(f"'{name}' is not a time zone; use a name such as UTC or Europe/Lisbon")
    return name


def _condition(text: str) -> str:
    parse_condition(text)
    return text


def _recipe(name: str) -> str:
    if name not in RECIPES:
        close = difflib.get_close_matches(name, USER_RECIPES, n=1)
        hint = f"did you mean {close[0]}? Known: " if close else "use one of "
        raise ValueError(f"'{name}' is not a Personalize recipe; {hint}{', '.join(USER_RECIPES)}")
    if name not in USER_RECIPES:
        raise ValueError(f"'{name}' scores no users in batch inference; use one of {', '.join(USER_RECIPES)}")
    return name


_MOST_DAYS = 30
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _duration(text: Any) -> Any:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"'{text}' is not a duration; write 90m, 12h or 2d")
    if match[2] == "d" and int(match[1]) > _MOST_DAYS:
        raise ValueError(f"{text} is longer than a run can take; write up to {_MOST_DAYS}d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


_NO_DELIMITERS = frozenset('"\r\n\x00\ufeff')
_TIME_CODES = frozenset("YmdHMS%")


def _time_format(text: str) -> str:
    codes = re.findall(r"%(.?)", text)
    unknown = [f"%{code}" for code in codes if code not in _TIME_CODES]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not supported; use %Y %m %d %H %M %S")
    if not {"Y", "m", "d"} <= set(codes) or len(codes) != len(set(codes) - {"%"}) + codes.count("%"):
        raise ValueError(f"'{text}' must name %Y, %m and %d, and no part of the time twice")
    if ("H" in codes) != ("M" in codes) or ("S" in codes and "M" not in codes):
        raise ValueError(f"'{text}' gives half a time of day; name %H and %M, with or without %S, or none of them")
    return text


def _delimiter(text: str) -> str:
    if text in _NO_DELIMITERS:
        raise ValueError(f"{text!r} cannot cut fields; use a character such as a comma, a semicolon or a tab")
    return text


def _column(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


def _text_keys(value: Any) -> Any:
    """Read keys that YAML took for numbers as the raw text they stand for."""
    if not isinstance(value, dict):
        return value
    return {str(key) if type(key) in {int, float} else key: item for key, item in value.items()}


def _raw_path(text: str) -> str:
    if text.startswith(("/", "s3:", "raw/")) or ".." in text.split("/"):
        raise ValueError(
            f"'{text}' must lie under raw/ in the pipeline's bucket; write it relative to that, such as ratings/"
        )
    return text


Timezone = Annotated[str, AfterValidator(_timezone)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
LowerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", min_length=1)]
RawPath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_raw_path)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True)


class Schedule(_Strict):
    """When runs start by themselves."""

    expression: Annotated[str, AfterValidator(check_expression)] = Field(
        description="cron(…), rate(…) or at(…) as EventBridge Scheduler takes them",
        examples=["cron(0 3 * * ? *)"],
    )
    timezone: Timezone = Field(default="UTC", description="IANA time zone in which the expression is read")


class Source(_Strict):
    """Where the raw data lies, and how it is read."""

    path: RawPath = Field(
        description="object, prefix ending in /, or glob of * ? […] and ** for any folders, under raw/ in the bucket",
        examples=["ratings/", "events/2024-*/part-*.csv.gz"],
    )
    format: SourceFormat = Field(
        default="csv", description="of the objects; .gz and .zst at the end of a name are unpacked for csv and jsonl"
    )
    encoding: Encoding = Field(default="utf-8", description="of the text in csv and jsonl; a BOM is no part of it")
    delimiter: Annotated[str, AfterValidator(_delimiter)] = Field(
        default=",", min_length=1, max_length=1, description="csv: character between fields"
    )
    quote: Literal['"', "none"] = Field(
        default='"', description='csv: character around fields that hold the delimiter, or "none"'
    )
    header: list[Annotated[str, StringConstraints(min_length=1)]] | None = Field(
        default=None,
        min_length=1,
        description="csv: names of the fields of objects without header line; left out: first lines name them",
    )


class Column(_Strict):
    """One column of the dataset: taken from a raw column, or constant."""

    from_: str | None = Field(default=None, alias="from", min_length=1, description="name of the raw column")
    value: Scalar | None = Field(default=None, description="the same value in every row")
    map: Annotated[dict[str, Scalar], BeforeValidator(_text_keys)] | None = Field(
        default=None, min_length=1, description="raw text to value; what is not listed goes by `otherwise`"
    )
    otherwise: Scalar | None = Field(
        default="reject",
        description="reject, keep (the raw text), null, or a value for what `map` does not list",
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(default=None, description="unit of an epoch time")
    format: Annotated[str, AfterValidator(_time_format)] | None = Field(
        default=None, description="date format of %Y %m %d %H %M %S and literal characters"
    )
    timezone: Timezone | None = Field(default=None, description="zone in which `format` is read; default UTC")


ColumnForm = Annotated[Column, BeforeValidator(_column, json_schema_input_type=str | Column)]


class Interactions(_Strict):
    """The Item interactions dataset: its raw data, which rows to keep, and its columns."""

    source: Source
    keep: Annotated[str, AfterValidator(_condition)] | None = Field(
        default=None, description="SQL condition on the raw columns", examples=["rating >= 3.5"]
    )
    columns: dict[str, ColumnForm] = Field(
        description=f"Personalize's name to raw column; the names are {', '.join(FIELDS)}"
    )


class Datasets(_Strict):
    """The datasets of the dataset group."""

    interactions: Interactions


class BatchInferenceJob(_Strict):
    """One batch inference job of a solution."""

    name: LowerName
    users: Literal["all"] = Field(default="all", description="every user of rows out and of filtered rows")
    num_results: int = Field(default=25, ge=1, le=MAX_NUM_RESULTS, description="items per user")


class Solution(_Strict):
    """What to train, and the jobs that score with it."""

    name: LowerName
    recipe: Annotated[str, AfterValidator(_recipe)]
    event_type: str | None = Field(default=None, min_length=1, description="train on this event type only")
    event_value_threshold: float | None = Field(
        default=None, allow_inf_nan=False, strict=False, description="train on EVENT_VALUE >= this only"
    )
    hyperparameters: dict[str, Scalar] = Field(default={}, description="algorithmHyperParameters of the recipe")
    batch_inference: list[BatchInferenceJob] = Field(min_length=1)


class Timeouts(_Strict):
    """How long a run waits for each kind of job before it gives up, as 90m, 12h or 2d."""

    import_: Duration = Field(default=timedelta(hours=6), alias="import")
    solution: Duration = timedelta(hours=1)
    training: Duration = timedelta(hours=48)
    batch_inference: Duration = timedelta(hours=24)


class ItemLabels(_Strict):
    """A raw CSV file with a readable label for each item, shown beside item ids on the terminal."""

    path: RawPath
    id: str = Field(description="column of the item ids")
    label: str = Field(description="column of the labels")


class Pipeline(_Strict):
    """A pipeline file.

    Attributes follow the file's keys; ``spec.load.load`` explains mistakes in them.
    """

    name: LowerName = Field(description="resource names begin with <name>-<stage>")
    description: str = ""
    schedule: Schedule | None = Field(default=None, description="left out: runs start by hand only")
    datasets: Datasets
    solutions: list[Solution] = Field(min_length=1)
    max_rejected: float = Field(
        default=0.05, ge=0, le=1, strict=False, description="share of rows that may be rejected in a run"
    )
    timeouts: Timeouts = Timeouts()
    item_labels: ItemLabels | None = None
