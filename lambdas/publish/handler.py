"""Entry point of the publish function."""

from __future__ import annotations

from typing import Any

from definition.contract.publishing import PartRequest, PublishRequest, RangeRequest, Request, TableReport
from lambdas.observability import logger, metrics, record, s3_client, tracer
from lambdas.publish.publish import add_up, publish, publish_part, publish_range


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Publish the output of the job that the state machine names, or a part of it, and return the report."""
    request = Request.validate_python(event)
    logger.append_keys(run=request.run)
    # What is published in parts is counted where they are added up.
    if isinstance(request, PartRequest):
        return record(publish_part(request, s3_client()), {})
    if isinstance(request, RangeRequest):
        return record(publish_range(request, s3_client()), {})
    if isinstance(request, PublishRequest):
        report = publish(request, s3_client())
        return record(report, _counts(report))
    total = add_up(request, s3_client())
    return record(total, _counts(total.table))


def _counts(report: TableReport) -> dict[str, int]:
    return {"lines": report.lines, "errors": report.errors, "rows": report.rows}
