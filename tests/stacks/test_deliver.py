"""Deliveries to DynamoDB: tables, the role of the function, and the documents that states make."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

from definition.contract.delivery import BeginRequest, EndRequest, Request, SweepRequest, WriteRequest
from definition.contract.manifest import DeliveryResult, Manifest
from definition.contract.report import UsageRequest
from stacks.states.run import definition
from tests.documents import parsed, shop
from tests.manifests import PUBLISHED, RUN, manifest
from tests.stacks.evaluation import evaluated
from tests.synthesis import templates_of

DELIVER: dict[str, Any] = {"solutions__0__batch_inference__0__deliver": "dynamodb"}
SEGMENTS: dict[str, Any] = {
    "name": "buyers",
    "recipe": "aws-item-affinity",
    "batch_segment": [{"name": "likely", "deliver": "dynamodb"}, {"name": "other"}],
}
BOTH: dict[str, Any] = {
    "solutions": [
        {**shop()["solutions"][0], "batch_inference": [{"name": "top", "deliver": "dynamodb"}, {"name": "more"}]},
        SEGMENTS,
    ]
}
ZEROS = {"written": 0, "removed": 0, "unchanged": 0, "refused": 0, "units": 0}
COUNTS = {"written": 3, "removed": 1, "unchanged": 7, "refused": 0, "units": 5}


def machine(**changes: Any) -> dict[str, Any]:
    """Return the states of a changed shop's machine."""
    states: dict[str, Any] = definition(parsed(**changes), "dev", spec_hash="0")["States"]
    return states


def workflow(**changes: Any) -> Template:
    """Return the template of the stack with the runs."""
    return templates_of(parsed(**changes))["workflow"]


def test_each_job_has_a_table_of_its_own() -> None:
    """Named by pipeline, stage and job, keyed by what a line names, on demand, recoverable, gone with the stack."""
    template = workflow(**BOTH)

    template.resource_count_is("AWS::DynamoDB::Table", 2)
    for name, key in (("shop-dev--for-you-top", "user_id"), ("shop-dev--buyers-likely", "item_id")):
        template.has_resource(
            "AWS::DynamoDB::Table",
            {
                "Properties": {
                    "TableName": name,
                    "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
                    "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
                    "BillingMode": "PAY_PER_REQUEST",
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                },
                "DeletionPolicy": "Delete",
            },
        )


def test_the_function_may_write_these_tables_and_read_these_jobs() -> None:
    """Nothing of another job, no other table, and no other object than the note."""
    policies = workflow(**BOTH).find_resources("AWS::IAM::Policy")
    (found,) = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in policies.items()
        if "DeliveriesDeliver" in name
    ]
    grants: dict[str, set[str]] = {}
    for statement in found:
        actions, resources = (statement[key] if isinstance(statement[key], list) else [statement[key]]
                              for key in ("Action", "Resource"))  # fmt: skip
        for action in actions:
            grants.setdefault(action, set()).update(
                json.dumps(each).rpartition(', "')[2].rstrip('"]}') for each in resources
            )

    tables = {":table/shop-dev--for-you-top", ":table/shop-dev--buyers-likely"}
    notes = {"/curated/for-you/top/delivered.json", "/curated/buyers/likely/delivered.json"}
    reads = {"/curated/for-you/top/run=*/*", "/curated/buyers/likely/run=*/*"}
    dynamodb = {action: arns for action, arns in grants.items() if action.startswith("dynamodb:")}
    assert dict.fromkeys(
        ("dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:PutItem", "dynamodb:DeleteItem"), tables
    ) == (dynamodb)
    assert (reads | notes, notes) == (grants["s3:GetObject"], grants["s3:PutObject"])
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket"} == {
        action for action in grants if action.startswith("s3:")
    }


def test_the_function_has_the_time_that_is_waited_for() -> None:
    """A run waits, after its start, for as long as a call of the run before can take."""
    workflow(**DELIVER).has_resource_properties(
        "AWS::Lambda::Function", {"FunctionName": "shop-dev-deliver", "Timeout": 300}
    )
    context = {"context": {"Execution": {"StartTime": "2026-11-22T03:00:00.000Z"}}}

    assert "2026-11-22T03:05:00.000Z" == evaluated(
        machine(**DELIVER)["Wait for calls of before"]["Timestamp"], states=context
    )


