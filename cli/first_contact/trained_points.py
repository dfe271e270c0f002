"""Questions about what the first run has trained: campaigns, batch jobs, and what they write."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from cli.first_contact.documents import WATCHED
from cli.first_contact.points import Answer, Point
from cli.first_contact.world import tried
from definition import layout
from definition.service.resource_kinds import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.first_contact.world import Reply, World

_LATEST = "$LATEST"


def version_of(world: World, solution: str) -> str:
    """Return the ARN of the version that the first run trained of a solution."""
    return str(world.first_run.solution(solution).version_arn)


def _solution(version: str) -> str:
    return version.rsplit("/", 1)[0]


def _batch_keys(world: World) -> Answer:
    prefix = layout.BATCH_OUTPUT.key(run=world.first_run.run, solution="for-you", job="top")
    s3 = world.client("s3")
    listed = s3.list_objects_v2(Bucket=world.bucket, Prefix=prefix)["Contents"]
    key = next(each["Key"] for each in listed if each["Key"].endswith(".out"))
    line = json.loads(next(s3.get_object(Bucket=world.bucket, Key=key)["Body"].iter_lines()))
    keys, inner = sorted(line), sorted(line["output"])
    said = f"keys of a line: {', '.join(keys)}; of its output: {', '.join(inner)}"
    if set(inner) <= {"recommendedItems", "scores"} and set(keys) == {"input", "output", "error"}:
        return Answer(said, "as assumed: items and scores, no reasons")
    return Answer(said, "more than assumed: tables are made of items and scores, the rest is left in the lines")


def _metrics(world: World) -> Answer:
    version = version_of(world, "for-you")
    metrics = world.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    said = ", ".join(sorted(metrics))
    documented = {"coverage", "mean_reciprocal_rank_at_25"} | {
        f"{metric}_at_{k}" for metric in ("normalized_discounted_cumulative_gain", "precision") for k in (5, 10, 25)
    }
    missing = ", ".join(sorted(documented - set(metrics)))
    if missing:
        return Answer(said, f"otherwise than documented: {missing} not there, which a quality gate may name")
    return Answer(said, "as assumed: the documented names")


@contextlib.contextmanager
def _campaign(world: World, what: str) -> Iterator[str]:
    """Make a campaign of the first solution's version for a moment; it is billed while it is there."""
    personalize = world.personalize
    made = personalize.create_campaign(
        name=world.name(what), solutionVersionArn=version_of(world, "for-you"), minProvisionedTPS=1
    )["campaignArn"]
    try:
        world.settled("describe_campaign", "campaign", campaignArn=made)
        yield made
    finally:
        world.until(lambda: _deleted(world, made), f"deleting {made}", longest=1800)
        world.gone("describe_campaign", campaignArn=made)


def _deleted(world: World, campaign: str) -> bool:
    # One that is being updated is in use.
    return tried(world.personalize.delete_campaign, campaignArn=campaign).code in {"", "ResourceNotFoundException"}


