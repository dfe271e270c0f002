"""What people need to know of a pipeline that is up, as lines to copy."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError
from cli.live.here import PORT
from cli.live.sources import Question, Source, candidates, sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from definition.file.pipeline import Pipeline


@dataclass(frozen=True)
class Standing:
    """A pipeline that is up.

    Attributes:
        pipeline: its file, read.
        named: how its file is named on a command line.
        stage: part of every name.
        command: how `pipelines` is typed here.
        environment: variables with which others reach it.
        arns: of campaigns and recommenders that answer, by what stands for them in the file.
        things: name and value of whatever else there is: state machine, bucket, tracking id.
        known: a user and an item of the data, None if there are none yet.
        port: that it listens on.
    """

    pipeline: Pipeline
    named: str
    stage: str
    command: str
    environment: Mapping[str, str]
    arns: Mapping[Source, str]
    things: Mapping[str, str]
    known: tuple[str, str] | None
    port: int

    def typed(self, command: str, *more: str, local: bool = False) -> str:
        """Return a command line for this pipeline."""
        stage = [] if self.stage == "dev" else ["--stage", self.stage]
        here = ["--local", *([] if self.port == PORT else ["--port", str(self.port)])] if local else []
        # Ids come from data: a line that is copied must not do anything else.
        return shlex.join([self.command, command, self.named, *more, *stage, *here])


def card(standing: Standing) -> list[str]:
    """Return the lines: what to type first, the variables, what answers, what there is, and what to try next."""
    endpoint = standing.environment["AWS_ENDPOINT_URL"]
    lines = ["", f"{standing.pipeline.name} is up on {endpoint}.", ""]
    if questions := _questions(standing):
        lines += ["Ask it, in another terminal and this folder:", "", *(f"  {line}" for line in questions)]
    else:
        lines.append("No run has imported data yet, so there is nothing to ask.")
    lines += ["", "For boto3, the AWS CLI and the other commands, first:", ""]
    lines += [f"export {name}={value}" for name, value in standing.environment.items()]
    lines += ["", *_requests(standing)]
    width = max(len(name) for name in standing.things)
    lines += [f"{name:<{width}}  {value}" for name, value in standing.things.items()]
    lines += ["", "Next:"]
    lines += [f"  {line}" for line in _next(standing)]
    return lines


def _questions(standing: Standing) -> list[str]:
    """Return command lines that ask each source once; tables only where nothing answers in real time."""
    if standing.known is None:
        return []
    everything = sources(standing.pipeline, standing.stage)
    live = [each for each in everything if each in standing.arns]
    asked = live or [each for each in everything if each.kind == "table"]
    lines = [
        standing.typed("ask", *_named(everything, each, question), *_options(question), local=True)
        for each, question in ((each, _question(standing.known, each)) for each in asked)
    ]
    learns = next((each for each in live if each.query in {"user", "user and item", "ranking"}), None)
    if standing.pipeline.event_tracker and learns:
        question = _question(standing.known, learns)
        event = ("--send-event", standing.known[1])
        lines.append(
            standing.typed("ask", *_named(everything, learns, question), *_options(question), *event, local=True)
        )
    return lines


def _question(known: tuple[str, str], source: Source) -> Question:
    """Return a question that a source takes, about a user and an item that are known."""
    user, item = known
    match source.query:
        case "user":
            return Question(user)
        case "item":
            return Question(items=(item,))
        case "nothing":
            return Question()
        case _:
            return Question(user, (item,))


def _named(everything: list[Source], source: Source, question: Question) -> Sequence[str]:
    """Return the option that names a source, nothing where the question goes to it anyway."""
    with suppress(CommandError):
        if candidates(everything, question)[0] == source:
            return ()
    return ("--recommender" if source.kind == "recommender" else "--solution", source.name)


def _options(question: Question) -> Sequence[str]:
    user = () if question.user is None else ("--user", question.user)
    return (*user, *(part for item in question.items for part in ("--item", item)))


def _requests(standing: Standing) -> list[str]:
    """Return one request as the AWS CLI and boto3 write it, to the first campaign or recommender."""
    if standing.known is None or not standing.arns:
        return []
    source, arn = next(iter(standing.arns.items()))
    question, ranked = _question(standing.known, source), source.query == "ranking"
    operation = "get-personalized-ranking" if ranked else "get-recommendations"
    given = {f"{source.kind}Arn": arn}
    if question.user is not None:
        given["userId"] = question.user
    if question.items and not ranked:
        given["itemId"] = question.items[0]
    options = [part for name, value in given.items() for part in (f"--{_kebab(name)}", value)]
    options += ["--input-list", *question.items] if ranked else ["--num-results", "5"]
    listed: dict[str, Any] = {"inputList": list(question.items)} if ranked else {"numResults": 5}
    arguments = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in (given | listed).items())
    method = operation.replace("-", "_")
    return [
        shlex.join(["aws", "personalize-runtime", operation, *options]),
        "",
        "import boto3",
        f'boto3.client("personalize-runtime").{method}({arguments})',
        "",
    ]


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)


def _next(standing: Standing) -> list[str]:
    lines = [f"{standing.typed('status')}  shows how it stands, after the export lines"]
    if not standing.arns and any(each.kind.has_campaigns for each in standing.pipeline.solutions):
        lines.append("campaign: {min_provisioned_tps: 1} beside a recipe in the file lets it answer in real time")
    elif standing.arns and not standing.pipeline.event_tracker:
        lines.append("event_tracker: true in the file lets `ask --send-event` show what an event changes")
    lines.append("change the file or the raw data, and type the same command again in another terminal")
    return lines
