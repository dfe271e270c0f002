"""Questions to S3, IAM and Step Functions; they need the bucket of the deployment and nothing of Personalize."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError
from cli.first_contact.points import Answer, Point
from cli.first_contact.world import tried
from definition import layout

if TYPE_CHECKING:
    from cli.first_contact.world import World

_FOLDER = layout.RUN.key(run="first-contact")
_THERE, _MISSING = f"{_FOLDER}there", f"{_FOLDER}missing"
_ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})


def _missing_key(world: World) -> Answer:
    there = world.put(_THERE, "there")
    bucket = world.arn("s3", world.bucket, account=False, region=False)
    get: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/{layout.RUN.pattern}"}
    allowed: dict[str, Any] = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket}
    prefixed = {**allowed, "Condition": {"StringLike": {"s3:prefix": [layout.RUN.pattern]}}}
    answers = {}
    for which, statements in (("none", [get]), ("prefix", [get, prefixed]), ("whole", [get, allowed])):
        with world.assumed(f"list-{which}", statements) as session:
            s3 = session.client("s3")
            world.once_known(s3.get_object, Bucket=world.bucket, Key=there)
            answers[which] = tried(s3.get_object, Bucket=world.bucket, Key=_MISSING)
    said = "; ".join(
        (
            f"without s3:ListBucket {answers['none'].said}",
            f"with it under a condition on s3:prefix {answers['prefix'].said}",
            f"with it on the whole bucket {answers['whole'].said}",
        )
    )
    if answers["whole"].code != "NoSuchKey":
        return Answer(said, "otherwise than assumed: a missing key is not NoSuchKey even to who may list the bucket")
    if answers["prefix"].code == "NoSuchKey":
        return Answer(said, "a condition on s3:prefix does no harm: the grants could carry one")
    return Answer(said, "as assumed: grants of s3:ListBucket must not carry a condition where absence is read")


def _answers_of_states(world: World) -> dict[str, Any]:
    """Return what each state of a small state machine was answered, by its name; it runs once for all points.

    Raises:
        CommandError: it did not come to its end.
    """
    if "states" not in world.memo:
        world.memo["states"] = _run_states(world)
    ended: dict[str, Any] = world.memo["states"]
    if "output" not in ended:
        told = f"{ended.get('error', ended['status'])}: {ended.get('cause', '')}"
        raise CommandError(f"the state machine of the questions failed: {told}", remedy="Look at its role")
    answers: dict[str, Any] = json.loads(ended["output"])
    return answers


def _run_states(world: World) -> dict[str, Any]:
    there = world.put(_THERE, "there")
    key = f"{_FOLDER}written-{world.token}"
    put = {"Bucket": world.bucket, "Key": key, "Body": "one"}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "first": ("s3:putObject", {**put, "IfNoneMatch": "*"}),
        "again": ("s3:putObject", {**put, "IfNoneMatch": "*"}),
        "replaced": ("s3:putObject", {**put, "IfMatch": "{% $first.ETag %}"}),
        "outdated": ("s3:putObject", {**put, "IfMatch": '"00000000000000000000000000000000"'}),
        "missing": ("s3:getObject", {"Bucket": world.bucket, "Key": _MISSING}),
        "denied": ("personalize:listDatasetGroups", {}),
    }
    bucket = world.arn("s3", world.bucket, account=False, region=False)
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{bucket}/{_FOLDER}*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
    ]
    stepfunctions = world.client("stepfunctions")
    with world.role("states", {"Service": "states.amazonaws.com"}, statements) as role:
        # A role that was made a moment ago is unknown to Step Functions for some seconds.
        made = world.once_known(
            stepfunctions.create_state_machine,
            name=world.name("states"),
            roleArn=role,
            definition=json.dumps(_definition(world, there, calls)),
        )
        if not made.accepted:
            raise CommandError(made.said, remedy="Report it: the definition is the script's own")
        arn = made.value["stateMachineArn"]
        try:
            started = stepfunctions.start_execution(stateMachineArn=arn)["executionArn"]
            return world.until(lambda: _ended(stepfunctions, started), "the state machine of the questions")
        finally:
            stepfunctions.delete_state_machine(stateMachineArn=arn)


def _ended(stepfunctions: Any, execution: str) -> dict[str, Any] | None:
    found: dict[str, Any] = stepfunctions.describe_execution(executionArn=execution)
    return found if found["status"] in _ENDED else None


def _definition(world: World, there: str, calls: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return a state machine that makes each call and goes on whatever it is answered."""
    names = list(calls)
    states: dict[str, Any] = {
        # Patience until IAM has made the role known everywhere.
        "Ready": {
            "Type": "Task",
            "Resource": _integration(world, "s3:getObject"),
            "Arguments": {"Bucket": world.bucket, "Key": there},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 12, "BackoffRate": 1}],
            "Output": {},
            "Next": names[0],
        }
    }
    for name, after in zip(names, [*names[1:], "All"], strict=True):
        call, arguments = calls[name]
        states[name] = {
            "Type": "Task",
            "Resource": _integration(world, call),
            "Arguments": arguments,
            "Assign": {name: "{% $states.result %}"},
            "Output": {},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {name: "{% $states.errorOutput %}"}, "Next": after}],
            "Next": after,
        }
    states["All"] = {"Type": "Pass", "Output": {name: f"{{% ${name} %}}" for name in names}, "End": True}
    return {"QueryLanguage": "JSONata", "StartAt": "Ready", "States": states}


