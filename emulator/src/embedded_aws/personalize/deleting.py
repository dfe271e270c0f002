"""The work of a data deletion job: forget users in every dataset of a group.

Rules: CreateDataDeletionJob in the API reference; Developer Guide, delete-records. The lists of users are read as the
files of imports are. What users did before they logged in is deleted with what they did afterwards. Solution versions
keep what they learned, as trained models do; the next training does not know the users any more.
"""

from collections.abc import Iterable
from typing import Final

import polars as pl

from embedded_aws.personalize.exceptions import JobFailedError
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.schemas import Field, Schema
from embedded_aws.personalize.sessions import sessions_of
from embedded_aws.personalize.storage import Location, RoleStorage
from embedded_aws.personalize.tables import read_table

_COLUMNS: Final = Schema("USERS", (Field("USER_ID", frozenset({"string"})),))
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
    lists = [
        read_table(str(Location(source.bucket, key)), content, _COLUMNS) for key, content in files.items() if content
    ]
    users = pl.concat(lists).get_column("USER_ID")
    with backend.lock:
        of_users = [dataset for dataset in datasets if dataset.members["datasetType"] in _OF_USERS]
        job.members["numDeleted"] = sum(
            dataset.result.forget(users) + sessions_of(dataset).forget(users) for dataset in of_users
        )
