"""The Personalize recipes that a pipeline can name, and what each takes as batch input.

Sources: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html
and https://docs.aws.amazon.com/personalize/latest/dg/batch-data-upload.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A recipe as the pipeline file names it.

    Attributes:
        name: last part of the ARN, such as ``aws-user-personalization-v2``.
        batch_input: what one line of batch inference input names: ``user``, ``item``, ``ranking``, or None
            where the recipe offers no batch inference.
        hyperparameters: names accepted in ``algorithmHyperParameters``.
    """

    name: str
    batch_input: str | None
    hyperparameters: frozenset[str] = frozenset()

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
        Recipe("aws-semantic-similarity", "item"),
        Recipe("aws-trending-now", None),
        Recipe("aws-next-best-action", None),
        Recipe("aws-item-affinity", None),
        Recipe("aws-item-attribute-affinity", None),
    )
}

USER_RECIPES = tuple(recipe.name for recipe in RECIPES.values() if recipe.batch_input == "user")
"""Recipes whose batch inference takes one user per line: those this version runs."""
