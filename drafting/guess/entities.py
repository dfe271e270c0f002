"""Which tables describe items and users: those whose keys are what interactions name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from drafting.guess.draft import Column, Part, field_name, sql_name, sql_text
from drafting.guess.events import Who
from drafting.guess.events import who as who_of
from drafting.guess.interactions import describes
from drafting.guess.metadata import metadata, time_form_keys, trains
from drafting.guess.names import Meaning, says, words_of
from drafting.guess.profiles import profile
from drafting.look.tables import FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from drafting.guess.interactions import Roles
    from drafting.guess.profiles import Profile
    from drafting.look.tables import Table

_Of = Literal["items", "users"]
_SIDES: dict[_Of, tuple[Meaning, Meaning]] = {"items": ("item", "user"), "users": ("user", "item")}
"""What names of the ids say, and what they do not."""

_FIELD = {"items": "ITEM_ID", "users": "USER_ID"}
_LEAST_SHARE, _SURE_SHARE = 0.15, 0.8
"""Shares of the ids that must be among a table's keys: of texts, or under the same name; of numbers."""

_FEWEST = 4
_MOST_PROPERTIES = 5_000
_LEAST_COVERED = 0.3
"""Share of the ids that must have a property."""


@dataclass(frozen=True)
class _Match:
    of: _Of
    table: Table
    key: str
    score: float


def entities(
    roles: Roles, who: Who, others: Sequence[Table], profiles: Mapping[str, Mapping[str, Profile]]
) -> tuple[list[Part], list[Table]]:
    """Return the datasets of items and users, and the tables that they are read from.

    Args:
        roles: of the interactions.
        who: where their users come from.
        others: tables without interactions.
        profiles: of the columns of each table, by its label.
    """
    matches = _matches(roles, others, profiles)
    parts: list[Part] = []
    used: list[Table] = []
    for match in sorted(matches, key=lambda each: -each.score):
        if any(part.dataset == match.of for part in parts) or match.table in used:
            continue
        part = _described(match, profiles[match.table.label])
        if part is not None:
            parts.append(part)
            used.append(match.table)
    there = {part.dataset for part in parts}
    lacks: list[tuple[_Of, str, Who]] = [
        ("items", roles.item, who_of(roles.profiles[roles.item])),
        ("users", roles.user, who),
    ]
    for of, key, form in lacks:
        if of not in there and (part := _from_interactions(of, key, form, roles)):
            parts.append(part)
    return parts, used


def _matches(roles: Roles, others: Sequence[Table], profiles: Mapping[str, Mapping[str, Profile]]) -> list[_Match]:
    found: list[_Match] = []
    for table in others:
        for each in profiles[table.label].values():
            if each.kind in {"whole", "text"} and each.distinct >= _FEWEST:
                found += (match for of in _SIDES if (match := _match(of, roles, table, each, profiles[table.label])))
    return found


def _match(of: _Of, roles: Roles, table: Table, each: Profile, profiles: Mapping[str, Profile]) -> _Match | None:
    """Return how well a column of a table holds the ids of items or users; None if that may be chance."""
    own, other = (roles.item, roles.user) if of == "items" else (roles.user, roles.item)
    meaning, contrary = _SIDES[of]
    share, alike = _overlap(roles.profiles[own].values, each.values)
    alike_named = _same(own, each.name)
    # Small numbers are among many others.
    if share < (_LEAST_SHARE if alike_named or each.kind == "text" else _SURE_SHARE):
        return None
    chance = each.kind == "whole" and not alike_named
    if not each.is_unique and (chance or any(_same(other, name) for name in profiles)):
        return None  # numbers of anything, or events of both
    score = share * (0.3 + 0.7 * alike) * (1 if each.is_unique else 0.5)
    score += 0.15 * (says(each.name, meaning) + says(table.label, meaning) + alike_named)
    score -= 0.3 * says(each.name, contrary) + 0.15 * says(table.label, contrary)
    score += 0.1 * (table.frame.columns[0] == each.name)
    rich = sum(trains(column) for column in metadata(of, _without(profiles, each.name), each.distinct))
    return _Match(of, table, each.name, score + 0.05 * min(rich, 4))


def _same(one: str, other: str) -> bool:
    """Say whether two columns have the same name, and were not called so for want of one."""
    return words_of(one) == words_of(other) and not one.startswith(FIELD)


def _without(profiles: Mapping[str, Profile], key: str) -> list[Profile]:
    return [each for each in profiles.values() if each.name != key]


def _overlap(ids: pl.Series, keys: pl.Series) -> tuple[float, float]:
    """Return the share of ids that are among the keys, and how alike the two sets are."""
    both = int(ids.is_in(keys.implode()).sum())
    if both < _FEWEST:
        return 0.0, 0.0
    return both / len(ids), both / (len(ids) + len(keys) - both)


