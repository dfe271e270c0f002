"""The work of a dataset import job: files from S3, held against the schema, into the dataset.

Rules: Developer Guide, bulk-data-import-step, preparing-training-data, limits and items-datasets.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import polars as pl

from embedded_aws.personalize import attribution
from embedded_aws.personalize.exceptions import JobFailedError
from embedded_aws.personalize.keys import refused_group
from embedded_aws.personalize.kinds import DATASET_GROUP
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.schemas import Schema
from embedded_aws.personalize.storage import Location, RoleStorage
from embedded_aws.personalize.tables import read_table

if TYPE_CHECKING:
    from embedded_aws.personalize.contents import Contents

MINIMUM_INTERACTIONS: Final = 1000
_MOST_EVENT_COLUMNS: Final = 10
_MOST_BYTES: Final = {"FULL": 100 * 1024**3, "INCREMENTAL": 1024**3}


def run(backend: PersonalizeBackend, job: Resource, dataset: Resource, schema: Schema) -> None:
    """Import what the job's data source names into the dataset's contents.

    Raises:
        JobFailedError: the files cannot be read, or break a rule of the service.
    """
    group = backend.find(DATASET_GROUP, dataset.members["datasetGroupArn"])
    if refusal := refused_group(backend, group, imports=True):
        raise JobFailedError(refusal)
    storage = RoleStorage(backend, job.members["roleArn"], job.arn, imports=True)
    files = storage.read_folder(Location.parse(job.members["dataSource"]["dataLocation"]))
    mode = job.members["importMode"]
    if sum(map(len, files.values())) > _MOST_BYTES[mode]:
        raise JobFailedError(f"The data is larger than {_MOST_BYTES[mode]} bytes, the most for a {mode} import")
    rows = pl.concat([read_table(name, content, schema) for name, content in files.items()])
    interactions = schema.dataset_type == "INTERACTIONS"
    if interactions and rows.height < MINIMUM_INTERACTIONS:
        raise JobFailedError(f"There are {rows.height} interactions; an import needs at least {MINIMUM_INTERACTIONS}")
    if rows.is_empty():
        raise JobFailedError("There are no records, only headers")
    with backend.lock:
        contents: Contents = dataset.result
        if mode != "FULL" and contents.full is None:
            raise JobFailedError("The first import into a dataset must be FULL")
        if interactions:
            _check_event_types([*contents.frames(bulk=mode != "FULL"), rows], schema)
        if job.members.get("publishAttributionMetricsToS3"):
            attribution.publish(backend, job, dataset, rows)
        if mode == "FULL":
            contents.replace(rows)
        else:
            contents.append(rows)


def _check_event_types(frames: Iterable[pl.DataFrame], schema: Schema) -> None:
    """Check the quota of what the dataset would hold."""
    if "EVENT_TYPE" not in schema.names:
        return
    event_types = len(set().union(*(frame.get_column("EVENT_TYPE").unique() for frame in frames)))
    columns = len(schema.metadata) + len({"EVENT_TYPE", "EVENT_VALUE"} & set(schema.names))
    if event_types + columns > _MOST_EVENT_COLUMNS:
        raise JobFailedError(
            f"{event_types} distinct event types and {columns} optional columns: together there can be at most "
            f"{_MOST_EVENT_COLUMNS}"
        )
