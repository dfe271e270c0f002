"""Step Functions' API: what it refuses and describes, as recordings of AWS show it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import map_state, pass_state
from emulator.tests.support import ROLE, ended, machine, unique

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:some"


def create(aws: EmbeddedAWS, state: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Create a JSONPath machine with one state, S."""
    definition = json.dumps({"StartAt": "S", "States": {"S": state}})
    created: dict[str, Any] = aws.client("stepfunctions").create_state_machine(
        name=unique("machine"), definition=definition, roleArn=ROLE, **settings
    )
    return created


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    """Make a call that must be refused; return code and message of the error."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


class TestRefusals:
    def test_input_that_is_empty(self, aws: EmbeddedAWS) -> None:
        """An empty text is no input."""
        arn = machine(aws, {"P": pass_state()})
        code, _ = refused(aws.client("stepfunctions").start_execution, stateMachineArn=arn, input="")
        assert code == "InvalidExecutionInput"

    def test_an_update_that_says_nothing(self, aws: EmbeddedAWS) -> None:
        """An update needs something to change."""
        arn = machine(aws, {"P": pass_state()})
        code, _ = refused(aws.client("stepfunctions").update_state_machine, stateMachineArn=arn)
        assert code == "MissingRequiredParameter"

    def test_pages(self, aws: EmbeddedAWS) -> None:
        """More than a thousand results, or a token of nobody's, are refused; 0 stands for the default."""
        listing = aws.client("stepfunctions").list_state_machines
        arn = machine(aws, {"P": pass_state()})
        assert refused(listing, maxResults=1001)[0] == "ValidationException"
        assert refused(listing, nextToken="x")[0] == "InvalidToken"
        # Other tests may have made more than a page of them.
        pages = aws.client("stepfunctions").get_paginator("list_state_machines").paginate(maxResults=0)
        assert arn in {found["stateMachineArn"] for page in pages for found in page["stateMachines"]}

    def test_two_log_destinations(self, aws: EmbeddedAWS) -> None:
        """A state machine logs to exactly one group."""
        arns = [f"arn:aws:logs:us-east-1:123456789012:log-group:{unique('group')}:*" for _ in range(2)]
        logging = {"level": "OFF", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}} for arn in arns]}
        code, message = refused(create, aws=aws, state=pass_state(), loggingConfiguration=logging)
        assert code == "InvalidLoggingConfiguration"
        assert message == "Invalid Logging Configuration: Must specify exactly one Log Destination."

    @pytest.mark.parametrize(
        "text",
        [
            'States.StringToJson(\'{"text":"An \\"escaped double quote\\" here"}\')',
            "States.Format('He said, \\\"Hello, {}!\\\"', 'x')",
        ],
    )
    def test_escapes_that_intrinsics_do_not_have(self, aws: EmbeddedAWS, text: str) -> None:
        """An escaped double quote in the text of an intrinsic function is refused with the definition."""
        code, _ = refused(create, aws=aws, state=pass_state(Parameters={"a.$": text}))
        assert code == "InvalidDefinition"

    @pytest.mark.parametrize(
        ("state", "what"),
        [
            ({"Type": "Task", "Resource": ACTIVITY, "End": True}, "the activity of the state 'S'"),
            (
                {**map_state([1], {"P": pass_state()}), "ItemBatcher": {"MaxItemsPerBatch": 2}},
                "the ItemBatcher of the state 'S'",
            ),
        ],
    )
    def test_what_is_not_emulated_says_so(self, aws: EmbeddedAWS, state: dict[str, Any], what: str) -> None:
        """A definition with what is not emulated is refused by name."""
        assert refused(create, aws=aws, state=state) == (
            "NotImplementedException",
            f"CreateStateMachine is not emulated ({what})",
        )

    @pytest.mark.parametrize(
        ("resource", "words"),
        [
            ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "'.waitForTaskToken' service integration "),
            ("arn:aws:states:::states:startExecution.sync", "'.sync' service integration"),
            (ACTIVITY, "Activity ARN"),
        ],
    )
    def test_what_express_machines_may_not(self, aws: EmbeddedAWS, resource: str, words: str) -> None:
        """Express state machines wait for nobody, in the service's words."""
        code, message = refused(
            create, aws=aws, state={"Type": "Task", "Resource": resource, "End": True}, type="EXPRESS"
        )
        reason = f"SCHEMA_VALIDATION_FAILED: Express state machine does not support {words} at /States/S/Resource"
        assert (code, message) == ("InvalidDefinition", f"Invalid State Machine Definition: '{reason}'")

    def test_what_is_not_told_of_express_executions(self, aws: EmbeddedAWS) -> None:
        """Their ARN is of a kind that no operation takes, and they are not listed."""
        client = aws.client("stepfunctions")
        arn = create(aws, pass_state(), type="EXPRESS")["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=arn)["executionArn"]
        assert execution.startswith(f"{arn.replace(':stateMachine:', ':express:')}:")
        invalid = ("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'")
        for operation in (client.describe_execution, client.stop_execution, client.get_execution_history):
            assert refused(operation, executionArn=execution) == invalid
        assert refused(client.list_executions, stateMachineArn=arn)[0] == "StateMachineTypeNotSupported"


class TestVersionsAndAliases:
    def test_both_can_be_started(self, aws: EmbeddedAWS) -> None:
        """A version runs its own definition, whatever came later, and its executions are among the machine's."""
        client = aws.client("stepfunctions")
        created = create(aws, pass_state(Result=1), publish=True)
        arn, version = created["stateMachineArn"], created["stateMachineVersionArn"]
        later = {"StartAt": "S", "States": {"S": pass_state(Result=2)}}
        client.update_state_machine(stateMachineArn=arn, definition=json.dumps(later))
        routes = [{"stateMachineVersionArn": version, "weight": 100}]
        alias = client.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
        outputs = []
        for started in (arn, version, alias):
            done = ended(aws, client.start_execution(stateMachineArn=started)["executionArn"])
            outputs.append((done["output"], done["stateMachineArn"], done.get("stateMachineVersionArn")))
        assert outputs == [(2, arn, None), (1, arn, version), (1, arn, version)]
        assert done["stateMachineAliasArn"] == alias
        assert len(client.list_executions(stateMachineArn=arn)["executions"]) == 3
        assert len(client.list_executions(stateMachineArn=version)["executions"]) == 2

    def test_what_an_alias_may_not_be(self, aws: EmbeddedAWS) -> None:
        """Names, versions and weights are checked, and an alias that is there is not changed by a creation."""
        client = aws.client("stepfunctions")
        created = create(aws, pass_state(), publish=True)
        version = created["stateMachineVersionArn"]

        def alias(name: str, *routes: tuple[str, int]) -> Any:
            listed = [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in routes]
            return client.create_state_machine_alias(name=name, routingConfiguration=listed)

        for name, routes in (
            ("1", [(version, 100)]),
            ("live", [(version, 50)]),
            ("live", [(version, 50), (version, 50)]),
            ("live", [(created["stateMachineArn"], 100)]),
        ):
            with pytest.raises(client.exceptions.ValidationException):
                alias(name, *routes)
        first = alias("live", (version, 100))
        assert alias("live", (version, 100))["creationDate"] == first["creationDate"]
        later = {"StartAt": "S", "States": {"S": pass_state(Result=2)}}
        second = client.update_state_machine(
            stateMachineArn=created["stateMachineArn"], definition=json.dumps(later), publish=True
        )["stateMachineVersionArn"]
        with pytest.raises(client.exceptions.ConflictException):
            alias("live", (second, 100))


def test_an_activity_is_created_once(aws: EmbeddedAWS) -> None:
    """Creating what is there gives the same activity."""
    client, name = aws.client("stepfunctions"), unique("activity")
    first, second = (client.create_activity(name=name) for _ in range(2))
    assert (first["activityArn"], first["creationDate"]) == (second["activityArn"], second["creationDate"])


def test_what_is_described(aws: EmbeddedAWS) -> None:
    """A description has the default of includeExecutionData, the variables that states read, and the last revision."""
    client = aws.client("stepfunctions")
    states = {"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"}, "B": pass_state(Output="{% [$x][$ > 0] %}")}
    arn = machine(aws, states)
    described = client.describe_state_machine(stateMachineArn=arn)
    assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert described["variableReferences"] == {"B": ["x"]}
    assert "revisionId" not in described
    revision = client.update_state_machine(stateMachineArn=arn, roleArn=ROLE)["revisionId"]
    assert client.describe_state_machine(stateMachineArn=arn)["revisionId"] == revision
