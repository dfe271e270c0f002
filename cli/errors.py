"""What the command line tells instead of a traceback."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot go on; the message says what and where, the remedy how to mend it."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy
