"""The state machine of a pipeline with the best of several recipes: what it asks for, keeps, tells and is told."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from stacks.drawing.overview import overview
from stacks.states.run import definition
from tests.documents import BEST_OF, parsed, popular, shop
from tests.stacks.evaluation import evaluate, evaluated
from tests.synthesis import synthesize

if TYPE_CHECKING:
    from pathlib import Path

ARNS = [f"arn:aws:personalize:::recipe/{name}" for name in BEST_OF["best_of"]]
RIVALS: dict[str, Any] = {
    "solutions": [shop()["solutions"][0] | {"recipe": BEST_OF, "campaign": {}}, popular()],
    "max_cost": "50 USD",
}


@cache
def states() -> dict[str, Any]:
    """Return the states of the shop with rivals."""
    found: dict[str, Any] = definition(parsed(**RIVALS), "dev", spec_hash="0")["States"]
    return found


def known(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the solutions that a run knows."""
    plans: list[dict[str, Any]] = made["Begin run"]["Assign"]["known"]
    return plans


def test_a_plan_has_a_candidate_for_each_recipe() -> None:
    """With names of their own; what compares them stands beside, and of a solution of one recipe nothing does."""
    best, alone = known(states())

    assert ARNS == [each["config"]["RecipeArn"] for each in best["candidates"]]
    assert BEST_OF["best_of"] == [each["name"] for each in best["candidates"]]
    for key in ("resource", "version"):
        assert 2 == len({each[key] for each in best["candidates"]})
        assert all("for-you-" in each[key] for each in best["candidates"])
    assert (BEST_OF["by"], 8) == (best["by"], len(best["comparison"]))
    assert [ARNS[1]] == [each["config"]["RecipeArn"] for each in alone["candidates"]]
    assert not {"by", "comparison", "config", "resource"} & alone.keys()


def test_the_clean_up_knows_every_recipe() -> None:
    """None of those that are compared goes, and the campaign is that of whichever serves it."""
    made = states()
    told = evaluate(made["Clean up"]["Arguments"]["Payload"]["solutions"], known=known(made))
    resources = [each["resource"] for plan in known(made) for each in plan["candidates"]]

    assert resources == [each["resource"] for each in told]
    assert ["for-you", "for-you", "popular"] == [each["name"] for each in told]
    assert ["shop-dev--for-you"] * 2 == [each["campaign"] for each in told if "campaign" in each]
    assert told == evaluate(made["Begin solutions"]["Output"]["given"]["known"], known=known(made))


def test_every_training_counts_for_the_limit() -> None:
    """The transform is told all recipes of a solution."""
    made = states()
    context = {"context": {"Execution": {"StartTime": "2026-11-22T03:00:00.000Z"}}}
    given = {"run": "r", "plans": known(made), "importMode": "run", "trainingMode": "run", "imported": []}
    request = evaluated(made["Describe transform"]["Assign"]["request"], states=context, **given)

    assert [ARNS, ARNS[1:]] == [each["recipes"] for each in request["budget"]["solutions"]]
    assert [ARNS[0], ARNS[1]] == [each["recipe"] for each in request["budget"]["solutions"]]


def test_the_state_machine_may_make_solutions_of_every_recipe(tmp_path: Path) -> None:
    """CreateSolution is allowed on the pipeline's own names, its dataset group and the recipes of the file."""
    synthesize(parsed(solutions=RIVALS["solutions"][:1]), tmp_path)
    template = json.loads((tmp_path / "shop-dev-workflow.template.json").read_text())
    policies = [each for each in template["Resources"].values() if each["Type"] == "AWS::IAM::Policy"]
    (grant,) = [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "personalize:CreateSolution"
    ]
    named = json.dumps(grant["Resource"])

    assert all(f"recipe/{name}" in named for name in BEST_OF["best_of"])
    assert "shop-dev--*" in named


RESULT: dict[str, Any] = {"name": "for-you", "best_of": {"told": "a is the best"}, "recipe": ARNS[0]}


@pytest.mark.parametrize(
    ("best_of", "told"), [({"told": "a is the best"}, "\n\nfor-you: a is the best"), (None, None), ({}, None)]
)
def test_the_message_of_success_tells_which_recipe_won(best_of: dict[str, str] | None, told: str | None) -> None:
    """Of each solution that has compared some; what was kept from before has compared none."""
    message = states()["Notify success"]["Arguments"]["Message"]
    solutions = [RESULT | {"best_of": best_of}, {"name": "popular", "best_of": None}]
    cleanup = {"deleted": [], "remaining": []}
    text = evaluate(message, solutions=solutions, cleanup=cleanup, run="r", remarks=[], reported=[], report={})

    assert (told or "") in text
    assert ("for-you" in text) is bool(told)


def test_a_metric_that_is_missing_has_a_remedy() -> None:
    """It says what to change in the file; a file without best_of does not carry it."""
    failure = [{"error": "MetricMissing", "resource": "metrics"}]
    remedy = states()["Collect failures"]["Assign"]["remedy"]

    assert "leave the recipe out of best_of" in evaluate(remedy, failures=failure)
    assert "best_of" not in json.dumps(definition(parsed(), "dev", spec_hash="0"))


def test_nothing_is_compared_where_no_file_asks_for_it() -> None:
    """The definition of a file without best_of has neither candidates nor what belongs to them."""
    text = json.dumps(definition(parsed(), "dev", spec_hash="0"))

    assert not [word for word in ("andidate", "best_of") if word in text]


