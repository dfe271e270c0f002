"""Entry point of the report function: before the manifest it reckons what a run used, at the end it makes the page."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from definition import layout
from definition.contract.report import MessageRequest, PageReport, PageRequest, Request
from lambdas.observability import logger, metrics, record, s3_client, tracer
from lambdas.report.documents import Bucket
from lambdas.report.endpoints import is_aws
from lambdas.report.message import tell
from lambdas.report.page import fitted
from lambdas.report.report import Maker
from pricing.spending.spent import usage

if TYPE_CHECKING:
    from definition.contract.report import Report


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return what a run used, write its page and return where that is, or tell how it has ended."""
    request = Request.validate_python(event)
    logger.append_keys(run=request.run)
    if isinstance(request, PageRequest):
        return record(_make(request), {})
    if isinstance(request, MessageRequest):
        return record(tell(request), {})
    rates = request.rates.get(request.region, {})
    used = usage(
        request,
        workers=request.workers,
        themed=request.themed,
        region=request.region,
        rates=rates,
        # Elsewhere they are those of some machine, which nobody bills.
        real_hours=is_aws(s3_client()),
    )
    return record(used, {})


def _make(request: PageRequest) -> PageReport:
    bucket = Bucket(s3_client(), request.bucket)
    made = request.made or dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    maker = Maker(bucket, _stepfunctions(), request, made)
    told = maker.documents()
    # First without any data: should that be more than the function's memory or time, this page stays.
    size = _write(bucket, told)
    whole = maker.with_data(told)
    if whole is not told:
        size = _write(bucket, whole)
    own = (each.anomalies for each in told.history if each.run == request.run)
    return PageReport(
        report=bucket.uri(layout.REPORT.key(run=request.run)),
        size=size,
        notes=maker.notes,
        anomalies=next(own, []),
        month=maker.month,
    )


def _write(bucket: Bucket, report: Report) -> int:
    body = fitted(report).encode()
    bucket.s3.put_object(
        Bucket=bucket.name, Key=layout.REPORT.key(run=report.run), Body=body, ContentType="text/html; charset=utf-8"
    )
    return len(body)


@cache
def _stepfunctions() -> Any:
    return boto3.client("stepfunctions")
