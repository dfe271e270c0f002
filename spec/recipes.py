"""The Personalize recipes that a pipeline can name, and what each takes as batch input.

Sources: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html
and https://docs.aws.amazon.com/personalize/latest/dg/batch-data-upload.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BatchInput = Literal["user", "item", "ranking"]
SegmentInput = Literal["item", "attributes"]


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
    """

    name: str
    batch_input: BatchInput | None
    hyperparameters: frozenset[str] = frozenset()
    segment_input: SegmentInput | None = None
    needs_items: bool = False

    @property
    def arn(self) -> str:
        """ARN of the recipe; recipes belong to no account and no region."""
        return f"arn:aws:personalize:::recipe/{self.name}"


_SEQUENCE_MODEL = frozenset({"hidden_dimension", "bptt", "recency_mask"})

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("aws-user-personalization-v2", "user", frozenset({"apply_recency_bias"})),
        Recipe("aws-user-personalization", "user", _SEQUENCE_MODEL),
        Recipe("aws-popularity-count", "user"),
        Recipe("aws-personalized-ranking-v2", "ranking", frozenset({"apply_recency_bias"})),
        Recipe("aws-personalized-ranking", "ranking", _SEQUENCE_MODEL),
        Recipe("aws-similar-items", "item", frozenset({"popularity_discount_factor"})),
        Recipe("aws-sims", "item", frozenset({"popularity_discount_factor", "min_cointeraction_count"})),
        Recipe("aws-semantic-similarity", "item", needs_items=True),
        Recipe("aws-trending-now", None),
        Recipe("aws-next-best-action", None),
        Recipe("aws-item-affinity", None, segment_input="item"),
        Recipe("aws-item-attribute-affinity", None, segment_input="attributes", needs_items=True),
    )
}
