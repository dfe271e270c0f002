"""The dead-letter queue of the schedule and of the rule that starts the alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs

from stacks.acknowledge import acknowledge

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import Construct


def dead_letter_queue(scope: Construct, key: kms.IKey | None) -> sqs.Queue:
    """Return a queue for what a schedule or a rule could not start for good; it keeps that as long as a queue can.

    Args:
        scope: where it is made.
        key: the pipeline's own, if it has one.
    """
    queue = sqs.Queue(
        scope,
        "DeadLetters",
        encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
    acknowledge(queue, "This is the dead-letter queue", "SQS3", "Serverless-SQSRedrivePolicy")
    return queue
