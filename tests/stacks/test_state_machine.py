"""The state machine as it is written: one fragment for every job, and no way past a failure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from definition.plan.executions import LABELS
from definition.service.resource_kinds import (
    BATCH_INFERENCE_JOB,
    CAMPAIGN,
    DATASET_IMPORT_JOB,
    KINDS,
    RECOMMENDER,
    SOLUTION,
    SOLUTION_VERSION,
)
from stacks.states.asl import merged
from stacks.states.run import definition
from tests.documents import BEST_OF, LIVE, parsed, shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from definition.service.resource_kinds import ResourceKind


def machine(**changes: Any) -> dict[str, Any]:
    """Return the definition of the changed shop pipeline."""
    return definition(parsed(**changes), "dev", spec_hash="0")


def all_states(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every state, also those inside Maps."""
    for name, state in states.items():
        yield name, state
        if "ItemProcessor" in state:
            yield from all_states(state["ItemProcessor"]["States"])


LIVE_STATES = dict(all_states(machine(**LIVE)["States"]))
STATES = dict(all_states(machine()["States"]))


UNCLEAR = {
    "Personalize.ThrottlingException",
    "Personalize.PersonalizeException",
    "Personalize.SdkClientException",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_create_waits_out_what_is_in_use(kind: ResourceKind) -> None:
    """Each create call retries on in use, on quotas and on throttling, and takes over what exists.

    That of a solution version is not repeated blindly: it is looked at first what came of the one before.
    """
    create = LIVE_STATES[f"Create {kind.label}"]
    retried = {error for retrier in create["Retry"] for error in retrier["ErrorEquals"]}

    assert f"arn:aws:states:::aws-sdk:personalize:create{kind.name}" == create["Resource"]
    assert {"Personalize.ResourceInUseException", "Personalize.LimitExceededException"} <= retried
    assert all(retrier["MaxDelaySeconds"] and retrier["MaxAttempts"] for retrier in create["Retry"])
    assert ["Personalize.ResourceAlreadyExistsException"] == create["Catch"][0]["ErrorEquals"]
    if kind is SOLUTION_VERSION:
        assert not UNCLEAR & retried
        assert set(create["Catch"][1]["ErrorEquals"]) >= UNCLEAR
        assert "Find solution version" == create["Catch"][0]["Next"]
    else:
        assert retried >= UNCLEAR
        assert f"Take over {kind.label}" == create["Catch"][0]["Next"]


def longest(kind: ResourceKind, **changes: Any) -> float:
    """Return the seconds that a create call waits for a quota, by its retrier."""
    states = dict(all_states(machine(**changes)["States"]))
    (retrier,) = (
        each
        for each in states[f"Create {kind.label}"]["Retry"]
        if each["ErrorEquals"] == ["Personalize.LimitExceededException"]
    )
    waited, pause = 0.0, retrier["IntervalSeconds"]
    for _ in range(retrier["MaxAttempts"]):
        waited += pause
        pause = min(retrier["MaxDelaySeconds"], pause * retrier["BackoffRate"])
    return float(waited)


def test_a_quota_is_waited_for_where_that_frees_it() -> None:
    """Jobs in progress end, within the file's timeouts; a solution, campaign or recommender stays."""
    jobs = [{"name": f"j{number}"} for number in range(31)]
    many = {
        "solutions__0__batch_inference": jobs,
        "timeouts": {"batch_inference": "1h", "batch_segment": "1h", "training": "3h", "import": "2h"},
    }

    assert longest(BATCH_INFERENCE_JOB, **many) >= 7 * 3600  # 31 jobs, five at once, an hour each
    assert longest(SOLUTION_VERSION, **many) >= 3 * 3600
    assert longest(DATASET_IMPORT_JOB, **many) >= 2 * 3600
    for kind in (SOLUTION, CAMPAIGN, RECOMMENDER):
        assert longest(kind, **LIVE) <= 60


def test_every_task_catches_everything() -> None:
    """No task can end the execution without passing where failures are told, but the one that ends it."""

    def check(states: dict[str, Any], *, caught: bool) -> None:
        for name, state in states.items():
            own = any("States.ALL" in catcher["ErrorEquals"] for catcher in state.get("Catch", ()))
            if state["Type"] in {"Task", "Map"} and name != "Failed":
                assert own or caught, name
            if "ItemProcessor" in state:
                # What escapes an iteration without a result of its own is caught by its Map.
                check(state["ItemProcessor"]["States"], caught=name in {"Point to new tables", "Tell bus of tables"})

    check(machine(**LIVE)["States"], caught=False)


def test_no_iteration_assigns_a_variable_of_the_run() -> None:
    """The language forbids it: a variable of an outer scope can be read inside, not assigned."""

    def assigned(states: dict[str, Any]) -> set[str]:
        rules = [rule for state in states.values() for key in ("Choices", "Catch") for rule in state.get(key, ())]
        return {name for part in [*states.values(), *rules] for name in part.get("Assign", {})}

    def check(states: dict[str, Any], outer: set[str]) -> None:
        own = assigned(states)
        assert not own & outer
        for state in states.values():
            if "ItemProcessor" in state:
                check(state["ItemProcessor"]["States"], own | outer)

    check(machine(**LIVE)["States"], set())


def test_child_executions_see_no_variable_of_the_run() -> None:
    """The language forbids it: what a child execution of a distributed Map needs is in its input."""

    def check(states: dict[str, Any], visible: set[str]) -> int:
        rules = [rule for state in states.values() for key in ("Choices", "Catch") for rule in state.get(key, ())]
        own = visible | {name for part in [*states.values(), *rules] for name in part.get("Assign", {})}
        children = 0
        for name, state in states.items():
            text = json.dumps({key: value for key, value in state.items() if key != "ItemProcessor"})
            bound = set(re.findall(r"\$(\w+)\s*:=", text))
            bound |= {each for found in re.findall(r"function\(([^)]*)\)", text) for each in re.findall(r"\w+", found)}
            named = set(re.findall(r"\$([A-Za-z_]\w*)(?!\w*[\w(]|})", text.replace("${", "")))
            assert named <= own | bound | {"states", "LATEST"}, name
            if "ItemProcessor" in state:
                distributed = state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
                children += distributed + check(state["ItemProcessor"]["States"], set[str]() if distributed else own)
        return children

    assert 5 == check(machine(**LIVE)["States"], set())


def test_child_executions_have_the_labels_that_their_followers_know() -> None:
    """Each Map Run has a label of its own, by which its child executions are found."""
    deliver = {"solutions__0__batch_inference__0__deliver": "dynamodb"}
    compared = dict(all_states(machine(**LIVE, **deliver, solutions__0__recipe=BEST_OF)["States"]))
    labels = [state["Label"] for state in compared.values() if "Label" in state]

    assert sorted(LABELS) == sorted(labels)


def test_parts_are_published_by_those_who_ask_for_it() -> None:
    """Where the file says so, no output is small enough for one call; else two gigabytes are."""

    def most(**changes: Any) -> int:
        states = dict(all_states(machine(**changes)["States"]))
        return int(states["Publish"]["Arguments"]["Payload"]["max_bytes"])

    assert (2 * 10**9, 0) == (most(), most(publish="parts"))


def test_fragments_share_no_state_names() -> None:
    """A state that another fragment replaced would be lost without a word."""
    with pytest.raises(ValueError, match="same name: a"):
        merged({"a": {}, "b": {}}, {"a": {}})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_job_keeps_the_services_reason(kind: ResourceKind) -> None:
    """Where a job has failed, the reason is assigned before anything else happens."""
    choices = LIVE_STATES[f"Is {kind.label} done?"]["Choices"]
    failed = {rule["Next"] for rule in choices if "CREATE STOPPED" in rule["Condition"]}
    (name,) = failed - {f"Create {kind.label} anew", f"Update {kind.label}"}

    assert any("reason" in value for value in LIVE_STATES[name]["Assign"].values())


def test_every_state_has_a_comment_and_a_short_name() -> None:
    """An analyst reads in the console what each state is for; names keep the 80 characters of the language."""
    for name, state in LIVE_STATES.items():
        assert state["Comment"], name
        assert len(name) <= 80


def test_every_transition_leads_to_a_state_of_its_level() -> None:
    """No transition names a state that is not there."""

    def check(states: dict[str, Any]) -> None:
        for name, state in states.items():
            targets = [state.get("Next"), state.get("Default")]
            targets += [rule["Next"] for key in ("Choices", "Catch") for rule in state.get(key, ())]
            assert {target for target in targets if target} <= set(states), name
            if "ItemProcessor" in state:
                assert state["ItemProcessor"]["StartAt"] in state["ItemProcessor"]["States"]
                check(state["ItemProcessor"]["States"])

    check(machine(**LIVE)["States"])


def test_more_solutions_add_data_and_no_states() -> None:
    """Ten solutions have the states of one, in a definition far below the service's 1 MB and our 200 kB."""
    ten = [{**shop()["solutions"][0], "name": f"s{number}"} for number in range(10)]
    definition_of_ten = machine(solutions=ten)

    assert [name for name, _ in all_states(definition_of_ten["States"])] == list(STATES)
    assert len(json.dumps(definition_of_ten)) < 200_000


def test_a_changed_solution_is_another_solution() -> None:
    """Solutions cannot be changed, so another configuration has another name; the same one keeps it."""

    def resource(**changes: Any) -> str:
        name: str = machine(**changes)["States"]["Begin run"]["Assign"]["known"][0]["resource"]
        return name

    assert resource() == resource(solutions__0__batch_inference__0__num_results=10)
    assert resource() != resource(solutions__0__recipe="aws-user-personalization")
    assert resource() != resource(solutions__0__event_type="click")


def test_the_threshold_is_a_string() -> None:
    """EventValueThreshold is text in the API, without the decimal point of a whole number."""
    plan = machine(solutions__0__event_value_threshold=2, datasets__interactions__columns__EVENT_VALUE={"value": 3})[
        "States"
    ]["Begin run"]["Assign"]["known"][0]

    assert "2" == plan["config"]["SolutionConfig"]["EventValueThreshold"]


@pytest.mark.parametrize(("threshold", "text"), [(1234567.5, "1234567.5"), (0.1, "0.1"), (1e-7, "0.0000001")])
def test_the_threshold_keeps_every_digit(threshold: float, text: str) -> None:
    """No digit is lost, and no exponent appears, on the way into the API's text."""
    plan = machine(
        solutions__0__event_value_threshold=threshold, datasets__interactions__columns__EVENT_VALUE={"value": 3}
    )["States"]["Begin run"]["Assign"]["known"][0]

    assert text == plan["config"]["SolutionConfig"]["EventValueThreshold"]


def test_timeouts_come_from_the_file() -> None:
    """Every loop gives up after the file's time, and the whole machine after more than their sum."""
    changed = machine(timeouts={"import": "1h", "solution": "1h", "training": "2h", "batch_inference": "3h"})
    conditions = json.dumps([s["Choices"] for n, s in all_states(changed["States"]) if n.startswith("Is ")])

    for hours in (1, 2, 3):
        assert f"> {hours * 3_600_000} %" in conditions
    assert changed["TimeoutSeconds"] > 7 * 3600