def _integration(world: World, call: str) -> str:
    partition = world.session.get_partition_for_region(str(world.session.region_name))
    return f"arn:{partition}:states:::aws-sdk:{call}"


def _told(answer: Any) -> str:
    """Return what a state was answered: the error's name and cause, or that it was accepted."""
    if isinstance(answer, dict) and "Error" in answer:
        return f"{answer['Error']}: {answer.get('Cause', '')}"
    return "accepted"


def _if_match(world: World) -> Answer:
    answers = _answers_of_states(world)
    said = f"first {_told(answers['first'])}; replaced {_told(answers['replaced'])}"
    if said == "first accepted; replaced accepted":
        return Answer(said, "as assumed: a state replaces what is still as it was")
    return Answer(said, "otherwise than assumed: from the second run on no run could claim the pipeline")


def _precondition(world: World) -> Answer:
    answers = _answers_of_states(world)
    lost = [answers["again"], answers["outdated"]]
    said = f"IfNoneMatch of what is there: {_told(lost[0])}; IfMatch of what has changed: {_told(lost[1])}"
    if all(
        isinstance(each, dict) and each.get("Error") == "S3.S3Exception" and "412" in each["Cause"] for each in lost
    ):
        return Answer(said, "as assumed: S3.S3Exception with 412 in its cause")
    return Answer(said, "otherwise than assumed: a run that loses a write would end with another error")


def _missing_in_states(world: World) -> Answer:
    said = _told(_answers_of_states(world)["missing"])
    if said.startswith("S3.NoSuchKeyException"):
        return Answer(said, "as assumed: S3.NoSuchKeyException")
    return Answer(said, "otherwise than assumed: the first run would fail at what it reads first")


def _denied_in_states(world: World) -> Answer:
    said = _told(_answers_of_states(world)["denied"])
    if said == "accepted":
        return Answer(said, "roles of state machines are not enforced here")
    if said.startswith("Personalize.PersonalizeException"):
        return Answer(said, "as assumed: Personalize.PersonalizeException, which is retried six times and then told")
    return Answer(said, "otherwise than assumed: add the name to what is retried and told")


POINTS = (
    Point(
        "Does S3 say 404 or 403 of a missing key to who may list the bucket only under some prefixes?",
        "a first run reads objects that are not there yet, such as runs/newest.json, and goes on where S3 says 404",
        "GetObject of a missing key with three roles made for it, which differ in s3:ListBucket",
        "the statements with s3:ListBucket in stacks/",
        _missing_key,
    ),
    Point(
        "Does Step Functions hand IfMatch on to S3?",
        "a run claims the pipeline by replacing runs/newest.json only if it is still as it was read",
        "a state machine made for it writes an object with IfNoneMatch, and again with IfMatch and its ETag",
        "stacks/states/flight.py",
        _if_match,
    ),
    Point(
        "Which error does a state get whose write S3 refuses with 412?",
        "a run that is not the first to claim the pipeline ends as skipped by that error's name",
        "the same state machine writes with an IfNoneMatch and an IfMatch that do not hold",
        "the Catch of the writes in stacks/states/flight.py",
        _precondition,
    ),
    Point(
        "Which error does a state get that reads a missing key?",
        "a first run goes on where it reads nothing, by that error's name",
        "the same state machine reads a key that is not there, with s3:ListBucket on the bucket",
        "the Catch of the reads in stacks/states/flight.py",
        _missing_in_states,
    ),
    Point(
        "Which error does a state get whose role lacks a permission of Personalize?",
        "the retries and the remedies go by the names of errors",
        "the same state machine lists dataset groups without permission",
        "stacks/states/retries.py",
        _denied_in_states,
    ),
)
