"""The recipes that solutions name: capabilities and hyperparameters as the Developer Guide has them.

Sources: the recipes' own pages (native-recipe-...), working-with-predefined-recipes, use-case-recipe-features,
API_CreateSolutionVersion for UPDATE, optimizing-solution-events-config for weights. Hyperparameters that the newest
pages no longer show come from the guide of 2023. Descriptions are ours.
"""

from collections.abc import Mapping
from typing import Final

from embedded_aws.personalize.recipes import (
    next_best_action,
    personalized_ranking,
    popularity,
    related_items,
    semantic_similarity,
    trending,
    user_personalization,
    user_segmentation,
)
from embedded_aws.personalize.recipes.base import Asks, Parameter, Recipe

_Parameters = Mapping[str, Mapping[str, Parameter]]

_ALGORITHM: Final = "algorithmHyperParameters"
_FEATURES: Final = "featureTransformationParameters"
_TRUTH: Final = frozenset({"true", "false"})
_RECENCY_BIAS: Final = {_ALGORITHM: {"apply_recency_bias": Parameter(words=_TRUTH, default="true")}}


def _history_lengths(shortest: str, longest: str) -> dict[str, Parameter]:
    return {
        "min_user_history_length_percentile": Parameter(0, 1, default=shortest),
        "max_user_history_length_percentile": Parameter(0, 1, default=longest),
    }


_BPTT: Final = Parameter(2, 32, default="32", tunable=True)
_LEGACY_BPTT: Final = Parameter(1, 32, default="32")


def _recurrent(
    dimension: str = "149", bptt: Parameter = _BPTT, features: Mapping[str, Parameter] | None = None
) -> _Parameters:
    return {
        _ALGORITHM: {
            "hidden_dimension": Parameter(32, 256, default=dimension, tunable=True),
            "bptt": bptt,
            "recency_mask": Parameter(words=_TRUTH, default="true", tunable=True),
        },
        _FEATURES: {**(features or {}), **_history_lengths("0.0", "0.99")},
    }


_COLD_START: Final = {
    "cold_start_max_interactions": Parameter(1, float("inf"), default="15"),
    "cold_start_max_duration": Parameter(0, float("inf"), default="5.0"),
    "cold_start_relative_from": Parameter(words=frozenset({"latestitem", "currenttime"}), default="latestItem"),
}

_SIMILAR_ITEMS: Final = {
    _ALGORITHM: {
        "popularity_discount_factor": Parameter(0, 1, default="0.0"),
        "item_id_hidden_dim": Parameter(30, 200, default="100", tunable=True),
        "item_metadata_hidden_dim": Parameter(30, 200, default="100", tunable=True),
    }
}

_SIMS: Final = {
    _ALGORITHM: {
        "popularity_discount_factor": Parameter(0, 1, default="0.5", tunable=True),
        "min_cointeraction_count": Parameter(0, 10, default="3", tunable=True),
    },
    _FEATURES: {
        **_history_lengths("0.005", "0.995"),
        "min_item_interaction_count_percentile": Parameter(0, 1, default="0.01"),
        "max_item_interaction_count_percentile": Parameter(0, 1, default="0.9"),
    },
}

_TREND: Final = {
    _FEATURES: {"trend_discovery_frequency": Parameter(words=frozenset(trending.FREQUENCIES), default="2 hours")}
}

_SEGMENT: Final = {_ALGORITHM: {"hidden_dimension": Parameter(32, 256, default="149")}}

