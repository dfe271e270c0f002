"""Solutions, campaigns and recommenders of the pipeline file as API requests, in the casing of Step Functions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from definition.service.dataset_types import dataset_type
from definition.service.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from definition.file.realtime import Campaign, Exploration, Influence, Recommender
    from definition.file.solutions import BatchInferenceJob, Solution
    from definition.file.training import Columns, EventWeight, Hpo
    from definition.service.dataset_types import DatasetName


def solution_config(solution: Solution, recipe: str) -> dict[str, Any]:
    """Return what CreateSolution takes besides name and group, for one of the solution's recipes.

    Automatic training is always said: left out, the service trains every week and bills it (page API_CreateSolution).
    """
    automatic = solution.auto_training
    request: dict[str, Any] = {"RecipeArn": RECIPES[recipe].arn, "PerformAutoTraining": automatic is not None}
    if solution.event_type is not None:
        request["EventType"] = solution.event_type
    if solution.hpo is not None:
        request["PerformHPO"] = True
    if solution.incremental_updates:
        request["PerformIncrementalUpdate"] = True
    config = _solution_config(solution)
    if automatic is not None:
        days = automatic.every.days
        schedule = f"rate({days} {'day' if days == 1 else 'days'})"
        config["AutoTrainingConfig"] = {"SchedulingExpression": schedule}
    if config:
        request["SolutionConfig"] = config
    return request


def _solution_config(solution: Solution) -> dict[str, Any]:
    """Return the SolutionConfig, without what is not given (page API_SolutionConfig)."""
    config: dict[str, Any] = {}
    if solution.event_value_threshold is not None:
        # A string in this place of the API, and a number in eventsConfig.
        config["EventValueThreshold"] = decimal(solution.event_value_threshold)
    for key, given in (
        ("AlgorithmHyperParameters", solution.hyperparameters),
        ("FeatureTransformationParameters", solution.feature_transformation),
    ):
        if given:
            config[key] = {name: str(value) for name, value in sorted(given.items())}
    if solution.hpo is not None:
        config["HpoConfig"] = _hpo(solution.hpo)
    if solution.event_weights:
        config["EventsConfig"] = {"EventParametersList": [_weight(event) for event in solution.event_weights]}
    if solution.objective is not None:
        config["OptimizationObjective"] = {
            "ItemAttribute": solution.objective.item_attribute,
            "ObjectiveSensitivity": solution.objective.sensitivity,
        }
    if columns := training_columns(solution):
        config["TrainingDataConfig"] = columns
    return config


def training_columns(given: Solution | Recommender) -> dict[str, dict[str, list[str]]]:
    """Return a TrainingDataConfig, empty where training sees every column."""
    columns = {
        "ExcludedDatasetColumns": _columns(given.excluded_columns),
        "IncludedDatasetColumns": _columns(given.included_columns),
    }
    return {key: chosen for key, chosen in columns.items() if chosen}


def _hpo(hpo: Hpo) -> dict[str, Any]:
    """Return an HPOConfig: all three lists must be there, even if they are empty."""
    return {
        "HpoResourceConfig": {
            "MaxNumberOfTrainingJobs": str(hpo.max_training_jobs),
            "MaxParallelTrainingJobs": str(hpo.max_parallel_jobs),
        },
        "AlgorithmHyperParameterRanges": {
            "IntegerHyperParameterRanges": _ranges(hpo.integer),
            "ContinuousHyperParameterRanges": _ranges(hpo.continuous),
            "CategoricalHyperParameterRanges": [
                {"Name": name, "Values": values} for name, values in sorted(hpo.categorical.items())
            ],
        },
    }


def _ranges(ranges: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    return [{"Name": name, "MinValue": low, "MaxValue": high} for name, (low, high) in sorted(ranges.items())]


def _weight(event: EventWeight) -> dict[str, Any]:
    weight: dict[str, Any] = {"EventType": event.event_type, "Weight": event.weight}
    if event.event_value_threshold is not None:
        weight["EventValueThreshold"] = event.event_value_threshold
    return weight


def _columns(columns: Columns) -> dict[str, list[str]]:
    """Return columns by dataset type, without datasets that name none."""
    by_name: dict[DatasetName, list[str]] = {
        "interactions": columns.interactions,
        "items": columns.items,
        "users": columns.users,
    }
    return {dataset_type(name).api_name.upper(): chosen for name, chosen in by_name.items() if chosen}


def decimal(value: float) -> str:
    """Return a number in full, without exponent and without needless zeros."""
    return format(Decimal(repr(value)).normalize(), "f")


def campaign_request(campaign: Campaign) -> dict[str, Any]:
    """Return what CreateCampaign and UpdateCampaign take besides name, ARN and version.

    Both switches are always said: an update might leave alone what it is not told.
    """
    config: dict[str, Any] = {
        "EnableMetadataWithRecommendations": campaign.metadata,
        "SyncWithLatestSolutionVersion": campaign.sync_with_latest,
    }
    config |= _settings(campaign)
    return {"MinProvisionedTPS": campaign.min_provisioned_tps, "CampaignConfig": config}


def batch_config(job: BatchInferenceJob) -> dict[str, Any] | None:
    """Return the BatchInferenceJobConfig of a job, None where the file sets nothing of it."""
    return _settings(job) or None


def _settings(given: Campaign | BatchInferenceJob) -> dict[str, Any]:
    """Return what campaigns and batch inference jobs set alike."""
    config: dict[str, Any] = {}
    if given.exploration is not None:
        config["ItemExplorationConfig"] = _exploration(given.exploration)
    if given.ranking_influence is not None:
        config["RankingInfluence"] = _influence(given.ranking_influence)
    return config


def recommender_config(recommender: Recommender) -> dict[str, Any]:
    """Return the RecommenderConfig that CreateRecommender and UpdateRecommender take."""
    config: dict[str, Any] = {
        "MinRecommendationRequestsPerSecond": recommender.min_requests_per_second,
        "EnableMetadataWithRecommendations": recommender.metadata,
    }
    if recommender.exploration is not None:
        config["ItemExplorationConfig"] = _exploration(recommender.exploration)
    if columns := training_columns(recommender):
        config["TrainingDataConfig"] = columns
    return config


def _exploration(exploration: Exploration) -> dict[str, str]:
    """Return an itemExplorationConfig, whose values are texts (page API_CampaignConfig)."""
    given = {"explorationWeight": exploration.weight, "explorationItemAgeCutOff": exploration.item_age_cut_off}
    return {key: decimal(value) for key, value in given.items() if value is not None}


def _influence(influence: Influence) -> dict[str, float]:
    given = {"POPULARITY": influence.popularity, "FRESHNESS": influence.freshness}
    return {key: value for key, value in given.items() if value is not None}
