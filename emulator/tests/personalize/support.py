"""What the tests of the local Personalize share: an account of their own, data with a known structure."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from itertools import count
from typing import Any

import boto3
import numpy as np
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS

SERVICE = "personalize.amazonaws.com"
ACTIONS = ("s3:GetObject", "s3:ListBucket", "s3:PutObject")
DEADLINE = 30.0

_numbers = count(1)
_session = boto3.Session()

INTERACTION_FIELDS: list[dict[str, Any]] = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
]


def avro(fields: Sequence[dict[str, Any]], name: str = "Interactions") -> str:
    """Return a schema document of these fields."""
    return json.dumps(
        {
            "type": "record",
            "name": name,
            "namespace": "com.amazonaws.personalize.schema",
            "fields": list(fields),
            "version": "1.0",
        }
    )


def csv(rows: Iterable[Sequence[object]], header: str = "USER_ID,ITEM_ID,TIMESTAMP") -> str:
    """Return CSV text of rows."""
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def two_groups(seed: int = 7, users: int = 40, items: int = 30, events: int = 18) -> list[tuple[str, str, int]]:
    """Return events of two groups of users who touch only their own group's items.

    Within a group items follow each other round a ring, with some noise: who had item 3 goes on with 4 or 5.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for group in "AB":
        for user in range(users):
            place = int(rng.integers(items))
            for step in range(events):
                rows.append((f"{group.lower()}{user}", f"{group}{place}", 1_700_000_000 + 1000 * step + user))
                place = (place + int(rng.integers(1, 4))) % items
    return rows


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Return an error's code."""
    return str(caught.value.response["Error"]["Code"])


