"""Raw data: which objects under raw/ hold users, and these objects without them, if that is wanted."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from polars.exceptions import PanicException, PolarsError

from cli.forget import formats, rows
from cli.forget.bucket import Taken, Version, settled
from cli.forget.rows import UnwritableError
from definition import layout
from definition.mapping.address import other_bucket
from definition.plan.batch_jobs import batch_plans
from definition.plan.mappings import dataset_mappings
from transform.contract import FromFile
from transform.errors import TransformError
from transform.raw.objects import matches
from transform.raw.told import without_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.forget.bucket import Bucket
    from cli.forget.naming import Users
    from definition.file.pipeline import Pipeline
    from definition.mapping.mapping import DatasetMapping
    from transform.forgotten import Forgotten

_ROOT = layout.RAW.key(path="")
_REASON = 300
"""Characters of the reason why an object cannot be read."""

_NOT_READ = (TransformError, PolarsError, PanicException, OSError, ValueError)


@dataclass
class Found:
    """What was found of raw data.

    Attributes:
        held: keys of objects that hold users.
        kept: objects that were to be rewritten and could not be read or written, with the reasons.
        not_read: what was not looked into, with the reasons.
        taken: what was rewritten and deleted.
    """

    held: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    not_read: dict[str, str] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)


class Raw:
    """The raw data of a pipeline.

    Args:
        pipeline: the pipeline file.
        bucket: the pipeline's.
        users: their ids.
        forgotten: the same users, for the transform.
        folder: for files, which are as large as the largest object.
    """

    def __init__(self, pipeline: Pipeline, bucket: Bucket, users: Users, forgotten: Forgotten, folder: Path) -> None:
        self._bucket, self._users, self._forgotten, self._folder = bucket, users, forgotten, folder
        self._mappings = [each for each in dataset_mappings(pipeline) if "USER_ID" in each.column_names]
        self._lists = {
            (selected.file, selected.column)
            for solution in pipeline.solutions
            for job in batch_plans(pipeline, solution)
            if isinstance(selected := job.input.users, FromFile)
        }
        self._lookups: dict[str, dict[str, dict[str, Path]]] = {}
        self.found = Found()

    def look_through(self, *, rewrite: bool, say: Callable[[str], None] = lambda _: None) -> Found:
        """Look for users in every version of every object that a dataset with users, or a batch job, reads.

        Args:
            rewrite: whether they are taken out, too.
            say: is told how far it has come.
        """
        readable = [each for each in self._mappings if self._is_here(each)]
        others = 0
        for versions in self._bucket.objects(_ROOT):
            path = versions[0].key.removeprefix(_ROOT)
            readers = [partial(self._rows, mapping) for mapping in readable if matches(path, mapping.path)]
            readers += [partial(self._list, column) for file, column in sorted(self._lists) if file == path]
            say(f"now {versions[0].key}")
            if readers:
                settled(self._bucket, versions, partial(self._look, readers, rewrite=rewrite))
            else:
                others += not versions[0].marker
        if others:
            told = f"{others:,} objects that no dataset with users and no batch job takes, those of look-ups among them"
            self.found.not_read[_ROOT] = told
        return self.found

    def _is_here(self, mapping: DatasetMapping) -> bool:
        """Say whether rows and look-ups of a dataset lie in the bucket, as the transform reads them."""
        for source in (mapping, *mapping.lookups):
            if source.queried:
                self.found.not_read[source.owner] = "Athena finds its rows in tables that are not the pipeline's"
                return False
            if other_bucket(source.path):
                self.found.not_read[source.path] = "another bucket, which is only read"
                return False
        return True

    def _look(self, readers: Sequence[Callable[..., int]], versions: Sequence[Version], *, rewrite: bool) -> None:
        """Look through the versions of one object."""
        key, taken = versions[0].key, self.found.taken
        gone: list[Version] = []
        others: set[str] = set()
        for version in versions:
            if version.marker or not version.size or version.etag in others:
                continue
            source = self._folder / "raw"
            beside = self._bucket.fetch(version, source)
            taken.looked_at[layout.RAW.area] += 1
            try:
                count, result = self._read(readers, key, source, rewrite=rewrite)
            except UnwritableError as error:
                self._hold(key)
                self.found.kept[key] = str(error)
                return
            except _NOT_READ as error:
                why = without_values(" ".join(str(error).partition("\n\n")[0].split()))[:_REASON]
                where = self.found.kept if rewrite else self.found.not_read
                where[key] = f"it cannot be read: {self._users.taken_out_of(why, formats.GONE)}"
                return
            if not count:
                others.add(version.etag)
                continue
            self._hold(key)
            if not rewrite:
                return
            if version.newest:
                self._bucket.replace(version, result, beside)
                taken.rewritten[layout.RAW.area] += 1
                taken.records[layout.RAW.area] += count
                gone = [each for each in versions if not each.marker]
                break
            gone.append(version)
        self._bucket.delete(gone)
        taken.deleted[layout.RAW.area] += len(gone)

    def _hold(self, key: str) -> None:
        if key not in self.found.held:
            self.found.held.append(key)

    def _read(
        self, readers: Sequence[Callable[..., int]], key: str, source: Path, *, rewrite: bool
    ) -> tuple[int, Path]:
        """Return how many rows of users an object has, and the file without them, if that is wanted."""
        total = 0
        for number, reader in enumerate(readers):
            target = self._folder / f"raw-{number}"
            found = reader(key, source, target, rewrite=rewrite)
            if found and rewrite:
                source = target
            total += found
        return total, source

    def _rows(self, mapping: DatasetMapping, key: str, source: Path, target: Path, *, rewrite: bool) -> int:
        beside = self._looked_up(mapping)
        found = rows.rows_of(mapping, source, key=key, users=self._users, forgotten=self._forgotten, lookups=beside)
        if found.places and rewrite:
            rows.write_without(mapping, source, target, found)
        return len(found.places)

    def _list(self, column: str, _key: str, source: Path, target: Path, *, rewrite: bool) -> int:
        """Take ids out of a file that names the users of a batch job."""
        del rewrite  # the file is small
        return formats.csv_table(source, target, self._users, column)

    def _looked_up(self, mapping: DatasetMapping) -> dict[str, dict[str, Path]]:
        """Fetch the objects of a dataset's look-ups once."""
        if mapping.dataset not in self._lookups:
            fetched: dict[str, dict[str, Path]] = {each.name: {} for each in mapping.lookups}
            for lookup in mapping.lookups:
                for versions in self._bucket.objects(_ROOT):
                    newest = versions[0]
                    if newest.marker or not newest.size or not matches(newest.key.removeprefix(_ROOT), lookup.path):
                        continue
                    folder = Path(tempfile.mkdtemp(dir=self._folder))
                    self._bucket.fetch(newest, folder / "object")
                    fetched[lookup.name][newest.key] = folder / "object"
            self._lookups[mapping.dataset] = fetched
        return self._lookups[mapping.dataset]
