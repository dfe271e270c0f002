"""The documents that states make are those that functions and people read."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from jsonschema import validate
from pydantic import BaseModel, ValidationError

from definition.contract.manifest import FailureRecord, Manifest, json_schema
from definition.contract.plans import JobPlan, RecommenderPlan, SolutionPlan
from definition.contract.publishing import Job, PartRequest, PublishRequest, RangeRequest, Request, TotalRequest
from stacks.states.asl import document
from stacks.states.run import definition
from tests.documents import LIVE, parsed
from tests.manifests import PUBLISHED, REPORT, USAGE
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
    "formats": [],
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


@pytest.mark.parametrize("formats", [["csv"], ["csv", "jsonl"]])
def test_formats_are_asked_for_in_every_step(formats: list[str]) -> None:
    """As a list, also of one: what a step does not know of would be deleted by it, or missed."""
    (job,) = plans(solutions__0__batch_inference__0__formats=formats)[0]["jobs"]

    for step in ("whole", "part", "total", "range"):
        assert formats == request_of(job_states(), step, job)["formats"]


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


PLANS = plans(**LIVE)
FAILURE = {"state": "Describe solution version", "resource": "solution version", "arn": "arn:solution/1",
           "status": "CREATE FAILED", "error": "JobFailed", "reason": "why"}  # fmt: skip


def jobs() -> list[dict[str, Any]]:
    """Return the results of batch jobs: published at once, published in parts, failed."""
    states = job_states(**LIVE)
    job = PLANS[0]["jobs"][0]
    given = {"job": job, "task": TASK, "batchJob": {"arn": "arn:job"}}
    table = {name: value for name, value in PUBLISHED.items() if name not in {"keys", "changes"}}
    total = {"table": table, "since": PUBLISHED["changes"]["since"], "changes": PUBLISHED["changes"]["location"]}
    compared = {"keys": 199, "added": 3, "removed": 2, "moved": 1}
    return [
        evaluated(states["Publish"]["Output"], states={"result": {"Payload": PUBLISHED}}, **given),
        evaluated(states["Published"]["Output"], total=total, compared=compared, **given),
        evaluated(states["Batch job failed"]["Output"], jobFailure=FAILURE, **given),
    ]


def solutions() -> list[dict[str, Any]]:
    """Return the results of solutions: with jobs of which one failed, and failed before any of them."""
    states = machine(**LIVE)["Solutions"]["ItemProcessor"]["States"]
    variables = {
        "plan": PLANS[0],
        "jobs": jobs(),
        "solution": {"arn": "arn:solution"},
        "solutionVersion": {"arn": "arn:solution/1"},
        "training": {"metrics": {"coverage": 0.5}, "hours": 1.25},
        "misses": [],
        "kept": False,
        "campaign": {"arn": "arn:campaign", "status": "ACTIVE"},
    }
    return [
        evaluated(states["Solution result"]["Output"], **variables),
        evaluated(states["End of failed solution"]["Output"], plan=PLANS[0], solutionFailure=FAILURE),
    ]


def recommenders() -> list[dict[str, Any]]:
    """Return the results of recommenders: one that answers, one that failed."""
    children = machine(**LIVE)["Recommenders"]["ItemProcessor"]["States"]
    plan = machine(**LIVE)["Begin recommenders"]["Output"]["items"][0]
    made = {"arn": "arn:recommender", "status": "ACTIVE"}
    return [
        evaluated(children["Recommender result"]["Output"], plan=plan, recommender=made),
        evaluated(children["End of failed recommender"]["Output"], plan=plan, recommenderFailure=FAILURE),
    ]


def written(**changes: Any) -> dict[str, Any]:
    """Return the manifest that the state machine writes."""
    context = {"Execution": {"Id": "arn:execution", "StartTime": "2026-11-22T03:00:00.000Z"}}
    variables: dict[str, Any] = {
        "run": TASK["run"],
        "report": REPORT,
        "imports": [{"dataset": "interactions", "status": "SUCCEEDED", "import_job_arn": "arn:import"}],
        "solutions": solutions(),
        "recommenders": recommenders(),
        "usage": USAGE,
        "states": {"context": context},
    }
    body: dict[str, Any] = evaluated(machine(**LIVE)["Write manifest"]["Arguments"]["Body"], **(variables | changes))
    return body


def test_the_manifest_is_what_its_type_says() -> None:
    """What the state machine writes is a manifest, by type and by schema: nothing is missing or unknown."""
    body = written()
    read = Manifest.model_validate(body)

    assert body == read.model_dump(mode="json", exclude_unset=True)
    validate(body, json_schema())
    assert (1, "FAILED", "arn:import") == (read.version, read.status, read.datasets[0].import_job_arn)
    made, failed = read.solutions
    assert [PUBLISHED, PUBLISHED, None] == [job.published and job.published.model_dump() for job in made.jobs]
    assert ("FAILED", "arn:campaign", "top") == (
        made.status,
        made.campaign and made.campaign.arn,
        made.jobs[2].failure and made.jobs[2].failure.job,
    )
    assert FAILURE | {"solution": "for-you"} == (failed.failure and failed.failure.model_dump(exclude_none=True))
    assert ["ACTIVE", "FAILED"] == [each.status for each in read.recommenders]


def test_a_manifest_without_imports_has_no_import_job() -> None:
    """Where the input left the imports out, no import job is named."""
    body = written(imports=[])

    assert "import_job_arn" not in body["datasets"][0]
    assert Manifest.model_validate(body).datasets[0].import_job_arn is None


@pytest.mark.parametrize("changed", [{"status": "DONE"}, {"runs": 1}, {"run": ...}, {"datasets": [{}]}])
def test_another_manifest_is_refused(changed: dict[str, Any]) -> None:
    """The check above can fail: a status, a field too many, one too few, and a dataset without its counts are found."""
    body = {name: value for name, value in (written() | changed).items() if value is not ...}
    with pytest.raises(ValidationError):
        Manifest.model_validate(body)


def test_the_failure_record_is_what_its_type_says() -> None:
    """What the state machine writes of a failure is read by the command line."""
    variables = {"run": "r", "cause": "Run r failed.", "remedy": "Redrive.", "failures": [FAILURE]}
    context = {"context": {"Execution": {"Id": "arn:execution"}}}
    body = evaluated(machine()["Record failure"]["Arguments"]["Body"], states=context, **variables)

    assert body == FailureRecord.model_validate(body).model_dump(exclude_unset=True)


def test_the_transform_is_asked_for_as_the_engines_read_it() -> None:
    """The request that the state machine makes is one of the transform, for each solution's jobs."""
    context = {"context": {"Execution": {"StartTime": "2026-11-22T03:00:00.000Z"}}}
    imported = [{"dataset": "interactions", "run": "before", "identity": "i", "import_job_arn": "arn"}]
    variables = {"run": TASK["run"], "plans": PLANS, "importMode": "run", "imported": imported}
    asked = evaluated(machine(**LIVE)["Describe transform"]["Assign"]["request"], states=context, **variables)
    request = TransformRequest.model_validate(asked)

    assert [f"batch/{TASK['run']}/for-you/top/input/"] == [each.prefix for each in request.batch_inputs]
    assert [("interactions", "before")] == [(each.dataset, each.run) for each in request.imported]
    assert 1_795_316_400 == request.started
