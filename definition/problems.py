"""What is wrong with a pipeline file: every mistake with its place and its remedy.

SpecError                 the file cannot be used; holds all Problems
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a pipeline file.

    Attributes:
        line: line in the file, from 1; 0 when the mistake is the file itself.
        place: path of the value, such as ``solutions[0].recipe``; empty for the whole file.
        what: what is wrong.
        remedy: what would be right.
    """

    line: int
    place: str
    what: str
    remedy: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        place = f"{self.place}: " if self.place else ""
        return f"{where}{place}{self.what}. {self.remedy}"


class SpecError(ValueError):
    """A pipeline file with mistakes; ``problems`` holds all of them in the file's order."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = sorted(set(problems))
        count = len(self.problems)
        title = f"{source}: {count} {'mistake' if count == 1 else 'mistakes'}"
        super().__init__("\n".join([title, *(f"  {problem}" for problem in self.problems)]))
