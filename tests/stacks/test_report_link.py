"""A link to the page in the message of a run: which states send it, with which grants, and what stays without it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from definition.problems import SpecError
from stacks.states.run import definition
from tests.documents import parsed
from tests.stacks.evaluation import evaluated
from tests.stacks.test_alarms import plain, template

NOTIFY = {"Notify success": "Write report", "Notify failure": "Write report of failure"}


def states(**changes: Any) -> dict[str, Any]:
    """Return the states of a changed shop."""
    found: dict[str, Any] = definition(parsed(**changes), "dev", spec_hash="0")["States"]
    return found


@pytest.mark.parametrize("name", NOTIFY)
def test_the_function_that_signs_sends_the_message(name: str) -> None:
    """It is given what the topic would be told without it; if it fails, the message goes without a link."""
    made, plain_states = states(report_link="6h"), states()
    linked, notify = made[f"{name} with link"], made[name]

    assert plain_states[name] == notify
    assert f"{name} with link" == made[NOTIFY[name]]["Next"]
    assert [name] == [each["Next"] for each in linked["Catch"]]
    assert notify["Next"] == linked["Next"]
    payload = linked["Arguments"]["Payload"]
    assert ("message", "${TopicArn}", 21_600) == (payload["step"], payload["topic"], payload["seconds"])
    assert notify["Arguments"]["Subject"] == payload["subject"]
    assert notify["Arguments"]["Message"] == payload["message"]
    assert {} == linked["Output"]
    assert "Assign" not in linked
    assert "r1" == evaluated(payload["run"], run="r1")


def of_report(**changes: Any) -> list[dict[str, Any]]:
    """Return the statements of the role of the report's function."""
    # The bucket is another stack's.
    resources = json.loads(re.sub(r'\{"Fn::ImportValue": "[^"]*"\}', '"bucket"', json.dumps(template(**changes))))
    return [
        statement
        for name, each in resources.items()
        if each["Type"] == "AWS::IAM::Policy" and name.startswith("Report")
        for statement in plain(each["Properties"]["PolicyDocument"]["Statement"])
    ]


def test_the_role_may_read_the_page_and_tell_the_topic() -> None:
    """A URL may what its signer may: the page is added to what the function reads, and the pipeline's own topic."""
    before, after = of_report(), of_report(report_link="6h")
    (added,) = [each for each in after if each["Action"] == "sns:Publish"]
    (reads,) = [each["Resource"] for each in after if each["Action"] == "s3:GetObject"]
    (read_before,) = [each["Resource"] for each in before if each["Action"] == "s3:GetObject"]

    assert added["Resource"].endswith(":shop-dev-runs")
    assert "*" not in added["Resource"]
    assert ["runs/*/report.html"] == [each.partition("/")[2] for each in reads if each not in read_before]


def test_a_pipeline_without_links_knows_nothing_of_them() -> None:
    """Neither the states nor the grant are there."""
    assert "with link" not in json.dumps([states(), template()])


@pytest.mark.parametrize(("text", "told"), [("13h", "13h are more than the session of a role"), ("0h", "no duration")])
def test_what_no_link_lives_for_is_refused(text: str, told: str) -> None:
    """A signed URL ends with the session of the role that signed it, which lasts twelve hours at most."""
    assert 43_200 == (parsed(report_link="12h").report_link or 0).total_seconds()  # type: ignore[union-attr]  # it is there
    with pytest.raises(SpecError) as caught:
        parsed(report_link=text)
    (problem,) = caught.value.problems
    assert "report_link" == problem.place
    assert told in f"{problem.what}. {problem.remedy}".replace("not a duration", "no duration")
