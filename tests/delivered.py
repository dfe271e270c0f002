"""DynamoDB tables that were delivered, and the Parquet tables that they are to equal, each by its own reader."""

from __future__ import annotations

import io
import json
import urllib.request
from typing import TYPE_CHECKING, Any

import polars as pl
from boto3.dynamodb.types import TypeDeserializer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.server import EmbeddedAWS

Lists = dict[str, list[dict[str, Any]]]
"""Results in their order, each as the table's columns have it, by key."""


def of_dynamodb(aws: EmbeddedAWS, table: str, key: str) -> Lists:
    """Return the lists of a DynamoDB table."""
    return {name: item["results"] for name, item in items(aws, table, key).items()}


def items(aws: EmbeddedAWS, table: str, key: str) -> dict[str, dict[str, Any]]:
    """Return the items of a DynamoDB table by key; numbers are floats."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    read = TypeDeserializer().deserialize
    found = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
    return {item[key]: json.loads(json.dumps(item, default=float)) for item in found}


def of_parquet(s3: Any, bucket: str, prefix: str, key: str) -> Lists:
    """Return the lists of a published table: rows in the order of their rank, without columns that have no value."""
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    bodies = (s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed)
    rows = [row for body in bodies for row in pl.read_parquet(io.BytesIO(body)).to_dicts()]
    lists: Lists = {}
    for row in sorted(rows, key=lambda row: row["rank"]):
        told = {name: value for name, value in row.items() if name not in {key, "rank", "theme"} and value is not None}
        lists.setdefault(row[key], []).append(told)
    return lists


def arm(aws: EmbeddedAWS, **fault: Any) -> None:
    """Switch a fault of the embedded DynamoDB on."""
    urllib.request.urlopen(_door(aws), json.dumps(fault).encode()).close()  # noqa: S310  # our own server


def disarm(aws: EmbeddedAWS) -> Mapping[str, Any]:
    """Switch all of them off; return what was left, and how often one fired."""
    with urllib.request.urlopen(_door(aws)) as answer:  # noqa: S310  # as above
        told: Mapping[str, Any] = json.load(answer)
    urllib.request.urlopen(urllib.request.Request(_door(aws), method="DELETE")).close()  # noqa: S310  # as above
    return told


def _door(aws: EmbeddedAWS) -> str:
    return f"{aws.endpoint_url}/dynamodb-faults"
