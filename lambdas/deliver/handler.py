"""Entry point of the deliver function."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from definition.contract.delivery import BeginRequest, EndRequest, Request, WriteRequest
from lambdas.deliver.deliver import Delivery
from lambdas.deliver.items import AT_ONCE
from lambdas.observability import logger, metrics, record, s3_client, tracer


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one step of delivering a published table to DynamoDB, and return what came of it."""
    request = Request.validate_python(event)
    logger.append_keys(run=request.run, table=request.table)
    delivery = Delivery(request, s3_client(), _dynamodb(), lambda: context.get_remaining_time_in_millis() / 1000)
    if isinstance(request, BeginRequest):
        return record(delivery.begin(request), {})
    if isinstance(request, EndRequest):
        delivery.end(request)
        return {}
    done = delivery.write(request) if isinstance(request, WriteRequest) else delivery.sweep(request)
    return record(done, {"lists_written": done.written, "lists_removed": done.removed})


@cache
def _dynamodb() -> Any:
    """Return a client that repeats no call, for how long and how often is told by `lambdas.deliver.items`."""
    once = {"total_max_attempts": 1}
    return boto3.client(
        "dynamodb",
        config=Config(retries=once, max_pool_connections=AT_ONCE, connect_timeout=5, read_timeout=10),
    )
