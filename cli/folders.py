"""Folders on this machine: where raw data comes from, and how they are told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import CommandError
from definition.mapping.address import in_folder
from definition.paths import ROOT

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

SAMPLES = ROOT / "samples"
"""A folder of raw data for each bundled pipeline, by its name."""


def raw_folder(pipeline: Pipeline, given: Path | None, *, local: bool) -> Path | None:
    """Return the folder to upload: the one given, else for a local run the bundled samples.

    Raises:
        CommandError: the folder does not exist, or a local run has no data.
    """
    folder = given
    if folder is None and local:
        folder = SAMPLES / pipeline.name
    if folder is not None and not folder.is_dir():
        sources = " and ".join(
            in_folder(place)
            for source in pipeline.datasets.sources().values()
            for place in (source.locations if source.path is None else [source.path])
        )
        raise CommandError(
            f"there is no folder {folder} with raw data for {pipeline.name}",
            remedy=f"Give one that holds {sources}: make run PIPELINE=… RAW=<folder>, or pipelines run --raw <folder>",
        )
    return folder


def relative(path: Path) -> str:
    """Return a path as people would type it: relative to where they are, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)