def _described(match: _Match, profiles: Mapping[str, Profile]) -> Part | None:
    """Return the dataset of a table whose key is known; None if it says nothing that training could use."""
    table, key = match.table, profiles[match.key]
    repeated = key.distinct < 0.9 * key.filled
    if repeated and (part := _properties(match, profiles)):
        return part
    others = _without(profiles, match.key)
    telling = others
    if repeated:
        # What differs from row to row of an id is an event, but for numbers and what has changed.
        telling = [each for each in others if each.is_number or describes(table.frame, match.key, each.name)]
    columns = metadata(match.of, telling, key.distinct)
    if not any(map(trains, columns)):
        return None
    part = Part(match.of, table, [_id(match.of, match.key), *columns], nulls=_nulls(profiles))
    if repeated:
        part.remarks.append(f"{match.key} stands in several rows: of each the latest counts")
        _order_by_time(part, others)
    return part


def _id(of: _Of, key: str) -> Column:
    return Column(_FIELD[of], key, optional=False)


def _nulls(profiles: Mapping[str, Profile]) -> list[str]:
    return list(dict.fromkeys(word for each in profiles.values() for word in each.nulls))


def _order_by_time(part: Part, profiles: Sequence[Profile]) -> None:
    """Let the newest row of an id count, where a column says when it was written."""
    time = next((each for each in profiles if each.time is not None and each.distinct > 1), None)
    if time is None:
        return
    present = next((column for column in part.columns if _reads(column, time.name) and not column.off), None)
    if present is None:
        taken = [column.name for column in part.columns]
        present = Column(field_name("updated", taken), {**time_form_keys(time), "type": "long"})
        part.columns.append(present)
    part.duplicates = {"keep": "latest", "order_by": present.name}


def _reads(column: Column, raw: str) -> bool:
    return column.form == raw or (isinstance(column.form, dict) and column.form.get("from") == raw)


def _properties(match: _Match, profiles: Mapping[str, Profile]) -> Part | None:
    """Return the dataset of a table with a row for each property of an item: one of them, which is a category."""
    others = _without(profiles, match.key)
    kinds = [each for each in others if each.time is None and 2 <= each.distinct <= _MOST_PROPERTIES]  # noqa: PLR2004
    if len(kinds) != 2:  # noqa: PLR2004  # what, and its value
        return None
    frame = match.table.frame
    # A property is what most ids have in common; the value of one says more.
    name, value = sorted(kinds, key=lambda each: (not says(each.name, "property"), each.distinct))
    if frame.select(match.key, name.name).n_unique() < 1.5 * profiles[match.key].distinct:
        return None
    best: tuple[tuple[bool, int], str, Profile] | None = None
    for row in name.values.head(200):
        rows = frame.filter(frame[name.name] == row)
        each = profile(rows[value.name])
        ids = rows[match.key].n_unique()
        if ids < _LEAST_COVERED * profiles[match.key].distinct or each.split is not None or each.unsafe:
            continue
        if 2 < each.distinct <= max(20, ids / 2):  # noqa: PLR2004  # a category, and no flag
            rank = (says(row, "category"), ids)
            best = max(best, (rank, row, each), key=lambda found: found[0]) if best else (rank, row, each)
    if best is None:
        return None
    chosen = best[1]
    column = Column(field_name(chosen, ["ITEM_ID", "USER_ID"]), {"from": value.name, "type": "categorical"})
    part = Part(match.of, match.table, [_id(match.of, match.key), column], nulls=_nulls(profiles))
    part.keep = f"{sql_name(name.name)} = {sql_text(chosen)}"
    part.remarks.append(
        f"A row for each property of {match.key}; {chosen} is one that groups, and one goes into a dataset"
    )
    _order_by_time(part, others)
    return part


def _from_interactions(of: _Of, key: str, who: Who, roles: Roles) -> Part | None:
    """Return a dataset from columns of the interactions that say the same whenever they name an id."""
    explode = roles.table.source.explode
    if of == "users" and explode is not None:
        return None
    frame = roles.table.frame
    described = [
        each
        for each in roles.profiles.values()
        if each.name not in roles.used
        and not each.is_constant
        and describes(frame, key, each.name)
        and (explode is None or each.name.startswith(f"{explode.path}."))
    ]
    columns = metadata(of, described, roles.profiles[key].distinct)
    if not any(map(trains, columns)):
        return None
    part = Part(of, roles.table, [replace(_id(of, key), form=who.form), *columns], nulls=_nulls(roles.profiles))
    part.keep = who.condition
    part.remarks.append(f"From the interactions, where these columns go with {key}; of each the last row counts")
    return part
