"""Quotas of Personalize: how much is used, and whether the next deployment and run fit.

Defaults: https://docs.aws.amazon.com/personalize/latest/dg/limits.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cli.doctor.findings import failure, ok, warning
from definition.plan import names
from definition.plan.filters import all_filters
from definition.service.limits import MAX_BATCH_JOBS_IN_PROGRESS, MAX_FILTERS, MAX_RECOMMENDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding

_IN_PROGRESS = frozenset({"CREATE PENDING", "CREATE IN_PROGRESS"})
_DEFAULT = "default, your account may have another"


@dataclass(frozen=True)
class Quota:
    """A quota by its names.

    Attributes:
        subject: what is counted.
        default: what an account has at first.
        listed_as: how Service Quotas names it, a regular expression; what matches no name has its default.
        adjustable: whether AWS raises it.
        where: within what it is counted; empty for account and region.
    """

    subject: str
    default: int
    listed_as: str
    adjustable: bool = True
    where: str = ""

    @property
    def remedy(self) -> str:
        """How to get room."""
        more = (
            "ask for more in Service Quotas (Amazon Personalize), or " if self.adjustable else "it cannot be raised: "
        )
        return f"{more[0].upper()}{more[1:]}delete {self.subject} that nobody needs"


GROUPS = Quota("dataset groups", 5, r"\bdataset groups$")
SCHEMAS = Quota("schemas", 500, r"\bschemas$", adjustable=False)
_GROUP = " in the dataset group"
SOLUTIONS = Quota("solutions", 10, r"\bsolutions per dataset group$", where=_GROUP)
CAMPAIGNS = Quota("campaigns", 5, r"\bcampaigns per dataset group$", where=_GROUP)
FILTERS = Quota("filters", MAX_FILTERS, r"\bfilters per dataset group$", where=_GROUP)
RECOMMENDERS = Quota(
    "recommenders", MAX_RECOMMENDERS, r"\brecommenders per dataset group$", adjustable=False, where=_GROUP
)

JOBS = (
    (
        Quota("import jobs in progress", 5, r"in progress dataset import jobs$", adjustable=False),
        "list_dataset_import_jobs",
        "datasetImportJobs",
    ),
    (
        Quota("solution versions in progress", 20, r"in progress solution versions$"),
        "list_solution_versions",
        "solutionVersions",
    ),
    (
        Quota("batch inference jobs in progress", MAX_BATCH_JOBS_IN_PROGRESS, r"in progress batch inference jobs$"),
        "list_batch_inference_jobs",
        "batchInferenceJobs",
    ),
    (
        Quota("batch segment jobs in progress", 5, r"in progress batch segment jobs$", adjustable=False),
        "list_batch_segment_jobs",
        "batchSegmentJobs",
    ),
)


def quotas(examination: Examination) -> Iterator[Finding]:
    """Compare what is used, and what the pipeline file needs besides, with the account's quotas."""
    applied = _applied(examination)
    groups = {group["name"] for group in examination.listed("personalize", "list_dataset_groups", "datasetGroups")}
    own = names.dataset_group_name(examination.pipeline, examination.stage)
    yield _room(GROUPS, applied, groups, {own})
    if own in groups and len(groups) >= _limit(GROUPS, applied)[0]:
        yield warning(
            GROUPS.subject,
            "none is free for a change that replaces the group: other columns of interactions, another domain",
            GROUPS.remedy,
        )
    schemas = {schema["name"] for schema in examination.listed("personalize", "list_schemas", "schemas")}
    wanted = {
        names.schema_name(examination.pipeline, examination.stage, each)
        for each in examination.pipeline.datasets.by_name()
    }
    yield _room(SCHEMAS, applied, schemas, wanted)
    yield from _of_the_group(examination, applied, is_there=own in groups)
    for quota, operation, key in JOBS:
        yield _in_progress(examination, quota, operation, key, applied)


def _of_the_group(examination: Examination, applied: dict[str, int], *, is_there: bool) -> Iterator[Finding]:
    pipeline, stage = examination.pipeline, examination.stage
    solutions = {
        names.solution_name(pipeline, stage, each, recipe) for each in pipeline.solutions for recipe in each.recipes
    }
    wanted = (
        (SOLUTIONS, "solutions", solutions),
        (
            CAMPAIGNS,
            "campaigns",
            {names.campaign_name(pipeline.name, stage, each) for each in pipeline.solutions if each.campaign},
        ),
        (FILTERS, "filters", {names.filter_name(pipeline, stage, *each) for each in all_filters(pipeline)}),
        (
            RECOMMENDERS,
            "recommenders",
            {names.recommender_name(pipeline, stage, each) for each in pipeline.recommenders},
        ),
    )
    for quota, kind, needed in wanted:
        used = _names_in_group(examination, kind) if is_there else set()
        if used or needed:
            yield _room(quota, applied, used, needed)


def _names_in_group(examination: Examination, kind: str) -> set[str]:
    """Return the names of what the dataset group has of a kind."""
    group = examination.group_arn
    if kind == "campaigns":
        # Campaigns are listed by solution only.
        solutions = examination.listed("personalize", "list_solutions", "solutions", datasetGroupArn=group)
        arns = [solution["solutionArn"] for solution in solutions]
        listed = [
            campaign
            for arn in arns
            for campaign in examination.listed("personalize", "list_campaigns", "campaigns", solutionArn=arn)
        ]
    else:
        # The model writes this one key with a capital.
        key = "Filters" if kind == "filters" else kind
        listed = examination.listed("personalize", f"list_{kind}", key, datasetGroupArn=group)
    return {each["name"] for each in listed}


def _in_progress(examination: Examination, quota: Quota, operation: str, key: str, applied: dict[str, int]) -> Finding:
    listed = examination.listed("personalize", operation, key)
    busy = sum(each["status"] in _IN_PROGRESS for each in listed)
    limit, source = _limit(quota, applied)
    seen = f"{busy} of {limit}{source}"
    if busy >= limit:
        return warning(quota.subject, f"{seen}; a run waits until one is done, for six hours at most", quota.remedy)
    return ok(quota.subject, seen)


def _room(quota: Quota, applied: dict[str, int], used: set[str], wanted: set[str]) -> Finding:
    limit, source = _limit(quota, applied)
    more = len(wanted - used)
    seen = f"{len(used)} of {limit} used{quota.where}{f', {more} more needed' if more else ''}{source}"
    if more and len(used) + more > limit:
        return failure(quota.subject, seen, quota.remedy)
    return ok(quota.subject, seen)


def _limit(quota: Quota, applied: dict[str, int]) -> tuple[int, str]:
    """Return the account's quota and where it comes from."""
    for name, value in applied.items():
        if re.search(quota.listed_as, name, re.IGNORECASE):
            return value, ""
    return quota.default, f" ({_DEFAULT})"


def _applied(examination: Examination) -> dict[str, int]:
    """Return the account's own quotas by name; none where Service Quotas does not answer."""
    try:
        listed = examination.listed("service-quotas", "list_service_quotas", "Quotas", ServiceCode="personalize")
    except (BotoCoreError, ClientError):
        return {}
    return {quota["QuotaName"]: int(quota["Value"]) for quota in listed}
