"""What services tell CloudWatch of themselves, and the times of what programs tell it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from embedded_aws import clock
from embedded_aws.cloudwatch.metrics import emit
from embedded_aws.environment import ACCOUNT_ID, REGION
from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudwatch.support import NAMESPACE, Watch
from emulator.tests.functions import function, invoke
from emulator.tests.stepfunctions.support import pass_state, start
from emulator.tests.support import ended, eventually, unique

FAILING = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("no")
"""


def total(aws: EmbeddedAWS, namespace: str, name: str, **of: str) -> float | None:
    """Return the sum of a metric over two embedded days, None without data."""
    now = clock.now()
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in of.items()],
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(days=1),
        Period=86_400,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(each["Sum"] for each in found) if found else None


def totals(aws: EmbeddedAWS, namespace: str, names: Mapping[str, float | None], **of: str) -> dict[str, float | None]:
    """Return the sums of the named metrics."""
    return {name: total(aws, namespace, name, **of) for name in names}


def test_executions_are_counted_by_their_ends(aws: EmbeddedAWS) -> None:
    """Starts, successes, failures, stops and time-outs of a state machine are each told, with how long they took."""
    client = aws.client("stepfunctions")
    choice = {
        "C": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.end = 'wait' %}", "Next": "W"}],
            "Default": "F",
        },
        "W": {"Type": "Wait", "Seconds": 36_000, "End": True},
        "F": {"Type": "Fail", "Error": "Mine"},
    }
    failed = start(aws, choice, {"end": "fail"})
    ended(aws, failed)
    machine = client.describe_execution(executionArn=failed)["stateMachineArn"]
    stopped = client.start_execution(stateMachineArn=machine, input='{"end": "wait"}')["executionArn"]
    client.stop_execution(executionArn=stopped)
    ended(aws, stopped)
    ended(aws, start(aws, {"P": pass_state()}))

    expected = {
        "ExecutionsStarted": 2.0,
        "ExecutionsFailed": 1.0,
        "ExecutionsAborted": 1.0,
        "ExecutionsSucceeded": None,
        "ExecutionsTimedOut": None,
    }
    assert expected == totals(aws, "AWS/States", expected, StateMachineArn=machine)
    assert (total(aws, "AWS/States", "ExecutionTime", StateMachineArn=machine) or 0) > 0


def test_a_time_out_is_counted(aws: EmbeddedAWS) -> None:
    """An execution that runs out of time counts as timed out, not as failed."""
    arn = start(aws, {"W": {"Type": "Wait", "Seconds": 36_000, "End": True}}, TimeoutSeconds=60)
    ended(aws, arn)
    machine = aws.client("stepfunctions").describe_execution(executionArn=arn)["stateMachineArn"]

    expected = {"ExecutionsTimedOut": 1.0, "ExecutionsFailed": None}
    assert expected == totals(aws, "AWS/States", expected, StateMachineArn=machine)


def test_invocations_and_errors_of_functions_are_counted(aws: EmbeddedAWS) -> None:
    """Every invocation counts, one that raises as an error too, and their duration is told."""
    name = function(aws, FAILING)
    invoke(aws, name, {})
    invoke(aws, name, {"fail": True})

    expected = {"Invocations": 2.0, "Errors": 1.0, "Throttles": 0.0}
    assert expected == totals(aws, "AWS/Lambda", expected, FunctionName=name)
    assert (total(aws, "AWS/Lambda", "Duration", FunctionName=name) or 0) > 0


def test_a_message_in_a_queue_rings_until_it_is_gone(aws: EmbeddedAWS) -> None:
    """The number of visible messages is told each minute while there are some, and then that there are none."""
    sqs, name = aws.client("sqs"), unique("queue")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    watch = Watch(
        aws,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": name}],
        Statistic="Maximum",
    )
    watch.make()
    watch.becomes("OK")
    sqs.send_message(QueueUrl=url, MessageBody="late")
    watch.becomes("ALARM")
    sqs.purge_queue(QueueUrl=url)
    watch.becomes("OK")


def test_data_have_embedded_times(aws: EmbeddedAWS) -> None:
    """A datum without a time has that of the embedded clock; one of three weeks ago or of tomorrow is refused."""
    watch = Watch(aws)
    aws.skip(86_400)
    watch.client.put_metric_data(Namespace=NAMESPACE, MetricData=[watch.datum(Value=1)])
    assert 1.0 == total(aws, NAMESPACE, watch.metric, Kind="good")
    assert clock.now() - datetime.now(UTC) > timedelta(hours=23)
    for shift in (timedelta(days=-21), timedelta(days=1)):
        with pytest.raises(ClientError, match="Timestamp"):
            watch.client.put_metric_data(
                Namespace=NAMESPACE, MetricData=[watch.datum(Value=1, Timestamp=clock.now() + shift)]
            )
    eventually(lambda: total(aws, NAMESPACE, watch.metric, Kind="good") == 1.0)


def test_a_service_tells_of_what_was_before_the_clock_was_set_ahead(aws: EmbeddedAWS) -> None:
    """A metric of a service's own is taken in where the clock was set weeks ahead before it could be told."""
    before = clock.now() - timedelta(weeks=4)
    machine = unique("machine")
    emit(ACCOUNT_ID, REGION, "AWS/States", {"ExecutionsStarted": 1.0}, moment=before, StateMachineArn=machine)
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/States",
        MetricName="ExecutionsStarted",
        Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
        StartTime=before - timedelta(hours=1),
        EndTime=before + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [each["Sum"] for each in found] == [1.0]
