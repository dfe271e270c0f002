"""What steps and points of a first contact work with: clients, names, patience, and things that go away again."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.account import DENIED, said
from cli.errors import CommandError
from cli.first_contact.documents import NAME
from definition.plan.names import prefix, resource_prefix
from definition.service.resource_kinds import ACTIVE, FAILED_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from cli.deployment import Deployment
    from cli.first_contact.documents import Films
    from cli.view import View
    from definition.contract.manifest import Manifest

_Found = TypeVar("_Found")
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 5})
LONGEST = 4 * 3600
"""Seconds after which something counts as hanging; a training of the films takes 20 to 41 minutes."""

_DELETION = 1800
_PROPAGATION = 300
"""Seconds after which IAM must have made a new role known everywhere."""

_ABSENT = "ResourceNotFoundException"


@dataclass(frozen=True)
class Reply:
    """What came of one call.

    Attributes:
        code: the error's code; empty if the call was accepted.
        said: code and message, or the accepted answer, in one line.
        value: the accepted answer.
    """

    code: str
    said: str
    value: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether AWS did it."""
        return not self.code

    @property
    def permitted(self) -> bool:
        """Whether the caller may do it; AWS may have refused it for another reason."""
        return self.code not in DENIED


@dataclass
class World:
    """An account with the first contact's deployment in it.

    Attributes:
        session: where calls go.
        stage: part of every name.
        every: seconds between two looks at something that takes its time.
        films: the raw data.
        folder: for pipeline files and results.
        view: the terminal.
        token: makes the names of jobs unique, which Personalize never frees again.
        deployment: bucket, state machine and topic, once they are there.
        manifest: of the first run, once it has succeeded.
        memo: what points share.
    """

    session: boto3.Session
    stage: str
    every: float
    films: Films
    folder: Path
    view: View
    token: str
    deployment: Deployment | None = None
    manifest: Manifest | None = None
    memo: dict[str, Any] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def first_run(self) -> Manifest:
        """The manifest of the first run; steps that read it come after the one that brings it."""
        assert self.manifest is not None, "the first run has succeeded"
        return self.manifest

    @property
    def prefix(self) -> str:
        """What every name of the deployment begins with."""
        return prefix(NAME, self.stage)

    def name(self, what: str) -> str:
        """Return the name of something that a point makes."""
        return f"{resource_prefix(self.prefix)}fc-{what}"

    def client(self, service: str) -> Any:
        """Return the client of a service."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service, config=_RETRIES)
        return self._clients[service]

    @property
    def personalize(self) -> Any:
        """The client of Personalize."""
        return self.client("personalize")

    @property
    def bucket(self) -> str:
        """The deployment's bucket."""
        return self.deployed.bucket

    @property
    def deployed(self) -> Deployment:
        """The deployment; only steps after it ask."""
        assert self.deployment is not None, "steps that need the deployment come after it"
        return self.deployment

    @cached_property
    def account(self) -> str:
        """Id of the account."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def arn(self, service: str, resource: str, *, account: bool = True, region: bool = True) -> str:
        """Return the ARN of a resource of this account, in its partition."""
        where = str(self.session.region_name)
        partition = self.session.get_partition_for_region(where)
        return f"arn:{partition}:{service}:{where if region else ''}:{self.account if account else ''}:{resource}"

    @cached_property
    def service_role(self) -> str:
        """ARN of the role with which Personalize reads the deployment's bucket."""
        stack = f"{self.prefix}-personalize"
        resources = self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        name = next(
            each["PhysicalResourceId"]
            for each in resources
            if each["ResourceType"] == "AWS::IAM::Role" and each["LogicalResourceId"].startswith("ServiceRole")
        )
        return str(self.client("iam").get_role(RoleName=name)["Role"]["Arn"])

    def put(self, key: str, body: str) -> str:
        """Put an object into the bucket; return its key."""
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body.encode())
        return key

    def until(self, question: Callable[[], _Found | None], what: str, *, longest: float = LONGEST) -> _Found:
        """Ask until there is an answer, every ``every`` seconds.

        Raises:
            CommandError: there is none after ``longest`` seconds.
        """
        deadline = time.monotonic() + longest
        while not (answer := question()):
            if time.monotonic() > deadline:
                raise CommandError(f"{what}: not within {longest:.0f} s", remedy="Look in the console what holds it up")
            time.sleep(self.every)
        return answer

    def settled(self, describe: str, key: str, **arn: str) -> dict[str, Any]:
        """Wait until what a describe call shows is ACTIVE or has failed; return it."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = getattr(self.personalize, describe)(**arn)[key]
            return found if found["status"] == ACTIVE or found["status"] in FAILED_STATUSES else None

        return self.until(look, f"{describe} of {next(iter(arn.values()))}")

    def gone(self, describe: str, **arn: str) -> None:
        """Wait until what a describe call shows is not there any more."""
        self.until(
            lambda: tried(getattr(self.personalize, describe), **arn).code == _ABSENT,
            f"deletion of {next(iter(arn.values()))}",
            longest=_DELETION,
        )

    def once_known(self, call: Callable[..., dict[str, Any]], **arguments: Any) -> Reply:
        """Make a call that a new role has to do with, again and again while IAM does not know the role everywhere.

        Raises:
            CommandError: it is still denied after five minutes.
        """

        def look() -> Reply | None:
            reply = tried(call, **arguments)
            return reply if reply.permitted else None

        return self.until(look, f"{call.__name__} with a new role", longest=_PROPAGATION)

    @contextlib.contextmanager
    def role(self, what: str, trusted: Mapping[str, str], statements: list[dict[str, Any]]) -> Iterator[str]:
        """Make a role for a moment; give its ARN."""
        iam, name = self.client("iam"), self.name(what)
        trust = [{"Effect": "Allow", "Principal": dict(trusted), "Action": "sts:AssumeRole"}]
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        try:
            iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy(statements))
            yield str(made["Role"]["Arn"])
        finally:
            remove_role(iam, name)

    @contextlib.contextmanager
    def assumed(self, what: str, statements: list[dict[str, Any]]) -> Iterator[boto3.Session]:
        """Make a role for a moment, and give a session that may do what it may do, once IAM knows it everywhere."""
        root = self.arn("iam", "root", region=False)
        with self.role(what, {"AWS": root}, statements) as arn:
            reply = self.once_known(self.client("sts").assume_role, RoleArn=arn, RoleSessionName=what)
            if not reply.accepted:
                raise CommandError(f"{arn} cannot be assumed: {reply.said}", remedy="Take credentials that may do that")
            given = reply.value["Credentials"]
            yield boto3.Session(
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
                region_name=self.session.region_name,
            )


def policy(statements: list[dict[str, Any]]) -> str:
    """Return statements as a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def remove_role(iam: Any, name: str) -> None:
    """Delete a role with its inline policy."""
    tried(iam.delete_role_policy, RoleName=name, PolicyName=name)
    iam.delete_role(RoleName=name)


def tried(call: Callable[..., dict[str, Any]], **arguments: Any) -> Reply:
    """Make a call and return what came of it, accepted or refused.

    Raises:
        ClientError: this AWS does not emulate the call, so that nothing is known of it.
    """
    try:
        value = call(**arguments)
    except ClientError as error:
        if is_not_emulated(error):
            raise
        return Reply(str(error.response["Error"]["Code"]), said(error), {})
    shown = {key: item for key, item in value.items() if key != "ResponseMetadata"}
    return Reply("", f"accepted: {json.dumps(shown, default=str)}" if shown else "accepted", value)


def is_not_emulated(error: ClientError) -> bool:
    """Say whether the embedded AWS lacks the call."""
    return bool(error.response["Error"].get("Code") == "NotImplementedException")
