"""The thread that evaluates alarms as embedded time passes, also through what is skipped of it."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any, Final

from moto.cloudwatch.models import cloudwatch_backends
from moto.sqs.models import sqs_backends

from embedded_aws import clock
from embedded_aws.cloudwatch.alarms import turn
from embedded_aws.cloudwatch.evaluation import MINUTE, evaluate, span_of, step_of
from embedded_aws.cloudwatch.metrics import emit, forget, key_of, series

_STEP: Final = 0.05  # real seconds
_REMEMBERED: Final = timedelta(weeks=3)  # longer than any alarm looks back
_VISIBLE: Final = "ApproximateNumberOfMessagesVisible"
_log = logging.getLogger(__name__)


class Evaluating:
    """Evaluates alarms until it is stopped."""

    def __init__(self) -> None:
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._filled: set[str] = set()

    def start(self) -> None:
        """Start evaluating."""
        self._thread.start()

    def stop(self) -> None:
        """Stop evaluating."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        minute = _floor(_now(), MINUTE)
        while not self._stop.wait(_STEP):
            if (now := _floor(_now(), MINUTE)) <= minute:
                continue
            minute = now
            self._measure_queues(minute)
            _evaluate_all(minute)

    def _measure_queues(self, minute: datetime) -> None:
        """Tell how many messages queues hold: each minute while there are some, and once that there are none again.

        Page sqs-available-cloudwatch-metrics: each minute, for queues that something happens to.
        """
        backends: list[tuple[str, str, Any]] = list(sqs_backends.iter_backends())
        for account_id, region, backend in backends:
            for queue in list(backend.queues.values()):
                held = len(queue.messages)
                if held or queue.queue_arn in self._filled:
                    emit(account_id, region, "AWS/SQS", {_VISIBLE: held}, moment=minute - MINUTE, QueueName=queue.name)
                (self._filled.add if held else self._filled.discard)(queue.queue_arn)


def _evaluate_all(minute: datetime) -> None:
    backends: list[tuple[str, str, Any]] = list(cloudwatch_backends.iter_backends())
    for _, _, backend in backends:
        forget(backend, minute - _REMEMBERED)
        for alarm in list(backend.alarms.values()):
            try:
                _evaluate(backend, alarm, minute)
            except Exception:  # noqa: BLE001  # logged: one alarm must not end the others
                _log.exception("the alarm %s could not be evaluated", alarm.name)


def _evaluate(backend: Any, alarm: Any, minute: datetime) -> None:
    of = ((each.name, each.value) for each in alarm.dimensions)
    data = list(series(backend).get(key_of(alarm.namespace, alarm.metric_name, of), ()))
    for moment in _moments(alarm, data, minute):
        alarm.evaluated = moment
        if outcome := evaluate(alarm, data, moment):
            turn(alarm, outcome, moment)


def _moments(alarm: Any, data: list[Any], now: datetime) -> Iterator[datetime]:
    """Yield when to evaluate an alarm, after it was last; times at which nothing can have changed are left out."""
    step, span = step_of(alarm), span_of(alarm)
    last, times = _floor(now, step), sorted(datum.timestamp for datum in data)
    moment = _floor(alarm.evaluated, step) + step
    while moment <= last:
        yield moment
        counted = any(moment - span - step <= each < moment for each in times)
        following = [each for each in times if each >= moment]
        if counted:
            moment += step
        elif following and following[0] < last:
            moment = _floor(following[0], step) + step
        else:
            moment = max(last, moment + step)


def _now() -> datetime:
    return clock.now().astimezone(UTC).replace(tzinfo=None)


def _floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - datetime.min) % step  # noqa: DTZ901  # as moto's times
