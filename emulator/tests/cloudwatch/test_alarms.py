"""Metric alarms: their states on the embedded clock, what they tell, what is kept of it, and what is refused."""

import re
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import clock
from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudwatch.support import NAMESPACE, Watch
from emulator.tests.support import eventually

HOUR, DAY = 3600, 86_400
_, X = 0.0, 1.0

MISSING_DATA = [
    # 3 of 3
    ((_, None, X, None, X), 3, ("OK", "OK", "OK", "OK")),
    ((None, None, None, None, _), 3, ("OK", "OK", "OK", "OK")),
    ((None, None, None, None, None), 3, ("INSUFFICIENT_DATA", None, "ALARM", "OK")),
    ((_, X, X, None, X), 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
    ((None, None, X, None, None), 3, ("ALARM", None, "ALARM", "OK")),
    # 2 of 3
    ((_, None, X, None, X), 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
    ((_, _, X, _, X), 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
    ((_, None, X, None, None), 2, ("OK", "OK", "ALARM", "OK")),
    ((None, None, None, None, _), 2, ("OK", "OK", "ALARM", "OK")),
    ((None, None, None, X, None), 2, ("ALARM", None, "ALARM", "OK")),
]
"""The tables of the user guide, page alarms-and-missing-data: data points with the newest last, those that must be
breaching of three, and the state by treatment: missing, ignore, breaching, notBreaching; None is the state before."""

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def expected(watch: Watch, reason: str) -> dict[str, Any]:
    """Return what a message says of an alarm that rings, but for times and other actions."""
    return {
        "Subject": f'ALARM: "{watch.name}" in US East (N. Virginia)',
        "AlarmName": watch.name,
        "AlarmDescription": "Too many",
        "AWSAccountId": ACCOUNT_ID,
        "NewStateValue": "ALARM",
        "NewStateReason": reason,
        "Region": "US East (N. Virginia)",
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT_ID}:alarm:{watch.name}",
        "OldStateValue": "OK",
        "AlarmActions": [watch.topic],
        "Trigger": {
            "MetricName": watch.metric,
            "Namespace": NAMESPACE,
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [{"value": "good", "name": "Kind"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1.0,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_an_alarm_rings_and_is_quiet_again(aws: EmbeddedAWS) -> None:
    """Both states are told in the words of AWS, the message says what the alarm watches, and the history keeps it."""
    watch = Watch(aws, AlarmDescription="Too many", DatapointsToAlarm=1)
    watch.make()
    assert ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation") == (
        watch.described()["StateValue"],
        watch.described()["StateReason"],
    )
    watch.becomes("OK")
    assert "INSUFFICIENT_DATA" == watch.told()["OldStateValue"]
    watch.put(2, None)
    reason = watch.becomes("ALARM")
    message = watch.told()

    assert re.fullmatch(
        r"Threshold Crossed: 1 out of the last 1 datapoints \[2\.0 \(\d\d/\d\d/\d\d \d\d:\d\d:00\)\] was greater than "
        r"or equal to the threshold \(1\.0\) \(minimum 1 datapoint for OK -> ALARM transition\)\.",
        reason,
    )
    others = {"AlarmConfigurationUpdatedTimestamp", "StateChangeTime", "OKActions", "InsufficientDataActions"}
    assert expected(watch, reason) == {key: message[key] for key in message if key not in others}
    watch.becomes("OK")
    assert "OK" == watch.told()["NewStateValue"]
    assert [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ] == watch.history("StateUpdate")
    assert 3 * [f"Successfully executed action {watch.topic}"] == watch.history("Action")
    assert [f'Alarm "{watch.name}" created'] == watch.history("ConfigurationUpdate")


@pytest.mark.parametrize(("points", "needed", "states"), MISSING_DATA)
def test_missing_data_counts_as_the_tables_say(
    aws: EmbeddedAWS, points: tuple[float | None, ...], needed: int, states: tuple[str | None, ...]
) -> None:
    """Each row of AWS's tables leads to the states that it names, whichever way missing data is treated."""
    # A day is long enough that no period ends while the test looks.
    watches = [
        Watch(aws, Period=DAY, EvaluationPeriods=3, DatapointsToAlarm=needed, TreatMissingData=each)
        for each in TREATMENTS
    ]
    for watch in watches:
        watch.put(*points, period=DAY)
        watch.make()
    aws.skip(HOUR)
    eventually(lambda: "Alarm updated" in str(watches[-1].history("StateUpdate")))

    found = [watch.described()["StateValue"] for watch in watches]
    assert [state or "INSUFFICIENT_DATA" for state in states] == found


def test_a_day_without_data_is_noticed_when_it_is_skipped(aws: EmbeddedAWS) -> None:
    """An alarm of 26 hours rings within three after them, at a full hour, and the first datum clears it."""
    watch = Watch(
        aws,
        Period=HOUR,
        EvaluationPeriods=26,
        DatapointsToAlarm=26,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    watch.put(1, period=60)
    watch.make()
    aws.skip(HOUR)
    watch.becomes("OK")
    aws.skip(2 * DAY)
    reason = watch.becomes("ALARM")
    rang = watch.described()["StateUpdatedTimestamp"]
    first = watch.client.describe_alarm_history(
        AlarmName=watch.name, HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )["AlarmHistoryItems"][0]["Timestamp"]
    watch.client.put_metric_data(Namespace=NAMESPACE, MetricData=[watch.datum(Value=1)])
    aws.skip(HOUR)

    told = "no datapoints were received for 26 periods and 26 missing datapoints were treated as [Breaching]."
    assert f"Threshold Crossed: {told}" == reason
    assert 0 == rang.minute == rang.second
    assert 26 <= (rang - first).total_seconds() / HOUR <= 29
    cleared = watch.becomes("OK")
    assert "was not less than the threshold (1.0) and 25 missing datapoints were treated as [Breaching]." in cleared


@pytest.mark.parametrize("minutes", [0, 100])
def test_what_happens_in_time_that_is_skipped_rings(aws: EmbeddedAWS, minutes: int) -> None:
    """A failure before or within hours that are skipped at once has rung, and is over, when they have passed."""
    watch = Watch(aws)
    watch.make()
    watch.becomes("OK")
    moment = clock.now() + timedelta(minutes=minutes)
    watch.client.put_metric_data(Namespace=NAMESPACE, MetricData=[watch.datum(Value=1, Timestamp=moment)])
    aws.skip(4 * HOUR)

    rang = ["Alarm updated from ALARM to OK", "Alarm updated from OK to ALARM"]
    eventually(lambda: watch.history("StateUpdate")[:2] == rang)


@pytest.mark.parametrize(
    ("statistic", "rings"),
    [("Sum", 6), ("SampleCount", 3), ("Average", 2), ("Minimum", 1), ("Maximum", 3)],
)
def test_statistics_are_those_of_a_period(aws: EmbeddedAWS, statistic: str, rings: int) -> None:
    """1, 2 and 3 in one period come to the statistic: the reason names it, and the alarm rings at it and not above."""
    watch = Watch(aws, Statistic=statistic, Threshold=rings, Period=DAY)
    above = Watch(aws, Statistic=statistic, Threshold=rings + 1, Period=DAY)
    for each in (watch, above):
        data = [
            each.datum(StatisticValues={"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}),
            each.datum(Value=3),
        ]
        each.client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
        each.make()
    assert f"[{float(rings)} (" in watch.becomes("ALARM")
    assert f"[{float(rings)} (" in above.becomes("OK")


def test_an_alarm_that_is_changed_keeps_its_state(aws: EmbeddedAWS) -> None:
    """A new threshold tells nobody; the next evaluation by it does. Switched off, actions are left out."""
    watch = Watch(aws, Period=DAY)
    watch.put(2, period=60)
    watch.make()
    watch.becomes("ALARM")
    watch.told()
    watch.make(Threshold=5, ActionsEnabled=False)
    assert "ALARM" == watch.described()["StateValue"]
    assert [f'Alarm "{watch.name}" {what}' for what in ("updated", "created")] == watch.history("ConfigurationUpdate")
    watch.becomes("OK")
    assert 1 == len(watch.history("Action"))


def test_a_state_that_is_set_is_told(aws: EmbeddedAWS) -> None:
    """SetAlarmState does what the alarm has for the state, and the next evaluation corrects it."""
    watch = Watch(aws)
    watch.make(OKActions=[])
    watch.becomes("OK")
    watch.client.set_alarm_state(AlarmName=watch.name, StateValue="ALARM", StateReason="to see it")
    message = watch.told()
    assert ("ALARM", "to see it") == (message["NewStateValue"], message["NewStateReason"])
    watch.becomes("OK")


def test_alarms_are_found_by_all_filters_together(aws: EmbeddedAWS) -> None:
    """Prefix, state and prefix of actions each leave alarms out."""
    rings, quiet = Watch(aws), Watch(aws)
    for watch in (rings, quiet):
        watch.put(1 if watch is rings else 0, period=60)
        watch.make(AlarmName=f"{rings.name}/{watch.name}", Period=DAY)

    def found(**filters: str) -> set[str]:
        listed = rings.client.describe_alarms(AlarmNamePrefix=f"{rings.name}/", **filters)["MetricAlarms"]
        return {alarm["AlarmName"].partition("/")[2] for alarm in listed}

    assert {rings.name, quiet.name} == found()
    eventually(lambda: found(StateValue="OK") == {quiet.name})
    assert {rings.name} == found(StateValue="ALARM")
    assert set() == found(StateValue="INSUFFICIENT_DATA")
    assert {rings.name} == found(ActionPrefix=rings.topic)


NOT_EMULATED: list[dict[str, Any]] = [
    {"Metrics": [{"Id": "m", "Expression": "FILL(n, 0)"}]},
    {"ExtendedStatistic": "p90"},
    {"EvaluateLowSampleCountPercentile": "ignore"},
    {"ThresholdMetricId": "m"},
    {"AlarmActions": ["arn:aws:lambda:us-east-1:123456789012:function:f"]},
    {"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]},
]


@pytest.mark.parametrize("settings", NOT_EMULATED, ids=[next(iter(each)) for each in NOT_EMULATED])
def test_what_is_not_emulated_is_refused(aws: EmbeddedAWS, settings: dict[str, Any]) -> None:
    """An alarm that would never ring here is not made, and the refusal names what it asked for."""
    watch = Watch(aws)
    with pytest.raises(ClientError) as caught:
        watch.make(**settings)

    assert "NotImplementedException" == caught.value.response["Error"]["Code"]
    assert next(iter(settings)).removesuffix("Actions").lower() in caught.value.response["Error"]["Message"].lower()
    assert [] == watch.client.describe_alarms(AlarmNames=[watch.name])["MetricAlarms"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"Period": HOUR, "EvaluationPeriods": 169}, "seven days (EvaluationPeriods * Period must be <= 604800)"),
        ({"Period": 3540, "EvaluationPeriods": 25}, "a day (EvaluationPeriods * Period must be <= 86400)"),
        ({"Period": 90}, "multiple of 60"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "DatapointsToAlarm"),
        ({"TreatMissingData": "good"}, "TreatMissingData"),
        ({"ComparisonOperator": "Equal"}, "ComparisonOperator"),
        ({"Statistic": "Median"}, "Statistic"),
    ],
)
def test_wrong_alarms_are_refused(aws: EmbeddedAWS, settings: dict[str, Any], told: str) -> None:
    """Each mistake is a ValidationError that names it; what is just within the limits is taken."""
    watch = Watch(aws)
    with pytest.raises(ClientError) as caught:
        watch.make(**settings)

    assert "ValidationError" == caught.value.response["Error"]["Code"]
    assert told in caught.value.response["Error"]["Message"]
    watch.make(Period=HOUR, EvaluationPeriods=168)
