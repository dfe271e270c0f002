"""What a filter lets through: masks over a catalogue, for many askers at a time.

Conditions on items are evaluated once for the whole catalogue, those on interactions once for all events and those
on users once for all users; per asker only rows are looked up. Where the documents say nothing: a missing value
is in no list and equals nothing, so NOT IN and != hold for it; an expression whose IF does not hold, or an EXCLUDE
without the values of its placeholders, is as if it were not there; without any INCLUDE everything is included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters.arguments import parse_values
from embedded_aws.personalize.filters.tree import (
    EVERY_EVENT,
    Condition,
    Conditions,
    CurrentItem,
    Expression,
    Filter,
    Placeholder,
    Target,
    Value,
    find_field,
)
from embedded_aws.personalize.recipes.interactions import Ints, Mask
from embedded_aws.personalize.schemas import Field, Schema

EVENTS_PER_TYPE: Final = 100
"""The newest events of each type that filters see per user (Developer Guide, limits)."""
ACTION_EVENTS_PER_TYPE: Final = 300

_EVENT_TYPE: Final = "EVENT_TYPE"


@dataclass(frozen=True)
class View:
    """The data that a filter looks at.

    `ids` is the catalogue of what is filtered; `records` are its records, of the fields in them. `users` holds the
    records of users, `events` those interactions that count (see `newest_events`); each is None where there is none.
    """

    ids: Sequence[str]
    target: Target
    schemas: Mapping[str, Schema]
    records: pl.DataFrame
    users: pl.DataFrame | None = None
    events: pl.DataFrame | None = None

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each ID in the catalogue."""
        return {name: place for place, name in enumerate(self.ids)}

    @cached_property
    def user_rows(self) -> dict[str, int]:
        """The row of each user among `users`."""
        if self.users is None:
            return {}
        return {name: row for row, name in enumerate(self.users.get_column("USER_ID"))}

    @cached_property
    def event_places(self) -> Ints:
        """Per event, the place of what it touched, or of the user if those are filtered; -1 if not there."""
        column = "USER_ID" if self.target is Target.USER else f"{self.target.name}_ID"
        return self._coded(column, self.places)

    @cached_property
    def event_rows(self) -> dict[str, tuple[int, int]]:
        """The first row of each user's events, and the one after the last: events stand together by user."""
        if self.events is None or not self.events.height:
            return {}
        names = self.events.get_column("USER_ID")
        starts = np.flatnonzero((names != names.shift(1)).fill_null(value=True).to_numpy())
        ends = np.append(starts[1:], len(names))
        return {names[int(start)]: (int(start), int(end)) for start, end in zip(starts, ends, strict=True)}

    def _coded(self, column: str, places: Mapping[str, int]) -> Ints:
        if self.events is None:
            return np.zeros(0, dtype=np.int64)
        names = self.events.get_column(column).to_list()
        return np.fromiter((places.get(name, -1) for name in names), dtype=np.int64, count=len(names))


def newest_events(events: pl.DataFrame, most: int = EVENTS_PER_TYPE) -> pl.DataFrame:
    """Return the newest `most` events per user and event type (case ignored), ordered by user."""
    kinds = [pl.col(_EVENT_TYPE).str.to_lowercase()] if _EVENT_TYPE in events.columns else []
    late = pl.col("TIMESTAMP").rank("ordinal", descending=True).over("USER_ID", *kinds) <= most
    return events.filter(late).sort("USER_ID", maintain_order=True)


@dataclass(frozen=True)
class Asker:
    """Whose question it is, and about which item; "" for nobody and nothing."""

    user_id: str = ""
    item_id: str = ""


