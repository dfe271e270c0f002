import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import clock
from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.scheduler.expressions import InvalidExpressionError, next_time
from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import function, messages
from emulator.tests.support import ended, eventually, machine, unique

SCHEDULER = "scheduler.amazonaws.com"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def execution_role(aws: EmbeddedAWS, *statements: dict[str, Any], condition: dict[str, Any] | None = None) -> str:
    """Create a role that the service may assume and that these statements allow things; return its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": SCHEDULER}, "Action": "sts:AssumeRole"}
    if condition:
        trust["Condition"] = condition
    iam, name = aws.client("iam"), unique("role")
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    return str(arn)


def queue(aws: EmbeddedAWS) -> tuple[str, str]:
    """Create a queue; return its URL and ARN."""
    url = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, attributes["Attributes"]["QueueArn"]


def message(aws: EmbeddedAWS, url: str) -> dict[str, Any]:
    """Wait for the next message in a queue and take it."""

    def receive() -> dict[str, Any] | None:
        got = aws.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])
        return got[0] if got else None

    found = eventually(receive)
    aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    return found


def echo(aws: EmbeddedAWS) -> str:
    """Create a state machine that gives its input back."""
    return machine(aws, {"A": {"Type": "Pass", "End": True}})


@pytest.fixture
def schedule(aws: EmbeddedAWS) -> Iterator[Any]:
    """Return a function that creates a schedule, which is deleted after the test."""
    client, names = aws.client("scheduler"), []

    def create(target: dict[str, Any], expression: str = "rate(1 minutes)", **settings: Any) -> str:
        name = unique("schedule")
        client.create_schedule(
            Name=name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"RoleArn": execution_role(aws, ALL), **target},
            **settings,
        )
        names.append(name)
        return name

    yield create
    existing = {found["Name"] for found in client.list_schedules()["Schedules"]}
    for name in existing & set(names):
        client.delete_schedule(Name=name)


class TestFiring:
    def test_a_rate_starts_executions(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A rate starts at once and goes on, a minute of the embedded clock apart, with the input given."""
        arn = echo(aws)
        text = json.dumps({"at": "<aws.scheduler.scheduled-time>", "try": "<aws.scheduler.attempt-number>"})
        schedule({"Arn": arn, "Input": text})
        states = aws.client("stepfunctions")

        def two() -> list[dict[str, Any]] | None:
            found = states.list_executions(stateMachineArn=arn)["executions"]
            return found if len(found) > 1 else None

        inputs = [ended(aws, found["executionArn"])["output"] for found in eventually(two)[-1:-3:-1]]
        assert [one["try"] for one in inputs] == ["1", "1"]
        first, second = (datetime.fromisoformat(one["at"]) for one in inputs)
        assert second - first == timedelta(minutes=1)

    def test_once(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A time is met once, not before it comes, and the schedule can go with it."""
        url, arn = queue(aws)
        when = clock.now() + timedelta(minutes=1)
        expression = f"at({when:%Y-%m-%dT%H:%M:%S})"
        name = schedule({"Arn": arn, "Input": "hello"}, expression, ActionAfterCompletion="DELETE")
        assert message(aws, url)["Body"] == "hello"
        assert clock.now() >= when.replace(microsecond=0)
        listed = aws.client("scheduler").list_schedules
        assert eventually(lambda: name not in {found["Name"] for found in listed()["Schedules"]})
        assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=url)

    def test_a_payload_is_taken_as_it_is(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A universal target's Payload is JSON in a text, which the function gets as JSON (user guide)."""
        name = function(aws, "def handler(event, context):\n    print('got', event['message'])\n")
        payload = {"FunctionName": name, "InvocationType": "Event", "Payload": json.dumps({"message": "hello"})}
        schedule({"Arn": "arn:aws:scheduler:::aws-sdk:lambda:invoke", "Input": json.dumps(payload)})
        group = f"/aws/lambda/{name}"
        eventually(lambda: aws.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"])
        eventually(lambda: "got hello" in messages(aws, group))

    def test_disabled(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A disabled schedule does not fire until it is enabled."""
        client = aws.client("scheduler")
        url, arn = queue(aws)
        other_url, other_arn = queue(aws)
        name = schedule({"Arn": arn, "Input": "x"}, State="DISABLED")
        schedule({"Arn": other_arn, "Input": "x"})
        message(aws, other_url)
        message(aws, other_url)
        assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=url)
        found = client.get_schedule(Name=name)
        client.update_schedule(
            **{key: found[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")},
            State="ENABLED",
        )
        assert message(aws, url)["Body"] == "x"

    def test_the_default_input(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """Without an input the target gets the service's own event."""
        url, arn = queue(aws)
        name = schedule({"Arn": arn})
        event = json.loads(message(aws, url)["Body"])
        assert event["source"] == "aws.scheduler"
        assert event["resources"][0].endswith(f":schedule/default/{name}")

    def test_universal_targets(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """An aws-sdk target calls any API with the input as its arguments."""
        bucket = unique("bucket")
        schedule({"Arn": "arn:aws:scheduler:::aws-sdk:s3:createBucket", "Input": json.dumps({"Bucket": bucket})})
        listed = aws.client("s3").list_buckets
        assert eventually(lambda: bucket in {found["Name"] for found in listed()["Buckets"]})

    def test_wrong_expressions_are_refused(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """An expression or a zone that does not exist is a ValidationException."""
        client = aws.client("scheduler")
        for settings in ({"expression": "every day"}, {"ScheduleExpressionTimezone": "Mars/Base"}):
            with pytest.raises(client.exceptions.ValidationException, match="Invalid Schedule Expression"):
                schedule({"Arn": echo(aws)}, **settings)


class TestDeadLetters:
    def attributes(self, found: dict[str, Any]) -> dict[str, str]:
        """Return a message's attributes."""
        return {name: value["StringValue"] for name, value in found["MessageAttributes"].items()}

    def test_a_role_that_may_not(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A role without the target's action does not start it; the event goes to the dead-letter queue at once."""
        url, dead = queue(aws)
        arn = echo(aws)
        role = execution_role(aws, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead})
        name = schedule(
            {"Arn": arn, "RoleArn": role, "Input": '{"a": 1}', "DeadLetterConfig": {"Arn": dead}}, "rate(1 days)"
        )
        found = message(aws, url)
        attributes = self.attributes(found)
        assert found["Body"] == '{"a": 1}'
        assert attributes["ERROR_CODE"] == "AccessDeniedException"
        assert "states:StartExecution" in attributes["ERROR_MESSAGE"]
        assert attributes["RETRY_ATTEMPTS"] == "0"
        assert attributes["TARGET_ARN"] == arn
        assert attributes["SCHEDULE_ARN"].endswith(f"/{name}")
        assert "EXHAUSTED_RETRY_CONDITION" not in attributes
        assert aws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"] == []

    def test_a_role_that_trusts_somebody_else(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A schedule is refused whose role does not trust the service for this account."""
        role = execution_role(aws, ALL, condition={"StringEquals": {"aws:SourceAccount": "999999999999"}})
        with pytest.raises(ClientError, match=r"ValidationException.*must allow AWS EventBridge Scheduler to assume"):
            schedule({"Arn": echo(aws), "RoleArn": role}, "rate(1 days)")

        arn = echo(aws)
        group = f"arn:aws:scheduler:us-east-1:{ACCOUNT_ID}:schedule-group/default"
        good = {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID, "aws:SourceArn": group}}
        schedule({"Arn": arn, "RoleArn": execution_role(aws, ALL, condition=good)}, "rate(1 days)")
        assert eventually(lambda: aws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"])

    def test_a_target_that_is_not_there(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A machine that does not exist is not tried again."""
        url, dead = queue(aws)
        arn = f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:none"
        schedule({"Arn": arn, "Input": "{}", "DeadLetterConfig": {"Arn": dead}}, "rate(1 days)")
        attributes = self.attributes(message(aws, url))
        assert attributes["ERROR_CODE"] == "StateMachineDoesNotExist"
        assert attributes["RETRY_ATTEMPTS"] == "0"

    def test_retries(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """What may pass later is tried again as often as the policy says, and the reason to stop is told."""
        url, dead = queue(aws)
        schedule(
            {
                "Arn": echo(aws),
                "Input": "this is not JSON",
                "DeadLetterConfig": {"Arn": dead},
                "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            },
            "rate(1 days)",
        )
        attributes = self.attributes(message(aws, url))
        assert attributes["RETRY_ATTEMPTS"] == "2"
        assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
        assert attributes["ERROR_CODE"] == "InvalidExecutionInput"

    def test_targets_that_are_not_emulated(self, aws: EmbeddedAWS, schedule: Any) -> None:
        """A kind of target that is not emulated is named in the dead letter."""
        url, dead = queue(aws)
        arn = f"arn:aws:codebuild:us-east-1:{ACCOUNT_ID}:project/p"
        schedule({"Arn": arn, "DeadLetterConfig": {"Arn": dead}}, "rate(1 days)")
        assert "is not emulated" in self.attributes(message(aws, url))["ERROR_MESSAGE"]


def test_cloudformation(aws: EmbeddedAWS) -> None:
    """Groups and schedules are created, updated in place and deleted by a stack."""
    stacks, scheduler = aws.client("cloudformation"), aws.client("scheduler")
    name, role, target = unique("stack"), execution_role(aws, ALL), echo(aws)

    def body(expression: str) -> str:
        schedule = {
            "GroupName": {"Ref": "Group"},
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "Europe/Lisbon",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {
                "Arn": target,
                "RoleArn": role,
                "Input": "{}",
                "RetryPolicy": {"MaximumRetryAttempts": "3", "MaximumEventAgeInSeconds": 600},
            },
        }
        resources = {
            "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": schedule},
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup"},
        }
        outputs = {"Name": {"Value": {"Ref": "Schedule"}}, "Arn": {"Value": {"Fn::GetAtt": ["Schedule", "Arn"]}}}
        return json.dumps({"Resources": resources, "Outputs": outputs})

    def outputs() -> dict[str, str]:
        (found,) = stacks.describe_stacks(StackName=name)["Stacks"]
        assert found["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, found
        return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

    stacks.create_stack(StackName=name, TemplateBody=body("cron(0 3 * * ? *)"))
    made = outputs()
    group = made["Arn"].split("/")[-2]
    found = scheduler.get_schedule(GroupName=group, Name=made["Name"])
    assert found["ScheduleExpressionTimezone"] == "Europe/Lisbon"
    assert found["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600}
    stacks.update_stack(StackName=name, TemplateBody=body("cron(0 4 * * ? *)"))
    assert outputs() == made
    assert scheduler.get_schedule(GroupName=group, Name=made["Name"])["ScheduleExpression"] == "cron(0 4 * * ? *)"
    stacks.delete_stack(StackName=name)
    assert group not in {found["Name"] for found in scheduler.list_schedule_groups()["ScheduleGroups"]}


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("cron(0 3 * * ? *)", "Europe/Lisbon", ["03-29T02:00", "03-30T02:00"]),
        ("cron(30 1 * * ? *)", "Europe/Lisbon", ["03-30T00:30", "03-31T00:30"]),
        ("cron(0 10 ? * 2-6 *)", "UTC", ["03-30T10:00", "03-31T10:00"]),
        ("cron(0 10 ? * MON-FRI *)", "UTC", ["03-30T10:00", "03-31T10:00"]),
        ("cron(15 10 ? * 1,7 *)", "UTC", ["03-29T10:15", "04-04T10:15"]),
        ("cron(0 10 ? * 6#3 *)", "UTC", ["04-17T10:00", "05-15T10:00"]),
        ("cron(0 10 ? * 5L *)", "UTC", ["04-30T10:00", "05-28T10:00"]),
        ("cron(0 10 L * ? 2026)", "UTC", ["03-31T10:00", "04-30T10:00"]),
        ("cron(0/30 9 1 4 ? *)", "UTC", ["04-01T09:00", "04-01T09:30"]),
        ("rate(12 hours)", "UTC", ["03-29T00:00", "03-29T12:00"]),
        ("at(2026-04-01T18:00:00)", "Asia/Shanghai", ["04-01T10:00"]),
        ("at(2020-04-01T18:00:00)", "UTC", []),
    ],
)
def test_next_times(expression: str, zone: str, expected: list[str]) -> None:
    """Expressions mean what the service says, in their zone, also when clocks change (28 March 2026, noon, on)."""
    start = after = datetime(2026, 3, 28, 12, tzinfo=UTC)
    times: list[str] = []
    while len(times) < 2 and (found := next_time(expression, zone, start=start, after=after)) is not None:
        after = found
        times.append(f"{found:%m-%dT%H:%M}")
    assert times == expected


def test_an_hour_that_comes_twice_counts_once() -> None:
    """As clocks go back, a schedule in the repeated hour runs once."""
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    times = []
    for _ in range(2):
        found = next_time("cron(30 1 * * ? *)", "Europe/Lisbon", start=after, after=after)
        assert found is not None
        after = found
        times.append(found)
    assert times == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 10 * * * *)",
        "cron(0 10 * * ?)",
        "cron(0 25 * * ? *)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 15W * ? *)",
        "rate(0 minutes)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "rate(5 weeks)",
        "at(tomorrow)",
        "every day",
        "rate(5 minutes",
    ],
)
def test_wrong_expressions(expression: str) -> None:
    """What is no expression of the service is refused, as is what is not emulated."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(InvalidExpressionError, match="Schedule Expression"):
        next_time(expression, "UTC", start=now, after=now)
