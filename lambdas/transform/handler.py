"""Entry point of the transform function."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.transform.request import TransformRequest
from lambdas.transform.transform import transform

logger = Logger()
tracer = Tracer()
metrics = Metrics()


@functools.cache
def _s3() -> Any:
    return boto3.client("s3")


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Transform the dataset that the state machine names, and return the report."""
    request = TransformRequest.model_validate(event)
    logger.append_keys(run=request.run)
    report = transform(request, _s3())
    for name in ("rows_in", "rows_out", "rows_filtered", "rows_rejected"):
        metrics.add_metric(name, unit=MetricUnit.Count, value=getattr(report, name))
    logger.info("transformed", report=report.model_dump())
    return report.model_dump()
