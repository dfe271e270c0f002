"""Events of services and of programs, the rules of the default bus, and what their targets are given."""

import json
from typing import Any

import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import function, messages
from emulator.tests.stepfunctions.support import pass_state, received, start
from emulator.tests.support import ROLE, admit, ended, eventually, machine, unique

EVENTS = "events.amazonaws.com"


def heard(aws: EmbeddedAWS, arn: str) -> dict[str, Any] | None:
    """Return the input of the only execution of a machine, None while there is none."""
    client = aws.client("stepfunctions")
    found = client.list_executions(stateMachineArn=arn)["executions"]
    return (
        json.loads(client.describe_execution(executionArn=found[0]["executionArn"])["input"])
        if len(found) == 1
        else None
    )


def test_the_end_of_an_execution_starts_another(aws: EmbeddedAWS) -> None:
    """A rule on one status of one machine starts its target with the event, and nothing else does, nor a schedule's."""
    events, stepfunctions = aws.client("events"), aws.client("stepfunctions")
    waiting = start(aws, {"W": {"Type": "Wait", "Seconds": 36000, "End": True}}, {"a": "é"})
    arn = stepfunctions.describe_execution(executionArn=waiting)["stateMachineArn"]
    listener, rule = machine(aws, {"P": pass_state()}), unique("rule")
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [arn], "$or": [{"status": ["ABORTED"]}, {"error": [{"prefix": "States."}]}]},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    timer = unique("rule")
    events.put_rule(Name=timer, ScheduleExpression="rate(1 day)")
    for name in (timer, rule):
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": listener, "RoleArn": ROLE}])

    stepfunctions.stop_execution(executionArn=waiting, error="Mine", cause="because")
    event = eventually(lambda: heard(aws, listener))
    detail = event["detail"]
    stopped = stepfunctions.describe_execution(executionArn=waiting)
    assert (event["source"], event["resources"]) == ("aws.states", [waiting])
    assert (detail["status"], detail["error"], detail["cause"]) == ("ABORTED", "Mine", "because")
    assert json.loads(detail["input"]) == {"a": "é"}
    assert detail["stopDate"] == int(stopped["stopDate"].timestamp() * 1000)
    redrives = {name: detail[name] for name in detail if name.startswith("redrive")}
    assert redrives == {
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE",
        "redriveStatusReason": None,
    }
    ended(aws, start(aws, {"P": pass_state()}))
    assert heard(aws, listener) is not None


def sent(aws: EmbeddedAWS, **target: Any) -> list[str]:
    """Send an event to a queue as the target of a rule; return what arrives."""
    source, rule = unique("source"), unique("rule")
    url = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = admit(aws, url, EVENTS)
    events = aws.client("events")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn, **target}])
    detail = json.dumps({"command": "update", "payload": {"id": "baz", "n": 1}})
    answer = events.put_events(Entries=[{"Source": source, "DetailType": "type", "Detail": detail}])
    assert answer["FailedEntryCount"] == 0
    return received(aws, url)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"own": 1}'}, '{"own": 1}'),
        ({"InputPath": "$.detail.payload"}, '{"id": "baz", "n": 1}'),
        ({"InputPath": "$.detail.payload.id"}, '"baz"'),
        (
            {"InputTransformer": {"InputPathsMap": {"t": "$.detail-type"}, "InputTemplate": '"{[/ a <t> event"'}},
            '"{[/ a type event"',
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"c": "$.detail.command", "p": "$.detail.payload", "none": "$.detail.none"},
                    "InputTemplate": '{"c": "<c>", "bare": <c>, "p": <p>, "none": "<none>", "other": "<other"}',
                }
            },
            '{"c": "update", "bare": "update", "p": {"id": "baz", "n": 1}, "none": "", "other": "<other"}',
        ),
    ],
)
def test_what_a_target_is_given(aws: EmbeddedAWS, target: dict[str, Any], expected: str) -> None:
    """Input, InputPath and InputTransformer: a text keeps its quotes, what a path does not find is empty (recorded)."""
    assert sent(aws, **target) == [expected]


def test_the_variables_of_every_template(aws: EmbeddedAWS) -> None:
    """A template can name the rule, the time and the event, with its detail or without (recorded)."""
    names = ("rule-arn", "rule-name", "event.ingestion-time")
    template = ", ".join(
        [
            *(f'"{name}": "<aws.events.{name}>"' for name in names),
            '"event": <aws.events.event>',
            '"json": <aws.events.event.json>',
        ]
    )
    [text] = sent(aws, InputTransformer={"InputTemplate": f"{{{template}}}"})
    given = json.loads(text)
    assert given["rule-arn"] == f"arn:aws:events:us-east-1:{ACCOUNT_ID}:rule/{given['rule-name']}"
    assert given["event.ingestion-time"] == given["json"]["time"]
    assert given["json"] == {**given["event"], "detail": {"command": "update", "payload": {"id": "baz", "n": 1}}}


