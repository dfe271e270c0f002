import hashlib
import uuid
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import NASTY, pass_state
from emulator.tests.support import ended, machine, output, run, unique


def value_of(aws: EmbeddedAWS, expression: str, value: Any = None) -> Any:
    """Return what an expression yields for an input."""
    return output(aws, {"A": pass_state(Output=f"{{% {expression} %}}")}, value)


class TestJsonata:
    @pytest.mark.aws
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("$range(0, 10, 4)", [0, 4, 8]),
            ("$range(3, 1, -1)", [3, 2, 1]),
            ("$range(1, 9, 9)", 1),  # recorded
            ("$partition([0], 4)", [[0]]),  # recorded
            ("$range(0, 4, 2)", [0, 2, 4]),
            ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
            ("$parse('{\"a\": [1, null, 2.5]}')", {"a": [1, None, 2.5]}),
            ("$random(3) = $random(3)", True),
            ("$random() < 1", True),
            ("$sum([1, 2.5, 0.5])", 4),
            ("10 / 4", 2.5),
            ("[1..3]", [1, 2, 3]),
            ("$string(2.0)", "2"),
            ("null", None),
        ],
    )
    def test_values(self, aws: EmbeddedAWS, expression: str, expected: Any) -> None:
        """Functions that Step Functions adds, and numbers, have their documented values."""
        result = value_of(aws, expression)
        assert result == expected
        assert type(result) is type(expected)

    @pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"])
    def test_hash(self, aws: EmbeddedAWS, algorithm: str) -> None:
        """$hash gives the hexadecimal digest of the UTF-8 text."""
        expected = hashlib.new(algorithm.replace("-", "").lower(), "é".encode()).hexdigest()
        assert value_of(aws, f"$hash('é', '{algorithm}')") == expected

    def test_uuid(self, aws: EmbeddedAWS) -> None:
        """$uuid gives a new version 4 UUID each time."""
        first, second = value_of(aws, "[$uuid(), $uuid()]")
        assert first != second
        assert uuid.UUID(first).version == 4

    @pytest.mark.parametrize(
        ("expression", "reason"),
        [
            ("$states.input.nothing", "returned nothing (undefined)"),
            ("1 + 'a'", "T2002"),
            ("$eval('1')", "$parse"),
            ("$partition([1], 0)", "must be positive"),
            ("$hash('a', 'CRC')", "SHA-256"),
            ("$parse('{')", "not JSON"),
            ("$uppercase", "unsupported result type"),
            ("$error('boom')", "boom"),
        ],
    )
    def test_errors(self, aws: EmbeddedAWS, expression: str, reason: str) -> None:
        """An expression that fails or yields nothing fails the state with States.QueryEvaluationError."""
        description = run(aws, {"A": pass_state(Output=f"{{% {expression} %}}")})
        assert (description["status"], description["error"]) == ("FAILED", "States.QueryEvaluationError")
        assert reason in description["cause"]

    @pytest.mark.aws
    def test_strings_are_values(self, aws: EmbeddedAWS) -> None:
        """Text from the input and from variables survives whatever is in it."""
        states = {
            "A": {"Type": "Pass", "Assign": {"text": "{% $states.input.text %}"}, "Next": "B"},
            "B": pass_state(Output="{% [$text, $states.input.text, $text & '!'] %}"),
        }
        assert output(aws, states, {"text": NASTY}) == [NASTY, NASTY, NASTY + "!"]

    @pytest.mark.aws
    def test_nulls_are_not_missing(self, aws: EmbeddedAWS) -> None:
        """A null in the input exists, equals null and can be an output."""
        expression = "{'exists': $exists($states.input.a), 'null': $states.input.a = null, 'value': $states.input.a}"
        assert value_of(aws, expression, {"a": None}) == {"exists": True, "null": True, "value": None}

    @pytest.mark.aws
    def test_assigned_values_are_for_the_next_state(self, aws: EmbeddedAWS) -> None:
        """A state's Output sees variables as they were before its Assign."""
        states = {
            "A": {"Type": "Pass", "Assign": {"n": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}", "Next": "C"},
            "C": pass_state(Output="{% [$states.input, $n] %}"),
        }
        assert output(aws, states) == [1, 2]

    @pytest.mark.aws
    def test_context(self, aws: EmbeddedAWS) -> None:
        """The context object describes the execution, the machine and the state."""
        arn = machine(aws, {"A": pass_state(Output="{% $states.context %}")})
        name = unique("run")
        started = aws.client("stepfunctions").start_execution(stateMachineArn=arn, name=name, input='{"a": 1}')
        context = ended(aws, started["executionArn"])["output"]
        assert context["Execution"]["Id"] == started["executionArn"]
        assert context["Execution"]["Name"] == name
        assert context["Execution"]["Input"] == {"a": 1}
        assert context["Execution"]["StartTime"].endswith("Z")
        assert context["StateMachine"]["Name"] == arn.split(":")[-1]
        assert context["State"]["Name"] == "A"
