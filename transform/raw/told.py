"""What a message may tell of the content of raw objects: names of columns, never values.

Messages go to mailboxes, logs and records that outlive the data, and what ought to be a header may be somebody's row.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = re.compile(r"[^\W\d][\w .-]{0,63}")
_MOST = 20
_VALUES = re.compile(r"""\[(?=["'\d-])[^\]]*\]?|(?<=\b[Vv]alue )'.*'|(?<=: )'.*'$|(?<=parse )`.*?`""", re.DOTALL)


def fields_told(found: Sequence[str], wanted: Iterable[str]) -> str:
    """Return what an object has in the place of its header, in words that go on "it".

    Fields are named if one of them is a wanted column, be it in other letters or signs, for then they are a header; and
    of these those that look like names. Others are counted.

    Args:
        found: the fields.
        wanted: raw columns that the pipeline file names.
    """
    known = {_core(part) for name in wanted for part in (name, name.split(".")[0])}
    if not known.intersection(map(_core, found)):
        return f"has {_count(len(found))}, of which none is a column of the pipeline file"
    names = [name for name in found if _NAME.fullmatch(name)][:_MOST]
    others = len(found) - len(names)
    return f"has {', '.join(names)}{f' and {_count(others)} more' if others else ''}"


def without_values(message: str) -> str:
    """Return an engine's message without the values and bytes that it quotes: in brackets, or after a colon."""
    return _VALUES.sub("…", message)


def _core(name: str) -> str:
    """Return what is left of a name when its spelling is forgiven; a text of signs alone is like no name."""
    return "".join(filter(str.isalnum, name)).casefold() or name


def _count(fields: int) -> str:
    return f"{fields} field{'' if fields == 1 else 's'}"
