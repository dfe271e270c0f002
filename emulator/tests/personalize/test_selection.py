"""What a solution learns from, and what training makes of its settings; by tables, without the API."""

from typing import Any

import polars as pl
import pytest

from embedded_aws.personalize.contents import Datasets, Table
from embedded_aws.personalize.exceptions import JobFailedError
from embedded_aws.personalize.recipes import RECIPES
from embedded_aws.personalize.schemas import DATASET_TYPES, Field, Schema
from embedded_aws.personalize.selection import training_data
from embedded_aws.personalize.training import train, update
from emulator.tests.personalize.recipe_data import ARN, ask, recipe
from emulator.tests.personalize.support import two_groups

STRING, LONG, FLOAT = frozenset({"string"}), frozenset({"long"}), frozenset({"float"})
EVENTS = (
    Field("USER_ID", STRING),
    Field("ITEM_ID", STRING),
    Field("TIMESTAMP", LONG),
    Field("EVENT_TYPE", STRING),
    Field("EVENT_VALUE", FLOAT | {"null"}),
)
ITEMS = (
    Field("ITEM_ID", STRING),
    Field("PRICE", FLOAT),
    Field("STOCK", FLOAT | {"null"}),
    Field("GENRE", STRING, categorical=True),
)


def table(kind: str, fields: tuple[Field, ...], rows: list[tuple[Any, ...]]) -> Table:
    """Return a dataset."""
    assert kind in DATASET_TYPES
    frame = pl.DataFrame(rows, schema={field.name: field.dtype for field in fields}, orient="row")
    return Table(frame, Schema(kind, fields))


def datasets(rows: list[tuple[Any, ...]] | None = None) -> Datasets:
    """Return events, all of them views of value 1 unless given otherwise, and items of which those of A are dear."""
    plain = [(*row, "View", 1.0) for row in two_groups()]
    items = [
        (f"{group}{number}", 90.0 if group == "A" and number < 15 else 1.0, None, "x")
        for group in "AB"
        for number in range(30)
    ]
    events = table("INTERACTIONS", EVENTS, plain if rows is None else rows)
    return {"INTERACTIONS": events, "ITEMS": table("ITEMS", ITEMS, items)}


def test_weights_of_events_become_shares_of_the_largest() -> None:
    """Only listed event types above their thresholds are kept; a weight of 0.4 beside 0.8 counts a half."""
    rows = [(*row, "View", 1.0) for row in two_groups()] + [
        *(("u1", "bought", time, "Purchase", 5.0) for time in range(10)),
        *(("u1", "cheap", time, "purchase", 1.0) for time in range(10)),
        *(("u1", "liked", time, "Like", None) for time in range(10)),
    ]
    parameters = [
        {"eventType": "purchase", "eventValueThreshold": 2.0, "weight": 0.8},
        {"eventType": "View", "weight": 0.4},
    ]
    config = {"eventsConfig": {"eventParametersList": parameters}}
    found = training_data(
        recipe("aws-user-personalization-v2"), {"solutionConfig": config}, datasets(rows)
    ).interactions
    counts = dict(zip(found.item_ids, found.counts.tolist(), strict=True))

    assert 10 == counts["bought"]
    assert 1440 / 2 == sum(counts.values()) - 10
    assert not {"cheap", "liked"} & set(counts)


@pytest.mark.parametrize("name", ["aws-ecomm-popular-items-by-purchases", "aws-ecomm-frequently-bought-together"])
def test_a_use_case_needs_a_thousand_events_of_its_type(name: str) -> None:
    """Views are no purchases; a thousand purchases are enough, and only they count."""
    bought = [(user, item, time, "purchase", 1.0) for user, item, time in two_groups(items=5)]
    with pytest.raises(JobFailedError, match="0 interactions are left"):
        train({"recipeArn": ARN.format(name)}, datasets())
    trained = train({"recipeArn": ARN.format(name)}, datasets([*datasets()["INTERACTIONS"].rows.iter_rows(), *bought]))

    assert 1440 == len(trained.data.interactions)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ["ITEM_ID", "PRICE", "STOCK", "GENRE"]),
        ({"excludedDatasetColumns": {"Items": ["PRICE"]}}, ["ITEM_ID", "STOCK", "GENRE"]),
        ({"includedDatasetColumns": {"ITEMS": ["GENRE"]}}, ["ITEM_ID", "GENRE"]),
    ],
)
def test_columns_are_left_out_of_training(columns: dict[str, Any], expected: list[str]) -> None:
    """Excluded columns are not seen, of included ones nothing else is but the ID; rows follow the catalogue."""
    config = {"solutionConfig": {"trainingDataConfig": columns}}
    data = training_data(recipe("aws-similar-items"), config, datasets())

    assert expected == [field.name for field in data.items.fields] == data.items.rows.columns
    assert list(data.interactions.item_ids) == data.items.rows.get_column("ITEM_ID").to_list()


