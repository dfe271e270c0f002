"""What an alarm tells a topic when its state changes.

Sources: CloudWatch user guide, page Notify_Users_Alarm_Changes; notifications in public repositories for the fields of
the message, their order and spelling.
"""

import json
from functools import cache
from typing import Any, Final

import botocore.session

from embedded_aws import clients
from embedded_aws.cloudwatch.evaluation import stamp
from embedded_aws.sns.admission import not_admitted

_SERVICE: Final = "cloudwatch.amazonaws.com"
_LONGEST_SUBJECT: Final = 100  # of SNS; how CloudWatch shortens a longer one is not documented


def publish(alarm: Any, topic: str, old_state: str) -> str:
    """Tell a topic of an alarm's new state; return why it was refused, the empty text if it was not."""
    region, account = alarm.region_name, alarm.account_id
    if reason := not_admitted(account, _SERVICE, topic, source_arn=alarm.alarm_arn, owner=account):
        return reason
    subject = f'{alarm.state_value}: "{alarm.name}" in {_place(region)}'
    message = json.dumps(_message(alarm, old_state))
    sns = clients.client("sns", topic.split(":")[3])
    try:
        sns.publish(TopicArn=topic, Subject=subject[:_LONGEST_SUBJECT], Message=message)
    except sns.exceptions.ClientError as error:
        return str(error.response["Error"]["Message"])
    return ""


def _message(alarm: Any, old_state: str) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": alarm.account_id,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": stamp(alarm.state_updated_timestamp),
        "Region": _place(alarm.region_name),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old_state,
        "OKActions": list(alarm.ok_actions),
        "AlarmActions": list(alarm.alarm_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
        "Trigger": _trigger(alarm),
    }


def _trigger(alarm: Any) -> dict[str, Any]:
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic",
        "Statistic": alarm.statistic.upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": each.value, "name": each.name} for each in alarm.dimensions],
        "Period": int(alarm.period),
        "EvaluationPeriods": int(alarm.evaluation_periods),
        **({"DatapointsToAlarm": int(alarm.datapoints_to_alarm)} if alarm.datapoints_to_alarm else {}),
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": float(alarm.threshold),
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": "",
    }


@cache
def _place(region: str) -> str:
    """Return what people call a region, such as US East (N. Virginia)."""
    partitions = botocore.session.get_session().get_data("endpoints")["partitions"]
    return next((each["regions"][region]["description"] for each in partitions if region in each["regions"]), region)
