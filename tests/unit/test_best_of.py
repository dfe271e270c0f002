"""The best of several recipes: what the file may say of it, what it costs, and how people read what came of it."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from jsonschema import validate
from rich.console import Console

from cli.comparisons import comparisons
from cli.live.sources import sources
from cli.operate.show import show_status
from cli.operate.status import Status, Winner
from cli.terminal import Terminal
from cli.view import View
from definition.contract.manifest import Manifest, json_schema
from definition.plan import names
from definition.plan.history import histories
from definition.plan.kinds import recipes_of
from definition.service.recipes import RECIPES
from definition.service.resource_kinds import SOLUTION
from pricing.forecast.counts import given
from pricing.forecast.forecast import Forecast, forecast
from pricing.reckoning.budget import Budget, verdict
from pricing.spending.spent import usage
from pricing.tables.load import bundled
from tests.documents import BEST_OF, parsed, popular, shop
from tests.manifests import manifest
from tests.unit.test_rules import told

V2, POPULARITY = BEST_OF["best_of"]
NDCG = BEST_OF["by"]
RECIPE = "solutions[0].recipe"
RATES = bundled().rates("us-east-1")


def several(*recipes: str, by: str = NDCG, **more: Any) -> dict[str, Any]:
    """Return a change: the first solution compares these recipes."""
    return {"solutions__0__recipe": {"best_of": list(recipes), "by": by}, **more}


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        (several(V2), f"{RECIPE}.best_of", "has 1, and 2 are needed. Give at least 2"),
        (several(), f"{RECIPE}.best_of", "is empty. Give at least 2"),
        (several(V2, POPULARITY, V2), f"{RECIPE}.best_of[2]", "stands there already. Name each recipe once"),
        (several(V2, "aws-popularity-counts"), f"{RECIPE}.best_of[1]", "Did you mean aws-popularity-count?"),
        (several(V2, "aws-hrnn"), f"{RECIPE}.best_of[1]", "legacy recipe"),
        (several(V2, "aws-sims"), f"{RECIPE}.best_of[1]", "aws-sims names an item. With aws-user-personalization-v2"),
        (several(V2, "aws-sims"), f"{RECIPE}.best_of[1]", "compare aws-user-personalization or aws-popularity-count"),
        (several(V2, "aws-personalized-ranking"), f"{RECIPE}.best_of[1]", "names a user and the items to rank"),
        (several(V2, "aws-item-affinity"), f"{RECIPE}.best_of[1]", "no other recipe does what it does"),
        (several("aws-sims", "aws-semantic-similarity"), f"{RECIPE}.best_of[1]", "offline metrics are other ones"),
        (several(V2, POPULARITY, by="precision_at_7"), f"{RECIPE}.by", "Did you mean precision_at_"),
        (several(V2, POPULARITY, by="recall_at_1_percent"), f"{RECIPE}.by", "is no metric that recipes can be"),
        ({"solutions__0__recipe": {"best_of": [V2, POPULARITY]}}, f"{RECIPE}.by", "is missing"),
        ({"solutions__0__recipe": BEST_OF | {"on": 1}}, f"{RECIPE}.on", "Known here: best_of, by"),
        ({"solutions__0__recipe": [V2, POPULARITY]}, RECIPE, "{best_of: [recipes], by: metric}"),
        (
            several(V2, POPULARITY, solutions__0__hyperparameters={"apply_recency_bias": "true"}),
            "solutions[0].hyperparameters.apply_recency_bias",
            "aws-popularity-count has no such one",
        ),
        (
            several(POPULARITY, V2, solutions__0__event_weights=[{"event_type": "click"}]),
            "solutions[0].event_weights",
            "aws-popularity-count does not weigh events",
        ),
        (
            several(V2, "aws-user-personalization", solutions__0__training_mode="update"),
            "solutions[0].training_mode",
            "aws-user-personalization-v2 has no update",
        ),
        (
            several("aws-user-personalization", POPULARITY, solutions__0__campaign={"exploration": {"weight": 0.1}}),
            "solutions[0].campaign.exploration",
            "aws-popularity-count has no such setting",
        ),
        (
            several(V2, POPULARITY, solutions__0__auto_training={"every": "7d"}),
            "solutions[0].auto_training",
            "metrics of different data are not to be compared",
        ),
        (
            several(V2, POPULARITY, solutions__0__campaign={"sync_with_latest": True}),
            "solutions[0].campaign.sync_with_latest",
            "each run moves the campaign to the best one",
        ),
        (
            several(V2, POPULARITY, solutions__0__batch_segment=[{"name": "x"}]),
            "solutions[0].batch_segment[0]",
            "offers no batch_segment",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(changes: dict[str, Any], place: str, text: str) -> None:
    """Each mistake is told at its place, with what to do, and of an option which recipe does not have it."""
    assert text in told(**changes)[place]


def test_recipes_of_another_kind_hide_nothing_and_add_nothing() -> None:
    """The rules of the first kind are looked at, those of the other would only confuse."""
    found = told(**several(V2, "aws-sims", solutions__0__hyperparameters={"bptt": 3}))

    assert {f"{RECIPE}.best_of[1]", "solutions[0].hyperparameters.bptt"} == found.keys()


def test_each_recipe_counts_among_the_solutions_of_a_group() -> None:
    """Four solutions with two recipes each and two with one are ten, and one more is too many."""
    jobs = [{"name": "top"}]
    pairs = [{"name": f"p{number}", "recipe": BEST_OF, "batch_inference": jobs} for number in range(4)]
    ones = [popular(name=f"o{number}") for number in range(3)]

    assert 6 == len(parsed(solutions=[*pairs, *ones[:2]]).solutions)
    assert "are 11, one for each recipe of best_of, and" in told(solutions=[*pairs, *ones])["solutions"]


def test_a_recipe_has_the_solution_that_it_would_have_alone() -> None:
    """So going from one recipe to several, or back, trains no other solution; roles may make each of them."""
    both, alone = parsed(**several(V2, POPULARITY)), parsed(solutions__0__recipe=POPULARITY)
    made = [names.solution_name(both, "dev", both.solutions[0], recipe) for recipe in (V2, POPULARITY)]

    assert 2 == len(set(made))
    assert made[1] == names.solution_name(alone, "dev", alone.solutions[0], POPULARITY)
    assert sorted([V2, POPULARITY]) == recipes_of(both)[SOLUTION]


def test_a_comparison_is_another_one_with_another_metric_or_recipe() -> None:
    """What must not be taken for the choice that was made: another metric, recipe, order or configuration."""
    changes = [
        several(V2, POPULARITY),
        several(V2, POPULARITY, by="coverage"),
        several(POPULARITY, V2),
        several(V2, POPULARITY, "aws-user-personalization"),
        several(V2, POPULARITY, solutions__0__event_type="click"),
    ]
    pipelines = [parsed(**change) for change in changes]
    found = [names.comparison(each, "dev", each.solutions[0]) for each in pipelines]

    assert 5 == len(set(found))
    assert found[0] == names.comparison(parsed(**changes[0]), "dev", parsed(**changes[0]).solutions[0])


def test_trainings_have_histories_of_their_own() -> None:
    """Where recipes are compared, waiting for a training fills the history of its recipe and not of the solution."""

    def events(**changes: Any) -> dict[str, int]:
        return {each.whose: each.events for each in histories(parsed(**changes))}

    alone, compared = events(), events(**several(V2, POPULARITY))
    assert "a recipe" not in alone
    assert alone["a solution"] == compared["a recipe"]
    assert compared["a solution"] < 1000 < compared["a recipe"]


def reckoned(**changes: Any) -> Forecast:
    """Return what the changed shop costs with 25 million interactions of a million users."""
    pipeline = parsed(**changes)
    counts = given(pipeline, interactions=25_000_000, users=1_000_000, items=None)
    return forecast(pipeline, counts, RATES, runs=Fraction(30))


def test_every_training_is_paid_and_scoring_once() -> None:
    """50 USD for the v2 recipe, hours that nobody knows for the other one, and 150 USD for what is dearer to score."""
    found = reckoned(**several(POPULARITY, V2, solutions__0__campaign={}))
    lines = {line.charge.part: line.usd for line in found.run.lines}

    assert Decimal(50) == lines[f"training of for-you with {V2}"]
    assert lines[f"training of for-you with {POPULARITY}"] is None
    assert Decimal(150) == lines["for-you/top"]
    assert "training of for-you" not in lines
    assert 1 == [line.charge.part for line in found.run.lines].count("for-you/top")
    # 3,600 requests an hour for 730 hours at 0.15 per 1,000.
    assert [Fraction(39_420, 100)] == [Fraction(line.usd or 0) for line in found.standing.lines]


def test_a_run_may_cost_what_its_dearest_recipe_does() -> None:
    """2 USD for a million interactions of v2, 15 for 100,000 users of it; the other training is not known."""
    job = {"name": "top", "kind": "inference", "prefix": "in/", "all_users": True, "themed": False}
    arns = [f"arn:aws:personalize:::recipe/{name}" for name in (POPULARITY, V2)]
    solution = {"name": "for-you", "recipe": arns[0], "recipes": arns, "trains": True, "jobs": [job]}
    rates = {"training_v2": {"usd": "0.002"}, "inference_v2": {"usd": "0.15"}, "batch_inference": {"usd": "0.067"}}
    budget = {"usd": "16.99", "region": "r", "rates": {"r": rates}, "imports": False, "solutions": [solution]}
    found = verdict(Budget.model_validate(budget), imports={}, interactions=1_000_000, lines={"in/": 100_000})

    assert (Decimal(17), True) == (found.cost.usd, found.cost.refused)
    assert f"training of for-you with {POPULARITY}" in found.refusals[0]


def compared(**changes: Any) -> dict[str, Any]:
    """Return the manifest of a run that has compared two recipes, of which the second one won."""
    document = manifest()
    solution = document["solutions"][0]
    candidates = [
        {
            "recipe": f"arn:aws:personalize:::recipe/{name}",
            "arn": f"arn:{name}",
            "version_arn": f"arn:{name}/1",
            "training_hours": hours,
            "metrics": {NDCG: value, "coverage": 0.25, "odd": 0.125},
        }
        for name, hours, value in ((V2, 0.5, 0.1), (POPULARITY, 0.25, 0.2))
    ]
    best = candidates[1]
    solution |= {key: best[key] for key in ("recipe", "arn", "version_arn", "training_hours", "metrics")}
    solution["best_of"] = {"by": NDCG, "told": f"{POPULARITY} is the best", "candidates": candidates}
    solution |= changes
    return document


def printed(document: dict[str, Any]) -> str:
    """Return the summary of a manifest."""
    out = io.StringIO()
    View(Terminal(file=out, width=160)).summary(Manifest.model_validate(document))
    return out.getvalue()


def test_the_terminal_shows_every_recipe_and_which_one_won() -> None:
    """A table of the recipes with the metric that they are compared by first, and the sentence below it."""
    validate(compared(), json_schema())
    shown = printed(compared())

    assert f"Recipes of for-you, compared by {NDCG}" in shown
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if line.startswith("│")]
    assert [V2, "0.1000", "0.2500", "0.50"] in rows
    assert [POPULARITY, "0.2000", "0.2500", "0.25"] in rows
    assert f"  for-you: {POPULARITY} is the best\n" in shown
    assert "Recipes of" not in printed(manifest())


def test_a_recipe_that_failed_has_no_metrics() -> None:
    """The table says so, and a solution without a recipe is named alone."""
    document = compared(recipe=None, status="FAILED", metrics={}, version_arn=None)
    failure = {"state": "s", "error": "JobFailed", "reason": "no capacity"}
    document["solutions"][0]["best_of"]["candidates"][0] = {
        "recipe": f"arn:aws:personalize:::recipe/{V2}",
        "failure": failure,
    }
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed(document).splitlines()]

    assert [V2, "-", "-", "failed"] in rows
    (of_solution,) = [row for row in rows if row[:1] == ["for-you"]]
    assert "-" == of_solution[1]


@pytest.mark.parametrize(
    ("broken", "hours", "unknown"), [(False, 0.75, []), (True, None, ["for-you failed: what it trained is not known."])]
)
def test_what_was_trained_in_vain_is_paid_too(*, broken: bool, hours: float | None, unknown: list[str]) -> None:
    """Both trainings count, also where quality refused the best one; one that failed leaves its hours unknown."""
    failure = {"state": "Quality gate", "error": "QualityMissed", "reason": "too low"}
    document = compared(status="FAILED", failure=failure, batch_inference=[])
    if broken:
        first = document["solutions"][0]["best_of"]["candidates"][0]
        first["training_hours"] = None
    used = usage(
        Manifest.model_validate(document), workers=2, themed=[], region="us-east-1", rates=RATES, real_hours=True
    )

    parts = {part.part for part in used.parts if part.part.startswith("training")}
    assert (hours, unknown) == (used.training_hours, used.unknown)
    assert (f"training of for-you with {V2}" in parts) is not broken
    assert f"training of for-you with {POPULARITY}" in parts


def test_status_tells_the_last_winner() -> None:
    """Of a solution whose recipes are compared, by the version that was published last."""
    out = io.StringIO()
    status = Status("shop", "dev", "b", "m", "t", winners=[Winner("for-you", POPULARITY, "20261122T030000-1ebdeb")])
    show_status(status, datetime.now(UTC), Terminal(file=out, width=160))

    assert f"for-you: {POPULARITY} was the best of its recipes in run 20261122T030000-1ebdeb" in out.getvalue()


def test_a_file_of_one_recipe_is_what_it_was() -> None:
    """Written out again, it has its recipe as a text: its hash in manifests stays the same."""
    written = json.loads(parsed().model_dump_json(by_alias=True))

    assert shop()["solutions"][0]["recipe"] == written["solutions"][0]["recipe"]


def test_the_row_of_the_winner_stands_out() -> None:
    """It is bold, by the version that was scored with; those of the others are not."""
    out = io.StringIO()
    console = Console(file=out, width=160, force_terminal=True, color_system="standard", highlight=False)
    for table, _ in comparisons(Manifest.model_validate(compared()), {}):
        console.print(table)
    bold = " ".join(re.findall(r"\x1b\[1m([^\x1b]*)", out.getvalue()))

    assert POPULARITY in bold
    assert V2 not in bold


def test_what_answers_names_the_recipes_of_which_it_may_be() -> None:
    """The file does not say which one a run has chosen."""
    found = sources(parsed(**several(V2, POPULARITY, solutions__0__campaign={})), "dev")

    assert [(each.kind, each.recipe, each.query) for each in found] == [
        (kind, f"{V2} or {POPULARITY}", "user") for kind in ("campaign", "table")
    ]


def test_only_what_means_the_same_is_compared() -> None:
    """Neither a recipe of another kind, nor one whose metrics are other ones, nor the recipe itself."""
    found = {name: recipe.rivals for name, recipe in RECIPES.items() if recipe.rivals}
    users = ["aws-user-personalization-v2", "aws-user-personalization", "aws-popularity-count"]
    groups = [users, ["aws-personalized-ranking-v2", "aws-personalized-ranking"], ["aws-similar-items", "aws-sims"]]

    assert found == {name: [other for other in group if other != name] for group in groups for name in group}
