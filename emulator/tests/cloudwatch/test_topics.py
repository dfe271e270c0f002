"""Which topics an alarm reaches: those whose policy and whose key let it in."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudwatch.support import Watch, heard_by, next_message
from emulator.tests.iam.support import Role, document, refused
from emulator.tests.support import eventually, unique

ALARMS = {"Service": "cloudwatch.amazonaws.com"}
USE = ["kms:Decrypt", "kms:GenerateDataKey*"]
ROOT = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, "Action": "kms:*", "Resource": "*"}
THROUGH_SNS = {
    "Principal": {"AWS": "*"},
    "Action": USE,
    "Resource": "*",
    "Condition": {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com", "kms:CallerAccount": ACCOUNT_ID}},
}


def of_alarm(name: str) -> dict[str, Any]:
    """Return the conditions that one alarm meets."""
    alarm = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT_ID}:alarm:{name}"
    return {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": alarm}}


def key(aws: EmbeddedAWS, *statements: Mapping[str, Any]) -> str:
    """Make a key with this policy; return its ARN."""
    return str(aws.client("kms").create_key(Policy=document(*statements))["KeyMetadata"]["Arn"])


def encrypt(aws: EmbeddedAWS, topic: str, key_id: str) -> None:
    """Encrypt a topic."""
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key_id)


def action(watch: Watch) -> str:
    """Let an alarm ring; return what its history says of telling the topic."""
    watch.make(OKActions=[], InsufficientDataActions=[])
    watch.client.set_alarm_state(AlarmName=watch.name, StateValue="ALARM", StateReason="to see it")
    (said,) = eventually(lambda: watch.history("Action"))
    return str(said)


def test_the_policy_of_a_topic_admits_alarms(aws: EmbeddedAWS) -> None:
    """The default policy lets the account's alarms in; one that names others does not, and the history says so."""
    watch = Watch(aws)
    assert f"Successfully executed action {watch.topic}" == action(watch)
    other = Watch(aws)
    allow = {"Principal": ALARMS, "Action": "sns:Publish", "Resource": other.topic, "Condition": of_alarm("another-*")}
    aws.client("sns").set_topic_attributes(TopicArn=other.topic, AttributeName="Policy", AttributeValue=document(allow))
    arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT_ID}:alarm:{other.name}"

    told = f"Resource: {arn} is not authorized to perform: SNS:Publish on resource: {other.topic}"
    assert f'Failed to execute action {other.topic}. Received error: "{told}"' == action(other)


def test_no_alarm_reaches_a_topic_under_the_key_of_aws(aws: EmbeddedAWS) -> None:
    """alias/aws/sns admits no service, and nobody can change that; whoever may publish still can."""
    watch = Watch(aws)
    encrypt(aws, watch.topic, "alias/aws/sns")
    assert "does not have authorization to access the SNS topic encryption key." in action(watch)
    role = Role(aws, {"Action": "sns:Publish", "Resource": watch.topic})
    role.client("sns").publish(TopicArn=watch.topic, Message="mine")
    assert "mine" == next_message(aws, watch.queue)["Message"]


@pytest.mark.parametrize(("statement", "reached"), [({}, True), ({"Action": "kms:Decrypt"}, False), (None, False)])
def test_a_key_of_ones_own_admits_alarms(aws: EmbeddedAWS, statement: dict[str, Any] | None, reached: bool) -> None:  # noqa: FBT001  # what is expected
    """Its policy must let CloudWatch make data keys and decrypt, for this alarm."""
    watch = Watch(aws)
    allow = {"Principal": ALARMS, "Action": USE, "Resource": "*", "Condition": of_alarm(watch.name)}
    encrypt(aws, watch.topic, key(aws, ROOT, *([] if statement is None else [allow | statement])))

    assert reached == action(watch).startswith("Successfully executed")


def test_who_publishes_under_a_key_must_be_let_use_it(aws: EmbeddedAWS) -> None:
    """By the key's policy through SNS, or by their own where the key leaves it to the account; else SNS refuses."""
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    publish = {"Action": "sns:Publish", "Resource": topic}
    plain, own = Role(aws, publish), Role(aws, publish, {"Action": USE, "Resource": "*"})
    for statements, allowed in (((ROOT,), {own}), ((THROUGH_SNS,), {plain, own}), ((ROOT, THROUGH_SNS), {plain, own})):
        encrypt(aws, topic, key(aws, *statements))
        for role in (plain, own):
            if role in allowed:
                role.client("sns").publish(TopicArn=topic, Message="m")
            else:
                code, message = refused(role.client("sns").publish, TopicArn=topic, Message="m")
                assert "KMSAccessDenied" in code
                assert "kms:GenerateDataKey" in message
    # A key that leaves nothing to the account: what a role's own policies say of it does not count.
    only = {**THROUGH_SNS, "Condition": {"StringEquals": {"kms:CallerAccount": "210987654321"}}}
    encrypt(aws, topic, key(aws, only))
    assert "KMSAccessDenied" in refused(own.client("sns").publish, TopicArn=topic, Message="m")[0]


def test_a_rule_needs_the_key_of_its_topic(aws: EmbeddedAWS) -> None:
    """EventBridge's rules reach a topic under a key that admits the service, and none under that of AWS."""
    sns, events = aws.client("sns"), aws.client("events")
    admitting = {"Principal": {"Service": "events.amazonaws.com"}, "Action": USE, "Resource": "*"}
    queues = []
    source = unique("source")
    for number, key_id in enumerate(("alias/aws/sns", key(aws, ROOT, admitting))):
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        allow = {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(allow))
        encrypt(aws, topic, key_id)
        queues.append(heard_by(aws, topic))
        rule = f"{source}-{number}"
        events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]}))
        events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": topic}])
    events.put_events(Entries=[{"Source": source, "DetailType": "d", "Detail": "{}"}])

    assert source in next_message(aws, queues[1])["Message"]
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=queues[0])
