"""Acknowledge security findings one by one, each on one resource with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, CfnResource, Validations

if TYPE_CHECKING:
    from constructs import IConstruct


def acknowledge(construct: IConstruct, reason: str, *findings: str) -> None:
    """Acknowledge findings of the packs AwsSolutions and Serverless on a construct.

    Args:
        construct: the one resource.
        reason: why the finding is right there.
        findings: ids as cdk-nag prints them, without ``AwsSolutions-``, such as ``S1`` or ``IAM5[Resource::*]``, or
            with ``Serverless-``.
    """
    ids = [each if each.startswith("Serverless-") else f"AwsSolutions-{each}" for each in findings]
    rules = [Acknowledgment(id=each, reason=reason) for each in ids]
    Validations.of(construct).acknowledge(*rules)


def acknowledge_lint(construct: IConstruct, rule: str) -> None:
    """Acknowledge a cfn-lint rule on a construct's own resource; the reason stands beside the call."""
    resource = construct.node.default_child
    if isinstance(resource, CfnResource):
        resource.add_metadata("cfn-lint", {"config": {"ignore_checks": [rule]}})
