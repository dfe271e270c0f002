"""The fault table: every call of the machine, every job and every function goes wrong, in every way that is known.

Whatever happens: the execution ends within its timeout, says what failed, where and why, makes nothing twice, and
leaves what was published before as it is.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from cli.follow import Follower
from definition.plan.names import run_id
from definition.service.resource_kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_KINDS,
    BATCH_SEGMENT_JOB,
    DATASET_IMPORT_JOB,
    SOLUTION,
    SOLUTION_VERSION,
)
from tests.documents import popular, shop
from tests.pipeline.data import START, csv, planted
from tests.pipeline.guarding import assert_failed_alone, configured, denied, forget_solution, made, published
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.service.resource_kinds import ResourceKind
    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

METRICS = "GetSolutionMetrics"
CREATES = [kind.create for kind in BATCH_KINDS]
CALLS = [*CREATES, *(kind.describe for kind in BATCH_KINDS), METRICS]
JOBS = [kind for kind in BATCH_KINDS if kind is not SOLUTION]
"""What a run makes anew; a solution is there from the run before, and has rows of its own."""

FOR_GOOD = 1000
EVERYTHING = {"import": "full"}
"""Raw data that has not changed would not be imported again."""

OWNERS = {kind: "audience" if kind is BATCH_SEGMENT_JOB else "popular" for kind in BATCH_KINDS}
"""Which solution each kind of job is broken for."""


@pytest.fixture(scope="module")
def guarded(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline with every kind of job that a run makes, after one good run."""
    solutions = [
        popular(5),
        {
            "name": "audience",
            "recipe": "aws-item-affinity",
            "batch_segment": [{"name": "likely", "items": ["A01", "B01"], "num_results": 5, "max_errors": 0.5}],
        },
    ]
    timeouts = {"import": "2h", "solution": "2h", "training": "2h", "batch_inference": "2h", "batch_segment": "2h"}
    document = shop(name="guarded", solutions=solutions, timeouts=timeouts, schedule=...)
    rig = Rig.deploy(aws, document, tmp_path_factory.mktemp("guarded"))
    rig.put_raw("events/part.csv", csv(planted()))
    good = rig.run()
    assert ("SUCCEEDED", "") == (good.status, good.cause)
    return rig


@pytest.fixture
def before(guarded: Rig) -> Iterator[dict[str, bytes]]:
    """What readers see before a fault, by key."""
    guarded.messages()
    yield published(guarded)
    guarded.disarm()


def alone(kind: ResourceKind) -> dict[str, Any]:
    """Return the input of a run of the solution that a kind of job is broken for."""
    return {"solutions": [OWNERS[kind]], **(EVERYTHING if kind is DATASET_IMPORT_JOB else {})}


@pytest.fixture(scope="module", params=["ThrottlingException", "InternalServerError", "ResourceInUseException"])
def weathered(guarded: Rig, request: pytest.FixtureRequest) -> tuple[Run, Counter[str]]:
    """A run in which every call fails twice with one error, and how often each call did."""
    for call in CALLS:
        guarded.arm(operation=call, error=request.param, times=2)
    run = guarded.run(EVERYTHING)
    return run, Counter(fault["operation"] for fault in guarded.disarm())


@pytest.mark.parametrize("call", CALLS)
def test_what_passes_is_waited_out(guarded: Rig, weathered: tuple[Run, Counter[str]], call: str) -> None:
    """Throttling, errors of the service and what is in use are tried again at every call, and nothing is made twice."""
    run, fired = weathered

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert 2 == fired[call]
    assert {1} == set(made(guarded, run).values())


def test_quotas_are_waited_for(guarded: Rig, before: dict[str, bytes]) -> None:
    """Quotas that are used up hold each create back until there is room."""
    del before
    for create in CREATES:
        guarded.arm(operation=create, error="LimitExceededException", times=2)
    run = guarded.run(EVERYTHING)

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert dict.fromkeys(CREATES, 2) == Counter(fault["operation"] for fault in guarded.disarm())
    assert {1} == set(made(guarded, run).values())


