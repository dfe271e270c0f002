"""Keys of look-ups that stand twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transform.errors import RepeatedKeyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.mapping.lookups import LookupMapping


def repeated_key(lookup: LookupMapping, places: Sequence[tuple[str, int | None]], keys: int) -> RepeatedKeyError:
    """Return the error for a key that stands twice.

    Args:
        lookup: the look-up.
        places: object and line of the first two rows with the key; there are no lines in Parquet.
        keys: how many keys stand more than once.
    """
    first, second = (f"{key}, line {line}" if line else key for key, line in places)
    others = f"; {keys - 1:,} more keys stand more than once" if keys > 1 else ""
    return RepeatedKeyError(
        f"The same {lookup.key} stands twice in the look-up {lookup.name}: in {first} and in {second}{others}. Correct "
        f"the raw data, or say which row counts in its order: {lookup.section}.duplicates is first or latest."
    )
