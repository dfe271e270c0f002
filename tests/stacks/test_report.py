"""What the state machine asks the report function for, and what it says if that fails."""

from __future__ import annotations

from typing import Any

import pytest

from definition.contract.report import PageRequest, Request, UsageRequest
from stacks.states.run import definition
from tests.documents import parsed
from tests.manifests import REPORT, RUN, manifest
from tests.stacks.evaluation import evaluate, evaluated

LABELS = {"path": "films.csv", "id": "film", "label": "title"}
PAGES = {"Write report": ("SUCCEEDED", "Notify success"), "Write report of failure": ("FAILED", "Notify failure")}
IMPORTED = [{"dataset": "interactions", "status": "SUCCEEDED", "import_job_arn": "arn:import"}]


def states(**changes: Any) -> dict[str, Any]:
    """Return the states of a changed shop's machine."""
    made: dict[str, Any] = definition(parsed(**changes), "dev", spec_hash="0")["States"]
    return made


def asked(state: dict[str, Any], *, redriven: dict[str, int] | None = None, **variables: Any) -> Any:
    """Return what the function is asked for."""
    execution = {"Id": "arn:execution", "StartTime": "2026-11-22T03:00:00.000Z", **(redriven or {})}
    context = {"context": {"Execution": execution, "State": {"EnteredTime": "2026-11-22T04:00:00.000Z"}}}
    return evaluated(state["Arguments"]["Payload"], run=RUN, states=context, **variables)


def test_usage_is_asked_for_with_what_the_manifest_says() -> None:
    """The datasets have their import jobs, prices are those of the deployment, and the function reads all of it."""
    solutions = manifest()["solutions"]
    given = asked(states()["Reckon usage"], report=REPORT, imports=IMPORTED, solutions=solutions)
    request = Request.validate_python(given)

    assert isinstance(request, UsageRequest)
    assert ("arn:import", solutions[0]["name"]) == (request.datasets[0].import_job_arn, request.solutions[0].name)
    assert request.rates["us-east-1"]["training_v2"].usd is not None


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_asked_for_at_both_ends(name: str) -> None:
    """With the jobs of the run and where labels lie, also of a run that failed before it knew its jobs."""
    made = states(item_labels=LABELS)
    known = made["Begin run"]["Assign"]["known"]
    requests = [Request.validate_python(asked(made[name], plans=plans)) for plans in (known, [])]

    status, goes_on = PAGES[name]
    for request, jobs in zip(requests, [[("for-you", "top", "inference", "user")], []], strict=True):
        assert isinstance(request, PageRequest)
        assert (status, RUN, "arn:execution") == (request.status, request.run, request.execution)
        assert jobs == [(each.solution, each.job, each.kind, each.line) for each in request.jobs]
        assert request.labels is not None
        assert "films.csv" == request.labels.path
    assert goes_on == made[name]["Next"]
    assert Request.validate_python(asked(states()[name], plans=[])).labels is None


@pytest.mark.parametrize("name", PAGES)
def test_a_row_of_the_history_is_asked_for(name: str) -> None:
    """With begin and end by the execution's clock, its redrives, and a digest of how the file describes a dataset."""
    plain, cut = (states(**changes)[name] for changes in ({}, {"datasets__interactions__keep": "kind = 'buy'"}))
    first = Request.validate_python(asked(plain, plans=[]))
    again = Request.validate_python(asked(plain, redriven={"RedriveCount": 2}, plans=[]))
    other = Request.validate_python(asked(cut, plans=[]))

    assert isinstance(first, PageRequest)
    assert isinstance(again, PageRequest)
    assert isinstance(other, PageRequest)
    assert ("2026-11-22T03:00:00.000Z", 0, 2) == (first.started, first.redrives, again.redrives)
    assert "2026-11-22T04:00:00.000Z" == first.made
    assert {"interactions"} == first.mappings.keys()
    assert first.mappings == again.mappings
    assert first.mappings != other.mappings


@pytest.mark.parametrize("name", PAGES)
def test_a_report_that_fails_is_told_and_changes_nothing(name: str) -> None:
    """Whatever happens, the run goes on to its message, which then says that there is no report and why."""
    made = states()
    (catch,) = made[name]["Catch"]
    error = {"errorOutput": {"Error": "Runtime.OutOfMemory", "Cause": '{"errorMessage": "too little"}'}}
    told = evaluated(catch["Assign"]["reported"], states=error)
    end = made[PAGES[name][1]]["Arguments"]["Message"]
    context = {"context": {"Execution": {"Id": "arn:execution"}}}
    said = {"run": RUN, "remarks": ["as before"], "cause": "the first reason", "remedy": "mend it", "cleanup": {}}
    message = str(evaluate(end, reported=told, states=context, **said))

    assert (["States.ALL"], PAGES[name][1]) == (catch["ErrorEquals"], catch["Next"])
    assert ["The report of this run could not be made: too little"] == told
    assert message.endswith("\n\nas before\n\nThe report of this run could not be made: too little")
    assert ("the first reason" in message) == (PAGES[name][0] == "FAILED")


@pytest.mark.parametrize("name", PAGES)
def test_the_message_names_the_page_and_what_it_lacks(name: str) -> None:
    """One sentence for the page, one for each anomaly, and one for each part that could not be made."""
    assigned = states()[name]["Assign"]["reported"]
    said = (([], []), (["Phases: denied"], []), (["Phases: denied"], ["2 rows in", "no users"]))
    results = [{"report": "s3://b/report.html", "size": 1, "notes": one, "anomalies": other} for one, other in said]
    told = [evaluated(assigned, states={"result": {"Payload": each}}) for each in results]

    page, lacks = "Report: s3://b/report.html", "The report lacks something. Phases: denied"
    assert [[page], [page, lacks], [page, "Anomaly: 2 rows in", "Anomaly: no users", lacks]] == told


def test_usage_that_cannot_be_reckoned_is_null_and_told() -> None:
    """The manifest is written all the same, with null, and the message of the run has the reason."""
    state = states()["Reckon usage"]
    (catch,) = state["Catch"]
    error = {"errorOutput": {"Error": "E", "Cause": "no reason"}}

    assert ("Write manifest", "Write manifest") == (state["Next"], catch["Next"])
    assert catch["Assign"]["usage"] is None
    assert ["before", "What the run used was not reckoned: no reason"] == evaluated(
        catch["Assign"]["remarks"], states=error, remarks=["before"]
    )
