"""Entry point of the transform function."""

from __future__ import annotations

from typing import Any

from lambdas.observability import logger, metrics, record, s3_client, tracer
from lambdas.transform.transform import transform
from transform.contract import TransformRequest

_COUNTS = ("rows_in", "rows_out", "rows_filtered", "rows_rejected")


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Transform the datasets that the state machine names, and return the report."""
    request = TransformRequest.model_validate(event)
    logger.append_keys(run=request.run)
    report = transform(request, s3_client())
    return record(report, {name: sum(getattr(dataset, name) for dataset in report.datasets) for name in _COUNTS})