def test_a_column_that_is_not_there_fails_the_training() -> None:
    """What trainingDataConfig names must be a column of the schema."""
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["NOPE"]}}}
    with pytest.raises(JobFailedError, match="NOPE"):
        train({"recipeArn": ARN.format("aws-sims"), "solutionConfig": config}, datasets())


def objective(column: str, sensitivity: str) -> dict[str, Any]:
    """Return a solution with an objective."""
    config = {"optimizationObjective": {"itemAttribute": column, "objectiveSensitivity": sensitivity}}
    return {"recipeArn": ARN.format("aws-user-personalization"), "solutionConfig": config}


def test_an_objective_puts_rewarding_items_first() -> None:
    """Half of group A's items are dear: the higher the sensitivity, the more of them are recommended."""
    shares = {}
    for sensitivity in ("OFF", "HIGH"):
        trained = train(objective("PRICE", sensitivity), datasets())
        answers = ask(trained.model, trained.data, [f"a{user}" for user in range(40)])  # type: ignore[arg-type]
        dear = {f"A{number}" for number in range(15)}
        shares[sensitivity] = sum(len(dear & set(answer.ids)) for answer in answers) / 400
        assert 0 < trained.metrics["average_rewards_at_k"] <= 1

    assert shares["HIGH"] > shares["OFF"] + 0.1


@pytest.mark.parametrize("column", ["STOCK", "GENRE", "NOPE"])
def test_an_objective_is_a_numeric_column_without_null(column: str) -> None:
    """A column that may be null, is no number, or is not there, fails the training."""
    with pytest.raises(JobFailedError, match=column):
        train(objective(column, "LOW"), datasets())


def test_event_weights_have_a_metric_of_their_own() -> None:
    """With eventsConfig, NDCG by the weights stands beside NDCG."""
    config = {"eventsConfig": {"eventParametersList": [{"eventType": "View", "weight": 1.0}]}}
    solution = {"recipeArn": ARN.format("aws-personalized-ranking-v2"), "solutionConfig": config}
    metrics = train(solution, datasets()).metrics
    name = "normalized_discounted_cumulative_gain{}_at_10"

    assert metrics[name.format("")] == metrics[name.format("_with_event_weights")]


def tuned(recipe_name: str, ranges: dict[str, Any], trials: str = "3") -> dict[str, str]:
    """Train with HPO; return what it chose."""
    hpo = {"hpoResourceConfig": {"maxNumberOfTrainingJobs": trials}, "algorithmHyperParameterRanges": ranges}
    solution = {"recipeArn": ARN.format(recipe_name), "performHPO": True, "solutionConfig": {"hpoConfig": hpo}}
    return train(solution, datasets()).tuned_hpo_params


def test_hpo_chooses_within_the_given_ranges() -> None:
    """Numbers lie between the bounds, words are of those given; nothing else is tuned."""
    chosen = tuned(
        "aws-user-personalization",
        {
            "integerHyperParameterRanges": [{"name": "hidden_dimension", "minValue": 40, "maxValue": 60}],
            "categoricalHyperParameterRanges": [{"name": "recency_mask", "values": ["true"]}],
        },
    )

    assert {"hidden_dimension", "recency_mask"} == set(chosen)
    assert 40 <= int(chosen["hidden_dimension"]) <= 60
    assert "true" == chosen["recency_mask"]


def test_hpo_finds_the_better_hyperparameter() -> None:
    """With min_cointeraction_count 10 or 0 to choose from, the one that leaves some neighbours wins."""
    ranges = {"categoricalHyperParameterRanges": [{"name": "min_cointeraction_count", "values": ["10", "0"]}]}

    assert {"min_cointeraction_count": "0"} == tuned("aws-sims", ranges, "10")


