"""What the state machine of a pipeline with max_cost does, and that of one without does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import validate

from definition.contract.manifest import Manifest, json_schema
from stacks.states.run import definition
from tests.documents import parsed
from tests.manifests import REPORT
from tests.stacks.evaluation import evaluate, evaluated
from transform.contract import TransformRequest

RECIPES = [
    {
        "name": "for-you",
        "recipe": "aws-user-personalization-v2",
        "batch_inference": [{"name": "top"}, {"name": "lately", "users": {"active": "30d"}}],
    },
    {
        "name": "by-itself",
        "recipe": "aws-user-personalization-v2",
        "auto_training": {},
        "batch_inference": [{"name": "all"}],
    },
    {"name": "buyers", "recipe": "aws-item-affinity", "batch_segment": [{"name": "likely"}]},
]


def states(**changes: Any) -> dict[str, Any]:
    """Return the states of the changed shop's machine."""
    found: dict[str, Any] = definition(parsed(solutions=RECIPES, **changes), "dev", spec_hash="0")["States"]
    return found


def request(**variables: Any) -> TransformRequest:
    """Return what the transform is asked for, with the run's variables."""
    made = states(max_cost="50 USD")
    context = {"context": {"Execution": {"StartTime": "2026-11-22T03:00:00.000Z"}}}
    given = {"run": "r", "plans": made["Begin run"]["Assign"]["known"], "importMode": "run", "trainingMode": "run"}
    asked = evaluated(
        made["Describe transform"]["Assign"]["request"], states=context, imported=[], **(given | variables)
    )
    return TransformRequest.model_validate(asked)


def test_the_transform_is_told_what_the_run_may_cost() -> None:
    """Amount, region, prices, and every solution with its jobs travel in the request."""
    budget = request().budget

    assert budget is not None
    assert (50, "${Region}", True) == (budget.usd, budget.region, budget.imports)
    assert "0.15" == str(budget.rates["us-east-1"]["inference_v2"].usd)
    assert budget.rates["us-east-1"]["batch_segment"].usd is None
    assert [("for-you", True), ("by-itself", False), ("buyers", True)] == [
        (each.name, each.trains) for each in budget.solutions
    ]
    assert [
        ("top", "inference", "batch/r/for-you/top/input/", True),
        ("lately", "inference", "batch/r/for-you/lately/input/", False),
        ("all", "inference", "batch/r/by-itself/all/input/", True),
        ("likely", "segment", "batch/r/buyers/likely/input/", False),
    ] == [(job.name, job.kind, job.prefix, job.all_users) for each in budget.solutions for job in each.jobs]
    inputs = [each.prefix for each in request().batch_inputs]
    assert inputs == [job.prefix for each in budget.solutions for job in each.jobs]


def test_what_the_input_skips_is_not_counted() -> None:
    """Without imports, without training, with one of the solutions: as the execution was told."""
    plans = states()["Begin run"]["Assign"]["known"][:1]
    budget = request(importMode="skip", trainingMode="skip", plans=plans).budget

    assert budget is not None
    assert (False, [("for-you", False)]) == (budget.imports, [(each.name, each.trains) for each in budget.solutions])


@pytest.mark.parametrize(
    ("cost", "refusals", "error"),
    [
        ({"refused": True}, ["too dear"], "CostRefused"),
        ({"refused": True}, ["too few", "too dear"], "DataRefused"),
        ({"refused": False}, ["too few"], "DataRefused"),
    ],
)
def test_a_run_that_is_too_dear_has_an_error_of_its_own(cost: dict[str, Any], refusals: list[str], error: str) -> None:
    """Where nothing else is wrong with the data, the error says so, and its remedy is about the file."""
    made = states(max_cost="50 USD")
    failure = evaluated(made["Data refused"]["Assign"]["failure"], report={"cost": cost, "refusals": refusals})
    remedy = evaluate(made["Collect failures"]["Assign"]["remedy"], failures=[failure])

    assert error == failure["error"]
    assert ("raise max_cost in the pipeline file" in remedy) == (error == "CostRefused")


COST: dict[str, Any] = {
    "usd": "0.0126400",
    "max_cost": "50",
    "refused": False,
    "parts": [
        {"part": "for-you/top", "usd": "0.0126400", "reckoned": "counted"},
        {"part": "training of buyers", "usd": None, "reckoned": "unknown"},
        {"part": "buyers/likely", "usd": None, "reckoned": "unknown"},
    ],
}


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (
            {"cost": COST},
            (
                "\n\nBy the counts of its data this run costs about 0.0126 USD, and what nobody knows: "
                "training of buyers, buyers/likely."
            ),
        ),
        (
            {"cost": COST | {"parts": COST["parts"][:1]}},
            "\n\nBy the counts of its data this run costs about 0.0126 USD.",
        ),
        ({}, ""),
    ],
)
def test_the_message_of_success_tells_what_the_run_costs(report: dict[str, Any], told: str) -> None:
    """The amount is rounded, what is unknown is named, and a report of before says nothing."""
    message = states(max_cost="50 USD")["Notify success"]["Arguments"]["Message"]
    remains = {"remarks": [], "reported": [], "remaining": []}

    assert str(evaluate(message, report=report, run="r", **remains)).endswith(f"manifest.json{told}")


@pytest.mark.parametrize("report", [{**REPORT, "cost": COST}, REPORT])
def test_the_manifest_tells_what_the_run_was_reckoned_to_cost(report: dict[str, Any]) -> None:
    """The numbers of the data report stand in it; a report of before has none."""
    body = states(max_cost="50 USD")["Write manifest"]["Arguments"]["Body"]
    context = {"context": {"Execution": {"Id": "arn:execution", "StartTime": "2026-11-22T03:00:00.000Z"}}}
    written = evaluated(body, states=context, run="r", report=report, imports=[], solutions=[], usage=None)
    read = Manifest.model_validate(written)

    assert report.get("cost") == written["cost"]
    assert (None if read.cost is None else "0.0126400") == (read.cost and str(read.cost.usd))
    validate(written, json_schema())


def test_a_pipeline_without_max_cost_knows_nothing_of_it() -> None:
    """Nothing of what a run may cost stands in its machine; the key alone adds it."""
    without, having = json.dumps(states()), json.dumps(states(max_cost="1 USD"))

    for word in ("budget", "max_cost", "CostRefused"):
        assert word not in without
        assert word in having
