"""The work of a dataset export job: the records of a dataset as CSV files in S3.

Rules: CreateDatasetExportJob in the API reference; Developer Guide, export-data; items-datasets for how texts are
quoted and escaped. The name of the file is a choice.
"""

from typing import Final

import polars as pl

from embedded_aws.personalize.exceptions import JobFailedError
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.schemas import Schema
from embedded_aws.personalize.storage import Location, RoleStorage

_FILE: Final = "{name}-{mode}.csv"


def run(backend: PersonalizeBackend, job: Resource, dataset: Resource, schema: Schema) -> None:
    """Write what the dataset holds of bulk imports (BULK), Put operations (PUT) or both (ALL) as one file.

    Raises:
        JobFailedError: S3 cannot be used, or there is nothing to export.
    """
    mode = job.members["ingestionMode"]
    with backend.lock:
        rows = dataset.result.rows(schema, bulk=mode != "PUT", streamed=mode != "BULK")
    if rows.is_empty():
        raise JobFailedError(f"The dataset {dataset.arn} has no records of the ingestion mode {mode}")
    destination = job.members["jobOutput"]["s3DataDestination"]
    storage = RoleStorage(backend, job.members["roleArn"], job.arn, output_key=destination.get("kmsKeyArn"))
    target = Location.parse(destination["path"])
    storage.list_keys(target.folder)
    key = target.folder.key + _FILE.format(name=dataset.members["datasetType"].lower(), mode=mode.lower())
    storage.write(Location(target.bucket, key), _csv(rows))


def _csv(rows: pl.DataFrame) -> bytes:
    """Return a file that an import reads back: what needs it is quoted, and escaped as imports are told to."""
    texts = pl.col(pl.String)
    quoted = pl.format('"{}"', texts.str.replace_all(r'(["\\])', r"\${1}"))
    needed = texts.str.contains(r'[",\r\n]')
    return rows.with_columns(pl.when(needed).then(quoted).otherwise(texts)).write_csv(quote_style="never").encode()
