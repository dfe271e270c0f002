"""The terminal, on which what comes from data is text and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType

_KEPT: Final = "\n\t"
# C0, DEL and C1, which begin every escape sequence; and what makes letters stand in another order than they are read.
_CODES: Final = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS: Final = dict.fromkeys(code for code in _CODES if chr(code) not in _KEPT)


def plain(text: str) -> str:
    """Return a text without the characters that a terminal obeys instead of showing."""
    return text.translate(_CONTROLS)


class Terminal(Console):
    """A console on which only rich's own styles and cursor movements are more than text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render what is printed; all of it comes through here, tables and spinners too."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(plain(segment.text), segment.style)