def test_a_pipeline_that_delivers_nothing_has_nothing_of_it() -> None:
    """Neither states nor resources, nor a word of its prices."""
    workflow().resource_count_is("AWS::DynamoDB::Table", 0)
    text = json.dumps(machine(max_cost="5 USD"))

    assert not [word for word in ("deliver", "Deliver", "DynamoDB", "dynamodb", "table_writes") if word in text]
    workflow().resource_properties_count_is(
        "AWS::Lambda::Function", {"FunctionName": Match.string_like_regexp("deliver")}, 0
    )


def result(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """Return what a batch job came to."""
    return {"name": name, "kind": kind, "status": "SUCCEEDED", "published": PUBLISHED, **more}


SOLUTIONS = [
    {
        "name": "for-you",
        "status": "SUCCEEDED",
        "batch_inference": [result("top", "inference"), result("more", "inference")],
        "batch_segment": [],
    },
    {
        "name": "buyers",
        "status": "FAILED",
        "batch_inference": [],
        "batch_segment": [result("likely", "segment", status="FAILED"), result("other", "segment")],
    },
]


def begun(**changes: Any) -> list[dict[str, Any]]:
    """Return what is delivered of these results."""
    states = machine(**BOTH)
    plans = states["Begin run"]["Assign"]["known"]
    given = {"plans": plans, "solutions": SOLUTIONS, "run": RUN} | changes
    items: list[dict[str, Any]] = evaluated(states["Begin deliveries"]["Output"], **given)["items"]
    return items


def test_what_succeeded_and_is_wanted_is_delivered() -> None:
    """Not the job that says nothing of it, nor the one that has failed; a request says where, what and how many."""
    (asked,) = begun()

    assert {
        "bucket": "${Bucket}",
        "run": RUN,
        "solution": "for-you",
        "job": "top",
        "kind": "inference",
        "line": "user",
        "themed": False,
        "location": PUBLISHED["location"],
        "lists": 199,
        "table": "${ResourcePrefix}for-you-top",
    } == asked


def test_a_run_without_anything_to_deliver_goes_on() -> None:
    """If every solution has failed, the Map has no items."""
    failed = [{"name": "for-you", "status": "FAILED", "batch_inference": [], "batch_segment": []}]

    assert [] == begun(solutions=failed)


def delivery() -> dict[str, Any]:
    """Return the states of the child execution of a table."""
    states: dict[str, Any] = machine(**BOTH)["Deliver tables"]["ItemProcessor"]["States"]
    return states


def part() -> dict[str, Any]:
    """Return the states of the child execution of a part."""
    states: dict[str, Any] = delivery()["Deliver parts"]["ItemProcessor"]["States"]
    return states


WRITE = {"step": "write", "number": 0, "low": None, "high": "m", "before": None}
SWEEP = {"step": "sweep", "segment": 0, "segments": 1}


@pytest.mark.parametrize(("given", "model"), [(WRITE, WriteRequest), (SWEEP, SweepRequest)], ids=["write", "sweep"])
def test_parts_are_asked_for_as_the_function_reads_them(given: dict[str, Any], model: type) -> None:
    """A call gets the job and its part, and from where it goes on; calls in a row that do nothing are counted."""
    (asked,) = begun()
    item = evaluated(
        delivery()["Deliver parts"]["ItemSelector"],
        delivery=asked,
        states={"context": {"Map": {"Item": {"Value": given}}}},
    )
    assigned = evaluated(part()["Begin part"]["Assign"], states={"input": item})
    payload = evaluated(part()["Deliver part"]["Arguments"]["Payload"], **assigned)
    request = Request.validate_python(payload)
    assert isinstance(request, model)
    assert {**asked, **given, "after": None} == request.model_dump()

    for times, counts, stalls in ((1, COUNTS, 0), (2, COUNTS, 0), (2, ZEROS, 1), (2, ZEROS, 2), (3, COUNTS, 0)):
        answer = {**counts, "done": False, "after": "k", "throttled": False, "failure": None}
        assigned |= evaluated(part()["Deliver part"]["Assign"], states={"result": {"Payload": answer}}, **assigned)
        sums = {name: times * count for name, count in COUNTS.items()}
        assert {**sums, "after": "k", "stalls": stalls} == assigned["written"]
    assert "k" == evaluated(part()["Deliver part"]["Arguments"]["Payload"], **assigned)["after"]


@pytest.mark.parametrize(("state", "model"), [("Find changed lists", BeginRequest), ("End delivery", EndRequest)])
def test_begin_and_end_are_asked_for_as_the_function_reads_them(state: str, model: type) -> None:
    """Both get the job and nothing else."""
    payload = evaluated(delivery()[state]["Arguments"]["Payload"], delivery=begun()[0])

    assert isinstance(Request.validate_python(payload), model)


def next_of(choice: dict[str, Any], **variables: Any) -> tuple[str, dict[str, Any]]:
    """Return where a Choice goes on, and what it assigns."""
    states = {"context": {"State": {"Name": "S"}}}
    for rule in choice["Choices"]:
        if evaluated(rule["Condition"], states=states, **variables):
            return rule["Next"], evaluated(rule.get("Assign", {}), states=states, **variables)
    return choice["Default"], {}


@pytest.mark.parametrize(
    ("call", "stalls", "goes_on"),
    [
        ({"done": True, "throttled": False}, 0, "Part delivered"),
        ({"done": False, "throttled": False}, 0, "Deliver part"),
        ({"done": False, "throttled": True}, 19, "Wait for writes"),
        ({"done": False, "throttled": True}, 20, "Part not delivered"),
        ({"done": False, "throttled": False, "why": {"error": "E", "reason": "r"}}, 0, "Part not delivered"),
        ({"done": False, "throttled": False, "why": None}, 0, "Deliver part"),
    ],
)
def test_calls_go_on_until_all_is_written(call: dict[str, Any], stalls: int, goes_on: str) -> None:
    """Throttled ones after a pause, and not for ever."""
    found, _ = next_of(part()["Is the part delivered?"], call=call, written={**COUNTS, "stalls": stalls})

    assert goes_on == found


def summed(*results: dict[str, Any], delivered: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the Map over the parts adds up."""
    before = delivered or {**ZEROS, "exact": True}
    states = {"result": list(results)}
    found: dict[str, Any] = evaluated(
        delivery()["Deliver parts"]["Assign"]["delivered"], states=states, delivered=before
    )
    return found


def test_parts_add_up_and_a_sweep_follows() -> None:
    """Two parts of three lists, then what older runs left; the counts of both stand in the result."""
    parts = summed(COUNTS, COUNTS)
    assert {name: 2 * count for name, count in COUNTS.items()} | {"exact": True} == parts
    known = {"since": None, "sweeps": [SWEEP]}
    assert ("Begin sweep", {}) == next_of(delivery()["Is the delivery whole?"], delivered=parts, begun=known)
    assert {"parts": [SWEEP]} == evaluated(delivery()["Begin sweep"]["Output"], begun=known)
    known = evaluated(delivery()["Begin sweep"]["Assign"]["begun"], begun=known)
    whole = summed({**ZEROS, "removed": 2}, delivered=parts)
    assert ("End delivery", {}) == next_of(delivery()["Is the delivery whole?"], delivered=whole, begun=known)

    ended = evaluated(delivery()["End delivery"]["Output"], delivery=begun()[0], delivered=whole, begun=known)
    read = DeliveryResult.model_validate(ended)
    assert ("SUCCEEDED", None, 6, 4, 199) == (read.status, read.since, read.written, read.removed, read.lists)


def test_lists_of_a_newer_run_are_no_success() -> None:
    """Whoever reads the manifest must not think that the table equals this run's."""
    goes_on, assigned = next_of(
        delivery()["Is the delivery whole?"], delivered={**COUNTS, "refused": 4}, begun={"since": None, "sweeps": []}
    )

    assert "Delivery failed" == goes_on
    assert "NewerListsError" == assigned["deliveryFailure"]["error"]
    assert "4 lists stand there of a newer run" in assigned["deliveryFailure"]["reason"]


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ("list", "Why. By then 3 lists were written, 1 deleted and 7 found to be the same, of 199: "),
        ("part of a delivery", "Why. By then at least 3 lists were written, 1 deleted and 7 found"),
    ],
)
def test_a_failure_says_how_far_the_delivery_came(resource: str, told: str) -> None:
    """Exactly, unless a call broke off: what that had written nobody knows."""
    failure = {"state": "Deliver part", "resource": resource, "error": "E", "reason": "Why.", "arn": "arn:child"}
    sums = summed(COUNTS, {**ZEROS, "failure": failure})
    known = {"since": "r0", "sweeps": []}
    goes_on, assigned = next_of(delivery()["Is the delivery whole?"], delivered=sums, begun=known)
    assert "Delivery failed" == goes_on
    output = evaluated(
        delivery()["Delivery failed"]["Output"], delivery=begun()[0], delivered=sums, begun=known, **assigned
    )
    read = DeliveryResult.model_validate(output)

    assert read.failure is not None
    assert read.failure.reason.startswith(told)
    assert ("for-you", "top", "arn:child") == (read.failure.solution, read.failure.job, read.failure.arn)


