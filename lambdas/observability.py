"""The logger, tracer, metrics and S3 client that every function uses.

Service name, metrics namespace and log level come from the POWERTOOLS_* variables that the stack sets.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

logger = Logger()
tracer = Tracer()
metrics = Metrics()


@functools.cache
def s3_client() -> Any:
    """Return the boto3 S3 client of this execution environment."""
    return boto3.client("s3")


def record(report: BaseModel, counts: Mapping[str, int]) -> dict[str, Any]:
    """Log a report, add its counts as metrics, and return the report as JSON data."""
    for name, value in counts.items():
        metrics.add_metric(name, unit=MetricUnit.Count, value=value)
    document = report.model_dump(mode="json")
    logger.info(type(report).__name__, report=document)
    return document