def test_an_event_of_a_program(aws: EmbeddedAWS) -> None:
    """The whole event arrives, with the account and nothing that the service does not have (recorded)."""
    [text] = sent(aws)
    event = json.loads(text)
    expected = ["account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"]
    assert sorted(event) == expected
    assert (event["account"], event["version"], event["resources"]) == (ACCOUNT_ID, "0", [])


def test_functions_topics_and_log_groups_are_targets(aws: EmbeddedAWS) -> None:
    """Each kind of target hears of the event."""
    events, source, rule, group = aws.client("events"), unique("source"), unique("rule"), unique("group")
    name = function(aws, "def handler(event, context):\n    print('heard', event['source'])\n")
    functions = aws.client("lambda")
    arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    functions.add_permission(FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal=EVENTS)
    topic = aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    url = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    admitted = {"Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [admitted]})
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=admit(aws, url, "sns.amazonaws.com"))
    aws.client("logs").create_log_group(logGroupName=group)
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]}))
    targets = [arn, topic, f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:{group}"]
    events.put_targets(Rule=rule, Targets=[{"Id": str(place), "Arn": arn} for place, arn in enumerate(targets)])
    events.put_events(Entries=[{"Source": source, "DetailType": "type", "Detail": "{}"}])
    assert json.loads(messages(aws, group)[0])["source"] == source
    assert json.loads(json.loads(received(aws, url)[0])["Message"])["source"] == source
    eventually(lambda: f"heard {source}" in messages(aws, f"/aws/lambda/{name}"))


@pytest.mark.parametrize(("admitted", "letters"), [(True, 1), (False, 0)], ids=["admitted", "not-admitted"])
def test_what_cannot_be_delivered_is_kept(aws: EmbeddedAWS, *, admitted: bool, letters: int) -> None:
    """An event whose target may not be called lies in the target's dead-letter queue, with the reason."""
    sqs, events, rule, source = aws.client("sqs"), aws.client("events"), unique("rule"), unique("source")
    urls = [sqs.create_queue(QueueName=unique("queue"))["QueueUrl"] for _ in range(2)]
    closed, kept = (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"] for url in urls
    )
    if admitted:
        admit(aws, urls[1], EVENTS)
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]}))["RuleArn"]
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": closed, "DeadLetterConfig": {"Arn": kept}}])

    events.put_events(Entries=[{"Source": source, "DetailType": "type", "Detail": "{}"}])

    assert [] == sqs.receive_message(QueueUrl=urls[0]).get("Messages", [])
    found = sqs.receive_message(QueueUrl=urls[1], MessageAttributeNames=["All"]).get("Messages", [])
    assert letters == len(found)
    for letter in found:
        attributes = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
        assert ("NO_PERMISSIONS", rule_arn, closed) == tuple(
            attributes[name] for name in ("ERROR_CODE", "RULE_ARN", "TARGET_ARN")
        )
        assert source == json.loads(letter["Body"])["source"]


def test_eventbridge_hears_of_objects(aws: EmbeddedAWS) -> None:
    """Of a bucket that tells it: what was made and deleted, with key, size and reason; of no other bucket."""
    s3, events, sqs = aws.client("s3"), aws.client("events"), aws.client("sqs")
    name, quiet = unique("told"), unique("quiet")
    for bucket in (name, quiet):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}})
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(Name=name, EventPattern='{"source": ["aws.s3"]}')["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    s3.put_object(Bucket=quiet, Key="a", Body=b"1")
    s3.put_object(Bucket=name, Key="a/b.csv", Body=b"123")
    s3.copy_object(Bucket=name, Key="c", CopySource={"Bucket": name, "Key": "a/b.csv"})
    s3.delete_object(Bucket=name, Key="c")
    told: list[dict[str, Any]] = []

    def heard() -> bool:
        told.extend(json.loads(each["Body"]) for each in sqs.receive_message(QueueUrl=url).get("Messages", []))
        return len(told) >= 3

    eventually(heard)
    events.remove_targets(Rule=name, Ids=["q"])
    events.delete_rule(Name=name)
    assert sorted(
        (each["detail-type"], each["detail"]["object"]["key"], each["detail"]["reason"]) for each in told
    ) == [
        ("Object Created", "a/b.csv", "PutObject"),
        ("Object Created", "c", "CopyObject"),
        ("Object Deleted", "c", "DeleteObject"),
    ]
    assert {name} == {each["detail"]["bucket"]["name"] for each in told}
    assert 3 == next(each for each in told if each["detail"]["reason"] == "PutObject")["detail"]["object"]["size"]
