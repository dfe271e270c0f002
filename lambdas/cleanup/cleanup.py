"""Remove the solutions of a pipeline that its file names no more and that nothing published rests on.

A dataset group has at most ten solutions (page limits), and another configuration is another solution. What stays:

- what the file names, also under the number of a later attempt
- what holds the version that a solution of the file has published last: its successor may not be good enough
- what serves a campaign that the file names, until the campaign is moved
- whatever has another prefix, and whatever has campaigns of another prefix

Automatic training of what the file does not name is switched off, whether it goes or stays.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from definition import layout
from lambdas.deletion import ResourcesRemainError, delete_arns, listed_arns

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        dataset_group_arn: the pipeline's dataset group.
        prefix: what all names of the pipeline begin with.
        bucket: where ``curated/<solution>/latest.json`` lies.
        solutions: of the file: ``name``, ``resource`` (its name in Personalize) and, if it has one, ``campaign``.
        room_for: name of a solution for which there is no room; None at the end of a run.
    """

    dataset_group_arn: str
    prefix: str
    bucket: str
    solutions: list[dict[str, str]]
    room_for: str | None = None


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        deleted: ARNs of what is gone.
        remaining: ``arn`` and ``reason`` of what should have gone; if room is needed, of all that takes room and is not
            in the file.
    """

    deleted: list[str] = field(default_factory=list)
    remaining: list[dict[str, str]] = field(default_factory=list)

    def remains(self, arn: str, reason: str) -> None:
        """Note what stays."""
        self.remaining.append({"arn": arn, "reason": reason})


def clean_up(
    personalize: Any, s3: Any, request: Request, *, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> Outcome:
    """Remove what the pipeline needs no more.

    Args:
        personalize: a boto3 Personalize client.
        s3: a boto3 S3 client.
        request: what is asked for.
        seconds: how long this may take; deletions take minutes.
        sleep: waits between looks.
    """
    outcome = Outcome()
    published = _published(s3, request)
    wanted = {solution["campaign"] for solution in request.solutions if "campaign" in solution}
    spare: list[str] = []
    former: list[str] = []
    for solution in _unnamed(personalize, request, outcome):
        _stop_automatic_training(personalize, solution, outcome)
        campaigns = list(listed_arns(personalize, "campaign", solutionArn=solution))
        if others := [arn for arn in campaigns if not _name(arn).startswith(request.prefix)]:
            outcome.remains(solution, f"serves the campaign {_name(others[0])}, which is not of this pipeline")
        elif served := sorted({_name(arn) for arn in campaigns} & wanted):
            if request.room_for:
                outcome.remains(solution, f"serves the campaign {served[0]}")
        elif owner := published.get(solution):
            if owner == request.room_for:
                former += [*campaigns, solution]
            elif request.room_for:
                outcome.remains(solution, f"holds the version that was published last for {owner}")
        else:
            spare += [*campaigns, solution]
    _delete(personalize, spare, outcome, seconds, sleep)
    if request.room_for and not outcome.deleted:
        # Its tables stay in the bucket, and its successor is about to be trained.
        _delete(personalize, former, outcome, seconds, sleep)
    return outcome


def _published(s3: Any, request: Request) -> dict[str, str]:
    """Return the name of the solution in the file by the ARN of the solution whose version was published last."""
    found: dict[str, str] = {}
    for solution in request.solutions:
        key = layout.LATEST_VERSION.key(solution=solution["name"])
        try:
            body = s3.get_object(Bucket=request.bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            continue
        found[str(json.loads(body)["solution_arn"])] = solution["name"]
    return found


def _unnamed(personalize: Any, request: Request, outcome: Outcome) -> list[str]:
    """Return the ARNs of the pipeline's solutions that the file does not name."""
    named = "|".join(re.escape(solution["resource"]) for solution in request.solutions)
    found: list[str] = []
    for arn in listed_arns(personalize, "solution", datasetGroupArn=request.dataset_group_arn):
        name = _name(arn)
        if re.fullmatch(rf"(?:{named})(?:-[1-9])?", name):
            continue
        if name.startswith(request.prefix):
            found.append(arn)
        elif request.room_for:
            outcome.remains(arn, "is not of this pipeline")
    return found


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _stop_automatic_training(personalize: Any, solution: str, outcome: Outcome) -> None:
    """Switch automatic training off: it is billed for as long as the solution is there."""
    try:
        if personalize.describe_solution(solutionArn=solution)["solution"].get("performAutoTraining"):
            personalize.update_solution(solutionArn=solution, performAutoTraining=False)
    except personalize.exceptions.ResourceNotFoundException:
        return
    except ClientError as error:
        outcome.remains(solution, f"still trains by itself: {error.response['Error'].get('Message', error)}")


def _delete(
    personalize: Any, arns: list[str], outcome: Outcome, seconds: float, sleep: Callable[[float], None]
) -> None:
    remaining: list[str] = []
    try:
        delete_arns(personalize, arns, seconds=seconds, sleep=sleep)
    except ResourcesRemainError as error:
        remaining = error.arns
    for arn in remaining:
        outcome.remains(arn, f"was not deleted within {seconds:.0f} s; the next run tries again")
    outcome.deleted += [arn for arn in arns if arn not in remaining]
