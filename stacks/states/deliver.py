"""Published tables that are delivered to DynamoDB, each in a child execution, when all solutions have ended.

    Wait for calls of before → Begin deliveries → Deliver tables → next
                                                   └ for each table: a child execution

    Begin delivery → Find changed lists → Deliver parts → Is the delivery whole? → End delivery
                                           │               ├ what older runs left is deleted in a second turn
                                           │               └ something failed → Delivery failed
                                           └ for each part: Begin part → Deliver part ⇄ Is the part delivered?

Tables appear together: deliveries begin where the manifest is about to be written, and before any ``latest.json``
moves. One that fails takes nothing back that was published: the run says so, and how far the delivery came.

A write that DynamoDB does not take is repeated in the call, for some ten seconds; then the call ends, and the state
machine calls again after a pause, from where it came to.

Ids of runs keep an older run from writing over a newer one, and nothing keeps it from writing what the newer one has
deleted. So no delivery begins before the last call of a run before it must have ended: a run begins after the end of
the one before, and Lambda ends a call after its timeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.contract.delivery import CallReport, Counts, Delivered
from definition.contract.manifest import DeliveryResult
from definition.plan.capacity import DELIVERY_SECONDS
from definition.plan.executions import DELIVERED_PART, DELIVERY
from stacks.states import retries
from stacks.states.asl import State, States, document, inlined, jsonata, when
from stacks.states.children import Children
from stacks.states.job import caught
from stacks.states.program import program

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Wait for calls of before"

LONGEST_SECONDS = 24 * 3600
"""What deliveries may take of the time of a run: at 4,000 writes a second, as a new table takes, 345 million."""

_TABLES_AT_ONCE = 5
_PARTS_AT_ONCE = 5
"""Calls of one table, each with several writes at once: together more than the 4,000 writes a second that a new table
takes (docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html)."""

_PAUSE_SECONDS = 30
_MOST_STALLS = 20
"""Calls in a row in which not one list is written, before the delivery is given up: with pauses some quarter hour."""

_REASON_LENGTH = 300
"""Characters of the reason of a part that failed: all results together may have 256 KiB."""

_PART = "part of a delivery"
_COUNTS = tuple(Counts.model_fields)
_FAILED = "Delivery failed"
_DELIVER = "Deliver parts"


def states(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the fragment, none where nothing is delivered; it assigns ``$deliveries``, their ``DeliveryResult``."""
    if not pipeline.delivers:
        return {}
    delivered = document(
        Delivered,
        bucket="${Bucket}",
        run=jsonata("$run"),
        solution=jsonata("$trained.name"),
        job=jsonata("$scored.name"),
        kind=jsonata("$scored.kind"),
        line=jsonata("$planned.input.line"),
        themed=jsonata("$exists($planned.themes_from)"),
        location=jsonata("$scored.published.location"),
        lists=jsonata("$scored.published.keys"),
        table=jsonata("'${ResourcePrefix}' & $trained.name & '-' & $scored.name"),
    )
    items = program("deliveries", delivered=f"function($trained, $scored, $planned) {{ {inlined(delivered)} }}")
    children = Children(
        name="Deliver tables",
        begin="Begin deliveries",
        label=DELIVERY,
        comment="Every table by itself: one that cannot be delivered does not stop the others.",
        items=jsonata(items),
        given={},
        states=_delivery(),
        start="Begin delivery",
        variable="deliveries",
        next=next_state,
        on_failure=on_failure,
        at_once=_TABLES_AT_ONCE,
    )
    until = f"$toMillis($states.context.Execution.StartTime) + {1000 * DELIVERY_SECONDS}"
    wait: State = {
        "Type": "Wait",
        "Comment": "Until a call of the run before, should one still be at work, has had its time.",
        "Timestamp": jsonata(f"$fromMillis({until})"),
        "Next": children.begin,
    }
    return {FIRST_STATE: wait, **children.fragment()}


