"""The state of a metric alarm at a moment, from the data of its metric.

Sources: CloudWatch user guide, pages alarm-evaluation, alarm-evaluation-window and alarms-and-missing-data, whose
tables of missing data the tests hold; texts of reasons as notifications in public repositories have them.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(weeks=1)

_FURTHER: Final = 2
"""Periods that are looked at beyond those of the alarm where data is missing. The page says that their number depends
on the period, and shows two."""

OPERATORS: Final[dict[str, tuple[str, Callable[[float, float], bool]]]] = {
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", lambda value, threshold: value >= threshold),
    "GreaterThanThreshold": ("greater than", lambda value, threshold: value > threshold),
    "LessThanThreshold": ("less than", lambda value, threshold: value < threshold),
    "LessThanOrEqualToThreshold": ("less than or equal to", lambda value, threshold: value <= threshold),
}
STATISTICS: Final[dict[str, Callable[[list[Any]], float]]] = {
    "SampleCount": lambda data: sum(_count(each) for each in data),
    "Sum": lambda data: sum(_sum(each) for each in data),
    "Average": lambda data: sum(_sum(each) for each in data) / sum(_count(each) for each in data),
    "Minimum": lambda data: min(each.min if hasattr(each, "min") else each.value for each in data),
    "Maximum": lambda data: max(each.max if hasattr(each, "max") else each.value for each in data),
}
MISSING: Final = {"missing": "Missing", "ignore": "Ignore", "breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True)
class Outcome:
    """A state with its reason, as a text and as JSON."""

    state: str
    reason: str
    data: str


@dataclass(frozen=True)
class _Point:
    """One period: when it began, and the statistic of its data."""

    start: datetime
    value: float

    def __str__(self) -> str:
        return f"{self.value} ({self.start:%d/%m/%y %H:%M:%S})"


def step_of(alarm: Any) -> timedelta:
    """Return how often an alarm is evaluated: one that looks back for more than a day at every full hour."""
    return HOUR if alarm.evaluation_periods * _period(alarm) > DAY else MINUTE


def span_of(alarm: Any) -> timedelta:
    """Return how far back data can count."""
    return (int(alarm.evaluation_periods) + _FURTHER) * _period(alarm)


def evaluate(alarm: Any, data: Iterable[Any], moment: datetime) -> Outcome | None:
    """Return the state of an alarm, None where it stays as it is.

    Args:
        alarm: moto's.
        data: of its metric.
        moment: the end of the newest period.
    """
    wanted = int(alarm.evaluation_periods)
    points = _points(alarm, data, moment)[:wanted]
    lacking = wanted - len(points)
    _, breaches = OPERATORS[alarm.comparison_operator]
    bad = sum(breaches(point.value, alarm.threshold) for point in points)
    state = _state(alarm, bad=bad, good=len(points) - bad, lacking=lacking)
    if state is None or state == alarm.state_value:
        return None
    reason = _reason(alarm, points, state, lacking)
    return Outcome(state, reason, _reason_data(alarm, points, moment))


def _period(alarm: Any) -> timedelta:
    return timedelta(seconds=int(alarm.period))


def _points(alarm: Any, data: Iterable[Any], moment: datetime) -> list[_Point]:
    """Return the periods with data, the newest first."""
    period, buckets = _period(alarm), dict[int, list[Any]]()
    for datum in data:
        age = moment - datum.timestamp
        if timedelta() < age <= span_of(alarm) and alarm.unit in {None, datum.unit}:
            buckets.setdefault(-(-age // period), []).append(datum)
    found = STATISTICS[alarm.statistic]
    return [_Point(moment - number * period, found(buckets[number])) for number in sorted(buckets)]


def _state(alarm: Any, *, bad: int, good: int, lacking: int) -> str | None:
    """Return the state, None for one that is kept, from the periods that are bad, good, and without data."""
    needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
    treatment = alarm.treat_missing_data or "missing"
    if bad + (lacking if treatment == "breaching" else 0) >= needed:
        return "ALARM"
    if treatment in {"breaching", "notBreaching"} or good or not lacking:
        return "OK"
    if treatment == "ignore":
        return None
    return "ALARM" if bad else "INSUFFICIENT_DATA"


def _reason(alarm: Any, points: list[_Point], state: str, lacking: int) -> str:
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_counted(lacking, 'datapoint')} {_was(lacking)} unknown."
    words, breaches = OPERATORS[alarm.comparison_operator]
    is_alarm = state == "ALARM"
    shown = [point for point in points if breaches(point.value, alarm.threshold) == is_alarm]
    listed = ", ".join(map(str, shown))
    compared = f"{'' if is_alarm else 'not '}{words} the threshold ({float(alarm.threshold)})"
    if not lacking:
        needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
        least = needed if is_alarm else int(alarm.evaluation_periods) - needed + 1
        return (
            f"Threshold Crossed: {len(shown)} out of the last {len(points)} datapoints [{listed}] {_was(len(shown))} "
            f"{compared} (minimum {_counted(least, 'datapoint')} for {alarm.state_value} -> {state} transition)."
        )
    treated = f"{_counted(lacking, 'missing datapoint')} {_was(lacking)} treated as"
    treated += f" [{MISSING[alarm.treat_missing_data or 'missing']}]"
    if not points:
        return f"Threshold Crossed: no datapoints were received for {_counted(lacking, 'period')} and {treated}."
    if not shown:
        listed, compared = ", ".join(map(str, points)), ""
    else:
        compared = f" {_was(len(shown))} {compared}"
    return f"Threshold Crossed: {_counted(len(shown or points), 'datapoint')} [{listed}]{compared} and {treated}."


def _reason_data(alarm: Any, points: list[_Point], moment: datetime) -> str:
    document = {
        "version": "1.0",
        "queryDate": stamp(moment),
        **({"startDate": stamp(points[-1].start)} if points else {}),
        "statistic": alarm.statistic,
        "period": int(alarm.period),
        "recentDatapoints": [point.value for point in reversed(points)],
        "threshold": float(alarm.threshold),
    }
    return json.dumps(document)


def stamp(moment: datetime) -> str:
    """Return a time in UTC as CloudWatch's documents have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _count(datum: Any) -> float:
    return float(getattr(datum, "sample_count", 1))


def _sum(datum: Any) -> float:
    return float(datum.sum if hasattr(datum, "sum") else datum.value)
