"""The best of several recipes: all are trained, one is scored with, and the run says which and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.documents import BEST_OF, popular, shop
from tests.pipeline.data import csv, fashion, planted
from tests.pipeline.rig import Rig
from tests.pipeline.test_operate import answer, operate

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

V2, POPULARITY = (f"arn:aws:personalize:::recipe/{name}" for name in BEST_OF["best_of"])
NDCG = BEST_OF["by"]
BEST: dict[str, Any] = {
    "name": "for-you",
    "recipe": BEST_OF,
    "unchanged_data": "skip",
    "campaign": {"min_provisioned_tps": 1},
    "batch_inference": [{"name": "top", "users": "all", "num_results": 10}],
}


def document(**more: Any) -> dict[str, Any]:
    """Return a shop of which one solution is the best of two recipes, and the other one has one."""
    return shop(name="rivals", solutions=[BEST | more, popular()], schedule=...)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pipeline files and assemblies lie."""
    return tmp_path_factory.mktemp("rivals")


@pytest.fixture(scope="module")
def rig(aws: EmbeddedAWS, folder: Path) -> Rig:
    """The deployed shop."""
    return Rig.deploy(aws, document(), folder)


@pytest.fixture(scope="module")
def nights(rig: Rig) -> tuple[Run, Run]:
    """A run on data with two tastes, which popularity does not see, and one on data without any taste."""
    rig.put_raw("events/part.csv", csv(planted()))
    first = rig.run()
    rig.put_raw("events/part.csv", csv(fashion()))
    return first, rig.run()


def of(run: Run, name: str = "for-you") -> dict[str, Any]:
    """Return what the manifest of a run says of a solution."""
    assert run.manifest is not None, run.cause
    (found,) = [each for each in run.manifest["solutions"] if each["name"] == name]
    return dict(found)


def scored_versions(rig: Rig, run: Run) -> list[str]:
    """Return the versions of the batch jobs of a run's solution."""
    personalize = rig.aws.client("personalize")
    jobs = [
        job
        for page in personalize.get_paginator("list_batch_inference_jobs").paginate()
        for job in page["batchInferenceJobs"]
    ]
    return [job["solutionVersionArn"] for job in jobs if job["jobName"] == f"rivals-test--for-you-top-{run.id}"]


def test_the_best_recipe_is_scored_with_and_the_other_one_is_not(rig: Rig, nights: tuple[Run, Run]) -> None:
    """On each night another one wins, by the metric that the service gives of it; only its version has a batch job."""
    personalize = rig.aws.client("personalize")
    winners = []
    for run in nights:
        best = of(run)
        measured = {}
        for each in best["best_of"]["candidates"]:
            told = personalize.get_solution_metrics(solutionVersionArn=each["version_arn"])["metrics"]
            assert told == each["metrics"]
            assert each["version_arn"].startswith(each["arn"])
            assert personalize.describe_solution(solutionArn=each["arn"])["solution"]["recipeArn"] == each["recipe"]
            measured[each["recipe"]] = (told[NDCG], each["version_arn"])
        assert [V2, POPULARITY] == list(measured)
        assert max(measured.values()) == (best["metrics"][NDCG], best["version_arn"])
        assert [best["version_arn"]] == scored_versions(rig, run)
        winners.append(best["recipe"])

    assert [V2, POPULARITY] == winners


def test_what_was_published_is_of_the_best_recipe(rig: Rig, nights: tuple[Run, Run]) -> None:
    """The newest table offers everybody the same, as popularity does; version and campaign are its, too."""
    best = of(nights[1])
    offered = {
        tuple(line["output"]["recommendedItems"])
        for key in rig.keys(f"batch/{nights[1].id}/for-you/top/output/")
        if key.endswith(".out")
        for line in rig.lines(key)
    }
    assert 1 == len(offered)
    assert nights[1].id == json.loads(rig.read("curated/for-you/top/latest.json"))["run"]
    latest = json.loads(rig.read("curated/for-you/latest.json"))
    assert (best["version_arn"], POPULARITY) == (latest["version_arn"], latest["recipe"])
    campaign = rig.aws.client("personalize").describe_campaign(campaignArn=best["campaign"]["arn"])["campaign"]
    assert best["version_arn"] == campaign["solutionVersionArn"]


