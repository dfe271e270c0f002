"""The one way in which this project deploys a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, IgnoreMode, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from definition.paths import ROOT
from stacks.acknowledge import acknowledge, acknowledge_lint
from stacks.code import files_of, ignored_but
from stacks.encryption import READ, grants
from stacks.states import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.ARM_64
TIMEOUT = Duration.minutes(15)
"""The longest that Lambda allows, for every function that nothing waits for the end of."""

LAYER = ROOT / "build" / "layer.zip"
REQUIREMENTS = ROOT / "lambdas" / "requirements.txt"


class LayerMissingError(Exception):
    """The layer's archive has not been built yet."""


def dependencies_layer(scope: Construct) -> lambda_.LayerVersion:
    """Return the layer with what the functions import.

    It is named by the archive's bytes, so that another archive is never taken for this one. The same pins give the same
    bytes (lambdas/build_layer.py).

    Raises:
        LayerMissingError: ``build/layer.zip`` is not there.
    """
    if not LAYER.exists():
        raise LayerMissingError(f"{LAYER} is missing: run `make setup`, which builds it from {REQUIREMENTS.name}")
    return lambda_.LayerVersion(
        scope,
        "Dependencies",
        description="Polars, pydantic and Powertools",
        code=lambda_.Code.from_asset(str(LAYER)),
        compatible_architectures=[ARCHITECTURE],
        compatible_runtimes=[RUNTIME],
    )


_ENVIRONMENT = {
    "POWERTOOLS_METRICS_NAMESPACE": metrics.NAMESPACE,
    "POWERTOOLS_LOG_LEVEL": "INFO",
    # With one thread the streaming engine keeps whole results in memory.
    "POLARS_MAX_THREADS": "2",
}


class Function(Construct):
    """A function from ``lambdas/<name>/handler.py`` with its own role and log group.

    Attributes:
        function: the function.
        role: its role.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        function_name: str,
        description: str,
        layer: lambda_.ILayerVersion | None,
        memory_mb: int,
        statements: Sequence[iam.PolicyStatement],
        findings: Sequence[str],
        key: kms.IKey | None,
        key_actions: Sequence[str] = READ,
        timeout: Duration = TIMEOUT,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{function_name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Also where it touches no data: its environment is decrypted in its role's name.
        self.role = self._role(log_group, [*statements, *grants(key, key_actions)], findings)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=function_name,
            description=description,
            code=_code(name),
            handler=f"lambdas.{name}.handler.handler",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            layers=[layer] if layer else [],
            memory_size=memory_mb,
            timeout=timeout,
            role=self.role.without_policy_updates(),
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            environment={**_ENVIRONMENT, "POWERTOOLS_SERVICE_NAME": name},
            environment_encryption=key,
        )
        acknowledge(
            self.function,
            "Called by the state machine or CloudFormation, which wait for the answer and tell of a failure themselves",
            "Serverless-LambdaDLQ",
        )
        # The construct names the role as a dependency although it refers to it; harmless, and not ours.
        acknowledge_lint(self.function, "W3005")
        acknowledge(
            self.function,
            "Python 3.13 is the newest runtime that the tests can run on; 3.14 follows when they can",
            "L1",
            "Serverless-LambdaLatestVersion",
        )

    def _role(
        self, log_group: logs.LogGroup, statements: Sequence[iam.PolicyStatement], findings: Sequence[str]
    ) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        for statement in statements:
            role.add_to_policy(statement)
        role.add_to_policy(
            iam.PolicyStatement(
                sid="XRayTakesNoResource",
                actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                resources=["*"],
            )
        )
        acknowledge(role, "X-Ray's write actions know no resource", "IAM5[Resource::*]")
        acknowledge(
            role,
            "Runs write under prefixes that carry their id, which is not known at deployment",
            *findings,
        )
        return role


def _code(name: str) -> lambda_.Code:
    """Return the handler and what it imports of ours: a change of anything else deploys no function anew."""
    shipped = files_of(f"lambdas.{name}.handler")
    return lambda_.Code.from_asset(str(ROOT), ignore_mode=IgnoreMode.GIT, exclude=ignored_but(shipped))
