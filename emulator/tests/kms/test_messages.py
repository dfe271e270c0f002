"""Queues under keys of KMS: who may send and receive, which services may, and when nobody may."""

import json

from embedded_aws.server import EmbeddedAWS
from emulator.tests.iam.support import Role, refused
from emulator.tests.kms.support import ROOT, Key, admitting
from emulator.tests.support import eventually, unique

MESSAGES = {"Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": "*"}


class Queue:
    """A queue that a key encrypts, and whose policy admits a service."""

    def __init__(self, aws: EmbeddedAWS, key: str, service: str = "") -> None:
        self._sqs = aws.client("sqs")
        self.url = self._sqs.create_queue(QueueName=unique("queue"), Attributes={"KmsMasterKeyId": key})["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = str(asked["Attributes"]["QueueArn"])
        allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": "*"}
        if service:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def received(self) -> list[str]:
        """Return the messages that come, as the administrator, and take them away."""
        found = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [str(each["Body"]) for each in found]


def test_senders_make_data_keys_and_receivers_decrypt(aws: EmbeddedAWS) -> None:
    """To send takes both, in SQS's own error; a key of AWS's own asks nobody."""
    key = Key(aws)
    queue, managed = Queue(aws, key.arn), Queue(aws, "alias/aws/sqs")
    sender = Role(aws, MESSAGES, key.may("GenerateDataKey", "Decrypt")).client("sqs")
    reader, maker = Role(aws, MESSAGES, key.may("Decrypt")), Role(aws, MESSAGES, key.may("GenerateDataKey"))
    sender.send_message(QueueUrl=queue.url, MessageBody="m")

    for role, lacking in ((reader, "kms:GenerateDataKey"), (maker, "kms:Decrypt")):
        code, message = refused(role.client("sqs").send_message, QueueUrl=queue.url, MessageBody="m")
        assert "KMS.AccessDeniedException" == code
        assert f"not authorized to perform: {lacking} on resource: {key.arn}" in message
    assert "KMS.AccessDeniedException" == refused(maker.client("sqs").receive_message, QueueUrl=queue.url)[0]
    assert "m" == reader.client("sqs").receive_message(QueueUrl=queue.url)["Messages"][0]["Body"]
    maker.client("sqs").send_message(QueueUrl=managed.url, MessageBody="m")


def test_the_policy_of_the_key_counts(aws: EmbeddedAWS) -> None:
    """A key that leaves nothing to the account refuses whom it does not name, and hears of SQS."""
    key = Key(aws)
    queue, role = Queue(aws, key.arn), Role(aws, MESSAGES, key.may("*"))
    through = {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}
    key.admit({"Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*", "Condition": through})
    role.client("sqs").send_message(QueueUrl=queue.url, MessageBody="m")

    key.admit(admitting("events.amazonaws.com", "*"))
    code, _ = refused(role.client("sqs").send_message, QueueUrl=queue.url, MessageBody="m")
    assert "KMS.AccessDeniedException" == code


def test_a_disabled_key_stops_administrators_too(aws: EmbeddedAWS) -> None:
    """Both ways, of queues and of topics, each in its service's code."""
    key = Key(aws)
    queue = Queue(aws, key.arn)
    topic = aws.client("sns").create_topic(Name=unique("topic"), Attributes={"KmsMasterKeyId": key.arn})["TopicArn"]
    key.disable()

    sqs = aws.client("sqs")
    for call, more in ((sqs.send_message, {"MessageBody": "m"}), (sqs.receive_message, {})):
        assert ("KMS.DisabledException", f"{key.arn} is disabled.") == refused(call, QueueUrl=queue.url, **more)
    assert "KMSDisabled" in refused(aws.client("sns").publish, TopicArn=topic, Message="m")[0]


def test_rules_reach_queues_whose_keys_admit_them(aws: EmbeddedAWS) -> None:
    """As targets and for dead letters; a policy with source conditions admits no rule, whose requests carry none."""
    events, service = aws.client("events"), "events.amazonaws.com"
    use = ("GenerateDataKey", "Decrypt")
    account = {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}
    keys = [Key(aws, ROOT, admitting(service, *use)), Key(aws, ROOT, admitting(service, *use, **account)), Key(aws)]
    targets, letters = [[Queue(aws, key.arn, service) for key in keys] for _ in range(2)]
    source = unique("source")
    events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    lost = "arn:aws:sqs:us-east-1:123456789012:nowhere"
    entries = [{"Id": f"t{number}", "Arn": queue.arn} for number, queue in enumerate(targets)]
    entries += [
        {"Id": f"d{number}", "Arn": lost, "DeadLetterConfig": {"Arn": queue.arn}}
        for number, queue in enumerate(letters)
    ]
    for entry in entries:
        events.put_targets(Rule=source, Targets=[entry])
    events.put_events(Entries=[{"Source": source, "DetailType": "d", "Detail": "{}"}])

    assert source in eventually(letters[0].received)[0]
    assert source in eventually(targets[0].received)[0]
    assert [] == [body for queue in (*targets[1:], *letters[1:]) for body in queue.received()]


def test_a_topic_reaches_queues_whose_keys_admit_it(aws: EmbeddedAWS) -> None:
    """SNS works for itself; a key that leaves all to the account admits no service."""
    service = "sns.amazonaws.com"
    admitted = Queue(aws, Key(aws, ROOT, admitting(service, "GenerateDataKey", "Decrypt")).arn, service)
    other = Queue(aws, Key(aws).arn, service)
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    for queue in (other, admitted):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    sns.publish(TopicArn=topic, Message="m")

    assert "m" in eventually(admitted.received)[0]
    assert [] == other.received()


def test_a_schedule_sends_in_its_role(aws: EmbeddedAWS) -> None:
    """Its dead letters lie in an encrypted queue where the role may use the key, and nowhere else."""
    key = Key(aws)
    trusted = {"Service": "scheduler.amazonaws.com"}
    letters, names = {}, [unique("schedule"), unique("schedule")]
    for name, actions in zip(names, (("GenerateDataKey", "Decrypt"), ("Decrypt",)), strict=True):
        queue = Queue(aws, key.arn)
        role = Role(aws, MESSAGES, key.may(*actions), principal=trusted)
        aws.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(1 minutes)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:nowhere",
                "RoleArn": role.arn,
                "DeadLetterConfig": {"Arn": queue.arn},
                "RetryPolicy": {"MaximumRetryAttempts": 0},
            },
        )
        letters[actions] = queue
    aws.skip(61)
    found = eventually(letters["GenerateDataKey", "Decrypt"].received)
    # Another test lets weeks pass, in which they would fire every minute.
    for name in names:
        aws.client("scheduler").delete_schedule(Name=name)

    assert found
    assert [] == letters["Decrypt",].received()
