"""The objects of one job: what Personalize wrote, and the parts of table and rejects that are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from definition import layout
from definition.layout import ExportFormat

if TYPE_CHECKING:
    from collections.abc import Collection

    from definition.contract.publishing import Job

_WRITTEN = ".out"
_KEYS_PER_CALL = 1000


class OutputMissingError(Exception):
    """The job is ACTIVE, but wrote no output."""


@dataclass(frozen=True)
class Objects:
    """Where one job's objects lie.

    Attributes:
        job: the job.
        s3: a boto3 S3 client.
    """

    job: Job
    s3: Any

    @property
    def of_job(self) -> dict[str, str]:
        """Parts of the keys that belong to no run."""
        return {"solution": self.job.solution, "job": self.job.job}

    @property
    def of_run(self) -> dict[str, str]:
        """Parts of all other keys."""
        return {**self.of_job, "run": self.job.run}

    @property
    def folder(self) -> str:
        """Prefix of the run's table."""
        return layout.TABLE.key(**self.of_run)

    @property
    def changes_folder(self) -> str:
        """Prefix of the run's table of changes."""
        return layout.CHANGES.key(**self.of_run)

    def exports_folder(self, form: ExportFormat) -> str:
        """Return the prefix of the run's rows in another format."""
        return layout.EXPORT.key(**self.of_run, format=form)

    def exports(self, name: str) -> dict[ExportFormat, str]:
        """Return the keys of a part of the table in the other formats that are asked for.

        Args:
            name: of the part of the table, its key.
        """
        stem = name.rpartition("/")[2].removesuffix(".parquet")
        return {form: f"{self.exports_folder(form)}{stem}.{form}" for form in self.job.formats}

    def keep_exports(self, parts: Collection[str]) -> set[str]:
        """Delete exports that are of none of these parts of the table, or not asked for; return parts that lack one.

        A job without exports looks for none: where no job has any, the function may not write there.
        """
        if not self.job.formats:
            return set()
        wanted = {part: self.exports(part) for part in parts}
        lacking = set()
        for form in get_args(ExportFormat):
            keys = {exports[form]: part for part, exports in wanted.items() if form in exports}
            lacking |= {keys[key] for key in keys.keys() - self.keep_only(self.exports_folder(form), keys)}
        return lacking

    @property
    def rejects(self) -> str:
        """Key of the lines with errors."""
        return layout.REJECTED_LINES.key(**self.of_run)

    @property
    def rejects_folder(self) -> str:
        """Prefix of the lines with errors where the output is published in parts."""
        return layout.REJECTED_LINES_PARTS.key(**self.of_run)

    @property
    def output(self) -> str:
        """Prefix that Personalize wrote to."""
        return layout.BATCH_OUTPUT.key(**self.of_run)

    def uri(self, key: str) -> str:
        """Return an object's S3 URL."""
        return f"s3://{self.job.bucket}/{key}"

    def written(self) -> dict[str, int]:
        """Return bytes by key of what the job wrote, in the order of the keys.

        Raises:
            OutputMissingError: no ``.out`` object lies under the output prefix.
        """
        found = {key: size for key, size in self._listed(self.output).items() if is_written(key)}
        if not found:
            raise OutputMissingError(f"No .out object under {self.uri(self.output)}.")
        return found

    def table_part(self, key: str) -> str:
        """Return the key of the part of the table that is made of an object; parts lie in the order of the objects."""
        return f"{self.folder}{self._name(key)}.parquet"

    def rejects_part(self, key: str) -> str:
        """Return the key of an object's lines with errors."""
        return f"{self.rejects_folder}{self._name(key)}.jsonl"

    def keep_only(self, prefix: str, kept: Collection[str]) -> set[str]:
        """Delete what an attempt before has left below a prefix; return which of those to keep are there."""
        there = self._listed(prefix)
        self.delete([key for key in there if key not in kept])
        return set(kept) & there.keys()

    def delete(self, keys: Collection[str]) -> None:
        """Delete objects; one that is not there counts as deleted."""
        listed = [{"Key": key} for key in keys]
        for start in range(0, len(listed), _KEYS_PER_CALL):
            batch = listed[start : start + _KEYS_PER_CALL]
            answer = self.s3.delete_objects(Bucket=self.job.bucket, Delete={"Objects": batch, "Quiet": True})
            if failed := answer.get("Errors"):
                raise OSError(f"{self.uri(failed[0]['Key'])} cannot be deleted: {failed[0].get('Message')}")

    def _name(self, key: str) -> str:
        # A table is read as a folder without folders in it.
        return key.removeprefix(self.output).removesuffix(_WRITTEN).replace("/", "-")

    def _listed(self, prefix: str) -> dict[str, int]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.job.bucket, Prefix=prefix)
        return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}


def is_written(key: str) -> bool:
    """Say whether an object holds lines; Personalize also leaves a ``_CHECK`` object beside them."""
    return key.endswith(_WRITTEN)
