"""Events of services and the rules of the default bus."""

import json
from typing import Any

from local.server import EmbeddedAWS
from tests.local.stepfunctions.support import pass_state, start
from tests.local.support import ROLE, ended, eventually, machine, unique


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
    ended(aws, start(aws, {"P": pass_state()}))
    assert heard(aws, listener) is not None