@pytest.fixture(params=[True, False], ids=["unique", "not-unique"])
def version_names(guarded: Rig, request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the service refuses a second version of one name, of which no document speaks."""
    guarded.arm(names="SolutionVersion", unique=request.param)
    yield request.param
    guarded.arm(names="SolutionVersion", unique=True)


@pytest.mark.usefixtures("version_names")
def test_a_lost_answer_is_paid_once(guarded: Rig, before: dict[str, bytes]) -> None:
    """Every create call has its effect and is answered with an error, and nothing is made a second time."""
    del before
    for kind in JOBS:
        guarded.arm(operation=kind.create, error="InternalServerError", lost=True)
    run = guarded.run(EVERYTHING)

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert len(JOBS) == len(guarded.disarm())
    assert {1} == set(made(guarded, run).values())
    assert "Wait to find out" in run.states


def test_the_version_of_another_run_is_not_taken_over(guarded: Rig, before: dict[str, bytes]) -> None:
    """Where the name is taken but the newest version bears another one, the run says so instead of scoring with it."""
    del before
    guarded.arm(operation="CreateSolutionVersion", error="ResourceAlreadyExistsException")
    run = guarded.run({"solutions": ["popular"]})

    assert "NameTaken" == run.execution["error"]
    assert f"-{run.id} is taken, and the newest version of the solution is another: popular-" in run.cause
    assert run.failure is not None
    assert "Start a new run without run: its versions bear another name." == run.failure["remedy"]


def test_what_exists_is_taken_over(guarded: Rig, before: dict[str, bytes]) -> None:
    """A run that is resumed after its end finds everything that it asks for, and makes nothing."""
    del before
    run = guarded.run(EVERYTHING)
    counted = made(guarded, run)
    again = guarded.run({"run": run.id})

    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert {f"Take over {kind.label}" for kind in BATCH_KINDS} <= set(again.states)
    assert counted == made(guarded, run)


@pytest.mark.parametrize("call", CALLS)
def test_what_does_not_pass_is_told(guarded: Rig, before: dict[str, bytes], call: str) -> None:
    """A call that is refused for good ends what depends on it, with state, error and the service's words."""
    guarded.arm(operation=call, error="AccessDeniedException", message=f"No, {call} is not for you", times=FOR_GOOD)
    kind = next((kind for kind in BATCH_KINDS if call in {kind.create, kind.describe}), SOLUTION_VERSION)
    run = guarded.run(alone(kind))

    state = f"{'Create' if call in CREATES else 'Describe'} {kind.label}"
    state = {METRICS: "Get training metrics", SOLUTION_VERSION.describe: "Read solution version"}.get(call, state)
    assert_failed_alone(guarded, run, before, None, state, f"No, {call} is not for you")


@pytest.mark.parametrize("outcome", ["CREATE FAILED", "CREATE STOPPED"])
@pytest.mark.parametrize("kind", JOBS, ids=lambda kind: kind.name)
def test_a_job_that_fails_is_told(guarded: Rig, before: dict[str, bytes], kind: ResourceKind, outcome: str) -> None:
    """The service's reason, status and ARN reach cause, record and message; siblings end and are published."""
    guarded.arm(job=kind.name, outcome=outcome, reason="The ore was barren")
    run = guarded.run(EVERYTHING if kind is DATASET_IMPORT_JOB else {})

    assert run.failure is not None
    owner = None if kind is DATASET_IMPORT_JOB else run.failure["failures"][0]["solution"]
    assert_failed_alone(
        guarded, run, before, owner, "JobFailed: The ore was barren", f":{kind.arn_type}/guarded-test--"
    )
    assert outcome == run.failure["failures"][0]["status"]


@pytest.mark.parametrize("outcome", ["STALL", "CREATE RETIRED"])
@pytest.mark.parametrize("kind", JOBS, ids=lambda kind: kind.name)
def test_a_job_that_never_ends_is_given_up(
    guarded: Rig, before: dict[str, bytes], kind: ResourceKind, outcome: str
) -> None:
    """A job that stays at work, or in a status that nobody knows, is waited for until the file's timeout."""
    guarded.arm(job=kind.name, outcome=outcome)
    arn = guarded.start(alone(kind))
    guarded.wait_for_state(arn, f"Wait for {kind.label}")
    guarded.wait_until(lambda: bool(guarded.fired()))
    guarded.aws.skip(2 * 3600)
    run = guarded.ended(arn)

    status = "CREATE IN_PROGRESS" if outcome == "STALL" else outcome
    assert_failed_alone(guarded, run, before, None, f"JobTimedOut: still {status} after 2 h")


def test_a_solution_that_fails_is_told(guarded: Rig, before: dict[str, bytes]) -> None:
    """Personalize gives no reason, which is said; the sibling is published, and the next run makes it anew."""
    forget_solution(guarded, "popular")
    guarded.arm(job="Solution", outcome="CREATE FAILED")
    run = guarded.run()

    told = ("Describe solution (popular): JobFailed: Personalize gave no reason", ":solution/guarded-test--popular-")
    assert_failed_alone(guarded, run, before, "popular", *told)
    assert run.failure is not None
    assert "CREATE FAILED" == run.failure["failures"][0]["status"]
    again = guarded.run({"solutions": ["popular"]})
    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert "Create solution anew" in again.states


@pytest.mark.parametrize("kind", [BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB], ids=lambda kind: kind.name)
def test_lines_with_errors_are_counted(guarded: Rig, before: dict[str, bytes], kind: ResourceKind) -> None:
    """A job that ends well although a line of it failed is published without that line, which is counted."""
    del before
    guarded.arm(job=kind.name, broken_lines=1, reason="Internal error")
    run = guarded.run(alone(kind))

    assert run.manifest is not None, run.cause
    (solution,) = run.manifest["solutions"]
    (job,) = solution["batch_inference"] + solution["batch_segment"]
    assert (1, "Internal error") == (job["published"]["errors"], job["published"]["first_error"])


@pytest.mark.parametrize(("function", "told"), [("transform", "Transform: "), ("publish", "Publish (popular/top): ")])
def test_a_function_that_fails_is_told(guarded: Rig, before: dict[str, bytes], function: str, told: str) -> None:
    """A function that is broken ends the run with what Lambda says of it."""
    with configured(guarded, function, Handler=f"lambdas.{function}.handler.nothing"):
        run = guarded.run({"solutions": ["popular"], **EVERYTHING})

    assert_failed_alone(guarded, run, before, None, told)


LEAST_MEMORY = 128
"""MB, the least that Lambda gives (docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)."""
TOO_LITTLE = {
    "memory": ({"MemorySize": LEAST_MEMORY}, "Runtime.OutOfMemory: RequestId: "),
    "time": ({"Timeout": 1}, "Task timed out after 1"),
}
"""What a function is given for data that takes more, and what is then said."""


@pytest.mark.parametrize("lack", TOO_LITTLE)
def test_a_transform_that_is_too_small_is_told(guarded: Rig, before: dict[str, bytes], lack: str) -> None:
    """A function that has not enough memory or time for 400,000 users ends the run before the import."""
    given, told = TOO_LITTLE[lack]
    (key,) = guarded.keys("raw/")
    good, imports = guarded.read(key), guarded.import_jobs()
    guarded.put_raw("events/part.csv", csv([f"user{number},A01,{START + number}" for number in range(400_000)]))
    try:
        with configured(guarded, "transform", **given):
            run = guarded.run({"solutions": ["popular"]})
    finally:
        guarded.put_raw("events/part.csv", good)

    assert_failed_alone(guarded, run, before, None, "Transform: ", told)
    assert run.failure is not None
    assert "set engine: glue in the pipeline file" in run.failure["remedy"]
    assert imports == guarded.import_jobs()


@pytest.mark.parametrize("lack", TOO_LITTLE)
def test_a_publish_that_is_too_small_is_told(guarded: Rig, before: dict[str, bytes], lack: str) -> None:
    """A function that has not enough memory or time for 60,000 lines more publishes nothing."""
    given, told = TOO_LITTLE[lack]
    answer = {"input": {"userId": "u"}, "output": {"recommendedItems": [f"A{place:02}" for place in range(25)]}}
    lines = f"{json.dumps({**answer, 'error': None})}\n" * 60_000
    guarded.arm(job="BatchInferenceJob", delay=3600)
    with configured(guarded, "publish", **given):
        arn = guarded.start({"solutions": ["popular"]})
        guarded.wait_for_state(arn, "Wait for batch inference job")
        execution = guarded.aws.client("stepfunctions").describe_execution(executionArn=arn)
        guarded.aws.client("s3").put_object(
            Bucket=guarded.deployment.bucket,
            Key=f"batch/{run_id(execution['startDate'], execution['name'])}/popular/top/output/more.json.out",
            Body=lines.encode(),
        )
        guarded.aws.skip(3600)
        run = guarded.ended(arn)

    assert_failed_alone(guarded, run, before, None, "Publish (popular/top): ", told)


def test_a_bucket_that_cannot_be_written_is_told(guarded: Rig, before: dict[str, bytes]) -> None:
    """Without a place for manifest and record the execution still fails with the reason, and says so on the topic."""
    with denied(guarded, "runs/*/manifest.json", "runs/*/failure.json"):
        run = guarded.run({"solutions": ["popular"]})

    assert "FAILED" == run.status
    assert "Write manifest: S3.S3Exception" in run.cause
    (message,) = guarded.messages(run.id)
    assert run.cause in message["Message"]
    assert before == published(guarded)


@pytest.mark.parametrize(
    ("keys", "state", "word"),
    [
        ("transformed/*", "Transform: ", "AccessDenied"),
        ("curated/*.parquet", "Publish (popular/top): ", "403"),
    ],
)
def test_what_functions_cannot_write_is_told(
    guarded: Rig, before: dict[str, bytes], keys: str, state: str, word: str
) -> None:
    """A function that is denied a part of the bucket fails with S3's word, and publishes nothing."""
    with denied(guarded, keys):
        run = guarded.run({"solutions": ["popular"], **EVERYTHING})

    assert_failed_alone(guarded, run, before, None, state, word)


def test_a_run_that_is_killed_at_every_state_ends_well(guarded: Rig, before: dict[str, bytes]) -> None:
    """Killed wherever it gets to and redriven each time, an execution makes nothing twice and publishes the run.

    Also where the service would train a version of the same name again.
    """
    stepfunctions = guarded.aws.client("stepfunctions")
    guarded.arm(names="SolutionVersion", unique=False)
    for kind in JOBS:
        # So long that however slow the machine is it is looked at meanwhile.
        guarded.arm(job=kind.name, delay=1200)
    arn = guarded.start(EVERYTHING)
    killed: list[str] = []
    follower = Follower(stepfunctions, arn)
    while guarded.next_state(follower, killed):
        stepfunctions.stop_execution(executionArn=arn, error="Killed", cause=killed[-1])
        if stepfunctions.describe_execution(executionArn=arn)["status"] == "SUCCEEDED":
            break  # it was faster
        stepfunctions.redrive_execution(executionArn=arn)
    run = guarded.ended(arn)
    guarded.arm(names="SolutionVersion", unique=True)

    assert ("SUCCEEDED", "") == (run.status, run.cause)
    # How many of the short states are met depends on the machine.
    assert {*(f"Wait for {kind.label}" for kind in JOBS)} <= set(killed)
    assert {1} == set(made(guarded, run).values())
    assert set(before) == {key for key, text in published(guarded).items() if run.id in text.decode()}


def test_a_solution_that_takes_too_long_is_given_up(guarded: Rig, before: dict[str, bytes]) -> None:
    """A solution that takes longer than the file's timeout is not waited for; a later run takes it over."""
    forget_solution(guarded, "audience")
    guarded.arm(job="Solution", delay=3 * 3600)
    arn = guarded.start({"solutions": ["audience"]})
    guarded.wait_for_state(arn, "Wait for solution")
    guarded.aws.skip(2 * 3600)
    run = guarded.ended(arn)

    assert_failed_alone(guarded, run, before, None, "JobTimedOut: still CREATE IN_PROGRESS after 2 h")
    guarded.aws.skip(3600)
    later = guarded.run({"solutions": ["audience"]})
    assert ("SUCCEEDED", "") == (later.status, later.cause)
    assert "Take over solution" in later.states
