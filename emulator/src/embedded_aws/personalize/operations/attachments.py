"""What is attached to a dataset group: filters, event trackers, metric attributions.

Rules: CreateFilter, CreateEventTracker, CreateMetricAttribution and UpdateMetricAttribution in the API reference;
Developer Guide, metric-attribution-requirements.
"""

import hashlib
import re
from typing import Any, Final

from embedded_aws.personalize.attribution import SUM
from embedded_aws.personalize.datasets import schemas_of
from embedded_aws.personalize.exceptions import (
    InvalidInputException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from embedded_aws.personalize.filters import parse_filter
from embedded_aws.personalize.keys import refused_key
from embedded_aws.personalize.kinds import DATASET_GROUP, EVENT_TRACKER, FILTER, METRIC_ATTRIBUTION
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.operations.data import tracking_id
from embedded_aws.personalize.operations.generic import Operation, Params, answer_page, created, picked
from embedded_aws.personalize.schemas import Schema

_COUNT: Final = re.compile(r"SAMPLECOUNT\(\)", re.IGNORECASE)
_MOST_METRICS: Final = 10
_MOST_FIELDS: Final = 20
"""Distinct fields of all filters of a dataset group (Developer Guide, limits)."""


def _create_filter(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    found = parse_filter(params["filterExpression"])
    found.check(schemas_of(backend, group.arn))
    others = [one.members["filterExpression"] for one in backend.all(FILTER, datasetGroupArn=group.arn)]
    fields = found.fields.union(*(parse_filter(expression).fields for expression in others))
    if len(fields) > _MOST_FIELDS:
        raise LimitExceededException(f"More than {_MOST_FIELDS} distinct fields in the filters of {group.arn}")
    return created(backend.add(FILTER, params))


def _create_event_tracker(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    for tracker in backend.all(EVENT_TRACKER):
        same_group = tracker.members["datasetGroupArn"] == group.arn
        if same_group or tracker.members["name"] == params["name"]:
            raise ResourceAlreadyExistsException(tracker.arn)
    salt = f"{params['name']}/{backend.added}"
    members = {**params, "trackingId": tracking_id(group.arn, salt), "accountId": backend.account_id}
    identifier = hashlib.sha256(f"{group.arn}/{salt}".encode()).hexdigest()[:8]
    tracker = backend.add(EVENT_TRACKER, members, id=identifier)
    return {**created(tracker), "trackingId": tracker.members["trackingId"]}


def _create_metric_attribution(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    group = backend.find_active(DATASET_GROUP, params["datasetGroupArn"])
    if taken := backend.all(METRIC_ATTRIBUTION, datasetGroupArn=group.arn):
        raise ResourceAlreadyExistsException(taken[0].arn)
    schemas = schemas_of(backend, group.arn)
    if "INTERACTIONS" not in schemas or "EVENT_TYPE" not in schemas["INTERACTIONS"].names:
        raise InvalidInputException("A metric attribution needs an Interactions dataset with an EVENT_TYPE column")
    _check_metrics(params["metrics"], schemas)
    _check_key(backend, params)
    return created(backend.add(METRIC_ATTRIBUTION, params))


def _check_key(backend: PersonalizeBackend, params: Params) -> None:
    """Check that reports may be written under the key of KMS that a request names for them."""
    config = params.get("metricsOutputConfig") or {}
    key = (config.get("s3DataDestination") or {}).get("kmsKeyArn")
    if key and (refusal := refused_key(backend, key, config["roleArn"])):
        raise InvalidInputException(refusal)


def _check_metrics(metrics: list[dict[str, str]], schemas: dict[str, Schema]) -> None:
    names = [metric["metricName"] for metric in metrics]
    if len(set(names)) != len(names):
        raise InvalidInputException("Each metric of a metric attribution has a name of its own")
    if len(names) > _MOST_METRICS:
        raise InvalidInputException(f"A metric attribution has at most {_MOST_METRICS} metrics")
    for metric in metrics:
        expression = metric["expression"].replace(" ", "")
        if _COUNT.fullmatch(expression):
            continue
        match = SUM.fullmatch(expression)
        if match is None:
            raise InvalidInputException(
                f"The expression of {metric['metricName']} must be SUM(Items.COLUMN), SUM(Interactions.COLUMN) or "
                f"SAMPLECOUNT(), not {metric['expression']}"
            )
        fields = (
            {field.name: field for field in schemas[match[1].upper()].fields} if match[1].upper() in schemas else {}
        )
        if match[2] not in fields or not fields[match[2]].numeric:
            raise InvalidInputException(f"{match[1]} has no numeric column {match[2]}")


def _update_metric_attribution(backend: PersonalizeBackend, params: Params) -> dict[str, str]:
    if "metricAttributionArn" not in params:
        raise InvalidInputException("metricAttributionArn is required")
    attribution = backend.find_active(METRIC_ATTRIBUTION, params["metricAttributionArn"])
    removed = set(params.get("removeMetrics", ()))
    metrics = [metric for metric in attribution.members["metrics"] if metric["metricName"] not in removed]
    unknown = removed - {metric["metricName"] for metric in attribution.members["metrics"]}
    if unknown:
        raise ResourceNotFoundException(f"{attribution.arn}, metric {min(unknown)}")
    metrics += params.get("addMetrics", [])
    _check_metrics(metrics, schemas_of(backend, attribution.members["datasetGroupArn"]))
    _check_key(backend, params)
    attribution.members["metrics"] = metrics
    attribution.members.update(picked(params, "metricsOutputConfig"))
    return created(attribution)


def _list_metric_attribution_metrics(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    if "metricAttributionArn" not in params:
        raise InvalidInputException("metricAttributionArn is required")
    metrics = backend.find(METRIC_ATTRIBUTION, params["metricAttributionArn"]).members["metrics"]
    return answer_page(backend, "ListMetricAttributionMetrics", "metrics", metrics, params)


OPERATIONS: dict[str, Operation] = {
    "CreateFilter": _create_filter,
    "CreateEventTracker": _create_event_tracker,
    "CreateMetricAttribution": _create_metric_attribution,
    "UpdateMetricAttribution": _update_metric_attribution,
    "ListMetricAttributionMetrics": _list_metric_attribution_metrics,
}
