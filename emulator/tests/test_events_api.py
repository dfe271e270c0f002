"""What EventBridge takes and refuses, and rules with a schedule, as recordings of AWS show it."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import admit, eventually, unique

INVALID_SCHEDULE = ("ValidationException", "Parameter ScheduleExpression is not valid.")


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    """Make a call that must be refused; return code and message of the error."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (["not", "a", "dict"], "Filter is not an object"),
        ({"int": 42}, '"int" must be an object or an array'),
        ({"resources": []}, "Empty arrays are not allowed"),
        ({"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}, "Unrecognized match type NUMERIC"),
        ({"my_key": [{"EXISTS": True}]}, "Unrecognized match type EXISTS"),
        ({"detail": {"c": [{"numeric": [">", 0, ">", 0]}]}}, "Bad numeric range operator: >"),
        ({"detail": {"c": [{"numeric": [">", 0, "<"]}]}}, "Value of < must be numeric"),
        (
            {"arn": [{"wildcard": "arn:aws:events:us-east-1:**:event-bus/*"}]},
            "Consecutive wildcard characters at pos 26",
        ),
        ({"arn": [{"wildcard": 123}]}, "wildcard match pattern must be a string"),
        ({"type": [{"equals-ignore-case": ["a"]}]}, "equals-ignore-case match pattern must be a string"),
        ({"time": [{"prefix": ["2022"]}]}, "prefix match pattern must be a string"),
        ({"file": [{"suffix": 123}]}, "suffix match pattern must be a string"),
        ({"ip": [{"cidr": "bad-filter"}]}, "Malformed CIDR, one '/' required"),
        (
            {"state": [{"anything-but": {"equals-ignore-case": [123, 456]}}]},
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        ({"state": [{"anything-but": {"prefix": [123, "t"]}}]}, "prefix/suffix match pattern must be a string"),
        ({"path": [{"anything-but": {"wildcard": [123, "*/dir/*"]}}]}, "wildcard match pattern must be a string"),
        (
            {"file": [{"anything-but": {"prefix": {"equals-ignore-case": "f"}}}]},
            "Value of anything-but must be an array or single string/number value.",
        ),
    ],
)
def test_patterns_that_are_none(aws: EmbeddedAWS, pattern: Any, reason: str) -> None:
    """A wrong pattern is refused in the words that were recorded."""
    code, message = refused(aws.client("events").put_rule, Name=unique("rule"), EventPattern=json.dumps(pattern))
    assert (code, message) == ("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["mine"]}, True),
        ({"source": ["other"]}, False),
        ({"detail": {"n": [{"numeric": [">", 1, "<=", 2]}]}}, True),
        ({"detail": {"name": [{"anything-but": {"suffix": [".txt", ".png"]}}]}}, True),
        ({"detail": {"name": [{"prefix": {"equals-ignore-case": "FILE"}}]}}, True),
        ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
        ({"$or": [{"source": ["other"]}, {"detail": {"none": [{"exists": False}]}}]}, True),
        ({"detail": {"name": [{"wildcard": "f*.csv"}]}}, True),
    ],
)
def test_a_pattern_is_tried(aws: EmbeddedAWS, pattern: dict[str, Any], *, matches: bool) -> None:
    """TestEventPattern says whether an event matches."""
    detail = {"n": 2, "name": "file.csv", "ip": "10.0.0.7"}
    event = {
        "id": "1",
        "source": "mine",
        "detail-type": "t",
        "account": ACCOUNT_ID,
        "time": "2024-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }
    answer = aws.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
    assert answer["Result"] is matches


@pytest.mark.parametrize(
    "expression",
    [
        "rate(10 seconds)", "rate(1 minutes)", "rate(10 day)", "rate()", "rate(10)", "rate(foo minutes)",
        "rate(0 minutes)", "rate(-10 minutes)", "rate(10 MINUTES)", "rate( 10 minutes )", " rate(10 minutes)",
        "cron(0 1 * * * *)", "cron(7 20 * * NOT *)", "cron(INVALID)", "cron(0 dummy ? * MON-FRI *)",
        "cron(71 8 1 * ? *)", "at(2030-01-01T00:00:00)",
    ],
)  # fmt: skip
def test_schedules_that_are_none(aws: EmbeddedAWS, expression: str) -> None:
    """A rule takes no wrong schedule."""
    assert (
        refused(aws.client("events").put_rule, Name=unique("rule"), ScheduleExpression=expression) == INVALID_SCHEDULE
    )


@pytest.mark.parametrize("expression", ["cron(0 2 ? * SAT#3 *)", "cron(15 10 ? * 6L 2002-2005)", "rate(1 hour)"])
def test_schedules(aws: EmbeddedAWS, expression: str) -> None:
    """A rule takes these and gives them back."""
    events, name = aws.client("events"), unique("rule")
    events.put_rule(Name=name, ScheduleExpression=expression)
    assert events.describe_rule(Name=name)["ScheduleExpression"] == expression
    events.delete_rule(Name=name)


def test_a_schedule_fires(aws: EmbeddedAWS) -> None:
    """A rule with a rate sends its event a minute apart, the first one after a minute, until it is disabled."""
    events, sqs, name = aws.client("events"), aws.client("sqs"), unique("rule")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": admit(aws, url, "events.amazonaws.com")}])
    found: list[dict[str, Any]] = []

    def two() -> bool:
        for message in sqs.receive_message(QueueUrl=url).get("Messages", ()):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) > 1

    eventually(two)
    events.disable_rule(Name=name)
    first, second = sorted(found, key=lambda event: event["time"])[:2]
    expected = {"detail-type": "Scheduled Event", "source": "aws.events", "resources": [arn], "detail": {}}
    assert expected == {field: first[field] for field in expected}
    apart = datetime.fromisoformat(second["time"]) - datetime.fromisoformat(first["time"])
    assert apart == timedelta(minutes=1)


class TestTargets:
    def test_only_one_kind_of_input(self, aws: EmbeddedAWS) -> None:
        """A target is given an input in one way."""
        template = {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": "<d>"}
        code, message = self.refusal(aws, InputPath="$.detail", InputTransformer=template)
        expected = "Only one of Input, InputPath, or InputTransformer must be provided for target 1."
        assert (code, message) == ("ValidationException", expected)

    def test_variables_that_nobody_defines(self, aws: EmbeddedAWS) -> None:
        """A template names only the variables of its map, and the service's."""
        template = {"InputPathsMap": {"d": "$.detail"}, "InputTemplate": '"<notdefinedkey> <aws.events.rule-name>"'}
        code, message = self.refusal(aws, InputTransformer=template)
        expected = "InputTemplate for target 1 contains invalid placeholder notdefinedkey."
        assert (code, message) == ("ValidationException", expected)

    def test_what_is_not_emulated_says_so(self, aws: EmbeddedAWS) -> None:
        """A target that events never reach here is refused by name."""
        arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT_ID}:stream/s"
        code, message = self.refusal(aws, Arn=arn)
        assert (code, message) == ("NotImplementedException", f"PutTargets is not emulated (the target {arn})")

    def refusal(self, aws: EmbeddedAWS, **target: Any) -> tuple[str, str]:
        """Add a target that must be refused to a rule."""
        name = unique("rule")
        aws.client("events").put_rule(Name=name, EventPattern=json.dumps({"source": ["nobody"]}))
        whole = {"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:queue", **target}
        return refused(aws.client("events").put_targets, Rule=name, Targets=[whole])
