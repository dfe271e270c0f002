"""State machines in JSONPath, where recordings of AWS show what moto's interpreter does otherwise."""

from datetime import datetime
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import pass_state
from emulator.tests.support import run

JSONPATH = {"QueryLanguage": "JSONPath"}


@pytest.mark.parametrize(
    "fields",
    [
        {"Parameters": {"at.$": "$$.Execution.StartTime"}},
        {"Parameters": {"all.$": "$$"}},
        {"InputPath": "$$"},
        {"Assign": {"at.$": "$$.Execution.StartTime"}, "Parameters": {"entered.$": "$$.State.EnteredTime"}},
    ],
)
def test_dates_of_the_context_are_texts(aws: EmbeddedAWS, fields: dict[str, Any]) -> None:
    """The context object is JSON: its dates are ISO 8601 texts of milliseconds."""
    done = run(aws, {"P": pass_state(**fields)}, **JSONPATH)
    assert done["status"] == "SUCCEEDED", done
    given = done["output"]
    [text] = [given.get("at") or given.get("entered") or (given.get("all") or given)["Execution"]["StartTime"]]
    moment = datetime.fromisoformat(text)
    assert text == f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
