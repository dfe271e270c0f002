"""Which table holds interactions, and which of its columns are user, item, time, event and value.

What counts is how values repeat together: users meet many items and items many users. Where that does not tell which
is which, it is what other tables they refer to, how long they are seen, and last their names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from definition.service.limits import MAX_ID_LENGTH, MIN_INTERACTIONS
from drafting.guess.names import EVENT_WORDS, says
from drafting.guess.times import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drafting.guess.profiles import Profile
    from drafting.look.tables import Table

_FEWEST_IDS = 4
_CATEGORY_AT_MOST = 15
"""Different values up to which a column rather names a category than who or what."""

_TOLERATED = 0.98
_MOST_EVENT_TYPES = 12
_MOST_RATINGS = 25
_MOST_CANDIDATES = 8
_HASHED = 10**6
"""What negative ids are beyond, being hashes."""


@dataclass(frozen=True)
class Roles:
    """What the columns of a table of interactions are.

    Attributes:
        table: the table.
        profiles: of its columns by name.
        score: how well they fit; comparable between tables.
        user, item: their raw columns.
        time: that of the time, None where no column is one.
        clock: that of the time of day, where ``time`` is a day only.
        event: that of the event type.
        value: that of the event value.
        sure: whether evidence tells user and item apart.
    """

    table: Table
    profiles: Mapping[str, Profile]
    score: float
    user: str
    item: str
    time: str | None = None
    clock: str | None = None
    event: str | None = None
    value: str | None = None
    sure: bool = True
    used: frozenset[str] = field(default_factory=frozenset)


def roles_of(
    table: Table,
    profiles: Mapping[str, Profile],
    keys: Mapping[str, pl.Series],
    *,
    in_elements: str | None = None,
    rows: Mapping[str, Profile] | None = None,
) -> Roles | None:
    """Return the roles of a table's columns, None if it can hold no interactions.

    Args:
        table: the table.
        profiles: of its columns.
        keys: ids of the other tables, by their names: what a column refers to is an id.
        in_elements: name of an exploded list, of whose elements the item must be one.
        rows: profiles of the columns of the rows that have the list.
    """
    time = _time_of(profiles)
    candidates = [each for each in profiles.values() if each.name != time and _may_be_id(each)]
    alone = {each.name: _alone((rows or profiles).get(each.name, each), keys) for each in candidates}
    candidates = sorted(candidates, key=lambda each: -alone[each.name])[:_MOST_CANDIDATES]
    allowed = [each for each in candidates if in_elements is None or _lies_in(each.name, in_elements)]
    form = profiles[time].time if time else None
    seconds = seconds_of(table.frame[time], form) if time and form else None
    best: tuple[float, float, Profile, Profile] | None = None
    for user, item in ((user, item) for item in allowed for user in candidates if user.name != item.name):
        together = _together(table.frame, user, item)
        if together is None:
            continue
        direction = _direction(table.frame, user, item, seconds, keys)
        score = together + alone[user.name] + alone[item.name] + direction
        if best is None or score > best[0]:
            best = (score, direction, user, item)
    if best is None:
        return None
    score, direction, user, item = best
    user_name, item_name = _plainest(table.frame, user, candidates), _plainest(table.frame, item, allowed)
    found = Roles(table, profiles, score, user_name, item_name, time, sure=abs(direction) >= 1)
    return _completed(found)


def _completed(found: Roles) -> Roles:
    """Return roles with event type, value and time of day, and what they add to the score."""
    frame, time = found.table.frame, found.time
    used = {found.user, found.item, *([time] if time else [])}
    others = [each for each in found.profiles.values() if each.name not in used]
    form = found.profiles[time].time if time else None
    clock = next((each.name for each in others if each.kind == "clock"), None) if form and form.is_day else None
    event = _event_of(frame, others, found.user, found.item)
    value = _value_of(frame, [each for each in others if each.name != event], found.item)
    score = found.score + (2.5 if time else 0) + (0.5 if event else 0) + (0.5 if value else 0)
    score += math.log10(len(frame) + 1) * 0.4
    if found.table.whole and len(frame) < MIN_INTERACTIONS:
        score -= 2
    names = frozenset({*used, *(name for name in (event, value, clock) if name)})
    return replace(found, score=score, clock=clock, event=event, value=value, used=names)


def _lies_in(name: str, path: str) -> bool:
    return name == path or name.startswith(f"{path}.")


def _plainest(frame: pl.DataFrame, chosen: Profile, candidates: Sequence[Profile]) -> str:
    """Return which of the columns that say the same is most like ids: a code, rather than what a thing is called."""
    same = [
        each
        for each in candidates
        if each.name != chosen.name
        and each.distinct == chosen.distinct
        and frame.select(chosen.name, each.name).n_unique() == chosen.distinct
    ]
    return min([chosen, *same], key=lambda each: (each.unsafe, round(each.words), says(each.name, "text"))).name


def _time_of(profiles: Mapping[str, Profile]) -> str | None:
    """Return the column that says when: texts of dates first, then numbers that are plausible as such and say so."""

    def worth(each: Profile) -> float:
        form = each.time
        if form is None or not each.filled:
            return 0
        named = says(each.name, "time") or each.name.upper() == "TIMESTAMP"
        evidence = 1.0 if form.format and each.kind == "time" else 0.4
        if form.format and each.kind != "time":  # digits such as 20240131
            evidence = 0.3
        if form.unit and each.distinct > _MOST_RATINGS and form.last - form.first > 60:  # noqa: PLR2004  # a minute
            evidence = 0.8
        return (evidence + (1 if named else 0)) * each.filled / each.rows + (0.2 if not form.is_day else 0)

    best = max(profiles.values(), key=worth, default=None)
    return best.name if best is not None and worth(best) >= 0.75 else None  # noqa: PLR2004  # plausible, or named so


def _may_be_id(each: Profile) -> bool:
    # Ids of analytics are two numbers with a point between.
    kinds = (
        {"whole", "text", "number"} if says(each.name, "user") and not says(each.name, "measure") else {"whole", "text"}
    )
    if each.kind not in kinds or each.distinct < _FEWEST_IDS or each.longest > MAX_ID_LENGTH:
        return False
    if each.kind == "whole" and each.low < -1 and max(-each.low, each.high) < _HASHED:
        return False
    if each.time is not None and (each.time.format or says(each.name, "time")):
        return False
    return each.words < 6 or each.distinct < each.filled / 3  # noqa: PLR2004  # a text that people wrote has more


def _alone(each: Profile, keys: Mapping[str, pl.Series]) -> float:
    """Say how well a column looks like ids, whoever's."""
    score = 0.0
    repeats = each.filled / max(1, each.distinct)
    if each.distinct <= _CATEGORY_AT_MOST:
        score -= 2.5 if each.filled > 20 * each.distinct else 0.5
    if repeats < 1.1:  # noqa: PLR2004  # numbers the rows
        score -= 3
    if each.filled < each.rows / 2:
        score -= 1.5
    if says(each.name, "user") or says(each.name, "item"):
        score += 1
    elif says(each.name, "measure") or says(each.name, "category"):
        score -= 2
    elif says(each.name, "basket"):
        score -= 0.7
    score += 0.3 * says(each.name, "code") - 0.6 * (says(each.name, "text") and not says(each.name, "code"))
    if each.split is not None:
        score -= 2
    if each.kind == "text" and each.words > 2:  # noqa: PLR2004  # names and titles have more words than codes
        score -= 0.3
    if any(_share(each.values, values) > 0.5 for values in keys.values()):  # noqa: PLR2004
        score += 1
    return score