@dataclass(frozen=True)
class Bound:
    """A filter with values for its placeholders."""

    expressions: tuple[Expression, ...]
    values: Mapping[str, tuple[str | float, ...]] = field(default_factory=dict)

    def allowed(self, view: View, askers: Sequence[Asker]) -> Mask:
        """Return askers by catalogue: true for what may be in the answer.

        Raises:
            InvalidInputException: a value does not fit the type of its field.
        """
        if len(askers) > 1 and not any(one.depends_on_asker for one in self.expressions):
            return np.broadcast_to(self.allowed(view, askers[:1]), (len(askers), len(view.ids)))
        shape = (len(askers), len(view.ids))
        included, restricted = np.zeros(shape, dtype=bool), np.zeros(len(askers), dtype=bool)
        excluded = np.zeros(shape, dtype=bool)
        for expression in self.expressions:
            applies = self._applies(expression, view, askers)
            matched = self._matched(expression, view, askers) & applies[:, np.newaxis]
            if expression.include:
                included |= matched
                restricted |= applies
            else:
                excluded |= matched
        allowed: Mask = (included | ~restricted[:, np.newaxis]) & ~excluded
        return allowed

    def _applies(self, expression: Expression, view: View, askers: Sequence[Asker]) -> Mask:
        if expression.users is None:
            return np.ones(len(askers), dtype=bool)
        field_names = {condition.field for condition in expression.users}
        nobody = pl.DataFrame({find_field(view.schemas, "USERS", name).name: [None] for name in field_names})
        known = nobody if view.users is None else pl.concat([view.users, nobody], how="diagonal_relaxed")
        holds = self.holds(expression.users, view, known)
        return holds[[view.user_rows.get(asker.user_id, -1) for asker in askers]]

    def _matched(self, expression: Expression, view: View, askers: Sequence[Asker]) -> Mask:
        if expression.dataset.endswith("INTERACTIONS"):
            return self._touched(expression.where, view, askers)
        if not expression.needs_item:
            everywhere = self.holds(expression.where, view, view.records)
            return np.broadcast_to(everywhere, (len(askers), len(everywhere)))
        items = sorted({asker.item_id for asker in askers})
        rows = {item: self.holds(expression.where, view, view.records, _record(view, item)) for item in items}
        return np.stack([rows[asker.item_id] for asker in askers])

    def _touched(self, where: Conditions, view: View, askers: Sequence[Asker]) -> Mask:
        """Return what events say for which the conditions hold: one event must meet all of them."""
        touched = np.zeros((len(askers), len(view.ids)), dtype=bool)
        if view.events is None:
            return touched
        counts = self.holds(where, view, view.events) & (view.event_places >= 0)
        if view.target is Target.USER:
            touched[:, view.event_places[counts]] = True
            return touched
        for row, asker in enumerate(askers):
            start, end = view.event_rows.get(asker.user_id, (0, 0))
            touched[row, view.event_places[start:end][counts[start:end]]] = True
        return touched

    def holds(
        self, where: Conditions, view: View, rows: pl.DataFrame, current: Mapping[str, Any] | None = None
    ) -> Mask:
        """Return, per row, whether the conditions hold; `current` is the record of the question's item."""
        holds = np.zeros(rows.height, dtype=bool)
        for together in where.alternatives:
            fits = np.ones(rows.height, dtype=bool)
            for condition in together:
                fits &= self._mask(condition, view, rows, current or {})
            holds |= fits
        return holds

    def _mask(self, condition: Condition, view: View, rows: pl.DataFrame, current: Mapping[str, Any]) -> Mask:
        known = find_field(view.schemas, condition.dataset, condition.field)
        column = rows.get_column(known.name)
        wanted = [one for value in condition.values for one in self._values(value, view, current)]
        if known.numeric:
            return _compared(column, condition, wanted)
        negated = condition.operator in {"NOT IN", "!="}
        found = _listed(column, known, [_text(condition, one) for one in wanted])
        return ~found if negated else found

    def _values(self, value: Value, view: View, current: Mapping[str, Any]) -> Sequence[str | float]:
        match value:
            case Placeholder(name=name):
                return self.values[name]
            case CurrentItem(field=name):
                known = find_field(view.schemas, "ITEMS", name)
                found = current.get(known.name)
                if found is None:
                    return ()
                return str(found).split("|") if known.categorical else (found,)
            case _:
                return (value,)


def bind(found: Filter, given: Mapping[str, str]) -> Bound:
    """Return a filter with the values of a request, `filterValues` as the API has them.

    Raises:
        InvalidInputException: a value for an INCLUDE expression is missing, a name is none of the placeholders, or
            a value is not a list of quoted texts or numbers.
    """
    placeholders = found.placeholders
    unknown = sorted(given.keys() - placeholders.keys())
    if unknown:
        known = ", ".join(placeholders) or "none"
        raise InvalidInputException(f"filterValues: {unknown[0]} is no parameter of the filter; it has {known}")
    missing = [name for name, required in placeholders.items() if required and name not in given]
    if missing:
        raise InvalidInputException(f"filterValues: a value is missing for the parameter {missing[0]}")
    values = {name: parse_values(name, text) for name, text in given.items()}
    return Bound(tuple(one for one in found.expressions if one.placeholders <= values.keys()), values)


def align(records: pl.DataFrame | None, key: str, ids: Sequence[str]) -> pl.DataFrame:
    """Return the records of a catalogue in its order, with nulls where an ID has none."""
    catalogue = pl.DataFrame({key: ids}, schema={key: pl.String})
    return catalogue if records is None else catalogue.join(records, on=key, how="left", maintain_order="left")


def _record(view: View, item: str) -> Mapping[str, Any]:
    place = view.places.get(item)
    return {} if place is None else view.records.row(place, named=True)


def _compared(column: pl.Series, condition: Condition, wanted: Sequence[str | float]) -> Mask:
    """Compare numbers; a missing one equals nothing, so only != holds for it."""
    if len(wanted) != 1:
        if wanted:
            raise InvalidInputException(f"{condition}: one number is expected, not {len(wanted)} values")
        return np.full(len(column), condition.operator == "!=")
    try:
        number = float(wanted[0])
    except ValueError as error:
        raise InvalidInputException(f"{condition}: {wanted[0]!r} is not a number") from error
    numbers = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    match condition.operator:
        case "<":
            mask = numbers < number
        case "<=":
            mask = numbers <= number
        case ">":
            mask = numbers > number
        case ">=":
            mask = numbers >= number
        case "=":
            mask = numbers == number
        case _:
            mask = numbers != number
    result: Mask = mask
    return result


def _text(condition: Condition, value: str | float) -> str:
    if not isinstance(value, str):
        raise InvalidInputException(f'{condition}: text must be in quotes, as in "\\"{value:g}\\""')
    return value


def _listed(column: pl.Series, known: Field, wanted: Sequence[str]) -> Mask:
    """Return where a text, or one of the texts that | separates, is wanted; only event types ignore case."""
    if known.name == _EVENT_TYPE:
        if EVERY_EVENT in wanted:
            return np.ones(len(column), dtype=bool)
        column, wanted = column.str.to_lowercase(), [one.lower() for one in wanted]
    texts = pl.Series(wanted, dtype=pl.String)
    if not known.categorical:
        found = column.is_in(texts)
    else:
        distinct = column.unique().drop_nulls()
        parts = (
            pl.DataFrame({"text": distinct}).with_columns(pl.col("text").str.split("|").alias("part")).explode("part")
        )
        found = column.is_in(parts.filter(pl.col("part").is_in(texts)).get_column("text").unique())
    mask: Mask = found.fill_null(value=False).to_numpy()
    return mask
