"""Draft a pipeline file from raw data: look, guess, write.

    look   places    where raw data lies              guess  profiles, times, names   what stands in a column
           samples   beginnings, encodings                   interactions, lists      who did what when
           dialects  how text is cut                         entities, metadata       what describes items and users
           tables    files of one kind                       events, draft            what the file is to say

    write  document  the file's text
           check     what the transform makes of it; columns that do not fit become comments

The transform's own readers look and its own rules check, so that what is guessed is what a run will find.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drafting.guess.guess import guess
from drafting.look.places import open_place
from drafting.look.samples import SampleFolder
from drafting.look.tables import look
from drafting.write.check import checked

if TYPE_CHECKING:
    from collections.abc import Callable

    from drafting.write.check import Outcome


@dataclass(frozen=True)
class Drafted:
    """A pipeline file, and what it makes of the data that were looked at.

    Attributes:
        text: of the file.
        folder: path or address that the paths in the file are relative to.
        outcomes: of the datasets.
        unsure: what whoever uses it should look at.
    """

    text: str
    folder: str
    outcomes: list[Outcome]
    unsure: list[str]


def draft(raw: str, *, name: str, schema: str | None, s3: Callable[[], Any]) -> Drafted:
    """Draft the pipeline file of raw data, which are only read.

    Args:
        raw: folder, file, or ``s3://bucket/prefix/``.
        name: of the pipeline.
        schema: path of the JSON Schema from the file, None to leave it out.
        s3: makes a boto3 S3 client, if one is needed.

    Raises:
        DraftError: the data hold no interactions, or cannot be read.
    """
    place = open_place(raw, s3)
    with tempfile.TemporaryDirectory() as temporary:
        folder = SampleFolder(Path(temporary))
        said = guess(look(place, folder), folder)
        result = checked(said, folder, name=name, raw=raw, schema=schema)
    return Drafted(result.text, place.shown, result.outcomes, said.unsure)
