"""The ids of users that the command is given, as arguments and as lines of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cli.errors import CommandError
from definition.mapping.mapping import CONTROL_CHARACTERS
from definition.service.limits import MAX_ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_LIST_BYTES = 100 * 1024**2
"""Bytes of the list that a data deletion job takes (developer guide, page limits)."""


def given(users: Sequence[str], file: Path | None) -> list[str]:
    """Return the ids, each once, in their order.

    Args:
        users: of the command line.
        file: with an id in each line, in UTF-8; empty lines say nothing, blanks belong to the id.

    Raises:
        CommandError: there is none, or one that no user can have.
    """
    found = [(user, "") for user in users]
    if file is not None:
        found += [(line, f"{file}, line {number}: ") for number, line in enumerate(_lines(file), 1) if line]
    if not found:
        raise CommandError("no user is named", remedy="Give ids, or a file with one in each line: --file ids.txt")
    for user, place in found:
        if wrong := _wrong(user):
            raise CommandError(
                f"{place}{user[:60]!r} {wrong}, so no user of a pipeline has this id",
                remedy="Give ids as they stand in the results: as USER_ID, after the pipeline file has mapped them",
            )
    ids = list(dict.fromkeys(user for user, _ in found))
    if (size := len(csv_of(ids))) > MAX_LIST_BYTES:
        raise CommandError(
            f"the ids make {size:,} bytes; a data deletion job takes {MAX_LIST_BYTES:,}",
            remedy="Give them in several files, one command after the other",
        )
    return ids


def csv_of(ids: Sequence[str]) -> bytes:
    """Return the list that a data deletion job takes: a column USER_ID, quoted as in what is imported."""
    return "".join(f"{each}\n" for each in ("USER_ID", *map(_cell, ids))).encode()


def _cell(user: str) -> str:
    if not re.search(r'[,"\\]', user):
        return user
    return '"{}"'.format(re.sub(r'(["\\])', r"\\\1", user))


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{file} cannot be read: {error}", remedy="Give a text file in UTF-8, an id a line"
        ) from error
    return text.replace("\r\n", "\n").split("\n")


def _wrong(user: str) -> str | None:
    if not user:
        return "is empty"
    if re.search(CONTROL_CHARACTERS, user):
        return "holds a control character"
    return f"is longer than {MAX_ID_LENGTH} characters" if len(user) > MAX_ID_LENGTH else None
