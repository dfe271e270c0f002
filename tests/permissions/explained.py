"""Grants that no run on the embedded AWS can need, each with the reason why the role has it all the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.permissions.recording import Grant

_LOGGING = (
    "logs:CreateLogDelivery|logs:GetLogDelivery|logs:UpdateLogDelivery|logs:DeleteLogDelivery|logs:ListLogDeliveries"
    "|logs:PutResourcePolicy|logs:DescribeResourcePolicies|logs:DescribeLogGroups"
)


@dataclass(frozen=True)
class Explanation:
    """Why grants stay: a part of the role's name, patterns of action and resource, as expressions, and the reason."""

    role: str
    action: str
    resource: str
    reason: str

    def covers(self, grant: Grant) -> bool:
        """Say whether a grant is one of these."""
        return (
            self.role in grant.role
            and bool(re.fullmatch(self.action, grant.action))
            and bool(re.fullmatch(self.resource, grant.resource))
        )


EXPLAINED = (
    Explanation(
        "Machine",
        _LOGGING,
        r"\*",
        "Step Functions sets up the delivery of its log with it (developer guide, page cw-logs); here it just logs",
    ),
    Explanation("", "xray:.*", r"\*", "X-Ray takes no traces here (developer guide, page concepts-xray-tracing)"),
    Explanation(
        "",
        "logs:(CreateLogGroup|CreateLogStream|PutLogEvents)",
        r"arn:aws:logs:.*:log-group:/aws.*",
        "Lambda and Glue write the logs of functions and jobs in their roles; here they write without asking",
    ),
    Explanation("", "s3:AbortMultipartUpload", ".*", "An upload that fails half-way is taken back; none fails here"),
    Explanation(
        "-StateMachineRole",
        "glue:(GetJobRuns|BatchStopJobRun)",
        ".*",
        "Waiting for a job run takes them on AWS (developer guide, page connect-glue)",
    ),
    Explanation(
        "-StateMachineRole",
        "states:RedriveExecution|states:StopExecution",
        ".*:execution:.*",
        "AWS's page on the permissions of distributed Maps names them (iam-policies-eg-dist-map)",
    ),
    Explanation(
        "-StateMachineRole",
        "states:StartExecution",
        r".*:stateMachine:[a-z-]+/\*",
        "How the ARNs of Map Runs within child executions are spelled is documented nowhere",
    ),
    Explanation(
        "MetricAttributionRole",
        "cloudwatch:PutMetricData|s3:PutObject",
        ".*",
        "Personalize itself sends and reports what recommendations have led to; the local one does not",
    ),
    Explanation(
        "ScheduleRole",
        "sqs:SendMessage",
        ".*DeadLetters.*",
        "Only a start that failed for good is sent there; emulator/tests/test_scheduler.py sends some",
    ),
    Explanation(
        "ScheduleRole",
        "kms:(Decrypt|GenerateDataKey)",
        ".*:key/.*",
        "The same: the queue is under the key; emulator/tests/kms/test_messages.py sends some",
    ),
    Explanation(
        "TransformJobRole",
        "kms:Encrypt",
        ".*:key/.*",
        "Glue's guide names it for what jobs write to S3 and for bookmarks (set-up-encryption); S3 does not ask for it",
    ),
    Explanation(
        "TeardownRole",
        "personalize:DeleteDataset",
        ".*",
        "Event trackers are said to make a dataset that no stack owns; the local Personalize makes none",
    ),
    Explanation(
        "TeardownRole",
        "sns:Publish|kms:GenerateDataKey",
        ".*",
        "The teardown tells of what it could not delete; here it can delete everything",
    ),
    Explanation(
        "TeardownRole",
        "personalize:Delete(Campaign|Recommender)",
        ".*",
        "For what a former pipeline file has made, of which this one never had any",
    ),
    Explanation(
        "CleanupRole",
        "personalize:(DeleteCampaign|UpdateSolution|ListSolutionVersions|StopSolutionVersionCreation)",
        ".*",
        "For solutions with campaigns, automatic training or trainings in progress that the file names no more",
    ),
    Explanation(
        "CleanupRole",
        "s3:ListBucket",
        ".*",
        "To be told that a solution was never published, which here all were when the clean-up asks",
    ),
    Explanation(
        "PublishRole",
        "s3:GetObject|s3:DeleteObject",
        r".*/(rejects/\*|curated/(\*/run=)?\*|exports/.*)",
        "A repeated attempt at a table replaces what the one before has left; none is repeated here",
    ),
    Explanation(
        "sparkling-test-workflow-TransformRole",
        "s3:GetObject",
        r".*/raw/\*",
        "With the Spark job the function reads raw data only for batch jobs of users or items in a raw file",
    ),
)


def explanation(grant: Grant) -> str | None:
    """Return why a grant stays although nobody needed it, None if nobody knows."""
    return next((each.reason for each in EXPLAINED if each.covers(grant)), None)