def _share(values: pl.Series, keys: pl.Series) -> float:
    """Return the share of values that are among the keys; what is too few to tell counts for nothing."""
    found = values.is_in(keys.implode()).sum()
    return float(found / len(values)) if found >= _FEWEST_IDS else 0.0


def _together(frame: pl.DataFrame, user: Profile, item: Profile) -> float | None:
    """Say how many partners the values of two columns have; None where one is an attribute of the other."""
    pairs = frame.select(user.name, item.name).drop_nulls().n_unique()
    if not pairs:
        return None
    most = max(user.distinct, item.distinct)
    partners = pairs / most
    if pairs <= min(user.distinct, item.distinct) * 1.02:
        return None
    return 2.0 * min(1.0, math.log(max(1.0, partners)) / math.log(3)) if partners > 1.02 else -1.0  # noqa: PLR2004


def _direction(
    frame: pl.DataFrame, user: Profile, item: Profile, seconds: pl.Series | None, keys: Mapping[str, pl.Series]
) -> float:
    """Say how much more the first is the user and the second the item than the other way round."""
    score = 0.0
    for meaning, sign in (("user", 1), ("item", -1)):
        score += sign * 1.5 * (says(user.name, meaning) - says(item.name, meaning))  # type: ignore[arg-type]  # both are meanings
    score += 0.3 * _grouped(frame, user.name, item.name)
    names = frame.columns
    score += 0.4 if names.index(user.name) < names.index(item.name) else 0
    if seconds is not None:
        score += max(-1.0, min(1.0, _span(frame, item.name, seconds) - _span(frame, user.name, seconds)))
    score += max(-0.7, min(0.7, 3 * (_concentration(frame, item.name) - _concentration(frame, user.name))))
    if user.kind != item.kind and item.kind == "text" and item.words > 1.5:  # noqa: PLR2004  # things have names
        score += 1
    for name, values in keys.items():
        score += 0.7 * (
            says(name, "item") * _share(item.values, values) + says(name, "user") * _share(user.values, values)
        )
    return score


