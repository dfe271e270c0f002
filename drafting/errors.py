"""Why no pipeline file can be drafted."""

from __future__ import annotations


class DraftError(Exception):
    """Nothing can be drafted from the raw data; the message says what was found, the remedy how to go on."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy
