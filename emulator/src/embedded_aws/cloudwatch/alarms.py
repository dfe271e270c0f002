"""Metric alarms: what may be asked for, their states, their history, and whom they tell.

Sources: CloudWatch API reference, PutMetricAlarm, SetAlarmState, DescribeAlarmHistory; user guide, page
alarm-evaluation. What is not emulated is refused.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from embedded_aws import clock
from embedded_aws.cloudwatch import telling
from embedded_aws.cloudwatch.evaluation import DAY, HOUR, MISSING, OPERATORS, STATISTICS, WEEK, Outcome, stamp
from embedded_aws.patches import adds, replaces

_KNOWN: Final = frozenset({
    "ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmName", "ComparisonOperator", "DatapointsToAlarm",
    "Dimensions", "EvaluationPeriods", "InsufficientDataActions", "MetricName", "Namespace", "OKActions", "Period",
    "Statistic", "Tags", "Threshold", "TreatMissingData", "Unit",
})  # fmt: skip
"""Arguments of PutMetricAlarm that have an effect here."""

_NEEDED: Final = ("MetricName", "Namespace", "Period", "Statistic", "Threshold")
_PERIODS: Final = frozenset({10, 20, 30})
_ACTIONS: Final = ("AlarmActions", "OKActions", "InsufficientDataActions")
_PAGE: Final = 100
_init = Alarm.__init__
_put_metric_alarm = CloudWatchResponse.put_metric_alarm
_put = CloudWatchBackend.put_metric_alarm


@replaces(CloudWatchResponse, "put_metric_alarm")
def refuse_wrong_alarms(self: Any) -> Any:
    """Create or change an alarm.

    moto: takes any, and passes over what it does not know. AWS: refuses wrong ones; here those that are not emulated
    too: expressions, percentiles, composite alarms, windows by the clock, actions that are no topic.
    """
    given = self._get_params()
    for name in given:
        if name not in _KNOWN:
            raise NotImplementedError(f"{name} of an alarm")
    for name in _NEEDED:
        if given.get(name) is None:
            raise ValidationError(f"The parameter {name} is required for an alarm on a metric.")
    for name, allowed in (("ComparisonOperator", OPERATORS), ("Statistic", STATISTICS), ("TreatMissingData", MISSING)):
        if given.get(name, next(iter(allowed))) not in allowed:
            raise ValidationError(f"Option {given[name]} is not supported for parameter {name}.")
    _check_times(given)
    for name in _ACTIONS:
        for action in given.get(name, ()):
            if not str(action).startswith("arn:aws:sns:"):
                raise NotImplementedError(f"the action {action} of an alarm")
    return _put_metric_alarm(self)


def _check_times(given: Mapping[str, Any]) -> None:
    """Check period and number of periods (API reference, page API_PutMetricAlarm)."""
    period, periods = timedelta(seconds=int(given["Period"])), int(given.get("EvaluationPeriods") or 0)
    if not (int(given["Period"]) in _PERIODS or (period and period.seconds % 60 == 0)):
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60.")
    most, words = (DAY, "a day") if period < HOUR else (WEEK, "seven days")
    if not periods >= 1 or period * periods > most:
        raise ValidationError(
            f"Metrics cannot be checked across more than {words} "
            f"(EvaluationPeriods * Period must be <= {int(most.total_seconds())})."
        )
    if not 1 <= int(given.get("DatapointsToAlarm") or periods) <= periods:
        raise ValidationError("DatapointsToAlarm must be from 1 to EvaluationPeriods.")


@replaces(Alarm, "__init__")
def alarms_begin_without_data(self: Any, *args: Any, **kwargs: Any) -> None:
    """Make an alarm.

    moto: it is OK, on the machine's clock. AWS: INSUFFICIENT_DATA, until it is evaluated.
    """
    _init(self, *args, **kwargs)
    now = clock.now().astimezone(UTC).replace(tzinfo=None)
    self.state_value = "INSUFFICIENT_DATA"
    self.configuration_updated_timestamp = self.state_updated_timestamp = self.evaluated = now
    self.items = []
    self.account_id = kwargs["account_id"]


@replaces(CloudWatchBackend, "put_metric_alarm")
def an_alarm_that_changes_keeps_its_state(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Create or change an alarm.

    moto: one that changes is OK again. AWS: its state is left as it is.
    """
    before = self.alarms.get(name)
    alarm = _put(self, name, *args, **kwargs)
    if before is not None:
        for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "items"):
            setattr(alarm, kept, getattr(before, kept))
    changed = "updated" if before is not None else "created"
    _write(alarm, "ConfigurationUpdate", f'Alarm "{name}" {changed}', {"type": "Update" if before else "Create"})
    return alarm


@replaces(Alarm, "update_state")
def a_new_state_is_told(self: Any, reason: str, reason_data: str, state_value: str) -> None:
    """Give an alarm another state.

    moto: tells nobody. AWS: does what the alarm has for that state, if it is another one than before.
    """
    turn(self, Outcome(state_value, reason, reason_data), clock.now().astimezone(UTC).replace(tzinfo=None))


def turn(alarm: Any, outcome: Outcome, moment: datetime) -> None:
    """Give an alarm the state that an evaluation has found, and tell who is to hear of it."""
    old = {"stateValue": alarm.state_value, "stateReason": alarm.state_reason}
    alarm.state_reason, alarm.state_reason_data = outcome.reason, outcome.data
    if outcome.state == alarm.state_value:
        return
    alarm.state_value, alarm.state_updated_timestamp = outcome.state, moment
    new = {"stateValue": outcome.state, "stateReason": outcome.reason}
    if outcome.data:
        new["stateReasonData"] = json.loads(outcome.data)
    summary = f"Alarm updated from {old['stateValue']} to {outcome.state}"
    _write(alarm, "StateUpdate", summary, {"oldState": old, "newState": new}, moment)
    if not alarm.actions_enabled:
        return
    for topic in _actions(alarm):
        refused = telling.publish(alarm, topic, old["stateValue"])
        if refused:
            summary, done = f'Failed to execute action {topic}. Received error: "{refused}"', "Failed"
        else:
            summary, done = f"Successfully executed action {topic}", "Succeeded"
        data = {"actionState": done, "notificationResource": topic, "error": refused or None}
        _write(alarm, "Action", summary, data, moment)


def _actions(alarm: Any) -> Sequence[str]:
    found: Sequence[str] = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }[alarm.state_value]
    return found


def _write(alarm: Any, kind: str, summary: str, data: Mapping[str, Any], moment: datetime | None = None) -> None:
    when = moment or clock.now().astimezone(UTC).replace(tzinfo=None)
    alarm.items.append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm",
            "Timestamp": when,
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", "publishedMessage": None, "date": stamp(when), **data}),
        }
    )


@replaces(CloudWatchResponse, "describe_alarms")
def describe_what_all_filters_leave(self: Any) -> Any:
    """Answer with alarms.

    moto: goes by one of several filters. AWS: by all of them; here on one page.
    """
    given = self._get_params()
    if unknown := given.keys() - {"ActionPrefix", "AlarmNamePrefix", "AlarmNames", "MaxRecords", "StateValue"}:
        raise NotImplementedError(f"{', '.join(sorted(unknown))} of DescribeAlarms")
    found = [
        alarm
        for alarm in list(self.cloudwatch_backend.alarms.values())
        if alarm.name in given.get("AlarmNames", [alarm.name])
        and alarm.name.startswith(given.get("AlarmNamePrefix", ""))
        and given.get("StateValue") in {None, alarm.state_value}
        and ("ActionPrefix" not in given or any(each.startswith(given["ActionPrefix"]) for each in _all_actions(alarm)))
    ]
    return ActionResult({"MetricAlarms": found, "CompositeAlarms": []})


def _all_actions(alarm: Any) -> list[str]:
    return [*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions]


@adds(CloudWatchResponse, "describe_alarm_history")
def describe_alarm_history(self: Any) -> Any:
    """Answer with what has become of alarms.

    moto: lacks the operation. AWS: has it; here without further pages.
    """
    given = self._get_params()
    known = {"AlarmName", "AlarmTypes", "HistoryItemType", "StartDate", "EndDate", "MaxRecords", "ScanBy"}
    if unknown := given.keys() - known:
        raise NotImplementedError(f"{', '.join(sorted(unknown))} of DescribeAlarmHistory")
    start, end = _plain(given.get("StartDate")), _plain(given.get("EndDate"))
    items = [
        item
        for alarm in list(self.cloudwatch_backend.alarms.values())
        for item in list(alarm.items)
        if given.get("AlarmName") in {None, alarm.name}
        and given.get("HistoryItemType") in {None, item["HistoryItemType"]}
        and (start is None or start <= item["Timestamp"])
        and (end is None or item["Timestamp"] <= end)
    ]
    items.sort(key=lambda item: item["Timestamp"])
    if given.get("ScanBy") != "TimestampAscending":
        items.reverse()
    return ActionResult({"AlarmHistoryItems": items[: int(given.get("MaxRecords") or _PAGE)]})


def _plain(moment: datetime | None) -> datetime | None:
    """Return a time as moto holds it."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment is not None and moment.tzinfo else moment