def _updated(world: World, campaign: str) -> dict[str, Any]:
    """Wait until the newest update of a campaign has ended; return the campaign."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = world.personalize.describe_campaign(campaignArn=campaign)["campaign"]
        status = found.get("latestCampaignUpdate", {}).get("status", "")
        return found if status == ACTIVE or status.endswith("FAILED") else None

    return world.until(look, f"an update of {campaign}")


def _campaigns(world: World) -> dict[str, Any]:
    """Return what campaigns answered to three updates; one campaign serves all, and is there for minutes only."""
    if "campaign" not in world.memo:
        with _campaign(world, "campaign") as arn:
            world.memo["campaign"] = {
                "minimal": _minimal_update(world, arn),
                "moved": _moved(world, arn),
                "latest": _latest(world, arn),
            }
    told: dict[str, Any] = world.memo["campaign"]
    return told


def _minimal_update(world: World, campaign: str) -> dict[str, Reply]:
    """Update by a role with the campaign alone, and where that is denied by one with the solution, too."""
    version = version_of(world, "for-you")
    replies: dict[str, Reply] = {}
    for which, resources in (("own", [campaign]), ("both", [campaign, f"{_solution(version)}*"])):
        statements: list[dict[str, Any]] = [
            {"Effect": "Allow", "Action": "personalize:DescribeCampaign", "Resource": campaign},
            {"Effect": "Allow", "Action": "personalize:UpdateCampaign", "Resource": resources},
        ]
        with world.assumed(f"update-{which}", statements) as session:
            client = session.client("personalize")
            world.once_known(client.describe_campaign, campaignArn=campaign)
            replies[which] = tried(
                client.update_campaign, campaignArn=campaign, solutionVersionArn=version, minProvisionedTPS=1
            )
        if replies[which].accepted:
            _updated(world, campaign)
        if replies[which].permitted:
            break
    return replies


def _moved(world: World, campaign: str) -> str:
    reply = tried(
        world.personalize.update_campaign, campaignArn=campaign, solutionVersionArn=version_of(world, "steady")
    )
    if not reply.accepted:
        return reply.said
    update = _updated(world, campaign)["latestCampaignUpdate"]
    return f"{update['status']} {update.get('failureReason', '')}".rstrip()


def _latest(world: World, campaign: str) -> str:
    solution = _solution(version_of(world, "for-you"))
    reply = tried(
        world.personalize.update_campaign,
        campaignArn=campaign,
        solutionVersionArn=f"{solution}/{_LATEST}",
        campaignConfig={"syncWithLatestSolutionVersion": True},
    )
    return str(_updated(world, campaign)["solutionVersionArn"]) if reply.accepted else reply.said


def _narrowest(replies: dict[str, Reply], asked: str, *, alone: str, also: str, grant: str) -> Answer:
    """Return what replies to a role with little and to one with more say of the grant that is needed."""
    own, both = replies["own"], replies.get("both")
    said = f"with {alone} alone {own.said}{f'; with {also}, too, {both.said}' if both else ''}"
    if own.permitted:
        return Answer(said, f"{alone} is enough: the grant can be narrow")
    if both and both.permitted:
        return Answer(said, f"{also} must be granted, too: {grant} belongs to {asked}")
    return Answer(said, f"otherwise than assumed: what {asked} asks for is something else")


def _minimal_update_answer(world: World) -> Answer:
    return _narrowest(
        _campaigns(world)["minimal"],
        "UpdateCampaign",
        alone="the campaign",
        also="the solution",
        grant="solution/<prefix>-*",
    )


def _moved_answer(world: World) -> Answer:
    said = _campaigns(world)["moved"]
    if said == ACTIVE:
        return Answer(said, "as assumed: a campaign moves to a version of another solution and keeps its ARN")
    return Answer(said, "otherwise than assumed: a changed solution needs a campaign of another name")


def _latest_answer(world: World) -> Answer:
    said = _campaigns(world)["latest"]
    if said.endswith(_LATEST):
        return Answer(said, f"DescribeCampaign shows {_LATEST}")
    if said.startswith("arn:"):
        return Answer(said, f"DescribeCampaign shows the version: with sync_with_latest, never compare with {_LATEST}")
    return Answer(said, "otherwise than assumed: sync_with_latest cannot be switched on by an update")


def _minimal_batch(world: World) -> Answer:
    personalize, version = world.personalize, version_of(world, "for-you")
    group = personalize.describe_solution(solutionArn=_solution(version))["solution"]["datasetGroupArn"]
    made = personalize.create_filter(name=world.name("minimal"), datasetGroupArn=group, filterExpression=WATCHED)[
        "filterArn"
    ]
    try:
        world.settled("describe_filter", "filter", filterArn=made)
        replies = {"own": _batch_job(world, "own", version, made, [])}
        if not replies["own"].permitted:
            replies["both"] = _batch_job(world, "both", version, made, [made])
    finally:
        personalize.delete_filter(filterArn=made)
        world.gone("describe_filter", filterArn=made)
    return _narrowest(
        replies,
        "CreateBatchInferenceJob",
        alone="what names job and solution",
        also="the filter",
        grant="filter/<prefix>-*",
    )


def _batch_job(world: World, which: str, version: str, of_filter: str, also: list[str]) -> Reply:
    """Ask for a job of one user by a role with so much; wait for its end, since a filter in use cannot be deleted."""
    of_job = {"run": f"first-contact-{world.token}", "solution": "for-you", "job": which}
    key = world.put(f"{layout.BATCH_INPUT.key(**of_job)}user.json", f'{{"userId": "{world.films.few()[0]}"}}\n')
    name = world.name(f"{which}-{world.token}")
    solution = f"{_solution(version)}*"
    granted = [world.arn("personalize", f"batch-inference-job/{name}"), solution, *also]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "personalize:CreateBatchInferenceJob", "Resource": granted},
        {"Effect": "Allow", "Action": "personalize:DescribeSolutionVersion", "Resource": solution},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": world.service_role},
    ]
    with world.assumed(f"batch-{which}", statements) as session:
        client = session.client("personalize")
        world.once_known(client.describe_solution_version, solutionVersionArn=version)
        reply = tried(
            client.create_batch_inference_job,
            jobName=name,
            solutionVersionArn=version,
            filterArn=of_filter,
            jobInput={"s3DataSource": {"path": f"s3://{world.bucket}/{key}"}},
            jobOutput={"s3DataDestination": {"path": f"s3://{world.bucket}/{layout.BATCH_OUTPUT.key(**of_job)}"}},
            roleArn=world.service_role,
        )
    if reply.accepted:
        job = reply.value["batchInferenceJobArn"]
        world.settled("describe_batch_inference_job", "batchInferenceJob", batchInferenceJobArn=job)
    return reply


POINTS = (
    Point(
        "What else than items does a line of batch output hold?",
        "the recipe gives reasons, and no page shows where they stand in a batch job's output",
        "the first line that the first run's job wrote",
        "lambdas/publish/lines.py",
        _batch_keys,
    ),
    Point(
        "Which metrics does the recipe give?",
        "quality gates name them",
        "GetSolutionMetrics of the first run's version",
        "docs/pipeline-file.md, quality",
        _metrics,
    ),
    Point(
        "Which resources does UpdateCampaign ask for?",
        "the state machine's role names as few as it can",
        "UpdateCampaign by a role with the campaign alone, and if that is denied by one with the solution, too",
        "stacks/grants.py",
        _minimal_update_answer,
    ),
    Point(
        "Can a campaign be moved to a version of another solution?",
        "a changed solution is another one, and applications know the campaign's ARN",
        "UpdateCampaign with a version of the other solution",
        "campaigns in docs/pipeline-file.md",
        _moved_answer,
    ),
    Point(
        "What does DescribeCampaign show of a campaign that follows the latest version?",
        "a run updates a campaign that serves another version than it should",
        "UpdateCampaign with $LATEST and syncWithLatestSolutionVersion",
        "campaigns in stacks/states/",
        _latest_answer,
    ),
    Point(
        "Which resources does a filtered batch job ask for?",
        "the state machine's role names as few as it can",
        "CreateBatchInferenceJob of one user by a role without the filter, and if that is denied by one with it",
        "stacks/grants.py",
        _minimal_batch,
    ),
)
