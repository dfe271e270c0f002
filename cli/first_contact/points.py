"""Questions that AWS's documents leave open: what each asks, and which are not asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cli.account import said
from cli.errors import CommandError
from cli.first_contact.journal import NO_ANSWER, NOT_EMULATED, Asked
from cli.first_contact.world import is_not_emulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cli.first_contact.journal import Journal
    from cli.first_contact.world import World


@dataclass(frozen=True)
class Answer:
    """What AWS answered.

    Attributes:
        said: in its own words.
        verdict: what it means.
    """

    said: str
    verdict: str


@dataclass(frozen=True)
class Point:
    """A question.

    Attributes:
        question: in plain words.
        why: what of the project depends on the answer.
        tried: what is done to get it.
        where: what to change if the answer is another one.
        ask: does it, and cleans up.
    """

    question: str
    why: str
    tried: str
    where: str
    ask: Callable[[World], Answer]


@dataclass(frozen=True)
class LeftOut:
    """A question that is not asked, and the reason."""

    question: str
    reason: str


def ask(points: Iterable[Point], world: World, journal: Journal) -> None:
    """Ask each point; one that cannot be answered does not stop the others."""
    for point in points:
        world.view.line(point.question)
        asked = _asked(point, world)
        world.view.line(f"  {asked.verdict}")
        journal.asked.append(asked)


def _asked(point: Point, world: World) -> Asked:
    try:
        answer = point.ask(world)
    except ClientError as error:
        verdict = NOT_EMULATED if is_not_emulated(error) else f"{NO_ANSWER}: {error.operation_name} failed"
        return Asked(point, said(error), verdict)
    except (BotoCoreError, CommandError) as error:
        return Asked(point, said(error), f"{NO_ANSWER}: it could not be tried to the end")
    return Asked(point, answer.said, answer.verdict)


LEFT_OUT = (
    LeftOut(
        "Recommenders: whether GetRecommendations may be granted on their ARNs, and how they answer while updated.",
        "A domain dataset group and a recommender cost hours of training and 0.375 USD an hour.",
    ),
    LeftOut("Keys of the metrics of weighted events and of other recipes.", "Each takes a training of its own."),
    LeftOut("More than 500 results of a batch job.", "Pipelines refuse more, so nothing depends on it."),
    LeftOut("Gzip and Parquet in imports, times in milliseconds.", "Pipelines import neither."),
    LeftOut("Actions and Next-Best-Action: columns and event types.", "Pipelines do not import actions."),
    LeftOut("Tags on schemas.", "Pipelines tag nothing in Personalize."),
    LeftOut(
        "How Step Functions names throttling by Personalize.",
        "It takes a flood of calls, which disturbs whatever else the account does.",
    ),
    LeftOut(
        "The Spark job on AWS Glue: what its connector asks of S3.",
        "The films fit the function many times over; set `engine: glue` in a pipeline of your own to see it.",
    ),
    LeftOut(
        "An account whose Glue data catalog is governed by Lake Formation.",
        "Switching that on would change the account for everybody; `catalog: false` does without tables.",
    ),
    LeftOut(
        "Keys of KMS, of bucket and dataset group.",
        "A key cannot be deleted at once; set `encryption: {kms_key: create}` in a pipeline of your own to see it.",
    ),
)
