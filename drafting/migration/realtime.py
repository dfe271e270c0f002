"""Campaigns, recommenders, filters and metric attributions of a pipeline file from requests of their create calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drafting.migration.naming import filter_name, recommender_name
from drafting.migration.training import columns_seen

if TYPE_CHECKING:
    from drafting.migration.found import Found, Request


def campaign(request: Request) -> dict[str, Any]:
    """Return the `campaign` of a solution (page API_CampaignConfig)."""
    config = request.get("campaignConfig") or {}
    given: dict[str, Any] = {"min_provisioned_tps": request.get("minProvisionedTPS") or 1}
    if config.get("enableMetadataWithRecommendations"):
        given["metadata"] = True
    if config.get("syncWithLatestSolutionVersion"):
        given["sync_with_latest"] = True
    return given | settings(config)


def settings(config: dict[str, Any]) -> dict[str, Any]:
    """Return what campaigns and batch inference jobs set alike (page API_BatchInferenceJobConfig)."""
    given: dict[str, Any] = {}
    if exploring := _exploration(config):
        given["exploration"] = exploring
    if influence := config.get("rankingInfluence"):
        given["ranking_influence"] = {name.lower(): share for name, share in influence.items()}
    return given


def recommenders(found: Found, pipeline: str) -> list[dict[str, Any]]:
    """Return the section (page API_RecommenderConfig)."""
    section: list[dict[str, Any]] = []
    for request in found.recommenders:
        config = request.get("recommenderConfig") or {}
        given: dict[str, Any] = {
            "name": recommender_name(request["name"], (each["name"] for each in section), pipeline),
            "recipe": request["recipeArn"].rpartition("/")[2],
        }
        if rate := config.get("minRecommendationRequestsPerSecond"):
            given["min_requests_per_second"] = rate
        if exploring := _exploration(config):
            given["exploration"] = exploring
        if config.get("enableMetadataWithRecommendations"):
            given["metadata"] = True
        section.append(given | columns_seen(config))
    return section


def filters(found: Found, pipeline: str) -> list[dict[str, Any]]:
    """Return the section."""
    section: list[dict[str, Any]] = []
    for request in found.filters:
        name = filter_name(request["name"], (each["name"] for each in section), pipeline)
        section.append({"name": name, "expression": request["filterExpression"]})
    return section


def metric_attribution(found: Found) -> dict[str, Any] | None:
    """Return the section, None where nothing is attributed."""
    metrics = [
        {"name": each["metricName"], "event_type": each["eventType"], "expression": each["expression"]}
        for each in found.metrics
    ]
    return {"metrics": metrics} if metrics else None


def _exploration(config: dict[str, Any]) -> dict[str, Any]:
    given = config.get("itemExplorationConfig") or {}
    named = (("explorationWeight", "weight", float), ("explorationItemAgeCutOff", "item_age_cut_off", int))
    return {name: kind(float(given[key])) for key, name, kind in named if given.get(key) not in (None, "")}
