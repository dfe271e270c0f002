"""Tables that fit the terminal: where it is too narrow for what must stand whole, the rows are a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.style import StyleType
    from rich.table import Column

_BESIDE = 3
"""What a column takes beside its text: a blank on both sides, and a line."""


class FittedTable(Table):
    """A table with a title whose ids and figures are never cut.

    In a narrow terminal texts break first. If that is not enough, each row is printed by itself: the first cell, and
    below it the others behind the names of their columns; empty ones are left out.

    Args:
        title: above the table, in rich's markup.
        show_lines: whether there are lines between the rows.
    """

    def __init__(self, title: str = "", *, show_lines: bool = False) -> None:
        super().__init__(show_lines=show_lines)
        self._heading = title

    def text(self, *names: str) -> FittedTable:
        """Add columns of texts, which may break."""
        for name in names:
            self.add_column(name, overflow="fold")
        return self

    def ids(self, *names: str) -> FittedTable:
        """Add columns of what is copied and compared: it stays whole."""
        for name in names:
            self.add_column(name, no_wrap=True)
        return self

    def figures(self, *names: str) -> FittedTable:
        """Add columns of figures, which stay whole."""
        for name in names:
            self.add_column(name, justify="right", no_wrap=True)
        return self

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the title, which may be wider than the table, and the table or the list."""
        if self._heading:
            yield Text.from_markup(self._heading, style="italic")
        if self._least_width() <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        cells = zip(*(column.cells for column in self.columns), strict=True)
        for row, texts in zip(self.rows, cells, strict=True):
            yield from self._listed([str(text) for text in texts], row.style or "")

    def _listed(self, row: list[str], style: StyleType) -> Iterator[RenderableType]:
        first, *others = row
        yield Text.from_markup(", ".join(first.splitlines()), style=style, overflow="fold")
        told = [
            f"{column.header} {', '.join(cell.splitlines())}".strip()
            for column, cell in zip(self.columns[1:], others, strict=True)
            if cell not in {"", "-"}
        ]
        if told:
            yield Padding(Text.from_markup(", ".join(told), style=style, overflow="fold"), (0, 0, 0, 2))

    def _least_width(self) -> int:
        return 1 + sum(_least_width(column) + _BESIDE for column in self.columns)


def _least_width(column: Column) -> int:
    """Return the characters that a column takes at least: of what may break its longest word, up to a point."""
    cells = [Text.from_markup(str(cell)) for cell in (column.header, *column.cells)]
    if column.no_wrap:
        return max(line.cell_len for cell in cells for line in cell.split(allow_blank=True))
    words = [len(word) for cell in cells for word in cell.plain.split()]
    return min(max(words, default=0), _LONGEST_WORD)


_LONGEST_WORD = 24
"""Words of texts that are longer, such as addresses, break anywhere."""
