"""One run at a time: a start while another run is active ends as skipped.

    Read newest run → Read claim → whose is it? → Describe newest run → is it active? ──yes──> Notify skipped → Skipped
                                                               └──no──> Claim run → Write newest run → next

``runs/newest.json`` names the newest run and its execution. Whoever wants to follow that execution writes an object of
that name under ``runs/claims/``, on the condition that there is none (S3 answers 412 if somebody else was faster), so
of two simultaneous starts exactly one gets it; ListExecutions would not do, since its answers may be late. Who loses
reads the claim: it names the newest run. So does every start, for an execution may have ended before it wrote
``runs/newest.json``. Nobody gives a claim back: an execution that has ended, however it did, holds nothing.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html and
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
"""

from __future__ import annotations

from definition import layout
from definition.contract.pointers import NewestRun
from stacks.states import events, retries
from stacks.states.asl import State, States, document, jsonata, sdk, when
from stacks.states.calls import Absent, notify, read_json, write_json
from stacks.states.job import caught

FIRST_STATE = "Read newest run"

_NEWEST_RUN_KEY = layout.NEWEST_RUN.key()
_FOLLOWED = "($exists($newest.execution) ? $split($newest.execution, ':')[-1] : 'first')"
_CLAIM_KEY = f"({layout.CLAIM.jsonata(execution=_FOLLOWED)})"
"""JSONata of the object that the execution after the newest one writes."""

LOOK = "Describe newest run"
"""State that asks how the newest run's execution is."""

_ACTIVE = ["RUNNING", "PENDING_REDRIVE"]
_MAX_CLAIMS = 5
"""Whoever loses a claim finds an active run at the next look; more than a few times is another trouble."""


def states(datasets: str, *, next_state: str, on_failure: str, waits: tuple[str, str] | None = None) -> States:
    """Return the fragment.

    It reads ``$target``, the run to claim, and ``$resumed``, whether that is an earlier one; whoever comes to
    ``next_state`` is the only active run, and ``$run`` is its id.

    Args:
        datasets: what tells Personalize's datasets from those of other pipeline files: a run that imported into others
            is not resumed, since its imports would be taken over.
        next_state: the state after it.
        on_failure: the state after a failure, which reads ``$failure``.
        waits: the state of a start that waits for the end of an active run, if ``$arrived`` says so, and the state
            after that, if ``$waited``; None: none does.
    """
    active = f"$newest.status in {_ACTIVE}"
    return {
        FIRST_STATE: _read(on_failure),
        "Whose run is it?": _whose(datasets),
        LOOK: _describe(on_failure),
        "Is another run active?": {
            "Type": "Choice",
            "Comment": "Two runs at once would import into the same datasets.",
            "Choices": [
                *([when("yes, and data has arrived", f"{active} and $arrived", waits[0])] if waits else []),
                when("yes", active, "Notify skipped"),
                *([when("no more", "$waited", waits[1])] if waits else []),
            ],
            "Default": "Claim run",
        },
        **_claim(datasets, next_state, on_failure),
        "Run refused": {
            "Type": "Pass",
            "Comment": "Say which run can be resumed.",
            "Assign": {
                "failure": {"state": "Whose run is it?", "error": "InvalidInput", "reason": jsonata("$refusal")}
            },
            "Next": on_failure,
        },
        **_skipped(),
    }


def _read(on_failure: str) -> State:
    return read_json(
        _NEWEST_RUN_KEY,
        comment=f"{_NEWEST_RUN_KEY} names the newest run and its execution.",
        resource="newest run",
        assign={"newest": jsonata("$parse($states.result.Body)")},
        next_state="Read claim",
        on_failure=on_failure,
        absent=Absent("Read claim", {"newest": {}}),
    )


