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
    from collections.abc import Collection, Sequence

_BOM = "\ufeff"


class _NotTextError(ValueError):
    """A value that no text stands for."""


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


class Path(NamedTuple):
    """Where a raw column lies in an object; ``several`` if a list of values may stand there."""

    name: str
    keys: Sequence[str]
    several: bool


def paths_of(names: Sequence[str], lists: Collection[str]) -> list[Path]:
    """Return where raw columns lie.

    Args:
        names: of raw columns, or paths to them.
        lists: those that may hold a list, which is read as its values joined by ``SEVERAL``.
    """
    return [Path(name, name.split("."), several=name in lists) for name in names]


def decode(line: str, paths: Sequence[Path]) -> tuple[str | None, ...]:
    """Return what is wrong with the line's shape, and the text of each name."""
    nothing = (None,) * len(paths)
    if not line:
        return reasons.BLANK_LINE, *nothing
    try:
        # Each of several files that were joined may begin with a BOM.
        document = _decoder.decode(line.removeprefix(_BOM))
    except json.JSONDecodeError as error:
        several = error.msg == "Extra data" and line.startswith("{") and error.doc.startswith("{", error.pos)
        return reasons.SEVERAL_OBJECTS if several else "not JSON", *nothing
    except ValueError:
        return "not JSON", *nothing
    except RecursionError:
        return "JSON that is nested too deep", *nothing
    if not isinstance(document, dict):
        return "not a JSON object", *nothing
    try:
        return None, *[_text(path, document) for path in paths]
    except _NotTextError as error:
        return str(error), *nothing


def _text(path: Path, document: dict[str, Any]) -> str | None:
    value: Any = document
    for at, key in enumerate((path.name,) if path.name in document else path.keys):
        if not isinstance(value, dict):
            if value is None:
                break
            raise _NotTextError(reasons.no_object(path.name, ".".join(path.keys[:at]), is_list=isinstance(value, list)))
        value = value.get(key)
    if isinstance(value, list) and path.several:
        values = [text for each in value if (text := _scalar(path.name, each))]
        if any(SEVERAL in text for text in values):
            raise _NotTextError(reasons.bar_in_list(path.name))
        return SEVERAL.join(values) or None
    return _scalar(path.name, value)


def _scalar(name: str, value: Any) -> str | None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise _NotTextError(f"{name} holds half a character")
        return value or None
    if isinstance(value, dict | list):
        raise _NotTextError(f"{name} is a list or an object")
    return None if value is None else str(value).lower()
