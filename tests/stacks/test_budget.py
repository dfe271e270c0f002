"""The alarm on the budget of a month, what feeds it, and where it is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from definition.problems import SpecError
from stacks.states.run import definition
from tests.documents import parsed
from tests.stacks.evaluation import evaluated
from tests.stacks.test_alarms import alarms, of_type, plain, template

PAGES = {
    "Write report": ("Is the cost of the month known?", "Send cost of month", "Notify success"),
    "Write report of failure": (
        "Is the cost of the month known after all?",
        "Send cost of month with failure",
        "Notify failure",
    ),
}


def states(**changes: Any) -> dict[str, Any]:
    """Return the states of a changed shop."""
    found: dict[str, Any] = definition(parsed(**changes), "dev", spec_hash="0")["States"]
    return found


def test_the_alarm_stays_as_the_last_run_left_it() -> None:
    """It compares the greatest value with the budget, ignores periods without data, and tells of both states."""
    made = alarms(template(budget="300.50 USD"))
    added = made.keys() - alarms(template()).keys()
    (alarm,) = [made[name] for name in added]

    assert {"budget"} == added
    assert ("PersonalizePipelines", "CostOfMonth", "Maximum") == (
        alarm["Namespace"],
        alarm["MetricName"],
        alarm["Statistic"],
    )
    assert [{"Name": "Pipeline", "Value": "shop-dev"}] == alarm["Dimensions"]
    assert ("GreaterThanThreshold", 300.5, "ignore", 1) == (
        alarm["ComparisonOperator"],
        alarm["Threshold"],
        alarm["TreatMissingData"],
        alarm["EvaluationPeriods"],
    )
    assert alarm["AlarmActions"] == alarm["OKActions"]
    for said in ("more than the 300.50 USD of budget", "Nothing is stopped", "raise budget", "next month clears it"):
        assert said in alarm["AlarmDescription"]


@pytest.mark.parametrize("page", PAGES)
def test_each_end_of_a_run_tells_what_the_month_has_cost(page: str) -> None:
    """What the report knows is sent; where it knows nothing, or could not be made, the run ends without."""
    made = states(budget="300 USD")
    known, send, end = PAGES[page]
    (rule,) = made[known]["Choices"]

    assert (known, send, end, end) == (made[page]["Next"], rule["Next"], made[known]["Default"], made[send]["Next"])
    for month, goes in (({"usd": 1.5}, True), ({"usd": 0}, True), ({"usd": None}, False), (None, False)):
        assert goes is evaluated(rule["Condition"], month=month), month
    data = evaluated(made[send]["Arguments"]["MetricData"], month={"usd": 1.5})
    of = [{"Name": "Pipeline", "Value": "${Prefix}"}]
    assert [{"MetricName": "CostOfMonth", "Value": 1.5, "Dimensions": of}] == data
    assert [end] == [each["Next"] for each in made[send]["Catch"]]
    assert [{"month": None}] == [{"month": each["Assign"]["month"]} for each in made[page]["Catch"]]
    assert "300" == made[page]["Arguments"]["Payload"]["budget"]


def test_the_dashboard_has_the_budget_as_a_line() -> None:
    """The cost of the month is drawn beside what it may be."""
    (board,) = of_type(template(budget="300 USD"), "AWS::CloudWatch::Dashboard").values()
    body = json.loads(plain(board["DashboardBody"]))
    (chart,) = [each["properties"] for each in body["widgets"] if "month" in each["properties"]["title"]]

    assert {"horizontal": [{"label": "budget", "value": 300}]} == chart["annotations"]
    assert ["PersonalizePipelines", "CostOfMonth", "Pipeline", "shop-dev"] == chart["metrics"][0][:4]
    assert "Maximum" == chart["stat"]


def test_a_pipeline_without_a_budget_knows_nothing_of_it() -> None:
    """Neither states, alarm nor chart are there."""
    made = json.dumps([states(), template()])
    for word in ("CostOfMonth", "budget", "of the month"):
        assert word not in made


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 USD", "0 USD would ring with the first run. Write what the runs of a month may cost"),
        ("300", "'300' is no amount. Write 50 USD"),
        (300, "'300' is no amount"),
    ],
)
def test_what_is_no_budget_is_refused(text: Any, told: str) -> None:
    """As with max_cost an amount has its currency."""
    with pytest.raises(SpecError) as caught:
        parsed(budget=text)
    (problem,) = caught.value.problems
    assert ("budget", True) == (problem.place, told in f"{problem.what}. {problem.remedy}")
