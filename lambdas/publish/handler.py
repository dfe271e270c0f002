"""Entry point of the publish function."""

from __future__ import annotations

from typing import Any

from lambdas.observability import logger, metrics, record, s3_client, tracer
from lambdas.publish.publish import publish
from lambdas.publish.request import PublishRequest


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Publish the output of the job that the state machine names, and return the report."""
    request = PublishRequest.model_validate(event)
    logger.append_keys(run=request.run)
    report = publish(request, s3_client())
    return record(report, {"lines": report.lines, "errors": report.errors, "rows": report.rows})
