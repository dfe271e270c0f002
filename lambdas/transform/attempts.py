"""Read raw objects until all of them can be scanned: some show only while the engine reads that they are not plain.

They are not UTF-8, or have records of several lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import polars as pl
from polars.exceptions import PanicException, PolarsError

from lambdas.transform.columns import LINE, SHAPE
from lambdas.transform.reader import broken_objects, read
from transform import reasons
from transform.errors import TransformError
from transform.raw.cutting import is_sequential
from transform.raw.told import without_values

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from definition.mapping.source import SourceMapping
    from transform.contract import RawObject
    from transform.raw.store import Store

# The engine panics over some damaged Parquet, and says so with no Exception.
_ENGINE_ERRORS = (PolarsError, PanicException, OSError)

REJECTS = "rejects.jsonl"
"""Name of the rejected rows under the staging prefix."""


class _Outcome(Protocol):
    """What an attempt has found."""

    @property
    def staging(self) -> str:
        """Prefix of what it wrote, REJECTS among it."""

    @property
    def reasons(self) -> pl.DataFrame:
        """The reasons of rejected rows."""


Outcome = TypeVar("Outcome", bound=_Outcome)


def until_read(
    source: SourceMapping,
    store: Store,
    objects: Sequence[RawObject],
    staging: str,
    attempt: Callable[[str, Collection[str]], Outcome],
) -> Outcome:
    """Return what an attempt finds that can scan all objects.

    Args:
        source: how they are read.
        store: where they lie.
        objects: the raw objects.
        staging: prefix of what attempts write.
        attempt: reads the objects; it is given a prefix to write under, and the keys of objects that the engine cannot
            scan.

    Raises:
        TransformError: the raw data cannot be read.
    """
    broken: set[str] = set()
    while True:
        # Other keys each time: the engine may still be finishing objects of a scan that failed.
        folder = f"{staging}{len(broken)}/" if broken else staging
        try:
            outcome = attempt(folder, broken)
        except _ENGINE_ERRORS as error:
            found = broken_objects(store, objects) if source.format != "parquet" else set()
            if found <= broken:
                raise _unreadable(source, store, objects, f"{staging}unreadable/", error) from error
        else:
            in_turn = source.format != "csv" or is_sequential(source)
            found = set() if in_turn else _of_several_lines(store, outcome)
            if found <= broken:
                return outcome
        broken |= found


def _of_several_lines(store: Store, outcome: _Outcome) -> set[str]:
    """Return the keys of the objects with a quoted field that does not end on its line.

    As long as no line of an object is such, lines are records: the first one that is not has all its quotes on it.
    """
    if not outcome.reasons["reason"].is_in(reasons.BROKEN_QUOTING).any():
        return set()
    rejects = pl.scan_ndjson(store.root + outcome.staging + REJECTS, schema={"object": pl.String, "reason": pl.String})
    rows = rejects.filter(pl.col("reason").is_in(reasons.BROKEN_QUOTING)).select(pl.col("object").unique())
    return set(rows.collect(engine="streaming")["object"])


def _unreadable(
    source: SourceMapping, store: Store, objects: Sequence[RawObject], staging: str, error: BaseException
) -> TransformError:
    """Return the error that names the first object which cannot be read by itself either."""
    for item in objects:
        try:
            lines = read(store, [item], source, source.raw_columns(), staging=staging)
            lines.select(pl.col(LINE).str.len_bytes().sum(), pl.col(SHAPE).null_count()).collect(engine="streaming")
        except (*_ENGINE_ERRORS, TransformError) as found:
            return TransformError(
                f"{item.key} cannot be read: {_first_sentence(found)}. Check that it is whole, and {source.format} in "
                f"{source.encoding}; what is compressed with zstd is not searched for bytes that are not UTF-8."
            )
    return TransformError(f"The raw data of {source.owner} cannot be read: {_first_sentence(error)}.")


def _first_sentence(error: BaseException) -> str:
    """Return an error without the query that the engine shows below it, and without values."""
    return without_values(str(error).partition("\n\n")[0]).rstrip(".")
