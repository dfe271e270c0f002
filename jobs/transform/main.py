"""The script of the Glue job: transforms what ``--request`` in ``--bucket`` asks for.

The request is a ``TransformRequest`` as JSON, the report goes to ``layout.DATA_REPORT``. What this module
imports of ours comes as ``--extra-py-files``, pydantic as ``--additional-python-modules``.
"""

from __future__ import annotations

import argparse

import boto3
from pyspark.sql import SparkSession

from jobs.transform.bucket import Bucket
from jobs.transform.session import configured
from jobs.transform.transform import transform
from transform.contract import TransformRequest
from transform.raw.objects import raw_objects


def main() -> None:
    """Transform the datasets of one run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bucket", required=True, help="bucket of the pipeline")
    parser.add_argument("--request", required=True, help="key of the request in it")
    # Glue adds arguments of its own.
    given, _ = parser.parse_known_args()
    store = Bucket(given.bucket)
    with store.read(given.request) as stream:
        request = TransformRequest.model_validate_json(stream.read())
    s3 = boto3.client("s3")
    objects = [raw_objects(s3, request.bucket, mapping) for mapping in request.datasets]
    report = transform(configured(SparkSession.builder.getOrCreate()), request, store, objects)
    for dataset in report.datasets:
        for folder in {dataset.location, dataset.imports and dataset.imports.location}:
            if folder:
                store.drop_folder_marker(folder.removeprefix(store.root))


if __name__ == "__main__":
    main()
