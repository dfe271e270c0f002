"""Lines of orders: the order says who and when, so the lines look it up."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from drafting.guess.interactions import roles_of
from drafting.guess.names import says
from drafting.guess.profiles import profiles_of
from drafting.look.tables import LookedUp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from drafting.guess.interactions import Roles
    from drafting.guess.profiles import Profile
    from drafting.look.tables import Table

_FEWEST_USERS = 4


class Orders(NamedTuple):
    """A table that says more of what the lines name: its key, and its columns of who and when."""

    table: Table
    key: str
    columns: list[str]


def orders_of(best: Roles, others: Sequence[Table], profiles: Mapping[str, Mapping[str, Profile]]) -> Orders | None:
    """Return the table of orders whose lines were taken for interactions, with the order for the user."""
    if says(best.user, "user") and best.time is not None:
        return None
    ids = best.profiles[best.user].values
    for table in others:
        of = profiles[table.label]
        key = next((each for each in of.values() if each.is_unique and _refers(ids, each.values)), None)
        if key is None:
            continue
        others_of = [each for each in of.values() if each.name != key.name]
        people = [each.name for each in others_of if says(each.name, "user") and each.distinct >= _FEWEST_USERS]
        times = [each.name for each in others_of if each.kind == "time"]
        if people and (times or best.time is not None):
            return Orders(table, key.name, [*people, *times])
    return None


def with_orders(best: Roles, orders: Orders, keys: Mapping[str, pl.Series]) -> Roles | None:
    """Return the roles of lines that look up their orders; None where that is not sure, or cannot be written.

    Args:
        best: the roles of the lines.
        orders: the table of their orders.
        keys: ids of the other tables, by their names.
    """
    rows, source = best.table, orders.table.source
    name = _name(orders.table, rows.frame.columns)
    if name is None or rows.source.explode is not None or source.header is not None:
        return None
    columns = [each for each in orders.table.frame.columns if each not in source.lists]
    found = orders.table.frame.select(columns).rename(lambda column: f"{name}.{column}")
    # What the beginnings that were looked at do not hold, the rest may.
    frame = rows.frame.join(found, left_on=best.user, right_on=f"{name}.{orders.key}", how="inner").drop(best.user)
    looked_up = LookedUp(name, orders.key, best.user, source)
    table = replace(rows, frame=frame, lookups=(looked_up,))
    roles = None if frame.is_empty() else roles_of(table, profiles_of(table), keys)
    return roles if roles is not None and roles.user.startswith(f"{name}.") else None


def _refers(ids: pl.Series, keys: pl.Series) -> bool:
    return int(ids.is_in(keys.implode()).sum()) > len(ids) / 2


def _name(table: Table, taken: Sequence[str]) -> str | None:
    """Return a name for a look-up from that of its file or folder, None where rows have such a field."""
    stem = table.label.rstrip("/").rpartition("/")[2].partition(".")[0]
    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_") or "orders"
    name = name if not name[0].isdigit() else f"orders_{name}"
    return None if any(each == name or each.startswith(f"{name}.") for each in taken) else name
