"""Find ids of users in texts: as a field, as a value of JSON, or standing by themselves among other words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_JOINING = "-._@+:/#"
"""What joins the parts of one id or address, where a letter or digit stands on its other side."""

_AT_ONCE = 500
"""Ids in one expression."""

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


class Users:
    """The ids that are looked for.

    ``1`` does not stand in ``11``, ``u-1`` or ``1.5``: an id is found only where neither a letter nor a digit touches
    it, be it by one of ``-._@+:/#``.

    Args:
        ids: of the users.

    Attributes:
        ids: the same.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = frozenset(ids)
        ordered = sorted(self.ids)
        before, after = rf"(?<!\w)(?<!\w[{re.escape(_JOINING)}])", rf"(?!\w)(?![{re.escape(_JOINING)}]\w)"
        self._patterns = [
            re.compile(f"{before}(?:{'|'.join(map(re.escape, ordered[at : at + _AT_ONCE]))}){after}", re.IGNORECASE)
            for at in range(0, len(ordered), _AT_ONCE)
        ]

    def __contains__(self, value: object) -> bool:
        """Say whether a value is one of the ids."""
        return isinstance(value, str) and value in self.ids

    def are_named_in(self, text: str) -> bool:
        """Say whether a text names one of them, in whatever case: also as JSON writes it, and as a whole field."""
        return any(self._stand_in(each) for each in (text, *_read(text)))

    def taken_out_of(self, text: str, instead: str) -> str:
        """Return a text with something else in the place of each of them."""
        for pattern in self._patterns:
            text = pattern.sub(instead, text)
        return text

    def _stand_in(self, text: str) -> bool:
        return text in self.ids or any(pattern.search(text) for pattern in self._patterns)


def _read(text: str) -> Iterator[str]:
    """Yield the texts and numbers of JSON; of what is none, but may be a part of it, the text with what it escapes."""
    if "\\u" in text:
        yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if not text.lstrip().startswith(("{", "[", '"')):
        return
    try:
        yield from _leaves(json.loads(text))
    except (ValueError, RecursionError):
        return


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value
    elif value is not None:
        yield json.dumps(value)
