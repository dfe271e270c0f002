"""The operations of Personalize Runtime: recommendations, rankings and actions from campaigns and recommenders.

Rules: API reference of the service; Developer Guide, promoting-items (which recipes, how many, where they stand:
at random places, in order among themselves), campaigns (metadata), filter. "At random" is by the question here, so
that the same question has the same answer.
"""

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from moto.moto_api._internal import mock_random

from embedded_aws.personalize.asking import Asked, Problem, ask, check_filter
from embedded_aws.personalize.exceptions import InvalidInputException, ResourceNotFoundException
from embedded_aws.personalize.kinds import CAMPAIGN, FILTER, RECOMMENDER, Kind, Status
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.operations.deployments import served_version
from embedded_aws.personalize.recipes.base import Answer, Asks, Recipe, Settings
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.settings import settings_of
from embedded_aws.personalize.views import look

Params = dict[str, Any]
Item = dict[str, Any]

_RESULTS: Final = 25
_MOST_RESULTS: Final = 500
_MOST_WITH_METADATA: Final = 50
_MOST_COLUMNS: Final = 10
_ACTIONS: Final = 5
_MOST_ACTIONS: Final = 100

_RECOMMENDING: Final = frozenset({Asks.USER, Asks.ITEM, Asks.USER_AND_ITEM, Asks.NOTHING})
_PROMOTING: Final = frozenset(
    {
        "aws-user-personalization-v2",
        "aws-user-personalization",
        "aws-similar-items",
        "aws-sims",
        "aws-trending-now",
        "aws-popularity-count",
    }
)
"""The custom recipes that promotions work with, beside all use cases (promoting-items)."""
_PROMOTED: Final = "Promoted item"


@dataclass(frozen=True)
class Deployment:
    """What answers: a solution version or recommender that is trained, with the settings it is served with."""

    deployed: Resource
    settings: Settings
    metadata: bool

    @property
    def recipe(self) -> Recipe:
        """The recipe of its model."""
        recipe: Recipe = self.deployed.result.recipe
        return recipe

    @property
    def group_arn(self) -> str:
        """Its dataset group."""
        return str(self.deployed.members["datasetGroupArn"])