def test_without_ranges_hpo_takes_those_of_the_recipe() -> None:
    """SIMS has two hyperparameters to tune; recipes without any are trained as they are."""
    assert {"popularity_discount_factor", "min_cointeraction_count"} == set(tuned("aws-sims", {}, "2"))
    assert {} == tuned("aws-popularity-count", {})


def test_an_update_keeps_the_choices_and_learns_the_new_events() -> None:
    """The updated version has the blend, metrics and tuned values of the first, and items that are new."""
    solution = {"recipeArn": ARN.format("aws-user-personalization")}
    first = train(solution, datasets())
    rows = [
        *datasets()["INTERACTIONS"].rows.iter_rows(),
        *(("a1", f"fresh{n}", 1_800_000_000, "View", 1.0) for n in range(3)),
    ]
    second = update(first, solution, datasets(rows))

    assert first.metrics == second.metrics
    assert first.model.preferences.blend == second.model.preferences.blend  # type: ignore[union-attr]
    assert {"fresh0", "fresh1", "fresh2"} == set(second.model.catalogue) - set(first.model.catalogue)
    assert second.training_hours > 0


def test_semantic_similarity_trains_on_items_alone() -> None:
    """No interactions, no minimum."""
    items = {"ITEMS": table("ITEMS", (*ITEMS, Field("TEXT", STRING, textual=True)), [("a", 1.0, 1.0, "x", "cat")])}
    trained = train({"recipeArn": ARN.format("aws-semantic-similarity")}, items)

    assert ["a"] == list(trained.model.catalogue)


@pytest.mark.parametrize("spelling", ["TAKEN", "Taken", "taken"])
def test_actions_that_were_taken_weigh_one(spelling: str) -> None:
    """TAKEN is told from NOT_TAKEN and VIEWED however it is written; actions nobody was asked for join."""
    done = (Field("USER_ID", STRING), Field("ACTION_ID", STRING), Field("EVENT_TYPE", STRING), Field("TIMESTAMP", LONG))
    rows = [("a1", "join", spelling, 1), ("a1", "quit", "NOT_TAKEN", 2), ("a2", "join", "Viewed", 3)]
    data = training_data(
        recipe("aws-next-best-action"),
        {},
        {
            **datasets(),
            "ACTIONS": table("ACTIONS", (Field("ACTION_ID", STRING), Field("VALUE", LONG)), [("join", 1), ("win", 9)]),
            "ACTION_INTERACTIONS": table("ACTION_INTERACTIONS", done, rows),
        },
    )

    assert data.action_interactions is not None
    assert data.actions is not None
    assert ["join", "quit", "win"] == list(data.action_interactions.item_ids)
    assert [1.0, 0.0, 0.0] == data.action_interactions.weights.tolist()  # type: ignore[union-attr]
    assert [1, None, 9] == data.actions.rows.get_column("VALUE").to_list()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            [(f"u{n % 24}", f"i{n % 30}", n) for n in range(1000)],
            "24 users have two or more interactions each; training needs at least 25",
        ),
        (
            [(f"u{n % 30}", f"i{n % 7}", n) for n in range(60)] + [(f"once{n}", "i1", n) for n in range(3100)],
            "30 of 3130 users have two or more interactions each; training needs at least 1 %",
        ),
    ],
)
def test_too_few_users_with_two_interactions_are_refused(rows: list[tuple[str, str, int]], reason: str) -> None:
    """Twenty-five users need two interactions each, and one in a hundred users."""
    with pytest.raises(JobFailedError, match=reason):
        training_data(recipe("aws-popularity-count"), {}, datasets([(*row, "View", 1.0) for row in rows]))


@pytest.mark.parametrize("name", [found.name for found in RECIPES.values() if found.needs != ("ITEMS",)])
def test_too_little_is_refused_for_every_recipe(name: str) -> None:
    """Fewer than a thousand interactions train nothing."""
    few = datasets([(*row, "View", 1.0) for row in two_groups(users=20)][:700])
    with pytest.raises(JobFailedError, match="interactions are left"):
        training_data(recipe(name), {}, {**few, "ACTIONS": table("ACTIONS", (Field("ACTION_ID", STRING),), [("a",)])})
