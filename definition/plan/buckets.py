"""Other buckets than the pipeline's that raw data lies in, and what reading them takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from definition.mapping.address import WILDCARD, literal, other_bucket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from definition.file.pipeline import Pipeline


@dataclass(frozen=True)
class SourceBucket:
    """Another bucket, and what of it the sources of a pipeline take.

    Attributes:
        name: of the bucket.
        paths: of the sources in it, each once.
        kms_keys: ARNs of the keys that its objects are encrypted with, each once.
    """

    name: str
    paths: tuple[str, ...]
    kms_keys: tuple[str, ...]

    @property
    def objects(self) -> list[str]:
        """Patterns, as in IAM, of the keys that are read."""
        return sorted({path if _is_object(path) else f"{literal(path)}*" for path in self.paths})

    @property
    def listed(self) -> list[str]:
        """Patterns of the prefixes that are listed, none where that is the whole bucket.

        Of one object what lies below its key, too: Spark's file system asks whether it is a folder.
        """
        found = {
            pattern
            for path in self.paths
            for pattern in ([path, f"{path}/*"] if _is_object(path) else [f"{literal(path)}*"])
        }
        return [] if "*" in found else sorted(found)


def source_buckets(pipeline: Pipeline) -> list[SourceBucket]:
    """Return the other buckets of a pipeline's sources, by their names."""
    read = pipeline.datasets.sources().values()
    return _buckets((source.path, source.kms_key) for source in read if source.path is not None)


def queried_buckets(pipeline: Pipeline) -> list[SourceBucket]:
    """Return the buckets with the data of the tables that a pipeline's queries read, by their names."""
    read = pipeline.datasets.sources().values()
    return _buckets((place, source.kms_key) for source in read for place in source.locations)


def _buckets(read: Iterable[tuple[str, str | None]]) -> list[SourceBucket]:
    paths: dict[str, set[str]] = {}
    keys: dict[str, set[str]] = {}
    for path, kms_key in read:
        if place := other_bucket(path):
            paths.setdefault(place.bucket, set()).add(place.path)
            keys.setdefault(place.bucket, set()).update([kms_key] if kms_key else [])
    return [SourceBucket(name, tuple(sorted(paths[name])), tuple(sorted(keys[name]))) for name in sorted(paths)]


def _is_object(path: str) -> bool:
    return bool(path) and not path.endswith("/") and not WILDCARD.search(path)
