"""The transform as the function runs it, end to end from and to S3."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3

from bench.data import BUCKET
from definition.mapping.mapping import DatasetMapping
from lambdas.transform.transform import transform
from transform.contract import BatchInput, TransformRequest


def main(raw: Path) -> None:
    """Transform the object and print rows out and rejected."""
    mapping = DatasetMapping.model_validate_json((raw.parent / "mapping.json").read_bytes())
    users = BatchInput(prefix="batch/bench/", line="user", users="all", lines_per_file=500_000)
    request = TransformRequest(bucket=BUCKET, run="bench", started=0, datasets=[mapping], batch_inputs=[users])
    (report,) = transform(request, boto3.client("s3")).datasets
    print(report.rows_out, report.rows_rejected)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
