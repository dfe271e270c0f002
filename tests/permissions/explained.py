"""Grants that no run on the embedded AWS can need, each with the reason why the role has it all the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.permissions.recording import Grant


@dataclass(frozen=True)
class Explanation:
    """Why grants stay: patterns of action and resource, as expressions, and the reason."""

    action: str
    resource: str
    reason: str

    def covers(self, grant: Grant) -> bool:
        """Say whether a grant is one of these."""
        return bool(re.fullmatch(self.action, grant.action) and re.fullmatch(self.resource, grant.resource))


EXPLAINED = (
    Explanation(
        "logs:.*Log(Delivery|Deliveries)|logs:(Put|Describe)ResourcePolic(y|ies)|logs:DescribeLogGroups",
        r"\*",
        "Step Functions sets up the delivery of its log with it (developer guide, page cw-logs); here it just logs",
    ),
    Explanation("xray:.*", r"\*", "X-Ray takes no traces here (developer guide, page concepts-xray-tracing)"),
    Explanation(
        "logs:(CreateLogGroup|CreateLogStream|PutLogEvents)",
        ".*",
        "Lambda and Glue write the logs of functions and jobs in their roles; here they write without asking",
    ),
    Explanation(
        "s3:AbortMultipartUpload",
        ".*",
        "An upload that fails half-way is taken back with it; none fails here",
    ),
    Explanation(
        "glue:(GetJobRuns|BatchStopJobRun)",
        ".*",
        "Waiting for a job run takes them on AWS (developer guide, page connect-glue)",
    ),
    Explanation(
        "states:(RedriveExecution|StopExecution|StartExecution)",
        ".*",
        "AWS's page on the permissions of distributed Maps names them (iam-policies-eg-dist-map); how Map Runs within "
        "child executions are spelled stands nowhere, and a redrive begins new ones here",
    ),
    Explanation(
        "cloudwatch:PutMetricData|s3:PutObject",
        r"\*|.*/attribution/\*",
        "Personalize itself sends and reports what recommendations have led to; the local one does not",
    ),
    Explanation(
        "sqs:SendMessage",
        ".*DeadLetters.*",
        "Only a start that failed for good is sent there; tests/local/test_scheduler.py sends some",
    ),
    Explanation(
        "personalize:DeleteDataset",
        r".*:dataset/[a-z-]+\*",
        "Event trackers are said to make a dataset that no stack owns; the local Personalize makes none",
    ),
    Explanation(
        "sns:Publish",
        ".*-runs",
        "The teardown tells of what it could not delete; here it can delete everything",
    ),
    Explanation(
        "personalize:(Delete(Campaign|Recommender|Solution)|UpdateSolution|ListSolutionVersions"
        "|StopSolutionVersionCreation|ListCampaigns|ListRecommenders)",
        ".*",
        "For what a former pipeline file has made, of which this one never had any",
    ),
    Explanation(
        "s3:ListBucket",
        ".*",
        "To be told that a table or version is absent, which here never is when the clean-up asks",
    ),
    Explanation(
        "s3:(GetObject|DeleteObject)",
        r".*/(rejects|curated)/\*",
        "A repeated attempt at a table replaces what the one before has left; none is repeated here",
    ),
    Explanation(
        "s3:GetObject",
        ".*/raw/\\*",
        "With the Spark job the function reads raw data only for batch jobs of users or items in a raw file",
    ),
)


def explanation(grant: Grant) -> str | None:
    """Return why a grant stays although nobody needed it, None if nobody knows."""
    return next((each.reason for each in EXPLAINED if each.covers(grant)), None)
