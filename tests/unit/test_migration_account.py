"""Moving in from an account: which of many versions and jobs of a dataset group shows how they are asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from drafting.migration.dataset_group import read_dataset_group
from tests.unit.test_migration import RECIPE, from_configuration, nightly

DAYS = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 8)]
LISTED: dict[str, list[dict[str, Any]]] = {
    "datasets": [{"name": "any", "datasetType": "INTERACTIONS", "datasetArn": "d"}],
    "dataset_import_jobs": [
        {"datasetImportJobArn": f"import-{day}", "creationDateTime": DAYS[day]} for day in (1, 6, 3)
    ],
    "solutions": [{"solutionArn": "s"}],
    "solution_versions": [{"solutionVersionArn": f"version-{day}", "creationDateTime": DAYS[day]} for day in (2, 5, 4)],
}
"""What the service lists, without an order that could be relied on."""

JOBS = {
    "version-2": [{"batchInferenceJobArn": "old", "creationDateTime": DAYS[6]}],
    "version-4": [{"batchInferenceJobArn": f"job-{day}", "creationDateTime": DAYS[day]} for day in (4, 6, 5)],
}


class FakePersonalize:
    """A dataset group with a solution of three versions; the newest has no job. Keeps the versions asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_paginator(self, operation: str) -> Any:
        """Return a paginator whose single page has what is listed."""
        plural = operation.removeprefix("list_")

        class Paginator:
            """Of this operation."""

            @staticmethod
            def paginate(**within: str) -> list[dict[str, Any]]:
                """Return the page."""
                if plural != "batch_inference_jobs":
                    return [{plural: LISTED.get(plural, [])}]
                self.asked.append(within["solutionVersionArn"])
                return [{plural: JOBS.get(within["solutionVersionArn"], [])}]

        return Paginator

    def describe_dataset_group(self, **_: str) -> Any:
        """Return a custom dataset group."""
        return {"datasetGroup": {"name": "group"}}

    def describe_dataset(self, **_: str) -> Any:
        """Return the dataset of interactions."""
        return {"dataset": {"schemaArn": "any"}}

    def describe_schema(self, **_: str) -> Any:
        """Return a schema without fields."""
        return {"schema": {"schema": json.dumps({"fields": []})}}

    def describe_dataset_import_job(self, *, datasetImportJobArn: str) -> Any:  # noqa: N803  # boto3's name
        """Return where the job read."""
        return {"datasetImportJob": {"dataSource": {"dataLocation": datasetImportJobArn}}}

    def describe_solution(self, **_: str) -> Any:
        """Return a solution."""
        return {"solution": {"name": "s"}}

    def describe_batch_inference_job(self, *, batchInferenceJobArn: str) -> Any:  # noqa: N803  # boto3's name
        """Return the job's name."""
        return {"batchInferenceJob": {"jobName": batchInferenceJobArn}}


def test_the_newest_job_of_the_newest_version_with_one_is_taken() -> None:
    """Neither a later job of an older version nor the order of the lists counts, and older versions are not asked."""
    personalize = FakePersonalize()
    found = read_dataset_group(personalize, "any")

    assert [{"jobName": "job-6"}] == found.solutions[0].batch_inference
    assert ["version-5", "version-4"] == personalize.asked
    assert {"interactions": "import-6"} == found.source


@pytest.mark.parametrize(
    ("service", "recipes", "told"),
    [
        (
            {"recipeArn": None, "performAutoML": True, "autoMLResult": {"bestRecipeArn": f"{RECIPE}/aws-sims"}},
            ["aws-sims"],
            "solution a: performAutoML chose the recipe, which is named now; recipe: {best_of: [recipes], by: metric}",
        ),
        (
            {"recipeArn": None, "performAutoML": True, "autoMLResult": {"bestRecipeArn": f"{RECIPE}/aws-hrnn"}},
            ["aws-user-personalization-v2"],
            "recipe: {best_of: [recipes], by: metric} lets each run choose among several",
        ),
        (
            {"recipeArn": None, "performAutoML": True},
            [],
            "no pipeline trains a solution without recipe; recipe: {best_of: [recipes], by: metric} lets each run",
        ),
        ({"recipeArn": None}, [], "no pipeline trains a solution without recipe"),
    ],
)
def test_automl_leads_to_the_best_of_several_recipes(service: dict[str, Any], recipes: list[str], told: str) -> None:
    """The recipe that the service chose is taken, if it has, and the note says how a pipeline chooses in each run."""
    given = [nightly("a", "none", service=service), nightly("b", "aws-similar-items")]
    found = from_configuration(solutions=given)

    assert [*recipes, "aws-similar-items"] == [recipe for each in found.pipeline.solutions for recipe in each.recipes]
    assert any(told in note for note in found.notes)
    assert bool(service.get("performAutoML")) == any("best_of" in note for note in found.notes)
