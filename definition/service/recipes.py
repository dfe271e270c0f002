"""The Personalize recipes that a pipeline can name, what each takes as batch input, and the use cases of domains.

Sources: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html
and https://docs.aws.amazon.com/personalize/latest/dg/batch-data-upload.html, for use cases
https://docs.aws.amazon.com/personalize/latest/dg/ECOMMERCE-use-cases.html and its like for VIDEO_ON_DEMAND.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from definition.service.dataset_types import Domain

BatchInput = Literal["user", "item", "ranking"]
SegmentInput = Literal["item", "attributes"]
Query = Literal["user", "item", "user and item", "ranking", "nothing"]
"""What a request to a campaign or recommender must name; a ranking: a user and the items to rank."""


@dataclass(frozen=True)
class Recipe:
    """A recipe as the pipeline file names it.

    Attributes:
        name: last part of the ARN, such as ``aws-user-personalization-v2``.
        batch_input: what one line of batch inference input names: ``user``, ``item``, ``ranking``, or None
            where the recipe offers no batch inference.
        segment_input: what one line of batch segment input names: ``item``, ``attributes``, or None.
        hyperparameters: names accepted in ``algorithmHyperParameters``.
        needs_items: whether the recipe trains on the Items dataset.
        tunable: hyperparameters that a search may vary.
        features: names accepted in ``featureTransformationParameters``.
        weighs_events: whether event types can have weights (page optimizing-solution-events-config).
        optimizes: whether it takes an objective (page optimizing-solution-for-objective).
        updates: whether a version can be trained from the one before (page API_CreateSolutionVersion).
        updates_incrementally: whether new items can be taken in between trainings (page API_CreateSolution).
        takes_exploration: whether exploration can be set (page API_CampaignConfig).
        needs_actions: whether the recipe trains on the Actions dataset, which pipelines do not import.
        takes_ranking_influence: whether popularity and freshness can be weighed in (page
            native-recipe-semantic-similarity).
        has_own_metrics: whether its offline metrics are other ones than those of ``RANKING_METRICS`` (page
            working-with-training-metrics).
    """

    name: str
    batch_input: BatchInput | None
    hyperparameters: frozenset[str] = frozenset()
    segment_input: SegmentInput | None = None
    needs_items: bool = False
    tunable: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    weighs_events: bool = False
    optimizes: bool = False
    updates: bool = False
    updates_incrementally: bool = False
    takes_exploration: bool = False
    takes_ranking_influence: bool = False
    needs_actions: bool = False
    has_own_metrics: bool = False

    @property
    def has_campaigns(self) -> bool:
        """Whether CreateCampaign accepts its versions: recipes of user segments work in batch only."""
        return self.segment_input is None

    @property
    def rivals(self) -> list[str]:
        """Recipes that can be compared with it: their jobs take the same input, and their metrics mean the same."""
        if self.has_own_metrics or self.batch_input is None:
            return []
        alike = [other for other in RECIPES.values() if other.batch_input == self.batch_input]
        return [other.name for other in alike if other is not self and not other.has_own_metrics]

    @property
    def query(self) -> Query:
        """What a request to a campaign names: what a line of batch input does, and nothing where there is no batch."""
        return self.batch_input or "nothing"

    @property
    def arn(self) -> str:
        """ARN of the recipe in the partition aws, for which pipelines are; recipes belong to no account, no region."""
        return f"arn:aws:personalize:::recipe/{self.name}"


@dataclass(frozen=True)
class UseCase:
    """A recipe of a domain dataset group, for recommenders.

    Attributes:
        event_type: event type that it needs interactions of, spelled like this; None where any will do.
        needs_items: whether it trains on the Items dataset.
        takes_exploration: whether exploration can be set.
        query: what a request must name.
    """

    name: str
    domain: Domain
    event_type: str | None = None
    needs_items: bool = False
    takes_exploration: bool = False
    query: Query = "user"

    @property
    def arn(self) -> str:
        """ARN of the recipe in the partition aws, for which pipelines are; recipes belong to no account, no region."""
        return f"arn:aws:personalize:::recipe/{self.name}"


_SEQUENCE_MODEL = frozenset({"hidden_dimension", "bptt", "recency_mask"})
_HISTORY = frozenset({"min_user_history_length_percentile", "max_user_history_length_percentile"})
_COUNTS = frozenset({"min_item_interaction_count_percentile", "max_item_interaction_count_percentile"})
_DISCOUNT = frozenset({"popularity_discount_factor"})
_DIMENSIONS = frozenset({"item_id_hidden_dim", "item_metadata_hidden_dim"})
_RECENCY_BIAS = frozenset({"apply_recency_bias"})
_SIMS = _DISCOUNT | {"min_cointeraction_count"}

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("aws-user-personalization-v2", "user", _RECENCY_BIAS, weighs_events=True),
        Recipe(
            "aws-user-personalization",
            "user",
            _SEQUENCE_MODEL,
            tunable=_SEQUENCE_MODEL,
            features=_HISTORY,
            optimizes=True,
            updates=True,
            takes_exploration=True,
        ),
        Recipe("aws-popularity-count", "user"),
        Recipe("aws-personalized-ranking-v2", "ranking", _RECENCY_BIAS, weighs_events=True),
        Recipe(
            "aws-personalized-ranking",
            "ranking",
            _SEQUENCE_MODEL,
            tunable=_SEQUENCE_MODEL,
            features=_HISTORY,
            optimizes=True,
        ),
        Recipe("aws-similar-items", "item", _DISCOUNT, tunable=_DIMENSIONS),
        Recipe("aws-sims", "item", _SIMS, tunable=_SIMS, features=_HISTORY | _COUNTS),
        Recipe(
            "aws-semantic-similarity",
            "item",
            needs_items=True,
            takes_ranking_influence=True,
            updates_incrementally=True,
            has_own_metrics=True,
        ),
        Recipe("aws-trending-now", None, features=frozenset({"trend_discovery_frequency"})),
        Recipe("aws-next-best-action", None, needs_actions=True),
        Recipe("aws-item-affinity", None, segment_input="item"),
        Recipe("aws-item-attribute-affinity", None, segment_input="attributes", needs_items=True),
    )
}

RANKING_METRICS = (
    "coverage",
    "mean_reciprocal_rank_at_25",
    *(f"{name}_at_{k}" for name in ("normalized_discounted_cumulative_gain", "precision") for k in (5, 10, 25)),
)
"""Offline metrics that the service gives of every recipe that finds or ranks items, but those with metrics of their own
(page working-with-training-metrics)."""

LEGACY_RECIPES = {f"aws-hrnn{more}": "aws-user-personalization-v2" for more in ("", "-metadata", "-coldstart")}
"""Recipes that are no longer offered, each with the one that does what it did (page native-recipe-hrnn)."""

USE_CASES: dict[str, UseCase] = {
    case.name: case
    for case in (
        UseCase("aws-ecomm-popular-items-by-views", "ECOMMERCE", "View"),
        UseCase("aws-ecomm-popular-items-by-purchases", "ECOMMERCE", "Purchase"),
        UseCase("aws-ecomm-frequently-bought-together", "ECOMMERCE", "Purchase", query="item"),
        UseCase("aws-ecomm-customers-who-viewed-x-also-viewed", "ECOMMERCE", "View", query="user and item"),
        UseCase("aws-ecomm-recommended-for-you", "ECOMMERCE", takes_exploration=True),
        UseCase("aws-vod-because-you-watched-x", "VIDEO_ON_DEMAND", "Watch", query="user and item"),
        UseCase("aws-vod-more-like-x", "VIDEO_ON_DEMAND", needs_items=True, query="user and item"),
        UseCase("aws-vod-most-popular", "VIDEO_ON_DEMAND", "Watch"),
        UseCase("aws-vod-trending-now", "VIDEO_ON_DEMAND", query="nothing"),
        UseCase("aws-vod-top-picks", "VIDEO_ON_DEMAND", takes_exploration=True),
    )
}