def test_a_drawing_names_the_rivals(tmp_path: Path) -> None:
    """The solution has all its recipes in the picture of the pipeline, and the states can be drawn, too."""
    assert "for-you\\nthe best of\\n" + "\\n".join(BEST_OF["best_of"]) in overview(parsed(**RIVALS))
    file = tmp_path / "shop.yaml"
    file.write_text(json.dumps(shop(**RIVALS)))
    picture = tmp_path / "states.dot"
    done = CliRunner().invoke(app, ["graph", str(file), "--states", "--output", str(picture)])

    assert 0 == done.exit_code, done.output
    drawn = picture.read_text("utf-8")
    assert '"cluster Candidates"' in drawn
    assert '"Compare candidates" -> "Is there a best one?"' in drawn


def candidate() -> dict[str, Any]:
    """Return the states of a recipe's child execution."""
    found: dict[str, Any] = states()["Solutions"]["ItemProcessor"]["States"]
    inner: dict[str, Any] = found["Candidates"]["ItemProcessor"]["States"]
    return inner


@pytest.mark.parametrize(
    ("mode", "asked", "published", "expected"),
    [
        ("update", "run", "arn:s", "UPDATE"),
        ("update", "full", "arn:s", "FULL"),
        ("update", "run", "arn:other", "FULL"),
        ("update", "run", "none", "FULL"),
        ("full", "run", "arn:s", "FULL"),
    ],
)
def test_a_single_recipe_beside_several_is_updated_as_ever(
    mode: str,
    asked: str,
    published: str,
    expected: str,
) -> None:
    """From the version that was last published, if that is of the same solution and the input does not ask for all."""
    argument = candidate()["Create solution version"]["Arguments"]["TrainingMode"]
    trial = {"training": {"mode": mode}, "trainingMode": asked, "published": published}

    assert expected == evaluate(argument, trial=trial, candidateSolution={"arn": "arn:s"})


@pytest.mark.parametrize("automatic", [True, False])
def test_a_single_recipe_beside_several_may_be_trained_by_the_service(*, automatic: bool) -> None:
    """Its own version is looked for; without auto_training the run trains."""
    (rule,) = candidate()["Does the service train?"]["Choices"]

    assert "Find automatic version" == rule["Next"]
    assert automatic is evaluate(rule["Condition"], trial={"training": {"automatic": automatic}})


PREFIX = "${PersonalizeArn}:solution/"


@pytest.mark.parametrize(
    ("given", "published", "goes_to"),
    [
        ({}, {}, "Begin candidates"),
        ({}, {"data": "d", "solution_arn": f"{PREFIX}one", "comparison": "c"}, "Keep published version"),
        ({}, {"data": "d", "solution_arn": f"{PREFIX}one", "comparison": "other"}, "Begin candidates"),
        ({}, {"data": "d", "solution_arn": f"{PREFIX}one"}, "Begin candidates"),
        ({}, {"data": "before", "solution_arn": f"{PREFIX}one", "comparison": "c"}, "Begin candidates"),
        ({}, {"data": "d", "solution_arn": f"{PREFIX}gone", "comparison": "c"}, "Begin candidates"),
        (
            {"trainingMode": "full"},
            {"data": "d", "solution_arn": f"{PREFIX}one", "comparison": "c"},
            "Begin candidates",
        ),
        ({"trainingMode": "skip"}, {"data": "x", "solution_arn": f"{PREFIX}two"}, "Keep published version"),
        ({"trainingMode": "skip"}, {"data": "x", "solution_arn": f"{PREFIX}gone"}, "No version to keep"),
        ({"trainingMode": "skip"}, {}, "No version to keep"),
    ],
)
def test_a_run_trains_unless_nothing_is_new(given: dict[str, str], published: dict[str, str], goes_to: str) -> None:
    """Neither data nor what is compared, and the version is of a recipe of the file; training: skip asks that alone."""
    choice = states()["Solutions"]["ItemProcessor"]["States"]["Train?"]
    plan = {
        "training": {"unchanged_data": "skip"},
        "comparison": "c",
        "candidates": [{"resource": "one"}, {"resource": "two"}],
    }
    run = {"run": "r", "importMode": "run", "trainingMode": "run", "report": {"fingerprint": "d"}} | given
    known = {"plan": plan, "published": published, "given": run}
    chosen = next((rule["Next"] for rule in choice["Choices"] if evaluate(rule["Condition"], **known)), None)

    assert goes_to == (chosen or choice["Default"])


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"solution_arn": f"{PREFIX}one", "recipe": "arn:recipe"}, "arn:recipe"),
        ({"solution_arn": f"{PREFIX}one"}, "arn:of one"),
        ({"solution_arn": f"{PREFIX}gone"}, None),
    ],
)
def test_a_version_that_is_kept_has_the_recipe_that_it_is_of(published: dict[str, str], expected: str | None) -> None:
    """As it was published, or of a time before best_of by its solution; else nobody knows it."""
    kept = states()["Solutions"]["ItemProcessor"]["States"]["Keep published version"]["Assign"]["solution"]
    plan = {"candidates": [{"resource": "one", "config": {"RecipeArn": "arn:of one"}}]}

    assert {"arn": published["solution_arn"], "recipe": expected} == evaluated(kept, plan=plan, published=published)


@pytest.mark.parametrize(
    ("deleted", "expected"), [([[], []], []), ([["arn:old"], []], ["arn:old"]), ([["a"], ["b", "c"]], ["a", "b", "c"])]
)
def test_the_gate_knows_what_made_room(deleted: list[list[str]], expected: list[str]) -> None:
    """A solution that went to make room for a recipe can no longer be gone back to."""
    room = states()["Solutions"]["ItemProcessor"]["States"]["Compare candidates"]["Assign"]["room"]

    assert {"deleted": expected} == evaluated(room, candidates=[{"deleted": each} for each in deleted])
