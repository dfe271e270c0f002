"""Put the text of SQL files in the place of their names in a pipeline file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from definition.mapping.query import MOST_CHARACTERS
from definition.rules.findings import Finding, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from definition.rules.findings import Path as Place

_FILE = re.compile(r"[^\s;()]+\.sql", re.IGNORECASE)


def fill_in(document: dict[str, Any], folder: Path | None) -> Iterator[Finding]:
    """Replace each query that is the name of a file by what the file holds; yield what is wrong with it.

    Args:
        document: of a pipeline file.
        folder: in which the pipeline file lies, None where that is not known.
    """
    read: set[int] = set()
    for place, source in _sources(document):
        name = source.get("query")
        # What stands behind an alias is one mapping in two places.
        if not isinstance(name, str) or not _FILE.fullmatch(name) or id(source) in read:
            continue
        read.add(id(source))
        at = (*place, "query")
        if folder is None:
            yield Finding(at, f"names the file {name}, and nobody knows its folder", "Write the query itself")
        elif PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            found = f"names {name}, which may lie elsewhere tomorrow"
            yield Finding(at, found, "Name a file beside the pipeline file, or below it")
        else:
            try:
                with (folder / name).open(encoding="utf-8-sig") as file:
                    source["query"] = file.read(MOST_CHARACTERS + 1)
            except (OSError, ValueError) as error:
                found = f"names {name}, which cannot be read ({_reason(error)})"
                yield Finding(at, found, f"Write a SELECT into {folder / name}")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is not in UTF-8" if isinstance(error, UnicodeDecodeError) else "no file can have this name"


def _sources(document: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    for name, given in mapping(document.get("datasets")).items():
        dataset, place = mapping(given), ("datasets", name)
        yield (*place, "source"), mapping(dataset.get("source"))
        for each, lookup in mapping(dataset.get("lookups")).items():
            yield (*place, "lookups", each, "source"), mapping(mapping(lookup).get("source"))
