"""What somebody may have meant who wrote a name that is not known."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the beginning of a remedy, ``Did you mean …? ``, or nothing where no known name is like it."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]}? " if close else ""


def one_of(name: str, known: Iterable[str]) -> str:
    """Return a remedy with what is meant, as far as that can be seen, and all that is known."""
    names = list(known)
    hint = did_you_mean(name, names)
    return f"{hint}Known: {', '.join(names)}" if hint else f"use one of {', '.join(names)}"
