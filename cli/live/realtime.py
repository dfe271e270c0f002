"""Ask a campaign or a recommender, and send the events that it learns from."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.account import said
from cli.deployment import outputs_of
from cli.errors import CommandError
from cli.live.sources import there_is
from definition.plan.filters import placeholders
from definition.plan.names import filter_name
from definition.service.resource_kinds import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import boto3

    from cli.live.history import Interaction
    from cli.live.sources import Question, Source
    from definition.file.pipeline import Pipeline
    from definition.file.realtime import Filter

_REFUSED = {"InvalidInputException", "ResourceNotFoundException"}


def arn_beside(machine: str, kind: str, name: str) -> str:
    """Return the ARN of a resource of Personalize, in partition, region and account of a state machine."""
    _, partition, _, region, account = machine.split(":")[:5]
    return f"arn:{partition}:personalize:{region}:{account}:{kind}/{name}"


def missing(personalize: Any, arn: str, source: Source) -> str | None:
    """Return why a campaign or recommender does not answer: it is not there, or has another status; None if it does."""
    kind = source.kind
    try:
        described = getattr(personalize, f"describe_{kind}")(**{f"{kind}Arn": arn})[kind]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return f"there is no {kind} {source.resource} yet: a run makes it"
    status = described["status"]
    return None if status == ACTIVE else f"{kind} {source.resource} is {status}, not {ACTIVE}"


def request(question: Question, source: Source, arn: str, most: int) -> dict[str, Any]:
    """Return the arguments of GetRecommendations, or of GetPersonalizedRanking for a ranking."""
    asked: dict[str, Any] = {f"{source.kind}Arn": arn}
    if question.user is not None:
        asked["userId"] = question.user
    if source.query == "ranking":
        return asked | {"inputList": list(question.items)}
    named = {"itemId": question.items[0]} if question.items else {}
    return asked | named | {"numResults": most}


def ask(runtime: Any, asked: dict[str, Any]) -> list[tuple[str, float | None]]:
    """Return id and score of each item that a campaign or recommender answers with; many recipes give no score.

    Args:
        runtime: a boto3 client of Personalize Runtime.
        asked: what ``request`` made, with a filter if there is one.

    Raises:
        CommandError: the service refuses the question.
    """
    try:
        if "inputList" in asked:
            found = runtime.get_personalized_ranking(**asked)["personalizedRanking"]
        else:
            found = runtime.get_recommendations(**asked)["itemList"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        raise CommandError(
            f"Personalize refuses the question: {said(error)}",
            remedy="`pipelines ask --help` shows what each recipe takes; if the file was changed, deploy it first",
        ) from error
    return [(each["itemId"], each.get("score")) for each in found]


def filtered(pipeline: Pipeline, stage: str, machine: str, name: str, given: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a filter of the pipeline file: its ARN, and the values of its placeholders.

    Args:
        pipeline: the pipeline file.
        stage: part of every name.
        machine: ARN of the state machine.
        name: of the filter in the file.
        given: values as they were typed, ``NAME=VALUE``, a name once for each of its values.

    Raises:
        CommandError: the file has no such filter, or a placeholder has no value, or there is no such placeholder.
    """
    known = {each.name: each for each in pipeline.filters}
    if name not in known:
        raise CommandError(
            f"the pipeline file has no filter {name}",
            remedy=there_is(name, known, otherwise="add it under filters, and deploy"),
        )
    found = known[name]
    arn = arn_beside(machine, "filter", filter_name(pipeline, stage, found.name, found.expression))
    values = _values(found, given)
    return {"filterArn": arn, **({"filterValues": values} if values else {})}


def _values(found: Filter, given: Sequence[str]) -> dict[str, str]:
    wanted, values = placeholders(found.expression), dict[str, list[str]]()
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or name not in wanted:
            takes = f"takes {', '.join(f'{name}=VALUE' for name in wanted)}" if wanted else "takes no values"
            raise CommandError(f"filter {found.name} does not take {each}", remedy=f"It {takes}: {found.expression}")
        values.setdefault(name, []).append(_literal(value))
    if lacking := [name for name in wanted if name not in values]:
        raise CommandError(
            f"filter {found.name} lacks the value of {' and '.join(lacking)}",
            remedy=f"Give it: {' '.join(f'--filter-value {name}=VALUE' for name in lacking)}",
        )
    return {name: ",".join(literals) for name, literals in values.items()}


def _literal(value: str) -> str:
    """Return a value as filterValues takes it: numbers bare, texts in quotes (page API_RS_GetRecommendations)."""
    try:
        float(value)
    except ValueError:
        return value if value[:1] == value[-1:] == '"' and len(value) > 1 else f'"{value}"'
    return value


def tracking_id(session: boto3.Session, pipeline: Pipeline, stage: str) -> str:
    """Return the tracking id of the pipeline's event tracker.

    Raises:
        CommandError: it has none.
    """
    if not pipeline.event_tracker:
        raise CommandError(
            "the pipeline file has no event tracker, which takes events in",
            remedy="Add event_tracker: true to it, and deploy (make deploy, or make up again)",
        )
    found = outputs_of(session.client("cloudformation"), pipeline.name, stage, "personalize")
    if "TrackingId" not in found:
        raise CommandError(
            "the deployment has no event tracker yet", remedy="Deploy the pipeline file: make deploy, or make up again"
        )
    return found["TrackingId"]


def event_type(pipeline: Pipeline, given: str | None) -> str:
    """Return the type of an event: the one given, else the one that every row of the interactions has.

    Raises:
        CommandError: none is given, and rows have several.
    """
    if given is not None:
        return given
    column = pipeline.datasets.interactions.columns.get("EVENT_TYPE")
    if column is not None and isinstance(column.value, str):
        return column.value
    known = sorted({str(value) for value in (column.map or {}).values() if value is not None}) if column else []
    like = f", such as {' or '.join(known)}" if known else ""
    raise CommandError("an event has a type", remedy=f"Give it: --event-type TYPE{like}")


def send(session: boto3.Session, tracking: str, user: str, event: Interaction) -> None:
    """Send the event that a user did something with an item.

    Raises:
        CommandError: the service refuses it.
    """
    sent = {"eventType": event.event_type, "itemId": event.item, "sentAt": event.at}
    try:
        session.client("personalize-events").put_events(
            trackingId=tracking, userId=user, sessionId=f"pipelines-ask-{uuid.uuid4()}", eventList=[sent]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        raise CommandError(
            f"Personalize refuses the event: {said(error)}",
            remedy="Columns of interactions that are not nullable have no value here: send it from your application",
        ) from error


def after(
    runtime: Any, asked: dict[str, Any], before: list[tuple[str, float | None]], *, looks: int = 5, pause: float = 1.0
) -> list[tuple[str, float | None]]:
    """Return the answer after an event: the first that is another one than before, or the last look's.

    Args:
        runtime: a boto3 client of Personalize Runtime.
        asked: what was asked before.
        before: what was answered then.
        looks: times to ask: the service counts an event within seconds (page recording-events).
        pause: seconds between two of them.
    """
    for look in range(looks):
        if look:
            time.sleep(pause)
        if (found := ask(runtime, asked)) != before:
            return found
    return before
