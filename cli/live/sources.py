"""What answers a question about users and items: campaigns, recommenders, and the tables of batch jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cli.errors import CommandError
from definition.plan.names import campaign_name, recommender_name
from definition.plan.tables import Columns, columns
from definition.service.recipes import USE_CASES, Query
from definition.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from definition.file.pipeline import Pipeline
    from definition.file.solutions import BatchInferenceJob, BatchSegmentJob, Solution

Kind = Literal["campaign", "recommender", "table"]

_OPTIONS: dict[Query, str] = {
    "user": "--user",
    "item": "--item",
    "user and item": "--user and --item",
    "ranking": "--user and --item for each item to rank",
    "nothing": "neither --user nor --item",
}


@dataclass(frozen=True)
class Question:
    """Whom or what is asked about: a user, an item, both, or a user and items to rank."""

    user: str | None = None
    items: tuple[str, ...] = ()

    def fits(self, query: Query) -> bool:
        """Say whether it names what a query must; a user beside an item is for filters that need one."""
        match query:
            case "user":
                return self.user is not None and not self.items
            case "item":
                return len(self.items) == 1
            case "user and item":
                return self.user is not None and len(self.items) == 1
            case "ranking":
                return self.user is not None and bool(self.items)
            case "nothing":
                return not self.items


@dataclass(frozen=True)
class Source:
    """What may answer.

    Attributes:
        name: of the solution, of the recommender, or of solution and job, as ``for-you/top25``.
        query: what a question must name.
        recipe: by which it was trained; where runs choose among several, one of these.
        resource: its name in Personalize; empty for a table.
        columns: of the table; None for what answers in real time.
    """

    kind: Kind
    name: str
    query: Query
    recipe: str
    resource: str = ""
    columns: Columns | None = None

    @property
    def finds_users(self) -> bool:
        """Whether users are found for an item, and not items."""
        return self.columns is not None and self.columns.found == "user_id"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def sources(pipeline: Pipeline, stage: str) -> list[Source]:
    """Return what may answer, by the pipeline file: what does so in real time first."""
    campaigns = [
        Source(
            "campaign",
            each.name,
            each.kind.query,
            _recipes(each),
            campaign_name(pipeline.name, stage, each),
        )
        for each in pipeline.solutions
        if each.campaign
    ]
    recommenders = [
        Source(
            "recommender",
            each.name,
            USE_CASES[each.recipe].query,
            each.recipe,
            recommender_name(pipeline, stage, each),
        )
        for each in pipeline.recommenders
    ]
    tables = [table for solution in pipeline.solutions for table in _tables(solution)]
    return [*campaigns, *recommenders, *tables]


def _recipes(solution: Solution) -> str:
    return " or ".join(solution.recipes)


def _tables(solution: Solution) -> Iterator[Source]:
    for job in solution.jobs:
        if shape := _shape(solution, job):
            query: Query = "item" if shape.named == "item_id" else "user"
            yield Source("table", f"{solution.name}/{job.name}", query, _recipes(solution), columns=shape)


def _shape(solution: Solution, job: BatchInferenceJob | BatchSegmentJob) -> Columns | None:
    """Return the columns of a job's table; None if its lines name neither a user nor an item."""
    recipe = solution.kind
    segments = job in solution.batch_segment
    line = recipe.segment_input if segments else recipe.batch_input
    return None if line in {None, "attributes"} else columns("segment" if segments else "inference", line or "user")


def named(everything: list[Source], *, solution: str | None, recommender: str | None) -> list[Source]:
    """Return the sources of a solution, of one of its jobs (``for-you/top25``), or of a recommender.

    Args:
        everything: all of them.
        solution: None for every solution, if no recommender is named.
        recommender: None for every recommender, if no solution is named.

    Raises:
        CommandError: there is none of that name; the error tells the one that it is like.
    """
    if solution is not None:
        of_solutions = [each for each in everything if each.kind != "recommender"]
        return _of_name(of_solutions, solution, "solution", "--solution")
    if recommender is not None:
        return _of_name(
            [each for each in everything if each.kind == "recommender"], recommender, "recommender", "--recommender"
        )
    return everything


def _of_name(pool: list[Source], name: str, noun: str, option: str) -> list[Source]:
    found = [each for each in pool if name in {each.name, each.name.partition("/")[0]}]
    if found:
        return found
    known = dict.fromkeys(part for each in pool for part in (each.name.partition("/")[0], each.name))
    raise CommandError(
        f"the pipeline file has no {noun} {name} that answers about users or items",
        remedy=there_is(name, known, otherwise=f"leave {option} out"),
    )


def there_is(name: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return a remedy for a wrong name: the one that it is like, and all others."""
    listed = list(known)
    return f"{did_you_mean(name, listed)}There is {', '.join(listed)}" if listed else f"There is none: {otherwise}"


def candidates(pool: list[Source], question: Question) -> list[Source]:
    """Return the one source in real time that a question fits, if there is one, and then the tables that it fits.

    Raises:
        CommandError: it fits none, or several in real time, or several tables and nothing in real time.
    """
    fitting = [each for each in pool if question.fits(each.query)]
    # A user is taken also by what answers without any.
    fitting = [each for each in fitting if each.query != "nothing"] or fitting
    live = [each for each in fitting if each.kind != "table"]
    tables = [each for each in fitting if each.kind == "table"]
    if not fitting:
        ways = "; ".join(f"{each}: {_OPTIONS[each.query]}" for each in pool)
        raise CommandError(
            "nothing of this pipeline answers such a question",
            remedy=f"Ask as they take it. {ways}" if pool else "Its batch jobs are of attributes: read their tables",
        )
    if len(live) > 1 or (not live and len(tables) > 1):
        several = live or tables
        raise CommandError(
            f"several answer such a question: {', '.join(map(str, several))}",
            remedy=f"Name one of them: {' or '.join(_option(each) for each in several)}",
        )
    # Another solution's table would be another answer.
    if live and live[0].kind == "campaign":
        own = [each for each in tables if each.name.partition("/")[0] == live[0].name]
        return [live[0], *(own or tables)]
    return [*live, *tables]


def _option(source: Source) -> str:
    return f"--{'recommender' if source.kind == 'recommender' else 'solution'} {source.name}"
