"""Raw columns of one line of JSON as text.

A name with dots is a path into nested objects, unless the object has a key of that very name. Lines are decoded by
the standard library: numbers stay as they are spelled, so long ids stay whole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from definition.mapping.mapping import SEVERAL
from transform import reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.mapping.source import SourceMapping

_BOM = "\ufeff"


class _NotTextError(ValueError):
    """A value that no text stands for."""


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


class Path(NamedTuple):
    """Where a raw column lies in an object.

    Attributes:
        name: of the raw column, which reasons tell.
        key: that leads there at once, None for an element itself.
        keys: that lead there, if the object has no such key.
        several: whether a list of values may stand there.
        may_explode: whether a list that is in the way could be exploded.
    """

    name: str
    key: str | None
    keys: Sequence[str]
    several: bool
    may_explode: bool = True


class Paths(NamedTuple):
    """Where raw columns lie: those of the row, and those of each element of its list, if one is exploded.

    ``foreign`` has the name of each look-up, with those of its columns: no row may have such fields.
    """

    row: Sequence[Path]
    exploded: Path | None = None
    element: Sequence[Path] = ()
    foreign: Sequence[tuple[str, Sequence[str]]] = ()


def paths_of(names: Sequence[str], mapping: SourceMapping) -> Paths:
    """Return where raw columns lie.

    Args:
        names: of raw columns, or paths to them.
        mapping: how objects are to be read.
    """
    lists, explode = mapping.lists, mapping.explode
    row = [Path(name, name, name.split("."), name in lists, may_explode=mapping.may_explode) for name in names]
    foreign = list(mapping.foreign_columns().items())
    if explode is None or explode.split is not None:
        return Paths(row, foreign=foreign)
    begin, element = explode.path, []
    for name in mapping.element_columns():
        key = name.removeprefix(begin).removeprefix(".") or None
        element.append(Path(name, key, key.split(".") if key else (), name in lists, may_explode=False))
    return Paths(row, Path(begin, begin, begin.split("."), several=False, may_explode=False), element, foreign)


def decode(line: str, paths: Paths) -> tuple[Any, ...]:
    """Return what is wrong with the line's shape, and the text of each raw column of the row.

    Where a list is exploded there comes a list of its elements, each of which has the same of its own raw columns.
    """
    document = _document(line)
    if isinstance(document, str):
        return _wrong(document, paths)
    for lookup, names in paths.foreign:
        if taken := _taken(document, lookup, names):
            return _wrong(reasons.name_taken(taken, lookup), paths)
    try:
        cells = [_text(path, document) for path in paths.row]
        if paths.exploded is None:
            return None, *cells
        elements = _elements(paths.exploded, document)
    except _NotTextError as error:
        return _wrong(str(error), paths)
    return None, *cells, [_element(each, paths.element) for each in elements]


def _taken(document: dict[str, Any], lookup: str, names: Sequence[str]) -> str | None:
    """Return the name of a field that could be meant by what means a look-up's column."""
    if isinstance(document.get(lookup), dict):
        return lookup
    return next((name for name in names if name in document), None)


def _wrong(reason: str, paths: Paths) -> tuple[Any, ...]:
    nothing = (None,) * len(paths.row)
    return (reason, *nothing, []) if paths.exploded else (reason, *nothing)


def _document(line: str) -> dict[str, Any] | str:
    """Return the object of a line, or what is wrong with its shape."""
    if not line:
        return reasons.BLANK_LINE
    try:
        # Each of several files that were joined may begin with a BOM.
        document = _decoder.decode(line.removeprefix(_BOM))
    except json.JSONDecodeError as error:
        several = error.msg == "Extra data" and line.startswith("{") and error.doc.startswith("{", error.pos)
        return reasons.SEVERAL_OBJECTS if several else "not JSON"
    except ValueError:
        return "not JSON"
    except RecursionError:
        return "JSON that is nested too deep"
    if isinstance(document, dict):
        return document
    return reasons.ARRAY if isinstance(document, list) else "not a JSON object"


def _elements(path: Path, document: dict[str, Any]) -> list[Any]:
    found = _value(path, document)
    if found is None:
        return []
    if not isinstance(found, list):
        raise _NotTextError(reasons.no_list(path.name))
    return found


def _element(element: Any, paths: Sequence[Path]) -> list[str | None]:
    try:
        return [None, *[_text(path, element) for path in paths]]
    except _NotTextError as error:
        return [str(error), *[None] * len(paths)]


def _text(path: Path, document: Any) -> str | None:
    value = _value(path, document)
    # Most are such, and this is asked of every one.
    if isinstance(value, str) and value.isascii():
        return value or None
    if isinstance(value, list) and path.several:
        values = [text for each in value if (text := _scalar(path, each))]
        if any(SEVERAL in text for text in values):
            raise _NotTextError(reasons.bar_in_list(path.name))
        return SEVERAL.join(values) or None
    return _scalar(path, value)


def _value(path: Path, document: Any) -> Any:
    if isinstance(document, dict) and path.key in document:
        return document[path.key]
    value = document
    for at, key in enumerate(path.keys):
        if not isinstance(value, dict):
            if value is None:
                break
            parent = path.name.split(".")[: len(path.name.split(".")) - len(path.keys) + at]
            is_list = isinstance(value, list)
            hint = is_list and path.may_explode
            raise _NotTextError(reasons.no_object(path.name, ".".join(parent), is_list=is_list, may_explode=hint))
        value = value.get(key)
    return value


def _scalar(path: Path, value: Any) -> str | None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise _NotTextError(f"{path.name} holds half a character")
        return value or None
    if isinstance(value, list) and path.may_explode and not path.several:
        raise _NotTextError(reasons.unexploded(path.name))
    if isinstance(value, dict | list):
        raise _NotTextError(f"{path.name} is a list or an object")
    return None if value is None else str(value).lower()
