"""Ask a deployed pipeline what it recommends, in real time or from its newest table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from cli.account import DENIED, said
from cli.errors import CommandError
from cli.labels import item_labels
from cli.live import history, realtime, tables
from cli.live.history import Interaction
from cli.live.sources import Question, Source, candidates, named, sources
from cli.results import newest_table

if TYPE_CHECKING:
    from cli.operate.deployed import Deployed


@dataclass(frozen=True)
class Wish:
    """What was typed.

    Attributes:
        question: about whom or what.
        num: most results.
        last: most interactions of the user; 0 reads none.
        filter: name of a filter.
        filter_values: of its placeholders, ``NAME=VALUE``.
        solution: of that name only, or ``solution/job``.
        recommender: of that name only.
        event: item of an event to send.
        event_type: of the event; None where all rows have the same.
    """

    question: Question
    num: int = 10
    last: int = 5
    filter: str | None = None
    filter_values: tuple[str, ...] = ()
    solution: str | None = None
    recommender: str | None = None
    event: str | None = None
    event_type: str | None = None


class Result(NamedTuple):
    """An item, or a user of a segment, with its rank from 1 on; many recipes give no score."""

    rank: int
    id: str
    score: float | None


@dataclass(frozen=True)
class Answer:
    """What was found.

    Attributes:
        source: who answered.
        arn: of the campaign or recommender; None for a table.
        run: of the table; None in real time.
        published: when that run ended.
        results: the best first; after the event, if one was sent.
        before: before the event; None without one.
        event: what was sent.
        interactions: the user's last ones, the newest first; None where they were not read.
        labels: of items.
        notes: what people should know.
    """

    source: Source
    question: Question
    arn: str | None = None
    run: str | None = None
    published: datetime | None = None
    results: list[Result] = field(default_factory=list)
    before: list[Result] | None = None
    event: Interaction | None = None
    interactions: list[Interaction] | None = None
    labels: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def ask(at: Deployed, wish: Wish) -> Answer:
    """Ask a deployed pipeline.

    Raises:
        CommandError: nothing answers such a question, or the service refuses it.
    """
    pool = named(sources(at.pipeline, at.stage), solution=wish.solution, recommender=wish.recommender)
    first, *others = candidates(pool, wish.question)
    left = [each for each in (first, *others) if each.kind == "table"]
    only_live = "takes no events in" if wish.event is not None else "takes no filter" if wish.filter is not None else ""
    s3, bucket = at.session.client("s3"), at.deployment.bucket
    if first.kind == "table":
        if only_live:
            mend = "" if first.finds_users else "; or give the solution a campaign, deploy and run it"
            raise CommandError(f"{first} {only_live}: it is what a run has left", remedy=f"Leave the option out{mend}")
        answer = _from_table(at, wish, first)
    else:
        # What only the file knows is wrong however the resource stands.
        more, sending = _filtered(at, wish), _sending(at, wish)
        arn = realtime.arn_beside(at.machine, first.kind, first.resource)
        why = realtime.missing(at.session.client("personalize"), arn, first)
        if why is None:
            asked = realtime.request(wish.question, first, arn, wish.num) | more
            answer = _live(at, wish, first, asked, sending)
        elif only_live or len(left) != 1:
            raise CommandError(why, remedy=_remedy(at, left))
        else:
            answer = _from_table(at, wish, left[0], why)
    answer.labels.update(item_labels(s3, bucket, at.pipeline.item_labels, answer.notes.append))
    return _with_history(s3, bucket, wish, answer)


def _remedy(at: Deployed, left: list[Source]) -> str:
    begin = f"{at.command('run')} makes or updates it; a recommender that was stopped is started by StartRecommender"
    return f"{begin}. Or ask a table: {' or '.join(f'--solution {each.name}' for each in left)}" if left else begin


def _filtered(at: Deployed, wish: Wish) -> dict[str, Any]:
    if wish.filter is None:
        if wish.filter_values:
            raise CommandError("values of a filter need the filter", remedy="Name it: --filter NAME")
        return {}
    return realtime.filtered(at.pipeline, at.stage, at.machine, wish.filter, wish.filter_values)


def _live(
    at: Deployed, wish: Wish, source: Source, asked: dict[str, Any], sending: tuple[str, str, Interaction] | None
) -> Answer:
    """Return the answer of a campaign or recommender, with that before an event if one is sent."""
    runtime = at.session.client("personalize-runtime")
    found = realtime.ask(runtime, asked)
    answer = Answer(source, wish.question, arn=asked[f"{source.kind}Arn"], results=_results(found, wish.num))
    if sending is None:
        return answer
    tracking, user, event = sending
    realtime.send(at.session, tracking, user, event)
    after = realtime.after(runtime, asked, found)
    if after == found:
        answer.notes.append(f"The event has moved nothing yet: not every recipe counts single events ({source.recipe})")
    answer.notes.append("The event stays in the interactions dataset: the next training counts it")
    return replace(answer, results=_results(after, wish.num), before=answer.results, event=event)


def _sending(at: Deployed, wish: Wish) -> tuple[str, str, Interaction] | None:
    """Return tracking id, user and event that are to be sent; None if none is."""
    if wish.event is None:
        return None
    if wish.question.user is None:
        raise CommandError("an event is what a user did", remedy="Name the user: --user ID")
    kind = realtime.event_type(at.pipeline, wish.event_type)
    tracking = realtime.tracking_id(at.session, at.pipeline, at.stage)
    return tracking, wish.question.user, Interaction(datetime.now(UTC).replace(microsecond=0), wish.event, kind)


def _from_table(at: Deployed, wish: Wish, source: Source, why: str | None = None) -> Answer:
    """Return the answer of a job's newest table.

    Args:
        at: the pipeline.
        wish: what was typed.
        source: the job.
        why: nothing answers in real time, though the file says that something does; None if it says so of nothing.

    Raises:
        CommandError: there is no table yet, or it has nothing for this user or item.
    """
    solution, _, job = source.name.partition("/")
    table = newest_table(at.session.client("s3"), at.deployment.bucket, solution, job)
    if table is None:
        more = f", and no run has published {source}" if why else f"no run has published {source} yet"
        raise CommandError(f"{why or ''}{more}", remedy=f"{at.command('run')} makes it")
    noun, asked = ("user", wish.question.user) if source.query == "user" else ("item", wish.question.items[0])
    assert asked is not None, "the question fits the source"
    found = tables.rows(at.session, table, source, asked, wish.num)
    if not found:
        raise CommandError(
            f"{source} of run {table.run} has nothing for {noun} {asked}",
            remedy="It holds what was scored in that run"
            + ("" if source.finds_users else ". Only a campaign or recommender answers for newcomers"),
        )
    results = _results(found, wish.num)
    notes = [f"{why}. This is the newest table instead"] if why else []
    return Answer(source, wish.question, run=table.run, published=table.published, results=results, notes=notes)


def _results(found: list[tuple[str, float | None]], most: int) -> list[Result]:
    return [Result(rank, name, score) for rank, (name, score) in enumerate(found[:most], 1)]


def _with_history(s3: Any, bucket: str, wish: Wish, answer: Answer) -> Answer:
    """Return the answer with the user's last interactions, and with a note where there are none."""
    user = wish.question.user
    if user is None or not wish.last:
        return answer
    try:
        found = history.history(s3, bucket, user, wish.last)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        found = history.History(unread=said(error))
    if found.unread:
        answer.notes.append(f"Last interactions are not shown: {found.unread}")
    elif not found.interactions and answer.source.kind != "table":
        answer.notes.append(
            f"User {user} has no interaction in what run {found.run} imported: {answer.source.kind} "
            f"{answer.source.name} answers as for a new user"
        )
    return replace(answer, interactions=found.interactions)
