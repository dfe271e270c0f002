"""Moving in: a pipeline file from a configuration of the retired AWS solution, or from what is in an account."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from definition.load import load, parse
from definition.plan.mappings import dataset_mapping
from definition.plan.requests import campaign_request, recommender_config, solution_config
from drafting.migration.configuration import read_configuration
from drafting.migration.found import Found, FoundSolution
from drafting.migration.pipeline import Moved, moved
from tests.documents import LIVE, parsed

if TYPE_CHECKING:
    from pathlib import Path

    from definition.file.solutions import Solution

RECIPE = "arn:aws:personalize:::recipe"
NAMESPACE = "com.amazonaws.personalize.schema"
INTERACTIONS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
]
ITEMS = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "GENRES", "type": ["null", "string"], "categorical": True},
    {"name": "ABOUT", "type": ["null", "string"], "textual": True},
    {"name": "PRICE", "type": "float"},
    {"name": "NEW", "type": "boolean"},
    {"name": "CREATION_TIMESTAMP", "type": "long"},
]


def avro(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a schema with these fields."""
    return {"type": "record", "name": "Any", "namespace": NAMESPACE, "fields": fields, "version": "1.0"}


def dataset(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a dataset as a configuration describes it."""
    named = {"serviceConfig": {"name": "some"}}
    return {"dataset": named, "schema": {"serviceConfig": {"name": "some", "schema": avro(fields)}}}


def nightly(name: str, recipe: str, **more: Any) -> dict[str, Any]:
    """Return a solution as a configuration describes it, which is trained each week."""
    weekly = {"schedules": {"full": "cron(0 2 ? * 1 *)"}}
    service = {"name": name, "recipeArn": f"{RECIPE}/{recipe}", **more.pop("service", {})}
    return {"serviceConfig": service, "workflowConfig": weekly, **more}


JOB = {"serviceConfig": {}, "workflowConfig": {"schedule": "cron(0 3 * * ? *)"}}
FILTER = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")'
CONFIGURATION: dict[str, Any] = {
    "tags": [{"tagKey": "project", "tagValue": "films"}],
    "datasetGroup": {
        "serviceConfig": {"name": "Films_2024"},
        "workflowConfig": {"schedules": {"import": "cron(0 */6 * * ? *)"}},
    },
    "datasets": {"interactions": dataset(INTERACTIONS), "items": dataset(ITEMS)},
    "solutions": [
        nightly(
            "Up_1",
            "aws-user-personalization",
            service={"solutionVersion": {"trainingMode": "UPDATE"}, "performHPO": True},
            campaigns=[{"serviceConfig": {"name": "a", "minProvisionedTPS": 3}}, {"serviceConfig": {"name": "b"}}],
            batchInferenceJobs=[{**JOB, "serviceConfig": {"numResults": 50, "filterArn": "Not_Seen"}}],
        ),
        nightly("sims", "aws-sims"),
        nightly("buyers", "aws-item-affinity", batchSegmentJobs=[JOB]),
        nightly("genres", "aws-item-attribute-affinity", batchSegmentJobs=[JOB]),
        nightly("ranked", "aws-personalized-ranking", batchInferenceJobs=[JOB]),
        nightly("old", "aws-hrnn-metadata", campaigns=[{"serviceConfig": {"name": "c"}}]),
        nightly("actions", "aws-next-best-action"),
    ],
    "eventTracker": {"serviceConfig": {"name": "tracker"}},
    "filters": [
        {
            "serviceConfig": {
                "name": "Not_Seen",
                "filterExpression": FILTER,
            }
        }
    ],
}


def from_configuration(**changes: Any) -> Moved:
    """Move the configuration, with some of its keys changed."""
    return moved(read_configuration(json.dumps(CONFIGURATION | changes)), name=None, origin="config.json")


def test_a_configuration_of_the_retired_solution_becomes_a_pipeline() -> None:
    """Schemas, solutions, campaigns, jobs, filter, tracker and schedule are those of the configuration."""
    pipeline = from_configuration().pipeline

    assert ("films-2024", "cron(0 2 ? * 1 *)", True) == (
        pipeline.name,
        pipeline.schedule and pipeline.schedule.expression,
        pipeline.event_tracker,
    )
    assert {"project": "films"} == pipeline.tags
    assert ["up-1", "sims", "buyers", "old"] == [solution.name for solution in pipeline.solutions]
    first, sims, buyers, old = pipeline.solutions
    assert ("update", 3, "aws-user-personalization-v2") == (
        first.training_mode,
        first.campaign and first.campaign.min_provisioned_tps,
        old.recipe,
    )
    assert [("all", 50, "not-seen")] == [(job.users, job.num_results, job.filter) for job in first.batch_inference]
    assert ["all", "all"] == [job.items for job in (*sims.batch_inference, *buyers.batch_segment)]
    columns = dataset_mapping(pipeline, "items").records[0].columns
    assert [("ITEM_ID", False), ("GENRES", True), ("ABOUT", True), ("PRICE", False), ("CREATION_TIMESTAMP", False)] == [
        (column.name, column.nullable) for column in columns
    ]


def test_the_first_training_gives_the_schedule() -> None:
    """Trainings come before batch jobs and these before imports, in the order of the file; every other time is told."""
    jobs = [{"workflowConfig": {"schedule": f"rate({hours} hours)"}} for hours in (5, 6)]
    first, second = (nightly(name, "aws-sims", batchInferenceJobs=jobs) for name in ("first", "second"))
    first["workflowConfig"] = {"schedules": {"full": "rate(1 day)", "update": "rate(2 days)"}}
    second["workflowConfig"] = {"schedules": {"full": "rate(3 days)"}}
    training = from_configuration(solutions=[first, second])
    del first["workflowConfig"], second["workflowConfig"]
    scoring = from_configuration(solutions=[first, second])

    assert training.pipeline.schedule
    assert "rate(1 day)" == training.pipeline.schedule.expression
    assert [
        "schedule rate(2 days) of update training of first",
        "schedule rate(3 days) of full training of second",
        *(f"schedule rate({hours} hours) of batch jobs of first, batch jobs of second" for hours in (5, 6)),
        "schedule cron(0 */6 * * ? *) of import of the dataset group",
    ] == [note.partition(":")[0] for note in training.notes if note.startswith("schedule ")]
    assert scoring.pipeline.schedule
    assert "rate(5 hours)" == scoring.pipeline.schedule.expression


@pytest.mark.parametrize(
    "words",
    [
        r"schedule cron\(0 \*/6 \* \* \? \*\) of import of the dataset group: one schedule starts whole runs",
        r"schedule cron\(0 3 \* \* \? \*\) of batch jobs of Up_1",
        r"datasets\.items\.columns\.NEW: pipelines have no columns of the type boolean",
        r"Up_1: performHPO without ranges",
        r"Up_1: campaign b; a solution has one",
        r"Up_1: a batch job read a file of its own; users: all",
        r"sims: had neither campaign nor batch job; it scores all items now, which is billed",
        r"genres: a batch job; write batch_segment with its queries",
        r"genres is left out: has no batch_segment",
        r"ranked: a batch job; write batch_inference with the items to rank",
        r"ranked is left out: has no batch_inference",
        r"old: aws-user-personalization-v2 in the place of aws-hrnn-metadata, which is no longer offered",
        r"actions: left out, for no pipeline trains aws-next-best-action",
    ],
)
def test_what_has_no_counterpart_is_told(words: str) -> None:
    """Each part that is lost or becomes something else has a line, in the file too."""
    found = from_configuration()

    assert 1 <= sum(bool(re.search(words, note)) for note in found.notes)
    assert re.search(words, re.sub(r"\n#\s+(- )?", " ", found.text))


def test_the_file_that_is_written_is_the_one_that_was_checked() -> None:
    """Read again, the text means the same pipeline."""
    found = from_configuration()

    assert found.pipeline == parse(found.text)


def test_names_are_made_to_fit() -> None:
    """Names of an account may be so long that those of our runs would not fit behind them: they are cut, and differ."""
    long = "Recommendations_For_Every_Single_Customer_Of_The_Shop_"
    group = {"serviceConfig": {"name": long + "Group"}}
    solutions = [nightly(f"{long}{number}", "aws-sims", batchInferenceJobs=[JOB, JOB]) for number in (1, 2)]
    filters = [{"serviceConfig": {"name": f"{long}{number}", "filterExpression": FILTER}} for number in (1, 2)]
    pipeline = from_configuration(datasetGroup=group, solutions=solutions, filters=filters).pipeline

    assert {2} == {len({each.name for each in part}) for part in (pipeline.solutions, pipeline.filters)}
    assert all(each.name.startswith("reco") for each in (pipeline, *pipeline.solutions, *pipeline.filters))


def lowered(value: Any) -> Any:
    """Return a request of a state machine as boto3 has it: HpoConfig is hpoConfig there."""
    if isinstance(value, dict):
        return {
            re.sub(r"^[A-Z](?=[a-z])", lambda first: first[0].lower(), key): lowered(each)
            for key, each in value.items()
        }
    return [lowered(each) for each in value] if isinstance(value, list) else value


SOLUTIONS: list[dict[str, Any]] = [
    {
        "name": "a",
        "recipe": "aws-user-personalization",
        "event_type": "click",
        "event_value_threshold": 2.5,
        "hyperparameters": {"bptt": 16},
        "hpo": {
            "max_training_jobs": 4,
            "integer": {"hidden_dimension": [32, 64]},
            "categorical": {"recency_mask": ["true"]},
        },
        "objective": {"item_attribute": "YEAR", "sensitivity": "LOW"},
        "excluded_columns": {"items": ["PRICE"]},
        "feature_transformation": {"min_user_history_length_percentile": 0.01},
        "campaign": {
            "exploration": {"weight": 0.3, "item_age_cut_off": 30},
            "metadata": True,
            "min_provisioned_tps": 2,
        },
    },
    {
        "name": "b",
        "recipe": "aws-user-personalization-v2",
        "event_weights": [{"event_type": "click", "weight": 0.5, "event_value_threshold": 1.5}],
        "auto_training": {"every": "2d"},
        "campaign": {"sync_with_latest": True},
    },
    {
        "name": "c",
        "recipe": "aws-semantic-similarity",
        "campaign": {"ranking_influence": {"popularity": 0.5, "freshness": 0.1}},
        "included_columns": {"items": ["ABOUT"]},
        "incremental_updates": True,
    },
]
COLUMNS = {
    "ITEM_ID": "item",
    "PRICE": "price",
    "YEAR": {"from": "year", "type": "int", "nullable": False},
    "ABOUT": {"from": "about", "type": "textual"},
    "CATEGORY_L1": "category",
}


def asked(solution: Solution) -> dict[str, Any]:
    """Return what CreateSolution is asked for, of a solution with one recipe."""
    (recipe,) = solution.recipes
    return solution_config(solution, recipe)


def test_options_survive_the_way_through_the_service() -> None:
    """What our own requests ask of Personalize, read back and moved, asks for the same again."""
    changes = {
        **{key: value for key, value in LIVE.items() if not key.startswith("solutions__")},
        "datasets__items": {"source": {"path": "items/"}, "columns": COLUMNS},
        "datasets__interactions__columns__EVENT_VALUE": "value",
        "solutions": SOLUTIONS,
    }
    before = parsed(**changes)
    found = Found("any", domain=before.domain)
    found.schemas = {
        name: avro([{"name": column, "type": "string"} for column in mapped.columns])
        for name, mapped in before.datasets.by_name().items()
    }
    found.schemas["items"] = avro(
        [
            {"name": "ITEM_ID", "type": "string"},
            {"name": "PRICE", "type": "float"},
            {"name": "YEAR", "type": "int"},
            {"name": "ABOUT", "type": ["null", "string"], "textual": True},
            {"name": "CATEGORY_L1", "type": "string", "categorical": True},
        ]
    )
    found.filters = [{"name": each.name, "filterExpression": each.expression} for each in before.filters]
    found.recommenders = [
        {
            "name": each.name,
            "recipeArn": f"{RECIPE}/{each.recipe}",
            "recommenderConfig": lowered(recommender_config(each)),
        }
        for each in before.recommenders
    ]
    for solution in before.solutions:
        campaigns = [{"name": "any", **lowered(campaign_request(solution.campaign))}] if solution.campaign else []
        found.solutions.append(FoundSolution({"name": solution.name, **lowered(asked(solution))}, campaigns))
    result = moved(found, name="again", origin="a test")

    assert [] == result.notes
    after = result.pipeline
    assert list(map(asked, before.solutions)) == list(map(asked, after.solutions))
    assert [each.campaign for each in before.solutions] == [each.campaign for each in after.solutions]
    assert list(before.recommenders) == list(after.recommenders)
    assert list(before.filters) == list(after.filters)


def test_tags_that_no_pipeline_can_have_are_told() -> None:
    """Those of parts, keys that every pipeline sets, and keys that AWS keeps; the others are moved."""
    tags = [{"tagKey": key, "tagValue": "x"} for key in ("team", "stage", "aws:own")]
    solution = nightly("a", "aws-sims", service={"tags": [{"tagKey": "of", "tagValue": "a"}]})
    found = from_configuration(solutions=[solution], tags=tags)

    assert {"team": "x"} == found.pipeline.tags
    for told in ("tags of parts", "tags.stage", "tags.aws:own"):
        assert 1 == sum(told in note for note in found.notes), (told, found.notes)


def test_settings_of_a_batch_job_are_moved() -> None:
    """What a job sets of exploration is set again, and not told as something that has no counterpart."""
    config = {"itemExplorationConfig": {"explorationWeight": "0.3", "explorationItemAgeCutOff": "14"}}
    job = {**JOB, "serviceConfig": {"batchInferenceJobConfig": config}}
    found = from_configuration(solutions=[nightly("a", "aws-user-personalization", batchInferenceJobs=[job])])

    (moved_to,) = found.pipeline.solutions[0].batch_inference
    assert {"weight": 0.3, "item_age_cut_off": 14} == dict(moved_to.exploration or {})
    assert not [note for note in found.notes if "xploration" in note]


def test_every_key_that_is_not_known_is_told() -> None:
    """A misspelled key, wherever it stands, is not taken for nothing."""
    solution = nightly("a", "aws-sims", batchInferenceJobs=[JOB, {**JOB, "schedul": 1}], campains=[])
    datasets = {"interactions": {**dataset(INTERACTIONS), "timestmp": 1}, "actions": {}}
    group = {**CONFIGURATION["datasetGroup"], "tag": 1}
    found = from_configuration(solutions=[solution], datasets=datasets, datasetGroup=group, more=1)

    for told in (
        "solutions[0].batchInferenceJobs[1].schedul: unknown",
        "solutions[0].campains: unknown",
        "datasets.interactions.timestmp: unknown",
        "datasets.actions: pipelines import interactions, items and users",
        "datasetGroup.tag: unknown",
        "more: unknown",
    ):
        assert 1 == found.notes.count(told), told


def test_the_command_writes_a_new_file_only(tmp_path: Path) -> None:
    """The file validates, what is lost and where the raw data goes are shown; a file that is there stays as it is."""
    config, file = tmp_path / "config.json", tmp_path / "films.yaml"
    config.write_text(json.dumps(CONFIGURATION))
    arguments = ["import", "--from-aws-solution", str(config), "--name", "films", "--output", str(file)]
    done = CliRunner().invoke(app, arguments)

    assert 0 == done.exit_code, done.output
    assert "films" == load(file).name
    shown = " ".join(done.output.split())
    assert "Look: actions: left out" in shown or "solution actions: left out" in shown
    assert "put train/Films_2024/items.csv, or train/Films_2024/items/ under raw/items/" in shown
    assert f"pipelines validate {file} --raw" in shown

    before = file.read_bytes()
    again = CliRunner().invoke(app, arguments)
    assert 1 == again.exit_code
    assert "is there already" in " ".join(again.output.split())
    assert before == file.read_bytes()


@pytest.mark.parametrize("arguments", [[], ["--dataset-group", "a", "--from-aws-solution", "b"]])
def test_one_source_is_given(arguments: list[str]) -> None:
    """Without a source, or with both, nothing is read and the exit code is 2."""
    done = CliRunner().invoke(app, ["import", *arguments])

    assert 2 == done.exit_code
    assert "give one of --dataset-group and --from-aws-solution" in " ".join(done.output.replace("│", " ").split())
