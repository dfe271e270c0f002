"""A topic that a queue hears, and alarms that tell it."""

import json
from datetime import timedelta
from typing import Any

from embedded_aws import clock
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import admit, eventually, unique

NAMESPACE = "Tests"


class Watch:
    """One alarm on a metric of its own, which tells a topic of its own of every state."""

    def __init__(self, aws: EmbeddedAWS, **settings: Any) -> None:
        self.aws, self.name, self.metric = aws, unique("alarm"), unique("metric")
        self.client = aws.client("cloudwatch")
        self.topic: str = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
        self.queue = heard_by(aws, self.topic)
        self.of = [{"Name": "Kind", "Value": "good"}]
        self.settings = {
            "AlarmName": self.name,
            "Namespace": NAMESPACE,
            "MetricName": self.metric,
            "Dimensions": self.of,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            **{f"{state}Actions": [self.topic] for state in ("Alarm", "OK", "InsufficientData")},
            **settings,
        }

    def make(self, **settings: Any) -> None:
        """Create or change the alarm."""
        self.client.put_metric_alarm(**self.settings | settings)

    def put(self, *values: float | None, period: int = 60) -> None:
        """Give the last full periods these values, the newest last; None leaves a period without data."""
        now = clock.now()
        data = [
            self.datum(Value=value, Timestamp=now - timedelta(seconds=period * (len(values) - index) - period // 2))
            for index, value in enumerate(values)
            if value is not None
        ]
        if data:
            self.client.put_metric_data(Namespace=NAMESPACE, MetricData=data)

    def datum(self, **fields: Any) -> dict[str, Any]:
        """Return a datum of the alarm's metric."""
        return {"MetricName": self.metric, "Dimensions": self.of, **fields}

    def described(self) -> dict[str, Any]:
        """Return the alarm."""
        (alarm,) = self.client.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        found: dict[str, Any] = alarm
        return found

    def becomes(self, state: str) -> str:
        """Wait for a state; return its reason."""
        eventually(lambda: self.described()["StateValue"] == state)
        return str(self.described()["StateReason"])

    def told(self) -> dict[str, Any]:
        """Wait for a message to the topic; return its subject and what it says."""
        body = next_message(self.aws, self.queue)
        return {"Subject": body["Subject"], **json.loads(body["Message"])}

    def history(self, kind: str) -> list[str]:
        """Return the summaries of one kind of the alarm's history, the newest first."""
        items = self.client.describe_alarm_history(AlarmName=self.name, HistoryItemType=kind)["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in items]


def heard_by(aws: EmbeddedAWS, topic: str) -> str:
    """Subscribe a new queue to a topic; return its URL."""
    url: str = aws.client("sqs").create_queue(QueueName=unique("heard"))["QueueUrl"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=admit(aws, url, "sns.amazonaws.com"))
    return url


def next_message(aws: EmbeddedAWS, queue: str) -> dict[str, Any]:
    """Wait for a message of a queue, and take it out."""
    sqs = aws.client("sqs")
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    body: dict[str, Any] = json.loads(message["Body"])
    return body
