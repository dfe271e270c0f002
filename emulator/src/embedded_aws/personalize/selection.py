"""What a solution learns from: the events, weights and columns that it selects, and the minimums.

Rules: Developer Guide, event-values-types (one event type, values of at least a threshold),
optimizing-solution-events-config (the listed event types only, each with a threshold and a weight),
API_TrainingDataConfig (columns), limits and interactions-datasets (minimums), ECOMMERCE-use-cases and
VIDEO_ON_DEMAND-use-cases (1000 events of the use case's type), actions-datasets.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from embedded_aws.personalize.contents import Datasets, Table
from embedded_aws.personalize.exceptions import JobFailedError
from embedded_aws.personalize.recipes.base import Asks, Metadata, Recipe, TrainingData
from embedded_aws.personalize.recipes.interactions import Floats, Interactions
from embedded_aws.personalize.schemas import Schema

MINIMUM_INTERACTIONS: Final = 1000
MINIMUM_USERS: Final = 25
MINIMUM_SHARE: Final = 0.01

SENSITIVITY: Final = {"OFF": 0.0, "LOW": 0.5, "MEDIUM": 1.0, "HIGH": 2.0}
"""The power with which an item's value weighs its interactions; the service does not tell its own."""

_LEAST_REWARD: Final = 0.1
"""Of the mean: an item without value is still one that was chosen."""

_WEIGHT: Final = "weight of the event"
_ID: Final = {"ITEMS": "ITEM_ID", "USERS": "USER_ID", "ACTIONS": "ACTION_ID"}


def training_data(recipe: Recipe, solution: Mapping[str, Any], datasets: Datasets) -> TrainingData:
    """Return what a recipe learns from.

    Args:
        recipe: decides about event types and minimums.
        solution: `eventType` and, in `solutionConfig`, `eventValueThreshold`, `eventsConfig`, `trainingDataConfig`
            and `optimizationObjective` count.
        datasets: what the dataset group holds, by type.

    Raises:
        JobFailedError: too little is left, or a column that the solution names is not there.
    """
    config = solution.get("solutionConfig", {})
    events = _selected(recipe, solution, datasets)
    if recipe.needs != ("ITEMS",):
        check_minimums(events)
    items = datasets.get("ITEMS")
    interactions = Interactions.of(
        events.get_column("USER_ID"),
        events.get_column("ITEM_ID"),
        events.get_column("TIMESTAMP"),
        [] if items is None else items.rows.get_column("ITEM_ID"),
        events.get_column(_WEIGHT) if _WEIGHT in events.columns else None,
    )
    columns = config.get("trainingDataConfig", {})
    data = TrainingData(
        _rewarded(interactions, items, config.get("optimizationObjective", {})),
        _metadata("ITEMS", interactions.item_ids, datasets, columns),
        _metadata("USERS", interactions.user_ids, datasets, columns),
    )
    return _with_actions(data, datasets, columns) if recipe.asks is Asks.ACTIONS else data


def _selected(recipe: Recipe, solution: Mapping[str, Any], datasets: Datasets) -> pl.DataFrame:
    if "INTERACTIONS" not in datasets:
        empty = {"USER_ID": pl.String, "ITEM_ID": pl.String, "TIMESTAMP": pl.Int64}
        return pl.DataFrame(schema=empty)
    return selected_events(recipe, solution, datasets["INTERACTIONS"].rows)


def selected_events(recipe: Recipe, solution: Mapping[str, Any], events: pl.DataFrame) -> pl.DataFrame:
    """Return those of the events that a solution learns from, or a use case of the recipe's event type.

    Raises:
        JobFailedError: the dataset lacks a column that the solution selects by.
    """
    if recipe.event_type is not None:
        return select_events(events, recipe.event_type, None)
    config = solution.get("solutionConfig", {})
    parameters = config.get("eventsConfig", {}).get("eventParametersList", [])
    if parameters:
        return weigh_events(events, parameters)
    return select_events(events, solution.get("eventType"), config.get("eventValueThreshold"))


def select_events(events: pl.DataFrame, event_type: str | None, threshold: str | float | None) -> pl.DataFrame:
    """Return the events of a type (case ignored) and with EVENT_VALUE of at least `threshold`.

    Raises:
        JobFailedError: the dataset has no such column.
    """
    for setting, column in ((event_type, "EVENT_TYPE"), (threshold, "EVENT_VALUE")):
        if setting is not None and column not in events.columns:
            raise JobFailedError(f"The solution selects by {column}, but the interactions dataset has no such column")
    if event_type is not None:
        events = events.filter(pl.col("EVENT_TYPE").str.to_lowercase() == event_type.lower())
    if threshold is not None:
        events = events.filter(pl.col("EVENT_VALUE") >= float(threshold))
    return events


