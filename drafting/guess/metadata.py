"""What columns of items and users, and further ones of interactions, become: their types, and what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.mapping.mapping import EARLIEST, LATEST, WHOLE_BITS
from definition.service.dataset_types import avro_schema, dataset_type, metadata_field
from definition.service.limits import MAX_SCHEMA_LENGTH
from drafting.guess.draft import Column, field_name, sql_name
from drafting.guess.names import says

if TYPE_CHECKING:
    from collections.abc import Iterable

    from definition.service.dataset_types import DatasetName, DatasetType
    from drafting.guess.profiles import Profile

_PROSE = 2.5
"""Words from which a text that seldom repeats is one that people read."""

_MOST_CODES = 40
_LEAST_CODE = 10_000
"""Whole numbers from here on that are few are rather codes than quantities."""
_MOSTLY = 0.5
_LEAST_FILLED = 0.02


def metadata(dataset: DatasetName, profiles: Iterable[Profile], ids: int) -> list[Column]:
    """Return the columns that a dataset gets from raw columns, and those that it does without as comments.

    Args:
        dataset: items or users.
        profiles: of the raw columns without the id.
        ids: how many items or users there are.
    """
    kind = dataset_type(dataset)
    taken = {*kind.fields}
    found: list[Column] = []
    textual = _textual(dataset, profiles := list(profiles), ids)
    for each in profiles:
        if each.kind == "empty" or each.is_constant:
            continue
        column = _created(dataset, each, found) or _column(each, ids, taken, textual=each is textual)
        if column is None:
            continue
        found.append(column)
        taken.add(column.name)
    surplus = _surplus(kind, [column for column in found if not column.off])
    return [_without(column, "more than the dataset takes") if column.name in surplus else column for column in found]


def _surplus(kind: DatasetType, columns: list[Column]) -> set[str]:
    """Return the names of the columns that are too many, or with which the schema would be too long."""
    fields, surplus = list(kind.fields.values()), set()
    for at, column in enumerate(columns):
        form = column.form if isinstance(column.form, dict) else {}
        field = metadata_field(column.name, form.get("type", "string"), nullable=True)
        if at >= kind.max_metadata or len(avro_schema(kind, [*fields, field])) > MAX_SCHEMA_LENGTH:
            surplus.add(column.name)
        else:
            fields.append(field)
    return surplus


def _without(column: Column, why: str) -> Column:
    return Column(column.name, column.form, why, off=True)


def trains(column: Column) -> bool:
    """Say whether recipes see a column (definition.rules.datasets refuses items and users without one)."""
    kind = column.form.get("type") if isinstance(column.form, dict) else None
    return not column.off and kind not in {None, "string"}


def _created(dataset: DatasetName, each: Profile, found: list[Column]) -> Column | None:
    """Return the time at which an item came into being, where each one has it and it is one that the field takes."""
    form = each.time
    if dataset != "items" or form is None or any(column.name == "CREATION_TIMESTAMP" for column in found):
        return None
    if not says(each.name, "created") or not EARLIEST <= form.first <= form.last < LATEST:
        return None
    return Column("CREATION_TIMESTAMP", time_form_keys(each)) if each.filled == each.rows else None


def time_form_keys(each: Profile) -> dict[str, Any]:
    """Return what the pipeline file says of a column that is a time."""
    form = each.time
    assert form is not None, "it is a time"
    return {"from": each.name, **({"unit": form.unit} if form.unit else {"format": form.format})}


def _textual(dataset: DatasetName, profiles: list[Profile], ids: int) -> Profile | None:
    """Return the text that is most worth reading; a dataset takes one, and only items do."""
    if dataset != "items":
        return None
    prose = [each for each in profiles if _is_prose(each, ids)]
    return max(prose, key=lambda each: each.words, default=None)


def _is_prose(each: Profile, ids: int) -> bool:
    if each.kind != "text" or each.split is not None or _is_link(each):
        return False
    named = says(each.name, "text") and each.words >= 1.5  # noqa: PLR2004  # a title may be short
    return each.distinct > _MOSTLY * min(ids, each.filled) and (each.words >= _PROSE or named)


def _is_link(each: Profile) -> bool:
    return bool(each.values.head(50).str.contains(r"^(https?|s3|ftp)://|^www\.").mean())


def _column(each: Profile, ids: int, taken: set[str], *, textual: bool) -> Column | None:
    name = field_name(each.name, taken)
    if each.filled < _LEAST_FILLED * each.rows:
        return Column(name, {"from": each.name, "type": "categorical"}, "nearly always empty", off=True)
    if each.kind == "time" or (each.time is not None and (says(each.name, "created") or says(each.name, "time"))):
        return Column(name, {**_plain_time(each), "type": "long"})
    if each.is_number:
        return _number(each, name, ids)
    if textual:
        return Column(name, {"from": each.name, "type": "textual"})
    if _is_link(each):
        return Column(name, {"from": each.name, "type": "string"}, "a link, of no use to training", off=True)
    if each.split is not None:
        split = {} if each.split == "|" else {"split": each.split}
        note = "several, joined by |" if each.split == "|" else ""
        return Column(name, {**_text(each), "type": "categorical", **split}, note)
    if _is_prose(each, ids) or each.distinct > max(50, _MOSTLY * min(ids, each.filled)):  # names few things
        off = each.is_long or (each.words < _PROSE and not says(each.name, "text"))
        return Column(name, {**_text(each), "type": "string"}, "for filters; recipes do not train on it", off=off)
    return Column(name, {**_text(each), "type": "categorical"}, off=each.is_long)


def _plain_time(each: Profile) -> dict[str, Any]:
    return time_form_keys(each)


def _number(each: Profile, name: str, ids: int) -> Column | None:
    if each.kind == "decimal_comma":
        return Column(name, {"expression": f"REPLACE({sql_name(each.name)}, ',', '.')", "type": "float"})
    if each.kind == "number":
        return Column(name, {"from": each.name, "type": "float"})
    measured = says(each.name, "measure") and not says(each.name, "category")
    ends = each.name.lower().endswith(("id", "code", "zip", "postcode", "_no"))
    codes = says(each.name, "category") or ends or (each.low >= _LEAST_CODE and not measured)
    if each.distinct > _MOSTLY * ids and each.distinct > _MOST_CODES and not measured:
        return Column(name, {"from": each.name, "type": "string"}, "nearly as many values as ids", off=True)
    if codes:
        return Column(name, {"from": each.name, "type": "categorical"}, "codes, not quantities")
    small = max(abs(each.low), abs(each.high)) < 2 ** (WHOLE_BITS["int"] - 1)
    return Column(name, {"from": each.name, "type": "int" if small else "long"})


def _text(each: Profile) -> dict[str, Any]:
    """Return where a text comes from; quotes and backslashes, which no text but a textual one may hold, go."""
    if not each.unsafe:
        return {"from": each.name}
    return {"expression": f"REPLACE(REPLACE({sql_name(each.name)}, '\"', ''''), '\\', '/')"}


def interactions_metadata(profiles: Iterable[Profile], most: int) -> list[Column]:
    """Return categories of interactions, such as the device: up to ``most``, the others as comments."""
    found: list[Column] = []
    taken = {*dataset_type("interactions").fields}
    for each in profiles:
        if each.kind not in {"text", "whole"} or not 2 <= each.distinct <= 200 or each.time is not None:  # noqa: PLR2004
            continue
        if each.split is not None or any(says(each.name, meaning) for meaning in ("user", "item", "basket")):
            continue
        if each.is_long or each.filled < _MOSTLY * each.rows or (each.kind == "whole" and says(each.name, "measure")):
            continue
        name = field_name(each.name, taken)
        taken.add(name)
        kind = "categorical" if each.kind == "text" else "int"
        off = len([column for column in found if not column.off]) >= most or each.kind == "whole"
        found.append(Column(name, {**_text(each), "type": kind}, off=off))
    return found
