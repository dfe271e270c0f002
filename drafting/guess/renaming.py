"""Names for the fields of files without a header, by what they are used for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drafting.look.tables import FIELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drafting.guess.draft import Column, Draft, Part
    from drafting.guess.interactions import Roles
    from drafting.look.tables import Table

_OF = {
    "USER_ID": "user",
    "ITEM_ID": "item",
    "TIMESTAMP": "at",
    "EVENT_TYPE": "event",
    "EVENT_VALUE": "value",
    "CREATION_TIMESTAMP": "created",
}


def renamed(draft: Draft, roles: Roles) -> Draft:
    """Return a draft in which fields without names are called after what they are: user, item, at, event, value."""
    names: dict[str, dict[str, str]] = {}
    for part in draft.parts:
        if part.table.source.header is None:
            continue
        wanted = {_raw(column): _OF[column.name] for column in part.columns if column.name in _OF}
        if part.dataset == "interactions":
            wanted |= _of_roles(roles)
        given = names.setdefault(part.table.label, {name: name for name in part.table.source.header})
        for raw, name in wanted.items():
            if raw.startswith(FIELD) and given.get(raw) == raw and name not in given.values():
                given[raw] = name
    draft.parts = [_part(part, names[part.table.label]) if part.table.label in names else part for part in draft.parts]
    first = names.get(roles.table.label, {})
    draft.unsure = [_text(text, first) for text in draft.unsure]
    return draft


def _raw(column: Column) -> str:
    """Return the raw column that a column is, empty if it is computed."""
    return column.form if isinstance(column.form, str) else str(column.form.get("from", ""))


def _of_roles(roles: Roles) -> dict[str, str]:
    """Return names for what interactions are computed from."""
    explode = roles.table.source.explode
    found = {roles.user: "user", roles.item: "item"}
    if explode and explode.fields:
        found[explode.path] = "shown"
    if roles.clock and roles.time:
        found |= {roles.time: "day", roles.clock: "clock"}
    return found


def _part(part: Part, names: Mapping[str, str]) -> Part:
    return replace(
        part,
        table=_table(part.table, names),
        columns=[
            replace(column, form=_value(column.form, names), name=column.name, note=_text(column.note, names))
            for column in part.columns
        ],
        keep=_text(part.keep, names) if part.keep else None,
        remarks=[_text(text, names) for text in part.remarks],
        others=[(name, _value(form, names), note) for name, form, note in part.others],
    )


def _table(table: Table, names: Mapping[str, str]) -> Table:
    source = table.source
    explode = source.explode
    if explode is not None:
        explode = explode.model_copy(update={"path": names.get(explode.path, explode.path)})
    header = tuple(names.get(name, name) for name in source.header or ())
    lookups = tuple(replace(each, on=names.get(each.on, each.on)) for each in table.lookups)
    return replace(table, source=replace(source, header=header, explode=explode), lookups=lookups)


def _value(form: Any, names: Mapping[str, str]) -> Any:
    if isinstance(form, dict):
        return {key: _text(value, names) if key in {"from", "expression"} else value for key, value in form.items()}
    return _text(form, names)


def _text(text: str, names: Mapping[str, str]) -> str:
    """Return a text with the names in the places of those that fields without a header got."""
    return re.sub(r"\bfield_[0-9]+\b", lambda found: names.get(found[0], found[0]), text)
