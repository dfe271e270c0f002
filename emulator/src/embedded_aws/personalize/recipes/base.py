"""What a recipe is: a name with its capabilities as data, and a way to fit a model that answers questions."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import polars as pl

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.recipes.interactions import Interactions, Ints, Mask
from embedded_aws.personalize.schemas import Field

NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")

RECIPE_ARN = "arn:aws:personalize:::recipe/{}"


@dataclass(frozen=True)
class Metadata:
    """The records of items, users or actions: one row per ID of a catalogue, in its order.

    `rows` holds the columns of `fields`, in the schema's types; an ID without a record has nulls.
    """

    rows: pl.DataFrame
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class TrainingData:
    """What a recipe learns from, after the solution's selection of events and columns.

    `items` follows `interactions.item_ids` and `users` follows `interactions.user_ids`. `actions` and
    `action_interactions` (whose items are actions, weighted 1 where the action was taken and 0 where it was not)
    are None where the dataset group has none.
    """

    interactions: Interactions
    items: Metadata
    users: Metadata
    actions: Metadata | None = None
    action_interactions: Interactions | None = None


@dataclass(frozen=True)
class Exploration:
    """How much to explore: `weight` from 0 to 1, `age_cut_off` in days since an item's first event."""

    weight: float = 0.3
    age_cut_off: float = 30.0


@dataclass(frozen=True)
class Settings:
    """What a campaign, a recommender or a batch job sets: exploration, and the ranking influences from 0 to 1."""

    exploration: Exploration | None = None
    popularity: float = 0.0
    freshness: float = 0.0


@dataclass(frozen=True)
class Questions:
    """Questions that are asked together, one row each; what a recipe does not ask for is ignored.

    Args:
        histories: what the users of the questions did, coded with the model's catalogue; `user_ids` are the users
            ("" where there is none; the same user may stand in several rows). Without events: no history.
        item_ids: the item that each question is about, for related items; any text, known or not.
        lists: the items to be ranked.
        allowed: questions by catalogue, true for what may be in the answer; None allows everything.
    """

    histories: Interactions
    item_ids: Sequence[str] = ()
    lists: Sequence[Sequence[str]] = ()
    allowed: Mask | None = None


@dataclass(frozen=True)
class Answer:
    """IDs, best first. `scores` fall; None for recipes without, and per ID for one without.

    Those of items sum to at most 1, those of actions are propensities from 0 to 1.

    `reasons` are those of User-Personalization-v2, a list per ID; None for other recipes.
    """

    ids: list[str]
    scores: list[float | None] | None = None
    reasons: list[list[str]] | None = None


class Model(Protocol):
    """A fitted recipe."""

    @property
    def catalogue(self) -> Sequence[str]:
        """The IDs that answers are made of, sorted: items, or actions."""
        ...

    def answer(self, questions: Questions, k: int, settings: Settings) -> list[Answer]:
        """Return at most `k` distinct allowed IDs for each question; the whole list where the question is a ranking."""
        ...

    def refit(self, data: TrainingData) -> "Model":
        """Return the model of other data, with the choices that were made for this one's."""
        ...


class Segmenter(Protocol):
    """A fitted recipe of the type USER_SEGMENTATION."""

    @property
    def catalogue(self) -> Sequence[str]:
        """The items that can be asked about, sorted."""
        ...

    @property
    def user_ids(self) -> Sequence[str]:
        """The users that answers are made of, sorted."""
        ...

    def segment(self, groups: Sequence[Ints], k: int, allowed: Mask | None = None) -> list[Answer]:
        """Return the `k` users with the most affinity to each group of items, given by places in the catalogue.

        `allowed` is per user, true for who may be in the answer.
        """
        ...

    def refit(self, data: TrainingData) -> "Segmenter":
        """Return the model of other data, with the choices that were made for this one's."""
        ...


Fit = Callable[[TrainingData, Mapping[str, str]], Model | Segmenter]
"""Takes what to learn from and the hyperparameters as given; the same input gives the same model."""


@dataclass(frozen=True)
class Parameter:
    """A documented hyperparameter: a range for numbers, or the words allowed; `tunable` by HPO or not."""

    low: float = 0.0
    high: float = 0.0
    words: frozenset[str] = frozenset()
    default: str = ""
    tunable: bool = False

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only: the default tells."""
        return not self.words and "." not in self.default

    def check(self, name: str, value: str) -> None:
        """Check a value, a string as the API has it.

        Raises:
            InvalidInputException: it is out of range.
        """
        if self.words:
            if value.lower() not in self.words:
                raise InvalidInputException(f"{name} must be one of {', '.join(sorted(self.words))}")
            return
        fits = NUMBER.fullmatch(value) is not None and self.low <= float(value) <= self.high
        if fits and self.whole and not value.isdecimal():
            raise InvalidInputException(f"{name} must be a whole number, not {value}")
        if not fits:
            raise InvalidInputException(f"{name} must be from {self.low:g} to {self.high:g}, not {value}")


class Asks(StrEnum):
    """What a question holds, by the operation that asks it."""

    USER = "userId"
    ITEM = "itemId"
    USER_AND_ITEM = "userId and itemId"
    NOTHING = "nothing: a userId is only for filters"
    RANKING = "userId and the items to rank"
    ACTIONS = "userId, answered with actions"
    SEGMENT_OF_ITEM = "itemId, answered with users"
    SEGMENT_OF_ATTRIBUTES = "itemAttributes, answered with users"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A recipe of the service.

    `parameters` are by the member of `solutionConfig` that holds them. `batch` says whether a batch inference or
    segment job takes it; `domain` is set for the use cases that only recommenders take; `event_type` is the only one
    that a use case learns from, `event_types_excluded` those whose items its answers leave out per user. `needs`
    are the dataset types that must hold data before a solution or recommender can be created.
    """

    name: str
    recipe_type: str
    description: str
    fit: Fit
    asks: Asks = Asks.USER
    batch: bool = True
    scored: bool = True
    domain: str | None = None
    event_type: str | None = None
    event_types_excluded: tuple[str, ...] = ()
    needs: tuple[str, ...] = ("INTERACTIONS",)
    explores: bool = False
    updates: bool = False
    """trainingMode UPDATE is allowed."""
    weighs_events: bool = False
    """solutionConfig.eventsConfig is allowed."""
    optimizes: bool = False
    """solutionConfig.optimizationObjective is allowed."""
    ranks_by_influence: bool = False
    """rankingInfluence is allowed."""
    updates_incrementally: bool = False
    """performIncrementalUpdate is allowed."""
    metadata_at_once: bool = False
    """Campaigns return metadata without having been told to."""
    parameters: Mapping[str, Mapping[str, Parameter]] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The recipe's ARN, the same in every account and region."""
        return RECIPE_ARN.format(self.name)

    @property
    def segments(self) -> bool:
        """Whether answers are made of users."""
        return self.asks in {Asks.SEGMENT_OF_ITEM, Asks.SEGMENT_OF_ATTRIBUTES}
