"""What a pipeline makes of the beginnings of raw files, before anything is deployed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from definition.mapping.address import SCHEME, in_folder
from definition.plan.buckets import queried_buckets, source_buckets
from definition.plan.mappings import dataset_mappings
from drafting.errors import DraftError
from drafting.look.places import open_place
from drafting.look.samples import MOST_LOOKED_AT, SampleFolder, copy_beginning
from drafting.write.check import outcome_of
from transform.errors import TransformError
from transform.raw.objects import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from definition.file.pipeline import Pipeline
    from definition.mapping.mapping import DatasetMapping
    from definition.mapping.source import SourceMapping
    from drafting.look.places import Place, RawFile
    from drafting.write.check import Outcome

_NAMED = 5
"""Files that an error names."""


@dataclass(frozen=True)
class Preview:
    """What the transform made of a dataset's files, as far as they were looked at.

    Attributes:
        outcome: rows and records, and the first ones.
        whole: whether everything was looked at.
    """

    outcome: Outcome
    whole: bool


def preview(pipeline: Pipeline, raw: str, s3: Callable[[], Any]) -> list[Preview]:
    """Transform the beginnings of the raw files that a pipeline's sources take; the files are only read.

    Datasets that Athena has to find rows for are left out.

    Args:
        pipeline: the pipeline file.
        raw: folder, file, or ``s3://bucket/prefix/``, to which the paths of sources are relative. Those in another
            bucket are looked for below ``s3/`` and its name.
        s3: makes a boto3 S3 client, if one is needed.

    Raises:
        DraftError: a source takes no file, or what it takes cannot be read.
    """
    place = open_place(raw, s3)
    with tempfile.TemporaryDirectory() as temporary:
        folder = SampleFolder(Path(temporary))
        files = _Files.of(pipeline, place.files())
        mappings = [mapping for mapping in dataset_mappings(pipeline) if not mapping.needs_queries]
        return [_preview(mapping, place, files, folder) for mapping in mappings]


class _Files(NamedTuple):
    """The files of a place: those that stand for raw/, and those that stand for other buckets of the pipeline."""

    own: Sequence[RawFile]
    others: Sequence[RawFile]

    @staticmethod
    def of(pipeline: Pipeline, files: Sequence[RawFile]) -> _Files:
        """Part the files as an upload would."""
        begins = tuple(
            in_folder(f"{SCHEME}{each.name}/") for each in (*source_buckets(pipeline), *queried_buckets(pipeline))
        )
        return _Files(
            [file for file in files if not file.name.startswith(begins)],
            [file for file in files if file.name.startswith(begins)],
        )


def _preview(mapping: DatasetMapping, place: Place, files: _Files, folder: SampleFolder) -> Preview:
    try:
        whole = _taken(mapping, place, files, folder)
        partial = [each.name for each in mapping.lookups if not _taken(each, place, files, folder)]
        outcome = outcome_of(mapping, folder, "tried/", partial)
    except TransformError as error:
        remedy = "Mend it in the pipeline file or in the data: a run would end like this"
        raise DraftError(str(error), remedy=remedy) from error
    return Preview(outcome, whole and not partial)


def _taken(source: SourceMapping, place: Place, parted: _Files, folder: SampleFolder) -> bool:
    """Put the beginnings of the files that a source takes into the folder; say whether that is all of them."""
    path = in_folder(source.path)
    files = parted.others if path != source.path else parted.own
    taken = [file for file in files if matches(file.name, path)]
    if not taken:
        every = [*parted.own, *parted.others]
        there = ", ".join(file.name for file in every[:_NAMED]) or "no files"
        more = f" and {len(every) - _NAMED:,} more" if len(every) > _NAMED else ""
        remedy = "Correct the path in the pipeline file, or give the folder that it is relative to"
        if path != source.path:
            remedy = f"Copy what lies at {source.path} to {path} of that folder, or correct the path"
        raise DraftError(
            f"no file of {place.shown} is at {source.place}.path, {path}: it holds {there}{more}", remedy=remedy
        )
    whole = [copy_beginning(place, file, folder, source) for file in taken[:MOST_LOOKED_AT]]
    return all(whole) and len(taken) <= MOST_LOOKED_AT