def _delivery() -> States:
    """Return the states of the child execution of a table."""
    catch = caught("delivery", go_to=_FAILED, variable="deliveryFailure")
    return {
        "Begin delivery": {
            "Type": "Pass",
            "Comment": "Which table, and nothing counted yet.",
            "Assign": {
                "delivery": jsonata("$states.input.item"),
                "delivered": {**dict.fromkeys(_COUNTS, 0), "exact": True},
                "begun": {"since": None, "sweeps": []},
            },
            "Next": "Find changed lists",
        },
        "Find changed lists": {
            "Type": "Task",
            "Comment": "What stands there already, and in which parts the rest is written.",
            **_invoke(jsonata("$merge([$delivery, {'step': 'begin'}])")),
            "Catch": catch,
            "Assign": {"begun": jsonata("$states.result.Payload")},
            "Output": {"parts": jsonata("$states.result.Payload.parts")},
            "Next": _DELIVER,
        },
        _DELIVER: _parts(catch),
        "Is the delivery whole?": _whole(),
        "Begin sweep": {
            "Type": "Pass",
            "Comment": "All lists are written: what is still of an older run is of no key of this table.",
            "Output": {"parts": jsonata("$begun.sweeps")},
            "Assign": {"begun": jsonata("$merge([$begun, {'sweeps': []}])")},
            "Next": _DELIVER,
        },
        "End delivery": {
            "Type": "Task",
            "Comment": "Note that the DynamoDB table equals the published one.",
            **_invoke(jsonata("$merge([$delivery, {'step': 'end'}])")),
            "Catch": catch,
            "Output": _result("SUCCEEDED"),
            "End": True,
        },
        _FAILED: {
            "Type": "Pass",
            "Comment": "The delivery's result is its failure, and how far it came; the other deliveries go on.",
            "Output": _result("FAILED", failure=jsonata(_FAILURE)),
            "End": True,
        },
    }


_TOLD = (
    "$deliveryFailure.state = 'Find changed lists' "
    "? 'Nothing was written: the DynamoDB table ' & $delivery.table & ' is as it was.' "
    ": 'By then ' & ($delivered.exact ? '' : 'at least ') & $string($delivered.written) & ' lists were written, ' & "
    "$string($delivered.removed) & ' deleted and ' & $string($delivered.unchanged) & ' found to be the same, of ' & "
    "$string($delivery.lists) & ': the DynamoDB table ' & $delivery.table & ' has lists of this run and of runs before "
    "it until a delivery comes to its end.'"
)
_FAILURE = (
    "$merge([$deliveryFailure, {'reason': $deliveryFailure.reason & ' ' & "
    f"({_TOLD}), 'solution': $delivery.solution, 'job': $delivery.job}}])"
)


def _whole() -> State:
    first = "$delivered.failure"
    refused = {
        "state": jsonata("$states.context.State.Name"),
        "resource": "delivery",
        "error": "NewerListsError",
        "reason": jsonata(
            "$string($delivered.refused) & ' lists stand there of a newer run than this one, and were left.'"
        ),
    }
    return {
        "Type": "Choice",
        "Comment": "All parts, nothing refused, and nothing of older runs left.",
        "Choices": [
            when("a part failed", f"$exists({first})", _FAILED, deliveryFailure=jsonata(first)),
            when("older lists may be left", "$count($begun.sweeps) > 0", "Begin sweep"),
            when("lists of a newer run", "$delivered.refused > 0", _FAILED, deliveryFailure=refused),
        ],
        "Default": "End delivery",
    }


def _parts(catch: list[State]) -> State:
    sums = ", ".join(f"'{name}': $delivered.{name} + $sum($states.result.{name})" for name in _COUNTS)
    failures = "$states.result.failure"
    found = (
        f"$merge([{{{sums}, 'exact': $not('{_PART}' in {failures}.resource)}}, "
        f"$exists({failures}) ? {{'failure': ({failures})[0]}} : {{}}])"
    )
    return {
        "Type": "Map",
        "Comment": "Write what differs, and delete what is gone, a call or more for each part.",
        "Label": DELIVERED_PART,
        "Items": jsonata("$states.input.parts"),
        "ItemSelector": {"delivery": jsonata("$delivery"), "part": jsonata("$states.context.Map.Item.Value")},
        "MaxConcurrency": _PARTS_AT_ONCE,
        "ToleratedFailureCount": 0,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Begin part",
            "States": _part(),
        },
        "Catch": catch,
        "Assign": {"delivered": jsonata(found)},
        "Output": {},
        "Next": "Is the delivery whole?",
    }


