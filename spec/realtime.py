"""Campaigns and recommenders of the pipeline file as requests of the API, written as Step Functions writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spec.training import decimal, training_columns

if TYPE_CHECKING:
    from spec.realtime_section import Campaign, Exploration, Influence, Recommender


def campaign_request(campaign: Campaign) -> dict[str, Any]:
    """Return what CreateCampaign and UpdateCampaign take besides name, ARN and version.

    Both switches are always said: an update might leave alone what it is not told.
    """
    config: dict[str, Any] = {
        "EnableMetadataWithRecommendations": campaign.metadata,
        "SyncWithLatestSolutionVersion": campaign.sync_with_latest,
    }
    if campaign.exploration is not None:
        config["ItemExplorationConfig"] = _exploration(campaign.exploration)
    if campaign.ranking_influence is not None:
        config["RankingInfluence"] = _influence(campaign.ranking_influence)
    return {"MinProvisionedTPS": campaign.min_provisioned_tps, "CampaignConfig": config}


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
