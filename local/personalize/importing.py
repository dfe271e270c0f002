"""The work of a dataset import job: files from S3, held against the schema, into the dataset.

Rules: Developer Guide, bulk-data-import-step, preparing-training-data, limits and items-datasets.
"""

from typing import Final

import polars as pl

from local.personalize.exceptions import JobFailedError
from local.personalize.models import PersonalizeBackend
from local.personalize.resources import Resource
from local.personalize.schemas import Schema
from local.personalize.storage import Location, RoleStorage
from local.personalize.tables import read_table

MINIMUM_INTERACTIONS: Final = 1000
_MOST_EVENT_COLUMNS: Final = 10


def run(backend: PersonalizeBackend, job: Resource, dataset: Resource, schema: Schema) -> None:
    """Import what the job's data source names; the dataset's `result` becomes the table of its rows.

    Raises:
        JobFailedError: the files cannot be read, or break a rule of the service.
    """
    storage = RoleStorage(backend, job.members["roleArn"], job.arn)
    files = _read(storage, job.members["dataSource"]["dataLocation"])
    frames = [read_table(name, content, schema) for name, content in files.items()]
    rows = pl.concat(frames)
    if schema.dataset_type == "INTERACTIONS":
        _check_interactions(rows, schema)
    if job.members["importMode"] == "INCREMENTAL":
        rows = _appended(dataset, rows)
    rows = _without_duplicates(rows, schema)
    with backend.lock:
        dataset.result = rows


def _read(storage: RoleStorage, url: str) -> dict[str, bytes]:
    """Return the files of a data source by their URLs: one object, or the first level of a folder."""
    try:
        location = Location.parse(url)
    except ValueError as error:
        raise JobFailedError(str(error)) from error
    if location.key and not location.key.endswith("/"):
        content = storage.read(location)
        if content is None:
            raise JobFailedError(f"There is no object {location}; the path of a folder ends in /")
        return {str(location): content}
    first_level = [
        key for key in storage.list_keys(location) if key != location.key and "/" not in key[len(location.key) :]
    ]
    if not first_level:
        raise JobFailedError(f"There are no files in {location}; subfolders are not read")
    files = {key: storage.read(Location(location.bucket, key)) for key in first_level}
    return {f"s3://{location.bucket}/{key}": content or b"" for key, content in files.items()}


def _check_interactions(rows: pl.DataFrame, schema: Schema) -> None:
    if rows.height < MINIMUM_INTERACTIONS:
        raise JobFailedError(f"There are {rows.height} interactions; an import needs at least {MINIMUM_INTERACTIONS}")
    if "EVENT_TYPE" not in rows.columns:
        return
    event_types = rows.get_column("EVENT_TYPE").n_unique()
    columns = len(schema.metadata) + len({"EVENT_TYPE", "EVENT_VALUE"} & set(schema.names))
    if event_types + columns > _MOST_EVENT_COLUMNS:
        raise JobFailedError(
            f"{event_types} distinct event types and {columns} optional columns: together there can be at most "
            f"{_MOST_EVENT_COLUMNS}"
        )


def _appended(dataset: Resource, rows: pl.DataFrame) -> pl.DataFrame:
    if dataset.result is None:
        raise JobFailedError("The first import into a dataset must be FULL")
    before: pl.DataFrame = dataset.result
    return pl.concat([before, rows])


def _without_duplicates(rows: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Let a later record replace one with the same ID, and equal interactions collapse."""
    if schema.rules.keys:
        return rows.unique(subset=list(schema.rules.keys), keep="last", maintain_order=True)
    return rows.unique(keep="first", maintain_order=True)