def weigh_events(events: pl.DataFrame, parameters: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the events of the listed types with their weights, as fractions of the largest one.

    Events with a weight of 0 are left out. An entry without an event type stands for all types.

    Raises:
        JobFailedError: the dataset lacks a column.
    """
    highest = max(float(entry.get("weight", 1.0)) for entry in parameters) or 1.0
    numbered = events.with_row_index("row of the event")
    parts = [
        select_events(numbered, entry.get("eventType"), entry.get("eventValueThreshold")).with_columns(
            pl.lit(float(entry.get("weight", 1.0)) / highest).alias(_WEIGHT)
        )
        for entry in parameters
        if float(entry.get("weight", 1.0)) > 0
    ]
    if not parts:
        return numbered.clear().with_columns(pl.lit(1.0).alias(_WEIGHT))
    return pl.concat(parts).unique("row of the event", keep="first").sort("row of the event")


def check_minimums(events: pl.DataFrame) -> None:
    """Check that there is enough to learn from.

    Raises:
        JobFailedError: fewer than 1000 interactions, fewer than 25 users with two of them, or those are less
            than 1 % of all users.
    """
    if events.height < MINIMUM_INTERACTIONS:
        raise JobFailedError(
            f"{events.height} interactions are left after filtering by event type and value; training needs "
            f"at least {MINIMUM_INTERACTIONS}"
        )
    lengths = events.group_by("USER_ID").len().get_column("len")
    able = int((lengths > 1).sum())
    if able < MINIMUM_USERS:
        raise JobFailedError(
            f"{able} users have two or more interactions each; training needs at least {MINIMUM_USERS}"
        )
    if able < MINIMUM_SHARE * len(lengths):
        raise JobFailedError(
            f"{able} of {len(lengths)} users have two or more interactions each; training needs at least 1 %"
        )


def _rewarded(interactions: Interactions, items: Table | None, objective: Mapping[str, Any]) -> Interactions:
    """Weigh events by the value of their item, a tenth to ten times the mean, to the power of the sensitivity."""
    power = SENSITIVITY[objective.get("objectiveSensitivity", "OFF")]
    rewards = item_rewards(interactions.item_ids, items, objective)
    if rewards is None or power == 0:
        return interactions
    weights = interactions.weights if interactions.weights is not None else np.ones(len(interactions))
    mean = rewards[interactions.items].mean() or 1.0
    factors = np.clip(rewards[interactions.items] / mean, _LEAST_REWARD, 1 / _LEAST_REWARD) ** power
    return interactions.weighing(weights * factors)


def item_rewards(item_ids: Sequence[str], items: Table | None, objective: Mapping[str, Any]) -> Floats | None:
    """Return the objective's value of each item, 0 where it is unknown or negative; None without an objective.

    Raises:
        JobFailedError: the items dataset has no such numeric column without null.
    """
    if "itemAttribute" not in objective:
        return None
    name = objective["itemAttribute"]
    field = None if items is None else next((field for field in items.schema.fields if field.name == name), None)
    if items is None or field is None or not field.numeric or field.nullable:
        raise JobFailedError(f"The items dataset has no numeric column {name} that is never null")
    rows = _by_id(item_ids, "ITEM_ID", items.rows.select("ITEM_ID", name))
    return rows.get_column(name).cast(pl.Float64).fill_null(0.0).clip(0.0).to_numpy()


def _metadata(dataset_type: str, ids: Sequence[str], datasets: Datasets, config: Mapping[str, Any]) -> Metadata:
    """Return the records of the IDs, without the columns that training is not to use."""
    table = datasets.get(dataset_type)
    if table is None:
        return Metadata(pl.DataFrame({_ID[dataset_type]: pl.Series(list(ids), dtype=pl.String)}))
    names = _columns(dataset_type, table.schema, config)
    fields = tuple(field for field in table.schema.fields if field.name in names)
    rows = _by_id(ids, _ID[dataset_type], table.rows.select(field.name for field in fields))
    return Metadata(rows, fields)


def _columns(dataset_type: str, schema: Schema, config: Mapping[str, Any]) -> set[str]:
    """Return the columns that training sees; dataset types are compared without case."""
    excluded = _named(dataset_type, config.get("excludedDatasetColumns", {}))
    included = _named(dataset_type, config.get("includedDatasetColumns", {}))
    for name in (excluded or set()) | (included or set()):
        if name not in schema.names:
            raise JobFailedError(f"trainingDataConfig names the column {name}, which {dataset_type} does not have")
    chosen = set(schema.names) if included is None else included
    return (chosen - (excluded or set())) | {_ID[dataset_type]}


def _named(dataset_type: str, columns: Mapping[str, Sequence[str]]) -> set[str] | None:
    for name, names in columns.items():
        if name.upper() == dataset_type:
            return set(names)
    return None


def _by_id(ids: Sequence[str], key: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per ID, in their order; nulls where there is none."""
    wanted = pl.DataFrame({key: pl.Series(list(ids), dtype=pl.String)})
    return wanted.join(rows.unique(key, keep="last"), on=key, how="left", maintain_order="left")


def _with_actions(data: TrainingData, datasets: Datasets, config: Mapping[str, Any]) -> TrainingData:
    """Add the actions, and who took which: TAKEN weighs 1, NOT_TAKEN and VIEWED 0."""
    actions = datasets["ACTIONS"].rows.get_column("ACTION_ID")
    table = datasets.get("ACTION_INTERACTIONS")
    rows = None if table is None else table.rows
    if rows is None:
        done = Interactions.of([], [], [], actions, [])
    else:
        taken = rows.get_column("EVENT_TYPE").str.to_lowercase().str.replace_all(r"[ _-]", "") == "taken"
        done = Interactions.of(
            rows.get_column("USER_ID"),
            rows.get_column("ACTION_ID"),
            rows.get_column("TIMESTAMP"),
            actions,
            taken.cast(pl.Float64),
        )
    metadata = _metadata("ACTIONS", done.item_ids, datasets, config)
    return TrainingData(data.interactions, data.items, data.users, metadata, done)