def _part() -> States:
    """Return the states of the child execution of a part."""
    answer = "$states.result.Payload"
    sums = ", ".join(f"'{name}': $written.{name} + {answer}.{name}" for name in _COUNTS)
    did = " + ".join(f"{answer}.{name}" for name in ("written", "removed", "unchanged"))
    idle = f"({answer}.after = $written.after and {did} = 0)"
    more = ("done", "after", "throttled", "failure")
    assert set(more) | set(_COUNTS) == set(CallReport.model_fields), "what a call answers is what a state reads"
    return {
        "Begin part": {
            "Type": "Pass",
            "Comment": "Nothing is written yet.",
            "Assign": {
                "asked": jsonata("$merge([$states.input.delivery, $states.input.part])"),
                "written": {**dict.fromkeys(_COUNTS, 0), "after": None, "stalls": 0},
            },
            "Next": "Deliver part",
        },
        "Deliver part": {
            "Type": "Task",
            "Comment": "Write for some minutes, from where the call before came to.",
            **_invoke(jsonata("$merge([$asked, {'after': $written.after}])")),
            "Catch": caught(_PART, go_to="Part not delivered", variable="writeFailure"),
            "Assign": {
                "written": jsonata(f"{{{sums}, 'after': {answer}.after, 'stalls': {idle} ? $written.stalls + 1 : 0}}"),
                "call": jsonata(f"{{'done': {answer}.done, 'throttled': {answer}.throttled, 'why': {answer}.failure}}"),
            },
            "Output": {},
            "Next": "Is the part delivered?",
        },
        "Is the part delivered?": _done(),
        "Wait for writes": {
            "Type": "Wait",
            "Comment": "DynamoDB makes room while nothing is written.",
            "Seconds": _PAUSE_SECONDS,
            "Next": "Deliver part",
        },
        "Part delivered": {
            "Type": "Pass",
            "Comment": "What became of its lists.",
            "Output": _counted(),
            "End": True,
        },
        "Part not delivered": {
            "Type": "Pass",
            "Comment": "What became of its lists, and why no more.",
            "Output": {**_counted(), "failure": jsonata(_OF_PART)},
            "End": True,
        },
    }


_OF_PART = (
    f"$merge([$writeFailure, {{'reason': $substring($writeFailure.reason, 0, {_REASON_LENGTH}), "
    "'arn': $states.context.Execution.Id}])"
)


def _done() -> State:
    here = {"state": jsonata("$states.context.State.Name"), "resource": "list"}
    why = {**here, "error": jsonata("$call.why.error"), "reason": jsonata("$call.why.reason")}
    stalled = {
        **here,
        "error": "DeliveryThrottled",
        "reason": f"DynamoDB took no write in {_MOST_STALLS} calls in a row.",
    }
    return {
        "Type": "Choice",
        "Comment": "A call ends when all is written, when its time is up, or when DynamoDB takes no more for now.",
        "Choices": [
            when("a list cannot be written", "$exists($call.why.error)", "Part not delivered", writeFailure=why),
            when("yes", "$call.done", "Part delivered"),
            when("for too long", f"$written.stalls >= {_MOST_STALLS}", "Part not delivered", writeFailure=stalled),
            when("throttled", "$call.throttled", "Wait for writes"),
        ],
        "Default": "Deliver part",
    }


def _counted() -> dict[str, str]:
    return {name: jsonata(f"$written.{name}") for name in _COUNTS}


def _result(status: str, **more: Any) -> dict[str, Any]:
    return document(
        DeliveryResult,
        solution=jsonata("$delivery.solution"),
        job=jsonata("$delivery.job"),
        table=jsonata("$delivery.table"),
        status=status,
        since=jsonata("$begun.since"),
        lists=jsonata("$delivery.lists"),
        **{name: jsonata(f"$delivered.{name}") for name in _COUNTS},
        **more,
    )


def _invoke(payload: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${DeliverFunctionArn}", "Payload": payload},
        "Retry": retries.INVOKE,
    }
