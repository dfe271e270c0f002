"""Roles of EventBridge rules that start state machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from constructs import Construct


def start_role(scope: Construct, rule: str) -> iam.Role:
    """Return the role that a rule starts its state machine with; no other rule may take it.

    Source of the conditions: EventBridge user guide, page eb-use-conditions.
    """
    stack = Stack.of(scope)
    conditions = {
        "StringEquals": {
            "aws:SourceAccount": stack.account,
            "aws:SourceArn": stack.format_arn(service="events", resource="rule", resource_name=rule),
        }
    }
    return iam.Role(scope, "StartRole", assumed_by=iam.ServicePrincipal("events.amazonaws.com", conditions=conditions))
