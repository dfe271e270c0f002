"""The message of a run with a link to its page, as the function of the report sends it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from lambdas.report.handler import handler
from tests.functions.handlers import Context

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS
    from tests.functions.handlers import Bucket

RUN = "20261122T030000-1ebdeb"

# The function counts nothing; Powertools says so at every call.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


class Subscriber:
    """A topic, and a queue that hears of it."""

    def __init__(self, aws: EmbeddedAWS, name: str) -> None:
        self._sqs, sns = aws.client("sqs"), aws.client("sns")
        self.topic = sns.create_topic(Name=name)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": json.dumps(policy)})
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)

    def heard(self) -> dict[str, Any]:
        """Return the only message."""
        (message,) = self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=5)["Messages"]
        found: dict[str, Any] = json.loads(message["Body"])
        return found


def told(bucket: Bucket, subscriber: Subscriber, seconds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the function answers that was asked for a message, and the message."""
    request = {
        "step": "message",
        "bucket": bucket.name,
        "run": RUN,
        "topic": subscriber.topic,
        "subject": "shop-dev: run succeeded",
        "message": "Manifest: here",
        "seconds": seconds,
    }
    answer = handler(request, Context())
    return answer, subscriber.heard()


def test_the_link_opens_the_page_until_it_ends(
    aws: EmbeddedAWS, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody but the topic learns of it: it is neither in the answer nor in the log."""
    bucket.put(f"runs/{RUN}/report.html", "<p>page</p>")
    answer, message = told(bucket, Subscriber(aws, bucket.name), 3)
    url = message["Message"].rpartition(" ")[2]

    assert "shop-dev: run succeeded" == message["Subject"]
    assert message["Message"].startswith("Manifest: here\n\nThe report in a browser, for whoever has this link, until ")
    assert ["AWS4-HMAC-SHA256"] == parse_qs(urlsplit(url).query)["X-Amz-Algorithm"]
    assert b"<p>page</p>" == urlopen(url, timeout=30).read()  # noqa: S310  # our own
    assert {"linked": True} == answer
    assert "X-Amz" not in capsys.readouterr().out
    time.sleep(4)
    with pytest.raises(HTTPError) as ended:
        urlopen(url, timeout=30)  # noqa: S310  # our own
    assert (403, True) == (ended.value.code, b"Request has expired" in ended.value.read())


def test_without_a_page_the_message_goes_alone(aws: EmbeddedAWS, bucket: Bucket) -> None:
    """Where no page could be made there is nothing to link."""
    answer, message = told(bucket, Subscriber(aws, bucket.name), 60)

    assert ({"linked": False}, "Manifest: here") == (answer, message["Message"])
