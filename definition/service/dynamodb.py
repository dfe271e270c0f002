"""What DynamoDB documents of items and their sizes, and how a list of results becomes one.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ with the pages Constraints and
CapacityUnitCalculations.
"""

from __future__ import annotations

from definition.service.limits import MAX_ID_LENGTH

MAX_ITEM_BYTES = 400 * 1024
"""Bytes of an item, names of attributes included (page Constraints)."""

MAX_KEY_BYTES = 2048
"""Bytes of a partition key's value (page Constraints)."""

BYTES_PER_UNIT = 1024
"""Bytes of an item that one write request unit writes (page on-demand-capacity-mode)."""

RUN, RESULTS, SCORE, THEME = "run", "results", "score", "theme"
"""Attributes of an item beside its key: the run that wrote it, and what was found, in order; score stands there."""

NUMBER_BYTES = 21
"""Bytes of the longest number: 38 digits, one byte for two of them, one for the sign and one more."""

_COLLECTION = 3
"""Bytes of a list or a map beside what is in it."""

_MEMBER = 1
"""Bytes of each member of a list or a map beside itself."""

_RUN_BYTES = len("20260101T000000-abcdef")


def item_bytes(key: str, value: int, *, results: int = 0, scored: int = 0, theme: int | None = None) -> int:
    """Return the bytes of an item.

    Args:
        key: name of the partition key.
        value: bytes of its value.
        results: bytes of all ids of the list together, each with what `result_bytes` adds.
        scored: how many results have a score.
        theme: bytes of the theme; None where there is none.
    """
    fixed = len(key) + value + len(RUN) + _RUN_BYTES + len(RESULTS) + _COLLECTION
    of_theme = 0 if theme is None else len(THEME) + theme
    return fixed + results + scored * (len(SCORE) + NUMBER_BYTES + _MEMBER) + of_theme


def result_bytes(found: str, value: int) -> int:
    """Return the bytes of a result without its score, by its name, such as ``item_id``, and the bytes of its id."""
    return _MEMBER + _COLLECTION + _MEMBER + len(found) + value


def most_results(key: str, found: str) -> int:
    """Return how many results fit into an item whatever their ids are, if each character is one byte (ASCII).

    Args:
        key: name of the partition key.
        found: what a result is called.
    """
    room = MAX_ITEM_BYTES - item_bytes(key, MAX_KEY_BYTES)
    return room // (result_bytes(found, MAX_ID_LENGTH) + len(SCORE) + NUMBER_BYTES + _MEMBER)