CUSTOM: Final = (
    Recipe(
        name="aws-user-personalization-v2",
        recipe_type="USER_PERSONALIZATION",
        description="Recommends the items that a user will interact with.",
        fit=user_personalization.fit_second,
        weighs_events=True,
        metadata_at_once=True,
        parameters=_RECENCY_BIAS,
    ),
    Recipe(
        name="aws-user-personalization",
        recipe_type="USER_PERSONALIZATION",
        description="Recommends the items that a user will interact with, and explores new ones.",
        fit=user_personalization.fit_first,
        explores=True,
        updates=True,
        optimizes=True,
        parameters=_recurrent(),
    ),
    Recipe(
        name="aws-popularity-count",
        recipe_type="USER_PERSONALIZATION",
        description="Recommends the items with the most interactions, the same to every user.",
        fit=popularity.fit,
        scored=False,
    ),
    Recipe(
        name="aws-trending-now",
        recipe_type="POPULAR_ITEMS",
        description="Recommends the items whose number of interactions grows the most.",
        fit=trending.fit,
        asks=Asks.NOTHING,
        batch=False,
        scored=False,
        parameters=_TREND,
    ),
    Recipe(
        name="aws-personalized-ranking-v2",
        recipe_type="PERSONALIZED_RANKING",
        description="Ranks a list of items for a user.",
        fit=personalized_ranking.fit_second,
        asks=Asks.RANKING,
        weighs_events=True,
        metadata_at_once=True,
        parameters=_RECENCY_BIAS,
    ),
    Recipe(
        name="aws-personalized-ranking",
        recipe_type="PERSONALIZED_RANKING",
        description="Ranks a list of items for a user.",
        fit=personalized_ranking.fit_first,
        asks=Asks.RANKING,
        optimizes=True,
        parameters=_recurrent(),
    ),
    Recipe(
        name="aws-similar-items",
        recipe_type="RELATED_ITEMS",
        description="Recommends items that are like an item, by who had both and by what they are.",
        fit=related_items.fit_similar_items,
        asks=Asks.ITEM,
        scored=False,
        parameters=_SIMILAR_ITEMS,
    ),
    Recipe(
        name="aws-sims",
        recipe_type="RELATED_ITEMS",
        description="Recommends items that the users of an item had, too.",
        fit=related_items.fit_sims,
        asks=Asks.ITEM,
        scored=False,
        parameters=_SIMS,
    ),
    Recipe(
        name="aws-semantic-similarity",
        recipe_type="RELATED_ITEMS",
        description="Recommends items whose text is like that of an item.",
        fit=semantic_similarity.fit,
        asks=Asks.ITEM,
        scored=False,
        needs=("ITEMS",),
        ranks_by_influence=True,
        updates_incrementally=True,
        metadata_at_once=True,
    ),
    Recipe(
        name="aws-next-best-action",
        recipe_type="PERSONALIZED_ACTIONS",
        description="Recommends the actions that a user will most likely take.",
        fit=next_best_action.fit,
        asks=Asks.ACTIONS,
        batch=False,
        needs=("INTERACTIONS", "ACTIONS"),
        parameters={_FEATURES: {"action_optimization_period": Parameter(7, 28, default="14")}},
    ),
    Recipe(
        name="aws-item-affinity",
        recipe_type="USER_SEGMENTATION",
        description="Finds the users who will most likely interact with an item.",
        fit=user_segmentation.fit,
        asks=Asks.SEGMENT_OF_ITEM,
        scored=False,
        parameters=_SEGMENT,
    ),
    Recipe(
        name="aws-item-attribute-affinity",
        recipe_type="USER_SEGMENTATION",
        description="Finds the users who will most likely interact with items of certain attributes.",
        fit=user_segmentation.fit,
        asks=Asks.SEGMENT_OF_ATTRIBUTES,
        scored=False,
        needs=("INTERACTIONS", "ITEMS"),
        parameters=_SEGMENT,
    ),
    Recipe(
        name="aws-hrnn",
        recipe_type="USER_PERSONALIZATION",
        description="Legacy: recommends the items that a user will interact with, by the order of events.",
        fit=user_personalization.fit_legacy,
        parameters=_recurrent("43", _LEGACY_BPTT),
    ),
    Recipe(
        name="aws-hrnn-metadata",
        recipe_type="USER_PERSONALIZATION",
        description="Legacy: as HRNN, with contextual, user and item metadata.",
        fit=user_personalization.fit_legacy,
        parameters=_recurrent("43", _LEGACY_BPTT),
    ),
    Recipe(
        name="aws-hrnn-coldstart",
        recipe_type="USER_PERSONALIZATION",
        description="Legacy: as HRNN-Metadata, with new items among the recommendations.",
        fit=user_personalization.fit_cold_start,
        updates=True,
        parameters=_recurrent(features=_COLD_START),
    ),
)
