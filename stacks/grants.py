"""What state machines may do: with Personalize, read from the table of resource kinds, with itself, and to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from definition.contract import events
from definition.plan import names
from definition.service.resource_kinds import KINDS, SOLUTION
from stacks.states.metrics import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import Stack

    from definition.service.resource_kinds import ResourceKind
    from stacks.personalize import PersonalizeStack


def personalize_statements(
    stack: Stack,
    *,
    prefix: str,
    personalize: PersonalizeStack,
    kinds: Sequence[ResourceKind],
    recipes: Mapping[ResourceKind, Sequence[str]],
    tag_keys: Sequence[str],
) -> list[iam.PolicyStatement]:
    """Return the grants: each create call on its own and its parents' ARNs, each describe and update call on its own.

    The reference names the own ARN alone. CreateSolution and CreateRecommender are denied without the recipe's
    (aws-samples/retail-demo-store, pull request 627); that the other parents are not asked for is not documented.

    Args:
        stack: whose role gets them.
        prefix: what names of the pipeline begin with.
        personalize: the pipeline's datasets and role.
        kinds: what its runs make.
        recipes: names of the recipes in the pipeline file, by what is made of them.
        tag_keys: keys of the tags that the create calls set.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
    """
    statements = [*_creates(stack, prefix, personalize, kinds, recipes), *_looks(stack, prefix, kinds)]
    return [*statements, *_tagging_and_passing(personalize, tag_keys)]


def _own(stack: Stack, prefix: str, arn_type: str) -> str:
    """Return the ARN of whatever the pipeline's runs make of a type."""
    return stack.format_arn(service="personalize", resource=arn_type, resource_name=names.resource_pattern(prefix))


def _creates(
    stack: Stack,
    prefix: str,
    personalize: PersonalizeStack,
    kinds: Sequence[ResourceKind],
    recipes: Mapping[ResourceKind, Sequence[str]],
) -> list[iam.PolicyStatement]:
    parents = {
        "dataset": list(personalize.dataset_arns.values()),
        "dataset-group": [personalize.dataset_group_arn],
    }
    return [
        iam.PolicyStatement(
            actions=[f"personalize:{kind.create}"],
            resources=[
                _own(stack, prefix, kind.arn_type),
                *(arn for parent in kind.parents for arn in parents.get(parent, [_own(stack, prefix, parent)])),
                *(f"arn:{stack.partition}:personalize:::recipe/{name}" for name in recipes.get(kind, ())),
            ],
        )
        for kind in kinds
    ]


def _looks(stack: Stack, prefix: str, kinds: Sequence[ResourceKind]) -> list[iam.PolicyStatement]:
    """Return the grants to describe, to update, and to read metrics."""
    calls = [(kind.describe, [kind.arn_type]) for kind in kinds]
    calls += [(kind.update, [kind.arn_type, *kind.refers_to]) for kind in kinds if kind.updatable]
    if SOLUTION in kinds:
        calls.append(("GetSolutionMetrics", [SOLUTION.arn_type]))
    return [
        iam.PolicyStatement(
            actions=[f"personalize:{call}"], resources=[_own(stack, prefix, arn_type) for arn_type in arn_types]
        )
        for call, arn_types in calls
    ]


def _tagging_and_passing(personalize: PersonalizeStack, tag_keys: Sequence[str]) -> list[iam.PolicyStatement]:
    # Whether a create call with tags asks for this, and on which resource, is documented nowhere: this fits every case,
    # and no other key can be set by it.
    tagging = iam.PolicyStatement(
        actions=["personalize:TagResource"],
        resources=["*"],
        conditions={"ForAllValues:StringEquals": {"aws:TagKeys": list(tag_keys)}},
    )
    passing = iam.PolicyStatement(
        actions=["iam:PassRole"],
        resources=[personalize.service_role.role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
    )
    return [tagging, passing]


def map_run_statements(state_machine_arn: str, executions_arn: str) -> list[iam.PolicyStatement]:
    """Return the grants to run distributed Maps: the state machine starts, stops and redrives executions of itself.

    Its ARN is put together from its name, since the role comes before it.

    Args:
        state_machine_arn: of the state machine.
        executions_arn: of its executions, without ``:`` and their names.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    # How the ARNs of Map Runs within child executions are spelled is documented nowhere.
    own, children = f"{executions_arn}:*", f"{executions_arn}/*"
    return [
        iam.PolicyStatement(actions=["states:StartExecution"], resources=[state_machine_arn, f"{state_machine_arn}/*"]),
        iam.PolicyStatement(actions=["states:DescribeExecution", "states:StopExecution"], resources=[own, children]),
        iam.PolicyStatement(actions=["states:RedriveExecution"], resources=[children]),
    ]


def telling_statements(stack: Stack, *, metrics: bool = True) -> list[iam.PolicyStatement]:
    """Return the grants to put the project's events on the account's bus and, if asked for, its metrics."""
    bus = stack.format_arn(service="events", resource="event-bus", resource_name="default")
    told = iam.PolicyStatement(
        actions=["events:PutEvents"], resources=[bus], conditions={"StringEquals": {"events:source": events.SOURCE}}
    )
    # The action knows no resource, but a namespace.
    measured = iam.PolicyStatement(
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
    )
    return [told, *([measured] if metrics else [])]


_NAMED_BY_RUNS = {kind.arn_type for kind in KINDS} | {"filter"}
"""ARN types whose names begin with the pipeline's prefix, and whose ends a deployment does not know."""


def wildcard_findings(prefix: str, kinds: Sequence[ResourceKind]) -> dict[str, list[str]]:
    """Return the security findings about the state machine's role, by the reason why they are right there."""
    arn = "arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>"
    types = dict.fromkeys(
        arn_type for kind in kinds for arn_type in (kind.arn_type, *kind.parents) if arn_type in _NAMED_BY_RUNS
    )
    return {
        "Jobs and solution versions get names and ids in each run; the grant is bound to this pipeline's prefix": [
            f"IAM5[Resource::{arn}:{arn_type}/{names.resource_pattern(prefix)}]" for arn_type in types
        ],
    }
