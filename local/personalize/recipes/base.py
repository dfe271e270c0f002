"""What a recipe is: a name with its settings, and a way to fit a model that recommends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from local.personalize.exceptions import InvalidInputException
from local.personalize.recipes.interactions import Interactions

RECIPE_ARN = "arn:aws:personalize:::recipe/{}"


@dataclass(frozen=True)
class Recommendations:
    """The items for one user, best first; `scores` fall and sum to at most 1, None for recipes without."""

    items: list[str]
    scores: list[float] | None


@dataclass(frozen=True)
class Exploration:
    """How much to explore: `weight` from 0 to 1, `age_cut_off` in days since an item's first event."""

    weight: float = 0.3
    age_cut_off: float = 30.0


class Model(Protocol):
    """A fitted recipe."""

    def recommend(
        self, histories: Interactions, k: int, exploration: Exploration | None = None
    ) -> list[Recommendations]:
        """Return min(`k`, catalogue) distinct items for each user of `histories`.

        Args:
            histories: what the users did, coded with the same catalogue as what was fitted; a user without
                events gets the popular items.
            k: how many items.
            exploration: mix in new and rare items; only recipes that explore look at it.
        """
        ...

    def refit(self, interactions: Interactions) -> "Model":
        """Return the model of other data, with the choices that were made for this one's."""
        ...


Fit = Callable[[Interactions, Mapping[str, str]], Model]
"""Takes what to learn from and the hyperparameters as given; the same input gives the same model."""


@dataclass(frozen=True)
class Parameter:
    """A documented hyperparameter: a range for numbers, or the words allowed."""

    low: float = 0.0
    high: float = 0.0
    words: frozenset[str] = frozenset()

    def check(self, name: str, value: str) -> None:
        """Check a value, a string as the API has it.

        Raises:
            InvalidInputException: it is out of range.
        """
        if self.words:
            if value.lower() not in self.words:
                raise InvalidInputException(f"{name} must be one of {', '.join(sorted(self.words))}")
            return
        try:
            fits = self.low <= float(value) <= self.high
        except ValueError:
            fits = False
        if not fits:
            raise InvalidInputException(f"{name} must be from {self.low:g} to {self.high:g}, not {value}")


@dataclass(frozen=True)
class Recipe:
    """A recipe of the service; `parameters` by the member of `solutionConfig` that holds them."""

    name: str
    recipe_type: str
    description: str
    fit: Fit
    explores: bool = False
    batch_keys: Sequence[str] = ("userId",)
    parameters: Mapping[str, Mapping[str, Parameter]] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The recipe's ARN, the same in every account and region."""
        return RECIPE_ARN.format(self.name)
