"""The dataset of interactions from the roles of a table's columns, and what is unsure about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from definition.mapping.times import ISO_8601
from definition.service.dataset_types import dataset_type
from definition.service.limits import MIN_INTERACTIONS, MIN_USERS_WITH_TWO
from drafting.guess.draft import Column, Part, sql_name, sql_text
from drafting.guess.interactions import describes
from drafting.guess.metadata import interactions_metadata
from drafting.guess.names import says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drafting.guess.interactions import Roles
    from drafting.guess.profiles import Profile

MADE_UP = 1_500_000_000
"""The time that all interactions get where the data have none: 2017-07-14, a time as good as any."""

_NOBODY = frozenset(
    {"0", "-1", "unknown", "guest", "anonymous", "none", "null", "nobody", "undefined", "0.0", "n/a", "na"}
)
_OFTEN = 0.01
_MOST_OF_ONE = 0.05
_MOST_METADATA = 3


@dataclass(frozen=True)
class Who:
    """Where users come from, and the condition under which a row has one, if there are rows without."""

    form: str | dict[str, Any]
    condition: str | None = None
    remark: str | None = None
    nobody: str | None = None


def interactions_part(roles: Roles, who: Who) -> tuple[Part, list[str]]:
    """Return the dataset of interactions, and what whoever reads it should look at."""
    unsure: list[str] = []
    profiles = roles.profiles
    part = Part("interactions", roles.table, [], nulls=_nulls(roles))
    part.remarks += [who.remark] if who.remark else []
    part.columns = [
        Column("USER_ID", who.form, optional=False),
        Column("ITEM_ID", roles.item, optional=False),
        _time(roles, part, unsure),
    ]
    part.columns += _event(roles) + _value(roles) + _impression(roles)
    others = [
        each
        for each in profiles.values()
        if each.name not in roles.used
        and not describes(roles.table.frame, roles.user, each.name)
        and not describes(roles.table.frame, roles.item, each.name)
    ]
    explode = roles.table.source.explode
    parts = {explode.path, f"{explode.path}.label"} if explode and explode.fields else set()
    most = min(_MOST_METADATA, dataset_type("interactions").max_metadata)
    part.columns += interactions_metadata([each for each in others if each.name not in parts], most)
    conditions = [who.condition] if who.condition else []
    if explode and explode.fields:
        conditions.append(f"{sql_name(explode.path)}.label = 1")
    required = (profiles[roles.item], *([profiles[roles.time]] if roles.time else []))
    conditions += [f"{sql_name(each.name)} IS NOT NULL" for each in required if _lacks(each)]
    part.keep = " AND ".join(conditions) or None
    part.why_keep = "what was chosen of what was shown" if parts else "rows without who, what or when"
    part.others += _alternatives(roles, others)
    unsure += _doubts(roles)
    return part, unsure


def _nulls(roles: Roles) -> list[str]:
    return list(dict.fromkeys(word for each in roles.profiles.values() for word in each.nulls))


def _lacks(each: Profile) -> bool:
    return each.filled < (1 - _OFTEN) * each.rows


def who(each: Profile) -> Who:
    """Return where users come from, of a column that names them, and sometimes nobody."""
    value, share = each.top
    name = sql_name(each.name)
    if value.lower() in _NOBODY and each.distinct > 2 and share > 2 * _OFTEN:  # noqa: PLR2004
        return Who(
            {"expression": f"NULLIF({name}, {sql_text(value)})"},
            f"{name} <> {sql_text(value)}",
            f"{each.name} is {value} in {share:.0%} of the rows, which looks like nobody: they are filtered",
            value,
        )
    if _lacks(each):
        lacking = 1 - each.filled / each.rows
        remark = f"{each.name} is empty in {lacking:.0%} of the rows: they are filtered"
        return Who(each.name, f"{name} IS NOT NULL", remark)
    return Who(each.name)


def _time(roles: Roles, part: Part, unsure: list[str]) -> Column:
    if roles.time is None:
        part.remarks.append(
            "No column says when. Personalize requires TIMESTAMP and learns from the order of interactions, so this "
            "gives all of them one made-up time: what is popular and what goes together can be learnt, what comes next "
            "cannot. Metrics, which are measured on each user's last interactions, mean little"
        )
        unsure.append("There is no time in the data: if you can, export when each interaction happened")
        return Column("TIMESTAMP", {"value": MADE_UP}, "made up", optional=False)
    each = roles.profiles[roles.time]
    form = each.time
    assert form is not None, "it was chosen for its form"
    if form.unit:
        return Column("TIMESTAMP", {"from": each.name, "unit": form.unit}, optional=False)
    keys: dict[str, Any] = {"from": each.name, "format": form.format}
    if roles.clock:
        clock = roles.profiles[roles.clock].clock
        day = sql_name(each.name)
        joined = ISO_8601 if form.format == ISO_8601 and clock in {"%H:%M:%S", "%H:%M"} else f"{form.format} {clock}"
        if form.format == ISO_8601 and joined != ISO_8601:
            joined = f"%Y-%m-%d {clock}"
        keys = {"expression": f"{day} || ' ' || {sql_name(roles.clock)}", "format": joined}
    note = ""
    if not form.zoned:
        note = "UTC is assumed; or timezone: Europe/Lisbon"
        unsure.append(f"{each.name} names no time zone, and UTC is assumed: give TIMESTAMP its timezone")
    if form.others:
        unsure.append(f"{each.name} may also be {' or '.join(form.others)}: rows are best in order with {form.format}")
    return Column("TIMESTAMP", keys, note, optional=False)


def _event(roles: Roles) -> list[Column]:
    if roles.event is None:
        return []
    values = ", ".join(str(value) for value in roles.profiles[roles.event].values.head(6))
    return [Column("EVENT_TYPE", roles.event, values)]


def _value(roles: Roles) -> list[Column]:
    if roles.value is None:
        return []
    each = roles.profiles[roles.value]
    if each.kind == "decimal_comma":
        return [Column("EVENT_VALUE", {"expression": f"REPLACE({sql_name(each.name)}, ',', '.')"})]
    return [Column("EVENT_VALUE", each.name, f"{each.low:g} to {each.high:g}")]


def _impression(roles: Roles) -> list[Column]:
    explode = roles.table.source.explode
    if explode is None or not explode.fields:
        return []
    return [Column("IMPRESSION", f"{explode.path}[*].id", "what was shown")]


def _alternatives(roles: Roles, others: list[Profile]) -> Iterator[tuple[str, Any, str]]:
    """Yield keys and columns that the dataset could have as well."""
    value = roles.profiles[roles.value] if roles.value else None
    if value is not None and value.kind != "decimal_comma":
        name = sql_name(value.name)
        if value.low < 0:
            yield "keep", f"{name} > 0", "if what is below zero was taken back, or is no value"
        elif says(value.name, "rating") or (not says(value.name, "value") and 5 <= value.distinct <= 11):  # noqa: PLR2004
            yield "keep", f"{name} >= {_upper_half(value):g}", "Personalize takes every row as a like: keep the likes"
    numbers = [each for each in others if each.is_number and not each.is_constant and not _counts(each)]
    if value is None:
        for each in numbers[:3]:
            yield "EVENT_VALUE", each.name, f"{each.low:g} to {each.high:g}"
    for each in roles.profiles.values():
        if value is not None and each.is_number and "price" in each.name.lower() and says(value.name, "quantity"):
            yield "EVENT_VALUE", {"expression": f"{sql_name(each.name)} * {sql_name(value.name)}"}, ""
    if roles.event is None:
        yield "EVENT_TYPE", {"value": "purchase"}, "the same for every row; domains require it"


def _counts(each: Profile) -> bool:
    """Say whether numbers are ids, or times."""
    if each.time is not None or (each.kind == "whole" and each.distinct > each.filled / 5):
        return True
    return any(says(each.name, meaning) for meaning in ("basket", "user", "item", "code")) or each.name.endswith(
        ".label"
    )


def _upper_half(value: Profile) -> float:
    numbers = value.values.cast(float, strict=False).drop_nulls().sort()
    return float(numbers[len(numbers) // 2])


def _doubts(roles: Roles) -> Iterator[str]:
    frame, user, item = roles.table.frame, roles.profiles[roles.user], roles.profiles[roles.item]
    if not roles.sure:
        yield f"which of {user.name} and {item.name} is the user and which the item: little but their order tells"
    value, share = user.top
    if share > _MOST_OF_ONE and user.distinct > 100 and value.lower() not in _NOBODY:  # noqa: PLR2004
        yield f"one user has {share:.0%} of the interactions: somebody who stands for nobody?"
    if not roles.table.whole:
        return
    if len(frame) < MIN_INTERACTIONS:
        yield f"{len(frame)} interactions: Personalize needs {MIN_INTERACTIONS:,}; the run will stop before the import"
    counts = frame[user.name].drop_nulls().value_counts()["count"]
    if (several := int((counts > 1).sum())) < MIN_USERS_WITH_TWO:
        yield f"{several} users have two interactions: Personalize needs {MIN_USERS_WITH_TWO}"