def _grouped(frame: pl.DataFrame, user: str, item: str) -> float:
    """Say in which of two columns equal values follow each other: files are sorted by users."""
    runs = [float(frame.select((pl.col(name) == pl.col(name).shift(1)).mean()).item() or 0) for name in (user, item)]
    return runs[0] - runs[1]


def _span(frame: pl.DataFrame, name: str, seconds: pl.Series) -> float:
    """Return over how much of the time the values of a column are seen: items stay, users come and go."""
    rows = pl.DataFrame({"id": frame[name], "at": seconds}).drop_nulls()
    whole = rows.select(pl.col("at").max() - pl.col("at").min()).item()
    if not whole:
        return 0.0
    spans = rows.group_by("id").agg((pl.col("at").max() - pl.col("at").min()).alias("span"), pl.len())
    found = spans.filter(pl.col("len") > 1)["span"].mean()
    return float(found) / float(whole) if isinstance(found, int | float) else 0.0


def _concentration(frame: pl.DataFrame, name: str) -> float:
    """Return the share of rows that a hundredth of the values have: a few items are popular."""
    counts = frame[name].drop_nulls().value_counts(sort=True)["count"]
    return float(counts.head(max(1, len(counts) // 100)).sum()) / max(1, int(counts.sum()))


def _event_of(frame: pl.DataFrame, others: Sequence[Profile], user: str, item: str) -> str | None:
    def worth(each: Profile) -> float:
        if each.kind not in {"text", "whole"} or not 2 <= each.distinct <= _MOST_EVENT_TYPES:  # noqa: PLR2004
            return 0
        if each.filled < each.rows * _TOLERATED or each.unsafe:
            return 0
        known = sum(str(value).lower().replace(" ", "_") in EVENT_WORDS for value in each.values) / each.distinct
        named = says(each.name, "event") or "event" in each.name.lower()
        if each.kind == "whole" and not (named or "type" in each.name.lower()):
            return 0
        if describes(frame, item, each.name) or describes(frame, user, each.name):
            return 0
        return 2 * known + (1 if named else 0)

    best = max(others, key=worth, default=None)
    return best.name if best is not None and worth(best) >= 1 else None


def _value_of(frame: pl.DataFrame, others: Sequence[Profile], item: str) -> str | None:
    def worth(each: Profile) -> float:
        if not each.is_number or each.distinct < 2:  # noqa: PLR2004  # one value says nothing
            return 0
        if each.time is not None and (each.time.format or says(each.name, "time")):
            return 0
        if says(each.name, "code") or each.name.lower().endswith("id") or each.name.endswith(".label"):
            return 0
        if says(each.name, "rating"):
            return 3
        few = each.distinct <= _MOST_RATINGS and each.low >= 0 and each.high <= 100  # noqa: PLR2004  # percent at most
        if describes(frame, item, each.name) and not says(each.name, "value"):
            return 0
        if each.kind == "whole" and each.distinct > each.filled / 2:
            return 0
        if "price" in each.name.lower():
            return 1.2
        return 1.5 * says(each.name, "value") + (1 if few else 0) + (0.3 if each.kind == "number" else 0)

    best = max(others, key=worth, default=None)
    return best.name if best is not None and worth(best) >= 1 else None


def describes(frame: pl.DataFrame, key: str, name: str) -> bool:
    """Say whether a column has one value for nearly each id, in a table of many rows for each.

    It does if most rows have their id's usual value, and more so than without knowing the id.
    """
    pairs = frame.select(pl.col(key).alias("id"), pl.col(name).alias("value")).drop_nulls()
    ids = pairs["id"].n_unique()
    # An id that stands once shows nothing.
    if not len(pairs) or ids >= len(pairs) * 0.8:
        return False
    usual = pairs.group_by("id", "value").len().group_by("id").agg(pl.col("len").max())["len"].sum()
    common = int(pairs["value"].value_counts(sort=True)["count"][0])
    strange = len(pairs) - int(usual)
    return strange <= 0.1 * len(pairs) and strange <= 0.3 * (len(pairs) - common)