def test_a_delivery_that_never_began_says_so() -> None:
    """The table is as it was."""
    assigned = evaluated(delivery()["Begin delivery"]["Assign"], states={"input": {"item": begun()[0]}})
    failure = {"state": "Find changed lists", "error": "NewerDeliveryError", "reason": "Newer."}
    output = evaluated(delivery()["Delivery failed"]["Output"], deliveryFailure=failure, **assigned)
    read = DeliveryResult.model_validate(output)

    assert read.failure is not None
    assert (
        "Newer. Nothing was written: the DynamoDB table ${ResourcePrefix}for-you-top is as it was."
        == read.failure.reason
    )


def test_the_run_fails_for_a_delivery_and_keeps_its_tables() -> None:
    """Manifest and usage have the deliveries, tables are pointed to all the same, and the failure is the run's."""
    states = machine(**DELIVER)
    failed = {"solution": "for-you", "job": "top", "table": "t", "status": "FAILED", "lists": 3, **COUNTS,
              "failure": {"state": "S", "error": "E", "reason": "r"}}  # fmt: skip
    solutions = manifest()["solutions"]
    given = {"solutions": solutions, "deliveries": [failed]}
    choice = states["Did everything succeed?"]
    assert ("Solutions failed", {}) == next_of(choice, **given)
    assert [failed["failure"]] == evaluated(states["Solutions failed"]["Assign"]["failures"], **given)
    assert choice["Default"] == next_of(choice, solutions=solutions, deliveries=[{**failed, "status": "SUCCEEDED"}])[0]
    assert ("Wait for calls of before", "Reckon usage") == (
        states["Solutions"]["Next"],
        states["Deliver tables"]["Next"],
    )
    assert "Point to new tables" == states["Write manifest"]["Next"]
    body = states["Write manifest"]["Arguments"]["Body"]
    assert [failed] == evaluated(body["deliveries"], **given)
    assert "FAILED" == evaluated(body["status"], **given)
    assert [failed] == evaluated(states["Reckon usage"]["Arguments"]["Payload"]["deliveries"], **given)
    assert (
        DeliveryResult.model_validate(failed)
        == Manifest.model_validate(manifest() | {"deliveries": [failed]}).deliveries[0]
    )
    assert "deliveries" in UsageRequest.model_fields


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("ListTooLargeError", "Lower num_results of the job as the reason says"),
        ("NewerDeliveryError", "the DynamoDB table has lists of a newer run"),
        ("DeliveryThrottled", "Look in CloudWatch for what else writes to the DynamoDB table"),
    ],
)
def test_failures_of_deliveries_have_their_remedy(error: str, told: str) -> None:
    """What to do is told with the reason."""
    expression = machine(**DELIVER)["Collect failures"]["Assign"]["remedy"]
    failure = {"state": "S", "error": error, "reason": "r", "resource": "list"}

    assert told in evaluated(expression, failures=[failure])
