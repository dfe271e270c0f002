"""What the stacks hold for filters, campaigns, recommenders, event tracker and metric attribution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import App
from aws_cdk.assertions import Match, Template

from stacks.app import add_stacks
from stacks.states.run import definition
from tests.documents import parsed
from tests.stacks.conftest import CONTEXT
from tests.stacks.evaluation import evaluate

if TYPE_CHECKING:
    from spec.pipeline import Pipeline

BOUGHT = {"name": "not-bought", "expression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'}
KINDS_OF = {"name": "kinds", "expression": "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($KINDS)"}


def templates(pipeline: Pipeline) -> dict[str, Template]:
    """Return the templates of a pipeline by part."""
    app = App(context=CONTEXT)
    add_stacks(app, pipeline, stage="dev", keep_data=True)
    parts = ("storage", "personalize", "workflow")
    return {part: Template.from_stack(app.node.find_child(f"shop-dev-{part}")) for part in parts}


def filters(**changes: Any) -> list[dict[str, Any]]:
    """Return the properties of the filters that a changed pipeline makes."""
    found = templates(parsed(**changes))["personalize"].find_resources("AWS::Personalize::Filter")
    return [resource["Properties"] for resource in found.values()]


def test_a_changed_filter_is_another_filter() -> None:
    """A filter cannot be changed, so another expression has another name; the same one keeps it."""
    (first,) = filters(filters=[BOUGHT])
    (other,) = filters(filters=[{**BOUGHT, "expression": BOUGHT["expression"].replace("click", "view")}])

    assert BOUGHT["expression"] == first["FilterExpression"]
    assert first["Name"].startswith("shop-dev-not-bought-")
    assert [first] == filters(filters=[BOUGHT])
    assert first["Name"] != other["Name"]


def test_filters_come_after_the_datasets_whose_fields_they_name() -> None:
    """The service holds an expression against the schemas, so they have to be there."""
    template = templates(parsed(filters=[BOUGHT]))["personalize"]
    (dataset,) = template.find_resources("AWS::Personalize::Dataset")

    template.has_resource("AWS::Personalize::Filter", {"DependsOn": Match.array_with([dataset])})
    template.has_output("*", {"Description": "Filter not-bought"})


def test_batch_jobs_are_filtered_by_their_own_filter() -> None:
    """The filter in a job's arguments is the one that the stack makes, with the job's values; other jobs have none."""
    jobs = [
        {"name": "all"},
        {"name": "some", "filter": "kinds", "filter_values": {"KINDS": ["click"]}},
    ]
    changes = {"filters": [KINDS_OF], "solutions__0__batch_inference": jobs}
    machine = definition(parsed(**changes), "dev", spec_hash="0")
    (plan,) = machine["States"]["Begin run"]["Assign"]["known"]
    batch = machine["States"]["Solutions"]["ItemProcessor"]["States"]["Run batch jobs"]["ItemProcessor"]["States"]
    text = batch["Create batch inference job"]["Arguments"].replace("${PersonalizeArn}", "arn:p")
    arguments = [
        evaluate(
            text.replace("${Prefix}", "shop-dev"),
            job=job,
            plan=plan,
            run="r",
            solutionVersion={"arn": "v"},
            batchInferenceJob={},
        )
        for job in plan["jobs"]
    ]

    made = {each["Name"] for each in filters(**changes) if "$" not in each["FilterExpression"]}
    assert "FilterArn" not in arguments[0]
    assert {f"arn:p:filter/{name}" for name in made} == {arguments[1].pop("FilterArn")}
    paths = [json.dumps(each).replace("/all/", "/x/").replace("/some/", "/x/") for each in arguments]
    assert paths[0] == paths[1].replace("for-you-some", "for-you-all")