def _get_recommendations(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    deployment = _deployment(backend, params)
    if deployment.recipe.asks not in _RECOMMENDING:
        raise InvalidInputException(f"{deployment.recipe.arn} does not answer GetRecommendations")
    columns = _metadata_columns(backend, deployment, params)
    k = _count(params, _RESULTS, _MOST_WITH_METADATA if columns else _MOST_RESULTS)
    promotions = params.get("promotions", [])
    promoted = [item for promotion in promotions for item in _promoted(backend, deployment, params, promotion, k)]
    chosen = {item["itemId"] for item in promoted}
    found = [item for item in _items(_answer(backend, deployment, params, k)) if item["itemId"] not in chosen]
    items = _placed(promoted, found[: k - len(promoted)], params)
    return {"itemList": _described(backend, deployment, items, columns), "recommendationId": _recommendation_id()}


def _get_personalized_ranking(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    deployment = _deployment(backend, params)
    if deployment.recipe.asks is not Asks.RANKING:
        raise InvalidInputException(f"{deployment.recipe.arn} does not answer GetPersonalizedRanking")
    columns = _metadata_columns(backend, deployment, params)
    most, listed = _MOST_WITH_METADATA if columns else _MOST_RESULTS, params["inputList"]
    if not 1 <= len(listed) <= most:
        raise InvalidInputException(f"inputList must hold from 1 to {most} items, not {len(listed)}")
    if len(set(listed)) != len(listed):
        raise InvalidInputException("inputList must not hold an item twice")
    items = _items(_answer(backend, deployment, params, len(listed)))
    ranking = _described(backend, deployment, items, columns)
    return {"personalizedRanking": ranking, "recommendationId": _recommendation_id()}


def _get_action_recommendations(backend: PersonalizeBackend, params: Params) -> dict[str, Any]:
    deployment = _deployment(backend, params)
    if deployment.recipe.asks is not Asks.ACTIONS:
        raise InvalidInputException(f"{deployment.recipe.arn} does not answer GetActionRecommendations")
    answer = _answer(backend, deployment, params, _count(params, _ACTIONS, _MOST_ACTIONS))
    actions = [{"actionId": item.pop("itemId"), **item} for item in _items(answer)]
    return {"actionList": actions, "recommendationId": _recommendation_id()}


def _deployment(backend: PersonalizeBackend, params: Params) -> Deployment:
    if ("campaignArn" in params) == ("recommenderArn" in params):
        raise InvalidInputException("One of campaignArn and recommenderArn is required, not both")
    with backend.lock:
        if "campaignArn" in params:
            campaign = _active(backend, CAMPAIGN, params["campaignArn"])
            deployed, config = served_version(backend, campaign), campaign.members.get("campaignConfig", {})
        else:
            deployed = _active(backend, RECOMMENDER, params["recommenderArn"])
            config = deployed.members.get("recommenderConfig", {})
        if deployed.result is None:
            raise ResourceNotFoundException(deployed.arn)
        recipe: Recipe = deployed.result.recipe
        metadata = recipe.metadata_at_once or config.get("enableMetadataWithRecommendations", False)
        return Deployment(deployed, settings_of(config, recipe), metadata)


def _active(backend: PersonalizeBackend, kind: Kind, arn: str) -> Resource:
    """Return a resource that must be ACTIVE; these operations have no error for a wrong moment but InvalidInput."""
    resource = backend.find(kind, arn)
    if resource.status != Status.ACTIVE:
        raise InvalidInputException(f"{kind.name} {arn} is {resource.status}, not {Status.ACTIVE}")
    return resource


def _count(params: Params, default: int, most: int) -> int:
    count: int = params.get("numResults", default)
    if count > most:
        raise InvalidInputException(f"numResults must be at most {most}, not {count}")
    return count


def _answer(backend: PersonalizeBackend, deployment: Deployment, params: Params, k: int) -> Answer:
    """Return the answer to a request, or to a promotion in it: `params` has the filter that counts."""
    found = None
    if "filterArn" in params:
        with backend.lock:
            found = _active(backend, FILTER, params["filterArn"])
        check_filter(found, deployment.recipe, deployment.group_arn)
    asked = Asked(
        user_id=params.get("userId"),
        item_id=params.get("itemId"),
        item_list=tuple(params.get("inputList", ())),
        filter_values=params.get("filterValues", {}),
        context=params.get("context", {}),
    )
    answer = ask(backend, deployment.deployed, [asked], max(k, 1), deployment.settings, found)[0]
    if isinstance(answer, Problem):
        raise InvalidInputException(answer.text)
    return Answer([], [], []) if k == 0 else answer


def _items(answer: Answer) -> list[Item]:
    """Return an answer as the API has it, without what an item does not have."""
    items: list[Item] = [{"itemId": name} for name in answer.ids]
    for item, score in zip(items, answer.scores or [], strict=False):
        if score is not None:
            item["score"] = score
    for item, reasons in zip(items, answer.reasons or [], strict=False):
        if reasons:
            item["reason"] = list(reasons)
    return items


def _promoted(
    backend: PersonalizeBackend, deployment: Deployment, params: Params, promotion: Mapping[str, Any], k: int
) -> list[Item]:
    """Return the best items that a promotion lets through, its share of `k` or as many as there are."""
    recipe = deployment.recipe
    if recipe.domain is None and recipe.name not in _PROMOTING:
        raise InvalidInputException(f"{recipe.arn} does not take promotions")
    missing = [name for name in ("filterArn", "percentPromotedItems") if name not in promotion]
    if missing:
        raise InvalidInputException(f"promotions: {missing[0]} is missing")
    count = math.ceil(k * promotion["percentPromotedItems"] / 100)
    own = {name: value for name, value in params.items() if name not in {"filterArn", "filterValues"}}
    own |= {name: promotion[name] for name in ("filterArn", "filterValues") if name in promotion}
    answer = _answer(backend, deployment, own, count)
    if answer.reasons is not None:
        answer = replace(answer, reasons=[[_PROMOTED, *reasons] for reasons in answer.reasons])
    named = {"promotionName": promotion["name"]} if "name" in promotion else {}
    return [{**item, **named} for item in _items(answer)]


def _placed(promoted: Sequence[Item], others: Sequence[Item], params: Params) -> list[Item]:
    """Return both in one list, each in its order."""
    if not promoted:
        return list(others)
    total = len(promoted) + len(others)
    question = f"{params.get('userId')}/{params.get('itemId')}/{total}"
    chance = np.random.default_rng(zlib.crc32(question.encode()))
    places = set(chance.choice(total, len(promoted), replace=False).tolist())
    first, second = iter(promoted), iter(others)
    return [next(first) if place in places else next(second) for place in range(total)]


def _metadata_columns(backend: PersonalizeBackend, deployment: Deployment, params: Params) -> dict[str, str]:
    """Return the columns to tell about each item, by the names that the request has for them."""
    wanted = params.get("metadataColumns", {})
    if not wanted:
        return {}
    if not deployment.metadata:
        raise InvalidInputException("metadataColumns: metadata is not enabled for this campaign or recommender")
    if set(wanted) != {"ITEMS"}:
        raise InvalidInputException(f"metadataColumns: the key must be ITEMS, not {next(iter(wanted))}")
    names = wanted["ITEMS"]
    if len(names) > _MOST_COLUMNS:
        raise InvalidInputException(f"metadataColumns: there can be at most {_MOST_COLUMNS} columns")
    records = look(backend, deployment.group_arn).get("ITEMS")
    known = {} if records is None else {name.upper(): name for name in records.schema.names}
    unknown = [name for name in names if name.upper() not in known]
    if unknown:
        raise InvalidInputException(f"metadataColumns: the items dataset has no column {unknown[0]}")
    return {name: known[name.upper()] for name in names}


def _described(
    backend: PersonalizeBackend, deployment: Deployment, items: list[Item], columns: Mapping[str, str]
) -> list[Item]:
    """Add the metadata of each item, as text; null has none."""
    if not columns:
        return items
    rows = look(backend, deployment.group_arn)["ITEMS"].of("ITEM_ID", [item["itemId"] for item in items])
    records = {row["ITEM_ID"]: row for row in rows.iter_rows(named=True)}
    for item in items:
        row = records.get(item["itemId"], {})
        item["metadata"] = {name: str(row[column]) for name, column in columns.items() if row.get(column) is not None}
    return items


def _recommendation_id() -> str:
    return str(mock_random.uuid4())


OPERATIONS: Mapping[str, Callable[[PersonalizeBackend, Params], dict[str, Any]]] = {
    "GetRecommendations": _get_recommendations,
    "GetPersonalizedRanking": _get_personalized_ranking,
    "GetActionRecommendations": _get_action_recommendations,
}
