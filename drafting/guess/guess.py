"""From tables to a draft: which one holds the interactions, which describe items and users, and what is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from drafting.errors import DraftError
from drafting.guess.draft import Draft
from drafting.guess.entities import entities
from drafting.guess.events import interactions_part, who
from drafting.guess.interactions import roles_of
from drafting.guess.lists import tables_of_lists
from drafting.guess.orders import orders_of, with_orders
from drafting.guess.profiles import profiles_of
from drafting.guess.renaming import renamed
from drafting.look.samples import Useless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drafting.guess.interactions import Roles
    from drafting.guess.profiles import Profile
    from drafting.look.samples import SampleFolder
    from drafting.look.tables import Found, Table

_MOST_TOLD = 12
_CLOSE = 4
"""Difference of scores, which is about what a time of its own and all other evidence are worth."""

_OF_A_LIST = 1.0
"""What a list must be better than the plain table, which says the same with less."""


def guess(found: Found, folder: SampleFolder) -> Draft:
    """Return what a pipeline file is to say of tables.

    Raises:
        DraftError: none of them can hold interactions.
    """
    if not found.tables:
        raise _nothing(found)
    profiles = {table.label: profiles_of(table) for table in found.tables}
    ranked = _ranked(found.tables, profiles, folder)
    if not ranked:
        raise _no_interactions(found)
    best = ranked[0]
    users = who(best.profiles[best.user])
    if users.nobody is not None:
        # What goes with nobody says nothing of people and things.
        somebody = best.table.frame.filter(pl.col(best.user) != users.nobody)
        best = replace(best, table=replace(best.table, frame=somebody))
    part, unsure = interactions_part(best, users)
    others = [table for table in found.tables if table.label != best.table.label]
    unused = [*found.useless]
    orders = orders_of(best, others, profiles)
    if orders:
        others.remove(orders.table)
        if lines := with_orders(best, orders, _foreign(others, profiles)):
            best, orders = lines, None
            users = who(best.profiles[best.user])
            part, unsure = interactions_part(best, users)
            unsure.append(_looked_up(best))
    if orders:
        unsure.append(_to_join(best, orders.table, orders.columns))
        unused.append(Useless(orders.table.label, f"would have to be joined with {best.table.label} by {best.user}"))
    rivals = {roles.table.label: roles for roles in ranked[1:] if _is_rival(roles, best)}
    parts, used = entities(best, users, [table for table in others if table.label not in rivals], profiles)
    if orders:
        parts = [each for each in parts if each.dataset != "users"]  # orders are no people
    left = [table for table in others if not any(table is each for each in used)]
    unused += [Useless(table.label, _why_unused(rivals.get(table.label))) for table in left]
    draft = Draft([part, *sorted(parts, key=lambda each: each.dataset)], unsure, unused)
    return renamed(draft, best)


def _ranked(
    tables: Sequence[Table], profiles: Mapping[str, Mapping[str, Profile]], folder: SampleFolder
) -> list[Roles]:
    """Return the tables that can hold interactions, the best first."""
    ranked: list[Roles] = []
    for table in tables:
        foreign = _foreign([each for each in tables if each.label != table.label], profiles)
        ranked += _candidates(table, profiles[table.label], foreign, folder)
    return sorted(ranked, key=lambda roles: -roles.score)


def _to_join(best: Roles, table: Table, columns: Sequence[str]) -> str:
    return (
        f"{best.user} stands for the user, and is the key of {table.label}, which says more: {', '.join(columns)}. "
        "Join the two before they are uploaded, so that customer, item and time stand in one row"
    )


def _looked_up(lines: Roles) -> str:
    (lookup,) = lines.table.lookups
    return (
        f"{lines.table.label} names no user: {lookup.on} is looked up in {lookup.source.path}, where {lookup.key} is "
        "the key. Rows that find nothing there are rejected"
    )


def _foreign(tables: Sequence[Table], profiles: Mapping[str, Mapping[str, Profile]]) -> dict[str, pl.Series]:
    """Return the ids of tables, by table and column."""
    keys = {table.label: _keys(profiles[table.label]) for table in tables}
    return {f"{label} {name}": of[name] for label, of in keys.items() for name in of}


def _keys(profiles: Mapping[str, Profile]) -> dict[str, pl.Series]:
    return {each.name: each.values for each in profiles.values() if each.is_unique and each.kind in {"whole", "text"}}


def _candidates(
    table: Table, profiles: Mapping[str, Profile], keys: Mapping[str, pl.Series], folder: SampleFolder
) -> list[Roles]:
    """Return the best roles that a table's columns can have, of rows or of the elements of a list."""
    plain = roles_of(table, profiles, keys)
    found = [plain] if plain else []
    for listed in tables_of_lists(table, profiles, folder):
        explode = listed.source.explode
        assert explode is not None, "it is the table of a list"
        if listed.frame.is_empty():
            continue
        inner = explode.path + (".id" if explode.fields else "")
        if roles := roles_of(listed, profiles_of(listed), keys, in_elements=inner, rows=profiles):
            found.append(replace(roles, score=roles.score - _OF_A_LIST))
    return [max(found, key=lambda roles: roles.score)] if found else []


def _is_rival(roles: Roles, best: Roles) -> bool:
    """Say whether another table holds interactions nearly as well."""
    return roles.time is not None and roles.score > best.score - _CLOSE


def _why_unused(rival: Roles | None) -> str:
    if rival is not None:
        return f"could hold interactions, too ({rival.user}, {rival.item}, {rival.time}); one source was taken"
    return "no column refers to the users or items of the interactions, or it says nothing that training could use"


def _nothing(found: Found) -> DraftError:
    told = "".join(f"\n  {each.name} {each.why}" for each in found.useless[:_MOST_TOLD])
    return DraftError(
        f"there is no table in it{':' if told else ''}{told}",
        remedy="CSV, JSON Lines (one object a line) and Parquet are read, packed with gzip, bzip2 or zstd or not",
    )


def _no_interactions(found: Found) -> DraftError:
    told = "".join(
        f"\n  {table.label}: {', '.join(table.frame.columns[:_MOST_TOLD])}" for table in found.tables[:_MOST_TOLD]
    )
    return DraftError(
        f"no table has both users and items that come again and again:{told}",
        remedy="Personalize needs who (USER_ID), what (ITEM_ID) and when (TIMESTAMP) in one row. If they stand in "
        "several tables, such as orders and their lines, write lookups: docs/pipeline-file.md#look-ups",
    )
