"""The function that reckons what a run used, and makes its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat
from aws_cdk import aws_iam as iam

from definition import layout
from definition.file.pipeline import ItemLabels
from definition.plan import names
from stacks.acknowledge import acknowledge
from stacks.encryption import WRITE
from stacks.function import Function

if TYPE_CHECKING:
    from aws_cdk import Stack
    from aws_cdk import aws_lambda as lambda_

    from definition.file.pipeline import Pipeline
    from stacks.storage import StorageStack

_READS = (
    layout.MANIFEST.pattern,
    layout.FAILURE.pattern,
    layout.DATA_REPORT.pattern,
    layout.REJECTED_ROWS.pattern,
    layout.DATASET.pattern,
    layout.TABLE.pattern,
    layout.RUN_ROW.pattern,
)
_WRITES = (layout.REPORT.pattern, layout.RUN_ROW.pattern)


def report_function(
    stack: Stack,
    prefix: str,
    pipeline: Pipeline,
    storage: StorageStack,
    layer: lambda_.ILayerVersion,
    *,
    memory_mb: int,
) -> lambda_.IFunction:
    """Return the function; it reads what runs have left, and writes nothing but the page and the row of a run.

    It tells the topic how runs end if the file asks for links to their pages.

    Args:
        stack: where it is made.
        prefix: what names of this pipeline begin with.
        pipeline: whose file names the labels of items.
        storage: whose bucket it reads.
        layer: what it imports.
        memory_mb: of the function.
    """
    # The histories of the run's executions tell what its time went for.
    executions = [_of_machine(stack, "execution", f"{prefix}{separator}*") for separator in (":", "/")]
    map_runs = _of_machine(stack, "mapRun", f"{prefix}/*")
    function = Function(
        stack,
        "Report",
        name="report",
        function_name=f"{prefix}-report",
        description="The page of each run",
        layer=layer,
        memory_mb=memory_mb,
        statements=[
            storage.listing(),
            iam.PolicyStatement(actions=["s3:GetObject"], resources=storage.arns(_read(pipeline))),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=storage.arns(_WRITES)),
            iam.PolicyStatement(actions=["states:GetExecutionHistory"], resources=executions),
            iam.PolicyStatement(actions=["states:ListExecutions"], resources=[map_runs]),
            *_telling(stack, prefix, pipeline),
        ],
        findings=[storage.wildcard_finding(pattern) for pattern in sorted({*_READS, *_WRITES})],
        key=storage.key,
        key_actions=WRITE,
    )
    acknowledge(
        function.role,
        "Any execution of this state machine may be the run's, or be one of its Map Runs'",
        *map(_of_states, (f"execution:{prefix}:", f"execution:{prefix}/", f"mapRun:{prefix}/")),
    )
    return function.function


def _of_states(name: str) -> str:
    """Return the id of the finding about a grant on what begins with a name."""
    return f"IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:{name}*]"


def _read(pipeline: Pipeline) -> tuple[str, ...]:
    """Return patterns of what the function reads; a signed link to the page may what its signer may."""
    named = pipeline.item_labels
    labels = (layout.RAW.key(path=named.path),) if isinstance(named, ItemLabels) else ()
    return (*_READS, *labels, *([layout.REPORT.pattern] if pipeline.report_link else []))


def _telling(stack: Stack, prefix: str, pipeline: Pipeline) -> list[iam.PolicyStatement]:
    """Return the grant to send the message with the link, which no other role may see."""
    if pipeline.report_link is None:
        return []
    topic = stack.format_arn(service="sns", resource=names.topic_name(prefix))
    return [iam.PolicyStatement(actions=["sns:Publish"], resources=[topic])]


def _of_machine(stack: Stack, resource: str, name: str) -> str:
    return stack.format_arn(
        service="states", resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