def message(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Return an error's message."""
    return str(caught.value.response["Error"]["Message"])


class Account:
    """One AWS account on the embedded server, empty at first, with a bucket and a role for Personalize."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        number = next(_numbers)
        self._aws = aws
        self.id = f"{number:012d}"
        self.bucket = f"personalize-tests-{number}"
        self.personalize = self.client("personalize")

    @cached_property
    def s3(self) -> Any:
        """A client of S3, with the bucket that the service may use."""
        client = self.client("s3")
        client.create_bucket(Bucket=self.bucket)
        self._allow_service(client, ACTIONS)
        return client

    @cached_property
    def iam(self) -> Any:
        """A client of IAM."""
        return self.client("iam")

    @cached_property
    def role(self) -> str:
        """The ARN of a role with which the service may use the bucket."""
        arn = self.create_role("personalize", self.trust())
        self.allow_role("personalize", ACTIONS)
        return arn

    def client(self, service: str, region: str = "us-east-1", **config: Any) -> Any:
        """Return a boto3 client of this account that shows every error at once."""
        client = _session.client(
            service,
            endpoint_url=self._aws.endpoint_url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}, **config),
        )
        client.meta.events.register("before-sign", self.name_account)
        return client

    def name_account(self, request: Any, **_: Any) -> None:
        """Say in a request which account it is for: register it for a client's `before-sign`."""
        request.headers["x-moto-account-id"] = self.id

    def fault(self, **fault: Any) -> None:
        """Switch a fault on."""
        answer = requests.post(f"{self._aws.endpoint_url}/personalize-faults", json=fault, timeout=DEADLINE)
        assert answer.status_code == HTTPStatus.OK, answer.text

    def allow_service(self, actions: Sequence[str]) -> None:
        """Make the bucket's policy allow the service these actions, and no others."""
        self._allow_service(self.s3, actions)

    def _allow_service(self, s3: Any, actions: Sequence[str]) -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": SERVICE}, **self._grant(actions)}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def allow_role(self, name: str, actions: Sequence[str]) -> None:
        """Make the role's policy allow these actions, and no others."""
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **self._grant(actions)}]}
        self.iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps(policy))

    def _grant(self, actions: Sequence[str]) -> dict[str, Any]:
        bucket = f"arn:aws:s3:::{self.bucket}"
        return {"Action": list(actions), "Resource": [bucket, f"{bucket}/*"]}

    def trust(self, service: str = SERVICE, account: str | None = None) -> dict[str, Any]:
        """Return a trust policy with the conditions that the service's guide asks for."""
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": account or self.id},
                        "ArnLike": {"aws:SourceArn": f"arn:aws:personalize:us-east-1:{account or self.id}:*"},
                    },
                }
            ],
        }

    def create_role(self, name: str, trust: dict[str, Any]) -> str:
        """Create a role; return its ARN."""
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        return str(role["Role"]["Arn"])

    def put(self, key: str, text: str) -> str:
        """Write an object; return its URL."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return f"s3://{self.bucket}/{key}"

    def get(self, key: str) -> str:
        """Read an object."""
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    def keys(self, prefix: str) -> list[str]:
        """List the keys that begin with a prefix."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def describe(self, arn: str) -> dict[str, Any]:
        """Describe a resource with a status, by the kind in its ARN."""
        kind = arn.split(":")[5].split("/")
        if kind[0] == "solution":
            name = "SolutionVersion" if len(kind) == 3 else "Solution"
        else:
            name = "".join(part.capitalize() for part in kind[0].split("-"))
        member = name[0].lower() + name[1:]
        operation = getattr(self.personalize, _snake(f"Describe{name}"))
        described: dict[str, Any] = operation(**{f"{member}Arn": arn})[member]
        return described

    def settle(self, arn: str) -> dict[str, Any]:
        """Wait until a resource is ACTIVE, failed or stopped; return its description."""
        return self.wait(arn, {"ACTIVE", "CREATE FAILED", "CREATE STOPPED"})

    def wait(self, arn: str, statuses: set[str]) -> dict[str, Any]:
        """Wait until a resource has one of the statuses; return its description."""
        deadline = time.monotonic() + DEADLINE
        while (described := self.describe(arn))["status"] not in statuses:
            assert time.monotonic() < deadline, described
            time.sleep(0.02)
        return described

    def vanish(self, arn: str) -> None:
        """Wait until a resource is not found any more."""
        deadline = time.monotonic() + DEADLINE
        try:
            while self.describe(arn):
                assert time.monotonic() < deadline
                time.sleep(0.02)
        except self.personalize.exceptions.ResourceNotFoundException:
            return

    def active(self, arn: str) -> str:
        """Wait until a resource is ACTIVE; return its ARN."""
        described = self.settle(arn)
        assert described["status"] == "ACTIVE", described
        return arn

    def group(self, name: str = "films") -> str:
        """Create a dataset group."""
        return self.active(self.personalize.create_dataset_group(name=name)["datasetGroupArn"])

    def dataset(
        self, group: str, fields: Sequence[dict[str, Any]] = INTERACTION_FIELDS, kind: str = "Interactions"
    ) -> str:
        """Create a dataset with a schema of its own."""
        name = f"{group.rpartition('/')[2]}-{kind.lower()}"
        schema = self.personalize.create_schema(name=name, schema=avro(fields, kind))["schemaArn"]
        created = self.personalize.create_dataset(name=name, schemaArn=schema, datasetGroupArn=group, datasetType=kind)
        return self.active(created["datasetArn"])

    def start_import(self, dataset: str, url: str, name: str = "first", **more: Any) -> str:
        """Create a dataset import job."""
        created = self.personalize.create_dataset_import_job(
            jobName=name,
            datasetArn=dataset,
            dataSource={"dataLocation": url},
            **{"roleArn": self.role, **more},
        )
        return str(created["datasetImportJobArn"])

    def imported(self, text: str, fields: Sequence[dict[str, Any]] = INTERACTION_FIELDS, name: str = "films") -> str:
        """Create a dataset group with imported interactions; return its ARN."""
        group = self.group(name)
        url = self.put(f"{name}/interactions.csv", text)
        self.active(self.start_import(self.dataset(group, fields), url, name))
        return group

    def solution(self, group: str, recipe: str = "aws-popularity-count", name: str = "best", **more: Any) -> str:
        """Create a solution."""
        created = self.personalize.create_solution(
            name=name,
            datasetGroupArn=group,
            recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
            **{"performAutoTraining": False, **more},
        )
        return self.active(created["solutionArn"])

    def start_training(self, solution: str, **more: Any) -> str:
        """Create a solution version."""
        created = self.personalize.create_solution_version(solutionArn=solution, **more)
        return str(created["solutionVersionArn"])

    def start_batch(self, version: str, source: str, target: str, name: str = "job", **more: Any) -> str:
        """Create a batch inference job."""
        created = self.personalize.create_batch_inference_job(
            jobName=name,
            solutionVersionArn=version,
            jobInput={"s3DataSource": {"path": source}},
            jobOutput={"s3DataDestination": {"path": target}},
            **{"roleArn": self.role, **more},
        )
        return str(created["batchInferenceJobArn"])

    def answers(self, key: str) -> list[dict[str, Any]]:
        """Read the lines of a batch output object."""
        return [json.loads(line) for line in self.get(key).splitlines()]


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@contextmanager
def held(account: Account, kind: str) -> Iterator[None]:
    """Keep what is created of a kind meanwhile in its first status."""
    door = f"{account.personalize.meta.endpoint_url}/moto-api/state-manager"
    model = f"personalize::{kind}"
    transition = {"progression": "manual", "times": 1000}
    requests.post(f"{door}/set-transition", json={"model_name": model, "transition": transition}, timeout=DEADLINE)
    try:
        yield
    finally:
        requests.post(f"{door}/unset-transition", json={"model_name": model}, timeout=DEADLINE)