def test_people_are_told_which_recipe_won_and_why(rig: Rig, nights: tuple[Run, Run]) -> None:
    """Manifest and message have the sentence with the metrics of both; a solution of one recipe has none."""
    messages = rig.messages()
    for run, name in zip(nights, BEST_OF["best_of"], strict=True):
        told = of(run)["best_of"]["told"]
        (message,) = [each["Message"] for each in messages if run.id in each["Subject"]]
        assert told.startswith(f"{name} is the best by {NDCG}: {BEST_OF['best_of'][0]} has 0.")
        assert f"\n\nfor-you: {told}\n\n" in message
        assert (None, POPULARITY) == (of(run, "popular")["best_of"], of(run, "popular")["recipe"])


def test_status_names_the_last_winner(rig: Rig, nights: tuple[Run, Run]) -> None:
    """By what was published last, for people and for programs."""
    told = f"for-you: {BEST_OF['best_of'][1]} was the best of its recipes in run {nights[1].id}"

    assert told in operate(rig, "status").output
    assert [{"solution": "for-you", "recipe": BEST_OF["best_of"][1], "run": nights[1].id}] == answer(rig, "status")[
        "winners"
    ]


def test_nothing_is_trained_where_neither_data_nor_comparison_is_new(rig: Rig, nights: tuple[Run, Run]) -> None:
    """With unchanged data, and with training: skip, the version of the last winner is scored with, as its recipe."""
    before = [version for version in rig.versions() if "--for-you-" in version]
    for given in ({"solutions": ["for-you"]}, {"solutions": ["for-you"], "training": "skip"}):
        run = rig.run(given)
        kept = of(run)

        assert (POPULARITY, of(nights[1])["version_arn"]) == (kept["recipe"], kept["version_arn"])
        assert (None, True) == (kept["best_of"], kept["quality"]["kept_version"])
        assert [kept["version_arn"]] == scored_versions(rig, run)
    assert before == [version for version in rig.versions() if "--for-you-" in version]


def test_a_recipe_that_fails_lets_none_win_until_the_run_is_resumed(rig: Rig, nights: tuple[Run, Run]) -> None:
    """Nothing is scored, the failure names the recipe; resumed, only that one is trained again, and one is chosen."""
    before = rig.versions()
    rig.put_raw("events/part.csv", csv(planted()))
    rig.arm(job="SolutionVersion", outcome="CREATE FAILED", reason="no capacity")
    failed = rig.run({"solutions": ["for-you"]})
    rig.disarm()

    assert "FAILED" == failed.status
    result = of(failed)
    (broken,) = [each for each in result["best_of"]["candidates"] if "failure" in each]
    (whole,) = [each for each in result["best_of"]["candidates"] if "failure" not in each]
    name = broken["recipe"].rpartition("/")[2]
    assert f"{name}: no capacity" in failed.cause
    assert (None, "JobFailed") == (result["recipe"], result["failure"]["error"])
    assert NDCG in whole["metrics"]
    assert [] == scored_versions(rig, failed)
    assert nights[1].id != failed.id
    assert len(before) + 2 == len(rig.versions())

    resumed = rig.run({"solutions": ["for-you"], "run": failed.id})
    assert "SUCCEEDED" == resumed.status
    manifest = json.loads(rig.read(f"runs/{failed.id}/manifest.json"))
    (best,) = manifest["solutions"]
    assert V2 == best["recipe"]
    assert whole["version_arn"] in {each["version_arn"] for each in best["best_of"]["candidates"]}
    assert len(before) + 3 == len(rig.versions())


def test_another_comparison_trains_and_what_is_compared_no_more_goes(rig: Rig, folder: Path) -> None:
    """By another metric all are trained again on the same data; a single recipe keeps its solution, the others go."""
    rig.put_raw("events/part.csv", csv(planted()))
    rig.run({"solutions": ["for-you"]})
    rig.deploy_again(document(recipe=BEST_OF | {"by": "coverage"}), folder)
    widest = of(rig.run({"solutions": ["for-you"]}))
    assert "coverage" == widest["best_of"]["by"]

    rig.deploy_again(document(recipe=BEST_OF["best_of"][0]), folder)
    alone = rig.run({"solutions": ["for-you"], "training": "skip"})
    solution = of(alone)["arn"]
    assert solution == widest["arn"]
    solutions = rig.aws.client("personalize").list_solutions()["solutions"]
    assert [solution] == [each["solutionArn"] for each in solutions if "/rivals-test--for-you-" in each["solutionArn"]]
