"""The `solutions` section of the pipeline file: what to train, and the batch jobs that score with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag

from definition.file.realtime import Campaign, Exploration, Influence
from definition.file.training import TrainingOptions
from definition.file.values import Duration, LowerName, RawPath, Strict, absent
from definition.layout import ExportFormat
from definition.service.limits import MAX_NUM_RESULTS, MAX_SEGMENT_USERS
from definition.service.recipes import LEGACY_RECIPES, RANKING_METRICS, RECIPES, Recipe
from definition.suggestions import one_of


def _recipe(name: str) -> str:
    if name in LEGACY_RECIPES:
        raise ValueError(f"'{name}' is a legacy recipe, which AWS no longer offers; use {LEGACY_RECIPES[name]}")
    if name not in RECIPES:
        known = [recipe.name for recipe in RECIPES.values() if not recipe.needs_actions]
        raise ValueError(f"'{name}' is not a Personalize recipe; {one_of(name, known)}")
    if RECIPES[name].needs_actions:
        usable = [recipe.name for recipe in RECIPES.values() if not recipe.needs_actions]
        raise ValueError(f"'{name}' trains on actions, which pipelines do not import; use one of {', '.join(usable)}")
    return name


def _comparable(metric: str) -> str:
    if metric not in RANKING_METRICS:
        remedy = one_of(metric, RANKING_METRICS)
        raise ValueError(f"'{metric}' is no metric that recipes can be compared by; {remedy}")
    return metric


RecipeName = Annotated[str, AfterValidator(_recipe), Field(description="the name of a recipe")]


class BestOf(Strict):
    """Several recipes: each run trains all of them, and goes on with the one that has the highest metric."""

    best_of: list[RecipeName] = Field(
        min_length=2, description="a list of recipes of one kind; of equal ones the first is taken"
    )
    by: Annotated[str, AfterValidator(_comparable)] = Field(
        description="offline metric that they are compared by", examples=["normalized_discounted_cumulative_gain_at_10"]
    )


def _recipe_form(given: object) -> str:
    return "several" if isinstance(given, dict | BestOf) else "one"


Recipes = Annotated[Annotated[RecipeName, Tag("one")] | Annotated[BestOf, Tag("several")], Discriminator(_recipe_form)]

Id = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class IdFile(Strict):
    """Ids from a column of a raw CSV file with a header."""

    file: RawPath = Field(description="object under raw/ in the bucket, CSV in UTF-8 with a header")
    column: str = Field(min_length=1, description="column of the ids")


class ActiveUsers(Strict):
    """Users with an interaction in the time before the newest one."""

    active: Duration = Field(description="such as 30d", examples=["30d"])


def _form_of(given: object) -> str:
    """Return which form of a selection is meant, so that only its mistakes are told."""
    if isinstance(given, list):
        return "ids"
    if isinstance(given, dict):
        return "ActiveUsers" if "active" in given else "IdFile"
    return type(given).__name__ if isinstance(given, ActiveUsers | IdFile) else "all"


_All = Annotated[Literal["all"], Tag("all")]
_Ids = Annotated[list[Id], Field(min_length=1), Tag("ids")]
_File = Annotated[IdFile, Tag("IdFile")]
Users = Annotated[_All | Annotated[ActiveUsers, Tag("ActiveUsers")] | _File | _Ids, Discriminator(_form_of)]
Items = Annotated[_All | _File | _Ids, Discriminator(_form_of)]


def _different(formats: list[ExportFormat]) -> list[ExportFormat]:
    if len(set(formats)) < len(formats):
        raise ValueError("one format stands twice; name each once")
    return formats


Target = Literal["dynamodb"]
"""What the lists of a table are delivered to."""

MaxErrors = Annotated[
    float,
    Field(ge=0, le=1, strict=False, description="share of its lines that may be errors; more are not published"),
]


def _several(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


FilterValues = Annotated[list[str | int | float], BeforeValidator(_several), Field(min_length=1)]
"""One value or several."""


class _BatchJob(Strict):
    """What batch jobs of both kinds have."""

    name: LowerName
    max_errors: MaxErrors = 0.05
    formats: Annotated[list[ExportFormat], AfterValidator(_different)] = absent(
        [], json_schema_extra={"uniqueItems": True}, description="beside Parquet, the same rows as csv or jsonl"
    )
    deliver: Target | None = absent(
        description="also a DynamoDB table, with a list for each line, that each run renews"
    )
    filter: str | None = absent(description="one of filters, which every line is filtered by")
    filter_values: dict[str, FilterValues] = absent(
        {}, description="values of the filter's placeholders", examples=[{"GENRE": ["Comedy", "Drama"]}]
    )


class BatchInferenceJob(_BatchJob):
    """One batch inference job of a solution; the recipe says whether it takes users, items, or both."""

    users: Users | None = Field(
        default=None,
        description="who gets recommendations: all (every user of rows out and of filtered rows, the default), "
        "{active: 30d}, a list, or {file: …, column: …}",
    )
    items: Items | None = Field(
        default=None,
        description="related items: those to find others for, default all. Ranking: those to rank for each user",
    )
    num_results: int = Field(default=25, ge=1, le=MAX_NUM_RESULTS, description="items per line")
    themes_from: str | None = absent(
        description="aws-similar-items: name what related items have in common; the column of items with their titles"
    )
    exploration: Exploration | None = absent(description="of aws-user-personalization")
    ranking_influence: Influence | None = absent(description="of aws-semantic-similarity")


class BatchSegmentJob(_BatchJob):
    """One batch segment job of a solution."""

    items: Items | None = Field(default=None, description="aws-item-affinity: the items to find users for, default all")
    attributes: list[Annotated[str, StringConstraints(min_length=1)]] | None = Field(
        default=None,
        min_length=1,
        description="aws-item-attribute-affinity: a query a segment",
        examples=[['ITEMS.GENRES = "Comedy" AND ITEMS.YEAR = 1999']],
    )
    num_results: int = Field(default=25, ge=1, le=MAX_SEGMENT_USERS, description="users per segment")


class Solution(TrainingOptions):
    """What to train, and the jobs that score with it."""

    name: LowerName
    recipe: Recipes = Field(description="a recipe, or {best_of: [recipes], by: metric} for the best of several")
    event_type: str | None = Field(default=None, min_length=1, description="train on this event type only")
    event_value_threshold: float | None = Field(
        default=None, allow_inf_nan=False, strict=False, description="train on EVENT_VALUE >= this only"
    )
    campaign: Campaign | None = absent(
        description="left out: nothing answers in real time, and nothing is billed for it"
    )
    batch_inference: list[BatchInferenceJob] = Field(default=[])
    batch_segment: list[BatchSegmentJob] = Field(default=[])

    @property
    def recipes(self) -> list[str]:
        """Names of its recipes: the one that it has, or those that are compared, in their order."""
        return self.recipe.best_of if isinstance(self.recipe, BestOf) else [self.recipe]

    @property
    def by(self) -> str | None:
        """The metric that its recipes are compared by, None where it has one."""
        return self.recipe.by if isinstance(self.recipe, BestOf) else None

    @property
    def kind(self) -> Recipe:
        """One of its recipes: they are of one kind, so any of them says what its jobs and its campaign take."""
        return RECIPES[self.recipes[0]]

    @property
    def jobs(self) -> list[BatchInferenceJob | BatchSegmentJob]:
        """All batch jobs of the solution."""
        return [*self.batch_inference, *self.batch_segment]
