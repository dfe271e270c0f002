"""What RedriveExecution refuses, and when it does nothing a second time."""

import json
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import FAIL, pass_state, redriven, start
from emulator.tests.support import ROLE, ended, run, unique

DAY = 24 * 60 * 60


class TestRefusals:
    def test_what_runs_or_has_succeeded(self, aws: EmbeddedAWS) -> None:
        """Only unsuccessful executions are redriven; the message names the status."""
        client = aws.client("stepfunctions")
        execution = start(aws, {"W": {"Type": "Wait", "Seconds": 36000, "End": True}})
        with pytest.raises(client.exceptions.ExecutionNotRedrivable, match="RUNNING and cannot be redriven"):
            client.redrive_execution(executionArn=execution)
        client.stop_execution(executionArn=execution)
        done = run(aws, {"A": pass_state()})
        assert (done["redriveStatus"], done["redriveCount"]) == ("NOT_REDRIVABLE", 0)
        with pytest.raises(client.exceptions.ExecutionNotRedrivable, match="SUCCEEDED and cannot be redriven"):
            client.redrive_execution(executionArn=done["executionArn"])

    def test_what_does_not_exist(self, aws: EmbeddedAWS) -> None:
        """An unknown execution is ExecutionDoesNotExist, what is no ARN of one InvalidArn."""
        client = aws.client("stepfunctions")
        unknown = run(aws, FAIL)["executionArn"] + "x"
        with pytest.raises(client.exceptions.ExecutionDoesNotExist):
            client.redrive_execution(executionArn=unknown)
        with pytest.raises(client.exceptions.InvalidArn):
            client.redrive_execution(executionArn="x")

    def test_two_weeks_after_its_end(self, aws: EmbeddedAWS) -> None:
        """An execution can be redriven for 14 days from its last end."""
        client = aws.client("stepfunctions")
        execution = run(aws, FAIL)["executionArn"]
        aws.skip(13 * DAY)
        redriven(aws, execution)
        aws.skip(13 * DAY)
        redriven(aws, execution)
        aws.skip(15 * DAY)
        description = client.describe_execution(executionArn=execution)
        assert description["redriveStatus"] == "NOT_REDRIVABLE"
        assert description["redriveStatusReason"] == "Execution redrivable period exceeded"
        with pytest.raises(client.exceptions.ExecutionNotRedrivable, match="period exceeded"):
            client.redrive_execution(executionArn=execution)

    def test_express(self, aws: EmbeddedAWS) -> None:
        """Executions of express machines are no resource of a redrive."""
        client = aws.client("stepfunctions")
        arn = client.create_state_machine(
            name=unique("machine"),
            definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "F", "States": FAIL}),
            roleArn=ROLE,
            type="EXPRESS",
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=arn)["executionArn"]
        with pytest.raises(client.exceptions.InvalidArn, match="express"):
            client.redrive_execution(executionArn=execution)

    def test_client_tokens(self, aws: EmbeddedAWS) -> None:
        """The same token redrives once in 15 minutes and gets the same answer; another one redrives again."""
        client = aws.client("stepfunctions")
        execution = run(aws, FAIL)["executionArn"]

        def redrive(token: str) -> Any:
            answer = client.redrive_execution(executionArn=execution, clientToken=token)
            return answer["redriveDate"], ended(aws, execution)["redriveCount"]

        date, count = redrive("one")
        assert count == 1
        assert redrive("one") == (date, 1)
        later, count = redrive("two")
        assert (later > date, count) == (True, 2)
        assert redrive("one") == (date, 2)
        aws.skip(16 * 60)
        last, count = redrive("one")
        assert (last > later, count) == (True, 3)
