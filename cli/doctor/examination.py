"""The input of checks: the pipeline file, the account, and what is deployed there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError

from cli.deployment import PARTS
from definition.plan.names import dataset_group_name, prefix

if TYPE_CHECKING:
    from pathlib import Path

    import boto3

    from definition.file.pipeline import Pipeline

# A check answers within seconds, or says that it got no answer.
_PATIENCE = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
_ABSENT = frozenset(
    {
        "ResourceNotFoundException",
        "EntityNotFoundException",
        "StateMachineDoesNotExist",
        "InvalidRequestException",  # Athena's, of a workgroup that is not there
    }
)


@dataclass
class Examination:
    """One pipeline and stage in one account and region.

    Attributes:
        pipeline: the pipeline.
        file: its file.
        stage: part of every name.
        session: where calls go.
        last_call: action of the last call, as IAM names it, such as ``personalize:ListSchemas``.
    """

    pipeline: Pipeline
    file: Path
    stage: str
    session: boto3.Session
    last_call: str = ""
    _clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session.events.register("before-call", self._remember)

    def _remember(self, model: Any, **_: Any) -> None:
        self.last_call = f"{model.service_model.signing_name}:{_IAM_NAMES.get(model.name, model.name)}"

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, config=_PATIENCE)
        return self._clients[service]

    @property
    def prefix(self) -> str:
        """What every name of this pipeline and stage begins with."""
        return prefix(self.pipeline.name, self.stage)

    @property
    def region(self) -> str:
        """The region; empty if none is set."""
        return str(self.session.region_name or "")

    @cached_property
    def identity(self) -> dict[str, str]:
        """Who calls: ``Account``, ``Arn`` and ``UserId``."""
        answer: dict[str, str] = self.client("sts").get_caller_identity()
        return answer

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        partition = self.session.get_partition_for_region(self.region)
        return f"arn:{partition}:{service}:{self.region}:{self.identity['Account']}:{resource}"

    @property
    def group_arn(self) -> str:
        """ARN of the dataset group that the pipeline file asks for, whether it is there or not."""
        return self.arn("personalize", f"dataset-group/{dataset_group_name(self.pipeline, self.stage)}")

    @cached_property
    def stacks(self) -> dict[str, dict[str, Any]]:
        """The stacks that are there, by part."""
        found = {}
        for part in PARTS:
            try:
                answer = self.client("cloudformation").describe_stacks(StackName=f"{self.prefix}-{part}")
            except ClientError as error:
                # CloudFormation has no code of its own for a stack that is not there.
                if "does not exist" not in str(error):
                    raise
                continue
            found[part] = answer["Stacks"][0]
        return found

    @property
    def deployed(self) -> bool:
        """Whether all stacks are there."""
        return len(self.stacks) == len(PARTS)

    def output(self, name: str) -> str | None:
        """Return an output of the stacks, None if it is not there."""
        outputs = (output for stack in self.stacks.values() for output in stack.get("Outputs", ()))
        return next((output["OutputValue"] for output in outputs if output["OutputKey"] == name), None)

    def listed(self, service: str, operation: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        """Return everything that a list operation gives, all pages of it."""
        pages = self.client(service).get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]


_IAM_NAMES = {"ListObjectsV2": "ListBucket"}
"""Actions whose name is not that of the operation (service authorization reference)."""


def is_there(client: Any, operation: str, **arguments: Any) -> bool:
    """Return whether a read of one named thing finds it."""
    try:
        getattr(client, operation)(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise
        return False
    return True
