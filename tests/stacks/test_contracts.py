"""The documents that states make are those that functions and people read."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from definition.contract.plans import JobPlan, RecommenderPlan, SolutionPlan
from definition.contract.publishing import Job, PartRequest, PublishRequest, RangeRequest, Request, TotalRequest
from stacks.states.asl import document
from stacks.states.run import definition
from tests.documents import LIVE, parsed
from tests.stacks.evaluation import evaluated
from transform.contract import DatasetReport, TransformReport, TransformRequest

TASK = {"run": "20261122T030000-1ebdeb", "solution": "for-you", "version": "arn:version"}
ASKED = {
    "bucket": "${Bucket}",
    "run": "20261122T030000-1ebdeb",
    "solution": "for-you",
    "job": "top",
    "kind": "inference",
    "line": "user",
    "max_errors": 0.05,
    "themed": False,
}


def machine(**changes: Any) -> dict[str, Any]:
    """Return the states of a changed shop's machine."""
    states: dict[str, Any] = definition(parsed(**changes), "dev", spec_hash="0")["States"]
    return states


def job_states(**changes: Any) -> dict[str, Any]:
    """Return the states of a batch job."""
    solution = machine(**changes)["Solutions"]["ItemProcessor"]["States"]
    states: dict[str, Any] = solution["Run batch jobs"]["ItemProcessor"]["States"]
    return states


def plans(**changes: Any) -> list[dict[str, Any]]:
    """Return the plans of a changed shop's solutions."""
    known: list[dict[str, Any]] = machine(**changes)["Begin run"]["Assign"]["known"]
    return known


def request_of(states: dict[str, Any], step: str, job: dict[str, Any]) -> Any:
    """Return what the function is asked for in a step, with the values that the step has at run time."""
    variables = {"task": TASK, "job": job, "parts": {"lines": 9, "errors": 1}}
    if step == "whole":
        return evaluated(states["Publish"]["Arguments"]["Payload"], **variables)
    if step == "total":
        return evaluated(states["Add up parts"]["Arguments"]["Payload"], **variables)
    if step == "part":
        began, name = states["Publish"]["Catch"][0]["Output"], "Publish parts"
        variables["states"] = {"context": {"Map": {"Item": {"Value": {"Key": "batch/r/for-you/top/output/a.out"}}}}}
    else:
        began, name = states["Add up parts"]["Output"], "Compare with table before"
        total = {"before": "s3://b/curated/for-you/top/run=x/", "ranges": [{"number": 0, "low": None, "high": "m"}]}
        variables["states"] = {
            "result": {"Payload": total},
            "context": {"Map": {"Item": {"Value": total["ranges"][0]}}},
        }
    given = evaluated(began, **variables)
    variables["states"] |= {"input": given}
    item = evaluated(states[name]["ItemSelector"], **variables)
    (call,) = (state for state in states[name]["ItemProcessor"]["States"].values() if state["Type"] == "Task")
    return evaluated(call["Arguments"]["Payload"], states={"input": item})


@pytest.mark.parametrize(
    ("step", "model", "more"),
    [
        ("whole", PublishRequest, {"max_bytes": 2 * 10**9}),
        ("part", PartRequest, {"part": "batch/r/for-you/top/output/a.out"}),
        ("total", TotalRequest, {"counts": {"lines": 9, "errors": 1}}),
        ("range", RangeRequest, {"before": "s3://b/curated/for-you/top/run=x/", "number": 0, "low": None, "high": "m"}),
    ],
)
def test_each_step_of_publishing_is_asked_for_as_the_function_reads_it(
    step: str, model: type[Job], more: dict[str, Any]
) -> None:
    """What a state sends is a request of that step, with the job of the file and nothing else."""
    asked = request_of(job_states(), step, plans()[0]["jobs"][0])

    assert {**ASKED, "max_errors": plans()[0]["jobs"][0]["max_errors"], "step": step, **more} == asked
    assert isinstance(Request.validate_python(asked), model)


def test_parts_are_looked_for_where_personalize_writes() -> None:
    """The Map over the parts lists the folder that the batch job is told to write to."""
    states = job_states()
    reader = states["Publish parts"]["ItemReader"]["Arguments"]
    written = states["Create batch inference job"]["Arguments"]["JobOutput"]["S3DataDestination"]["Path"]
    job = plans()[0]["jobs"][0]
    listed = evaluated(reader, states={"input": {"job": ASKED}})

    assert {"Bucket": "${Bucket}", "Prefix": f"batch/{TASK['run']}/for-you/top/output/"} == listed
    assert f"s3://${{Bucket}}/{listed['Prefix']}" == evaluated(written, task=TASK, job=job)


@pytest.mark.parametrize("change", [{"jobs": "top"}, {"job": ...}], ids=["unknown", "missing"])
def test_a_document_with_other_fields_is_refused_at_synthesis(change: dict[str, Any]) -> None:
    """A key that the reader does not know, or misses, ends the synthesis and not a run."""
    fields = {name: value for name, value in (ASKED | change).items() if value is not ...}
    with pytest.raises(TypeError, match="Job knows no"):
        document(Job, **fields)


READ: dict[str, tuple[type[BaseModel], ...]] = {
    "plan": (SolutionPlan, RecommenderPlan),
    "job": (JobPlan,),
    "report": (TransformReport,),
    "dataset": (DatasetReport,),
    "request": (TransformRequest,),
}
"""What variables of the state machine hold."""


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """Return the models within the type of a field: of lists and of what may be left out."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_of(argument)]


def unknown_fields(text: str) -> list[str]:
    """Return the paths of JSONata that name a field which the document does not have."""
    found = []
    for variable, path in re.findall(rf"\$({'|'.join(READ)})((?:\.[a-z_]+)+)", text):
        models: list[type[BaseModel]] = list(READ[variable])
        for name in path[1:].split("."):
            fields = [model.model_fields[name] for model in models if name in model.model_fields]
            if models and not fields:
                found.append(f"${variable}{path}")
            models = [model for field in fields for model in models_of(field.annotation)]
    return found


@pytest.mark.parametrize("engine", ["lambda", "auto"])
def test_states_read_fields_that_documents_have(engine: str) -> None:
    """A field that no document has is nothing in JSONata, and a branch that is never taken."""
    text = json.dumps(machine(**LIVE, engine=engine))

    assert [] == unknown_fields(text)
    assert ["$plan.qualty.floors", "$report.datasets.row_in"] == unknown_fields(
        "$plan.qualty.floors or $report.datasets.row_in = 0 or $job.input.line = 'user'"
    )