def _whose(datasets: str) -> State:
    known = "$exists($newest.execution)"
    wrong = (
        f"'There is no run ' & $target & ' to resume' & ({known} ? ': the newest is ' & $newest.run : '') "
        "& '. Later imports have replaced the data of earlier runs, so only the newest can be resumed.'"
    )
    others = (
        "'Run ' & $target & ' imported into datasets with other columns, or of another generation, than the pipeline "
        "file now has: start a new run without run.'"
    )
    return {
        "Type": "Choice",
        "Comment": "Nobody's, this execution's own, or that of another execution.",
        "Choices": [
            when(
                "this execution's",
                f"{known} and $newest.execution = $states.context.Execution.Id",
                "Write newest run",
                run=jsonata("$target"),
            ),
            when(
                "not the run to resume",
                f"$resumed and ({known} ? $newest.run != $target : true)",
                "Run refused",
                refusal=jsonata(wrong),
            ),
            when(
                "its datasets differ",
                f"$resumed and $newest.datasets != '{datasets}'",
                "Run refused",
                refusal=jsonata(others),
            ),
            when("another execution's", known, LOOK),
        ],
        "Default": "Claim run",
    }


def _describe(on_failure: str) -> State:
    gone = "Sfn.ExecutionDoesNotExistException"
    return {
        "Type": "Task",
        "Comment": "Ask how the execution of the newest run is.",
        "Resource": sdk("sfn", "DescribeExecution"),
        "Arguments": {"ExecutionArn": jsonata("$newest.execution")},
        "Retry": [{"ErrorEquals": [gone], "MaxAttempts": 0}, *retries.AWS_CALL],
        # Step Functions forgets an execution 90 days after its end.
        "Catch": [
            {"ErrorEquals": [gone], "Output": {}, "Next": "Claim run"},
            *caught("newest run", go_to=on_failure),
        ],
        "Assign": {"newest": jsonata("$merge([$newest, {'status': $states.result.Status}])")},
        "Output": {},
        "Next": "Is another run active?",
    }


def _claim(datasets: str, next_state: str, on_failure: str) -> States:
    body = document(
        NewestRun,
        run=jsonata("$target"),
        execution=jsonata("$states.context.Execution.Id"),
        started=jsonata("$states.context.Execution.StartTime"),
        datasets=datasets,
    )
    (lost,) = caught("newest run", go_to="Was the claim lost?")
    claim = write_json(
        jsonata(_CLAIM_KEY),
        body,
        comment="Become the run after the newest one, unless somebody else has become it since the look.",
        catch=[
            {
                **lost,
                # 412 has no name of its own in the SDKs so far; newer models give it one.
                "ErrorEquals": ["S3.S3Exception", "S3.PreconditionFailedException", "S3.SdkClientException"],
                "Assign": {**lost["Assign"], "claims": jsonata("$claims + 1")},
            },
            *caught("newest run", go_to=on_failure),
        ],
        Assign={"run": jsonata("$target")},
        Next="Write newest run",
    )
    claim["Arguments"]["IfNoneMatch"] = "*"
    # A repetition would lose against itself; its claim is read, and is its own.
    del claim["Retry"]
    return {
        "Claim run": claim,
        "Write newest run": write_json(
            _NEWEST_RUN_KEY,
            body,
            comment="The next start begins its look here.",
            catch=caught("newest run", go_to=on_failure),
            Next=next_state,
        ),
        "Was the claim lost?": {
            "Type": "Choice",
            "Comment": "Another start was faster: look who it is. Anything else ends the run.",
            "Choices": [when("yes", f"$claims < {_MAX_CLAIMS}", "Read claim")],
            "Default": on_failure,
        },
        "Read claim": read_json(
            jsonata(_CLAIM_KEY),
            comment="Has another execution followed the newest one? Then that is the newest, and may be followed, too.",
            resource="newest run",
            assign={"newest": jsonata("$parse($states.result.Body)")},
            next_state="Read claim",
            on_failure=on_failure,
            absent=Absent("Whose run is it?"),
        ),
    }


def _skipped() -> States:
    return {
        "Notify skipped": notify(
            "skipped",
            "'Run ' & $newest.run & ' is still active: ' & $newest.execution",
            comment="Tell that this start did nothing, and which run is active.",
            next_state="Tell bus of skip",
        ),
        "Tell bus of skip": events.of_run("SKIPPED", next_state="Skipped", run=jsonata("$newest.run")),
        "Skipped": {
            "Type": "Succeed",
            "Comment": "Another run is active; this one did nothing.",
            "Output": {
                "run": jsonata("$run"),
                "skipped": True,
                "active": {"run": jsonata("$newest.run"), "execution": jsonata("$newest.execution")},
            },
        },
    }
