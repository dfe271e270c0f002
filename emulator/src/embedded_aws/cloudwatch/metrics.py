"""Metrics on the embedded clock, by what tells them apart: namespace, name and dimensions.

Sources: CloudWatch API reference, PutMetricData; user guide, page cloudwatch_concepts. moto keeps one list of all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from embedded_aws import clock
from embedded_aws.patches import replaces

Key = tuple[str, str, frozenset[tuple[str, str]]]

_OLDEST, _NEWEST = timedelta(weeks=2), timedelta(hours=2)
_put_metric_data = CloudWatchBackend.put_metric_data
_lock: Final = Lock()


def key_of(namespace: str, name: str, dimensions: Iterable[tuple[str, str]]) -> Key:
    """Return what tells a metric from others."""
    return namespace, name, frozenset(dimensions)


def series(backend: Any) -> dict[Key, list[Any]]:
    """Return the data of a region by metric, as moto holds them; their times are UTC without a zone."""
    found: dict[Key, list[Any]] = backend.__dict__.setdefault("series", defaultdict(list))
    return found


def forget(backend: Any, before: datetime) -> None:
    """Leave out of `series` what is older, as far as it came in its order; moto keeps it."""
    for data in list(series(backend).values()):
        old = next((number for number, datum in enumerate(data) if datum.timestamp >= before), len(data))
        del data[:old]


@replaces(CloudWatchBackend, "put_metric_data")
def data_have_embedded_times(self: Any, namespace: str, metric_data: Sequence[Mapping[str, Any]]) -> None:
    """Take data in.

    moto: gives those without a time the machine's, and takes any time. AWS: the service's own time (here the embedded
    clock's), and none older than two weeks or more than two hours ahead.
    """
    now = _plain(clock.now())
    stamped = _stamped(metric_data)
    for number, each in enumerate(stamped, 1):
        if not now - _OLDEST <= each["Timestamp"] <= now + _NEWEST:
            raise InvalidParameterValue(
                f"The parameter MetricData.member.{number}.Timestamp must specify a time within the past two weeks "
                "and no more than two hours ahead."
            )
    _keep(self, namespace, stamped)


def emit(
    account_id: str,
    region: str,
    namespace: str,
    values: Mapping[str, float],
    *,
    moment: datetime | None = None,
    **of: str,
) -> None:
    """Let a service tell of itself, at whatever time: the clock may have been set weeks ahead since `moment`.

    Args:
        account_id: whose service it is.
        region: where.
        namespace: such as `AWS/States`.
        values: by metric.
        moment: to which they belong; left out: now.
        of: the dimensions.
    """
    dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
    data = [
        {"MetricName": name, "Value": value, "Dimensions": dimensions, "Timestamp": moment}
        for name, value in values.items()
    ]
    _keep(cloudwatch_backends[account_id][region], namespace, _stamped(data))


def _stamped(metric_data: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return data whose times are as moto holds them; those without one are of now."""
    now = clock.now()
    return [{**each, "Timestamp": _plain(each.get("Timestamp") or now)} for each in metric_data]


def _keep(backend: Any, namespace: str, stamped: list[dict[str, Any]]) -> None:
    """Put data behind what moto holds, and into `series`."""
    with _lock:
        known = len(backend.metric_data)
        _put_metric_data(backend, namespace, stamped)
        for datum in backend.metric_data[known:]:
            dimensions = ((each.name, each.value) for each in datum.dimensions)
            series(backend)[key_of(namespace, datum.name, dimensions)].append(datum)


def _plain(moment: datetime) -> datetime:
    """Return a time as moto holds it; one without a zone is in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
