"""Entry point of the publish function."""

from __future__ import annotations

from typing import Any

from lambdas.observability import logger, metrics, record, s3_client, tracer
from lambdas.publish.publish import add_up, publish, publish_part
from lambdas.publish.request import PartRequest, PublishRequest, Request


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Publish the output of the job that the state machine names, or a part of it, and return the report."""
    request = Request.validate_python(event)
    logger.append_keys(run=request.run)
    if isinstance(request, PartRequest):
        # The call that adds the parts up counts them.
        return record(publish_part(request, s3_client()), {})
    make = publish(request, s3_client()) if isinstance(request, PublishRequest) else add_up(request, s3_client())
    return record(make, {"lines": make.lines, "errors": make.errors, "rows": make.rows})
