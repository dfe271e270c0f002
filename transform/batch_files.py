"""The objects of a batch job's input: their keys, and the service's limits.

Pages of https://docs.aws.amazon.com/personalize/latest/dg/: batch-data-upload, prepare-input-data-user-segment.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from definition import layout
from definition.service.limits import MAX_INPUT_BYTES, MAX_INPUT_FILES
from transform.errors import BatchInputError
from transform.raw.told import without_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transform.contract import BatchInput, FromFile

_OBJECT_BYTES = 32 * 1024 * 1024
_SELECT = "Select others with users, items or attributes of the job in the pipeline file"
_NAMES = {"user": "users", "item": "items", "ranking": "rankings", "attributes": "queries"}


def key_of(wanted: BatchInput, index: int) -> str:
    """Return the key of one of the objects."""
    return f"{wanted.prefix}{_NAMES[wanted.line]}-{index:05}.json"


def count_files(wanted: BatchInput, lines: int) -> int:
    """Return how many objects so many lines take.

    Raises:
        BatchInputError: more than the service takes.
    """
    files = -(-lines // wanted.lines_per_file)
    if files > MAX_INPUT_FILES:
        most = MAX_INPUT_FILES * wanted.lines_per_file
        raise BatchInputError(f"{wanted.prefix} would have {lines} lines; Personalize takes {most}. {_SELECT}.")
    return files


def fitted(wanted: BatchInput, ranked: Sequence[str], lines: int) -> BatchInput:
    """Return a ranking's input with objects of a size that can be held in memory.

    Args:
        wanted: the input.
        ranked: the items that every line lists.
        lines: how many lines there are.

    Raises:
        BatchInputError: there are more bytes than the service takes.
    """
    line = len(json.dumps(list(ranked), ensure_ascii=False, separators=(",", ":")).encode())
    check_bytes(wanted, line * lines)
    return wanted.model_copy(update={"lines_per_file": max(1, min(wanted.lines_per_file, _OBJECT_BYTES // line))})


def check_bytes(wanted: BatchInput, size: int) -> None:
    """Check the bytes of all objects.

    Raises:
        BatchInputError: they are more than the service takes.
    """
    if size > MAX_INPUT_BYTES:
        raise BatchInputError(f"{wanted.prefix} would have more than {MAX_INPUT_BYTES} bytes. {_SELECT}.")


def unreadable_ids(selected: FromFile, error: object) -> BatchInputError:
    """Return the error for an object that gives no ids."""
    remedy = "Give an object under raw/ that is CSV in UTF-8 with a header, and one of its columns"
    return BatchInputError(
        f"{layout.RAW.key(path=selected.file)} gives no ids in {selected.column} ({without_values(str(error))}). "
        f"{remedy}."
    )
