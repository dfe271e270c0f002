"""Compile a dataset of a pipeline file into its neutral mapping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from spec.interactions import FIELDS
from spec.mapping import ColumnMapping, DatasetMapping, EpochTime, FormattedTime
from spec.sql import parse_condition

if TYPE_CHECKING:
    from spec.pipeline import Column, Interactions

_TIME_CODES = {
    "Y": "[0-9]{4}",
    "m": "[0-9]{2}",
    "d": "[0-9]{2}",
    "H": "[0-9]{2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}",
    "%": "%",
}


def interactions_mapping(interactions: Interactions) -> DatasetMapping:
    """Compile the interactions section of a pipeline file."""
    source = interactions.source
    return DatasetMapping(
        dataset="interactions",
        path=source.path,
        format=source.format,
        encoding=source.encoding,
        delimiter=source.delimiter,
        quote=None if source.quote == "none" else source.quote,
        header=source.header,
        keep=parse_condition(interactions.keep) if interactions.keep else None,
        columns=[_column(name, column) for name, column in interactions.columns.items()],
    )


def _column(name: str, column: Column) -> ColumnMapping:
    field = FIELDS[name]
    otherwise, otherwise_value = _otherwise(column.otherwise)
    return ColumnMapping(
        name=name,
        type=field.type,
        nullable=field.nullable,
        max_length=field.max_length,
        source=column.from_,
        constant=column.value,
        values=column.map,
        otherwise=otherwise,
        otherwise_value=otherwise_value,
        time=_time(column),
    )


def _otherwise(
    given: str | float | None,
) -> tuple[Literal["reject", "keep", "null", "value"], str | float | None]:
    if given is None:
        return "null", None
    if given == "reject":
        return "reject", None
    if given == "keep":
        return "keep", None
    return "value", given


def _time(column: Column) -> EpochTime | FormattedTime | None:
    if column.unit:
        return EpochTime(unit=column.unit)
    if column.format:
        return FormattedTime(format=column.format, pattern=_pattern(column.format), timezone=column.timezone or "UTC")
    return None


def _pattern(time_format: str) -> str:
    parts = re.split(r"%(.)", time_format)
    literals, codes = parts[0::2], [*(_TIME_CODES[code] for code in parts[1::2]), ""]
    return "^" + "".join(re.escape(text) + code for text, code in zip(literals, codes, strict=True)) + "$"
