"""The work of a data deletion job: forget users in every dataset of a group.

Rules: CreateDataDeletionJob in the API reference; Developer Guide, delete-records. Solution versions keep what they
learned, as trained models do; the next training does not know the users any more.
"""

from collections.abc import Iterable
from typing import Final

import polars as pl

from local.personalize.exceptions import JobFailedError
from local.personalize.models import PersonalizeBackend
from local.personalize.resources import Resource
from local.personalize.storage import Location, RoleStorage

_HEADER: Final = "USER_ID"
_MOST_BYTES: Final = 100 * 1024**2
_OF_USERS: Final = frozenset({"INTERACTIONS", "USERS", "ACTION_INTERACTIONS"})


def run(backend: PersonalizeBackend, job: Resource, datasets: Iterable[Resource]) -> None:
    """Delete the records of the users that the job's data source names, subfolders included.

    Raises:
        JobFailedError: S3 cannot be read, or a file is not a list of users.
    """
    storage = RoleStorage(backend, job.members["roleArn"], job.arn)
    source = Location.parse(job.members["dataSource"]["dataLocation"])
    files = {key: storage.read(Location(source.bucket, key)) or b"" for key in storage.list_keys(source)}
    if not any(files.values()):
        raise JobFailedError(f"There are no files in {source}")
    if sum(map(len, files.values())) > _MOST_BYTES:
        raise JobFailedError(f"The data is larger than {_MOST_BYTES} bytes")
    users = pl.concat([_users(key, content) for key, content in files.items() if content])
    with backend.lock:
        of_users = [dataset for dataset in datasets if dataset.members["datasetType"] in _OF_USERS]
        job.members["numDeleted"] = sum(dataset.result.forget(users) for dataset in of_users)


def _users(key: str, content: bytes) -> pl.Series:
    lines = [line.rstrip("\r") for line in content.decode("utf-8", "replace").split("\n")]
    if lines[0] != _HEADER:
        raise JobFailedError(f"{key}, line 1: the header must be {_HEADER}, the only column")
    users = [line for line in lines[1:] if line]
    wrong = next((number for number, line in enumerate(lines[1:], start=2) if "," in line), None)
    if wrong is not None:
        raise JobFailedError(f"{key}, line {wrong}: there is more than one value")
    return pl.Series(users, dtype=pl.String)
