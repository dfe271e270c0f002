"""The CDK's bootstrap stack: the bucket of assets and the roles that deployments take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cli.errors import CommandError
from cli.toolkit import PACKAGE, cdk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STACK: Final = "CDKToolkit"

_TEMPLATE = PACKAGE / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"

_PARAMETERS: Final = {
    "CloudFormationExecutionPolicies": "arn:aws:iam::aws:policy/AdministratorAccess",
    "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY",
}
"""What ``cdk bootstrap`` gives where nothing is asked for, and the template does not."""


def bootstrap_account(*, environment: Mapping[str, str], say: Callable[[str], None], folder: Path) -> None:
    """Bootstrap account and region of the environment for the CDK.

    Args:
        environment: variables for the CDK, with CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION.
        say: is told each line that the CDK prints.
        folder: outside of the project, whose app would be synthesized for nothing.

    Raises:
        CommandError: the CDK failed.
    """
    place = f"aws://{environment['CDK_DEFAULT_ACCOUNT']}/{environment['CDK_DEFAULT_REGION']}"
    cdk("bootstrap", place, environment=environment, say=say, folder=folder)


def bootstrap_embedded(cloudformation: Any) -> None:
    """Bootstrap an embedded AWS by the CDK's own template, as one may (CDK developer guide, page bootstrapping-env).

    The CDK's command line would take seconds to start, while the synthesis needs the processor.

    Raises:
        CommandError: the CDK is not there, or the stack failed.
    """
    if not _TEMPLATE.exists():
        raise CommandError(f"{_TEMPLATE} is missing", remedy="Run `make setup`")
    stack = {
        "StackName": STACK,
        "TemplateBody": _TEMPLATE.read_text(),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in _PARAMETERS.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    try:
        cloudformation.create_stack(**stack)
    except cloudformation.exceptions.AlreadyExistsException:
        _update(cloudformation, stack)
    status = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]
    if not status.endswith("_COMPLETE") or "ROLLBACK" in status:
        raise CommandError(f"stack {STACK} of the embedded AWS is {status}", remedy="This is a fault; please report it")


def _update(cloudformation: Any, stack: Mapping[str, Any]) -> None:
    """Bring the stack of an account that was kept, or is up already, to the template of this CDK."""
    try:
        cloudformation.update_stack(**stack)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
