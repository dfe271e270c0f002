"""A deployed pipeline that tests put raw data into, run, and look at, all through boto3."""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.bootstrapping import bootstrap_account
from cli.deployment import deploy_assembly, find_deployment
from cli.follow import Follower
from cli.toolkit import cdk
from definition.load import load
from definition.plan.names import run_id
from tests.synthesis import synthesize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.deployment import Deployment
    from definition.file.pipeline import Pipeline
    from embedded_aws.server import EmbeddedAWS

DEADLINE = 600
"""Seconds after which an execution counts as hanging: a Spark job takes two minutes where cores are shared."""

LOOK_SECONDS = 0.2
"""How often executions are looked at: each look takes as much of the processor as a state does."""

GROUPS = 50
"""Dataset groups that the account of these tests may have: each deployment has one, and AWS begins with five."""


def allow_groups(aws: EmbeddedAWS, number: int) -> None:
    """Let the account have so many dataset groups, as after a request to AWS."""
    _wish(aws, {"quota": "DatasetGroup", "raised_to": number})


def _wish(aws: EmbeddedAWS, wish: dict[str, Any]) -> None:
    url = f"{aws.endpoint_url}/personalize-faults"
    urllib.request.urlopen(url, json.dumps(wish).encode()).close()  # noqa: S310  # our own server


@dataclass(frozen=True)
class Run:
    """An execution that has ended."""

    id: str
    execution: dict[str, Any]
    states: list[str]
    manifest: dict[str, Any] | None
    failure: dict[str, Any] | None

    @property
    def status(self) -> str:
        """The status of the execution, such as SUCCEEDED."""
        return str(self.execution["status"])

    @property
    def cause(self) -> str:
        """What the execution says of its failure."""
        return str(self.execution.get("cause", ""))


@dataclass
class Rig:
    """One pipeline on one embedded AWS."""

    aws: EmbeddedAWS
    pipeline: Pipeline
    deployment: Deployment
    assembly: str
    queue: str = field(default="")

    @classmethod
    def deploy(cls, aws: EmbeddedAWS, document: dict[str, Any], folder: Path) -> Rig:
        """Deploy a pipeline file with the real CDK, and subscribe a queue to its topic."""
        pipeline, assembly = _deploy(aws, document, folder)
        rig = cls(aws, pipeline, find_deployment(aws.client("cloudformation"), pipeline.name, "test"), assembly)
        rig.queue = rig._subscribe()
        return rig

    def deploy_again(self, document: dict[str, Any], folder: Path) -> None:
        """Deploy a changed pipeline file over this one."""
        self.pipeline, self.assembly = _deploy(self.aws, document, folder)

    def destroy(self) -> None:
        """Run the CDK's own destroy on what was deployed last."""
        given = {"environment": self.aws.environment(), "say": lambda _: None}
        cdk("destroy", "--all", "--force", "--app", self.assembly, **given)

    def put_raw(self, key: str, text: str | bytes) -> None:
        """Make this the only raw object."""
        for old in self.keys("raw/"):
            self.aws.client("s3").delete_object(Bucket=self.deployment.bucket, Key=old)
        self.add_raw(key, text)

    def add_raw(self, key: str, text: str | bytes) -> None:
        """Put a raw object beside those that are there."""
        body = text.encode() if isinstance(text, str) else text
        self.aws.client("s3").put_object(Bucket=self.deployment.bucket, Key=f"raw/{key}", Body=body)

    def run(self, execution_input: Any = None) -> Run:
        """Start the state machine, wait for its end, and read what it left."""
        return self.ended(self.start(execution_input))

    def start(self, execution_input: Any = None) -> str:
        """Start the state machine as the console does; return the execution's ARN."""
        started: dict[str, str] = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.deployment.state_machine_arn,
            name=str(uuid.uuid4()),
            input=json.dumps({} if execution_input is None else execution_input),
        )
        return started["executionArn"]

    def ended(self, arn: str) -> Run:
        """Wait for an execution's end and read what its run left."""
        follower = Follower(self.aws.client("stepfunctions"), arn)
        deadline = time.monotonic() + DEADLINE
        while (execution := follower.finished()) is None:
            assert time.monotonic() < deadline, [progress.state for progress in follower.progress()][-5:]
            time.sleep(LOOK_SECONDS)
        run = run_id(execution["startDate"], execution["name"])
        states = [progress.state for progress in follower.progress() if not progress.detail]
        return Run(run, execution, states, self._json(run, "manifest"), self._json(run, "failure"))

    def wait_for_state(self, arn: str, state: str) -> None:
        """Wait until an execution has entered a state."""
        follower = Follower(self.aws.client("stepfunctions"), arn)
        self.wait_until(lambda: state in {progress.state for progress in follower.progress()})

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, "it never came to be"
            time.sleep(LOOK_SECONDS / 2)

    def next_state(self, follower: Follower, known: list[str]) -> bool:
        """Wait for states that are not among those known and add them; return False if the execution ends.

        Args:
            follower: of the execution.
            known: names of states.
        """
        while follower.finished() is None:
            entered = [progress.state for progress in follower.progress() if not progress.detail]
            if new := [state for state in entered if state not in known]:
                known += new
                return True
            time.sleep(0.01)
        return False

    def executions(self, arn: str) -> Iterator[tuple[str, str]]:
        """Yield label and ARN of an execution and of all child executions; its own label is empty."""
        stepfunctions = self.aws.client("stepfunctions")
        yield arn.split(":")[6].partition("/")[2].rpartition("/")[2], arn
        for run in stepfunctions.list_map_runs(executionArn=arn)["mapRuns"]:
            for child in stepfunctions.list_executions(mapRunArn=run["mapRunArn"])["executions"]:
                yield from self.executions(child["executionArn"])

    def versions(self) -> list[str]:
        """Return the ARNs of the pipeline's solution versions."""
        return sorted(self._own("list_solution_versions", "solutionVersions", "solutionVersionArn"))

    def keys(self, prefix: str) -> list[str]:
        """List the keys below a prefix."""
        pages = self.aws.client("s3").get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=self.deployment.bucket, Prefix=prefix)
        return [item["Key"] for page in listed for item in page.get("Contents", ())]

    def read(self, key: str) -> bytes:
        """Return an object's content."""
        body: bytes = self.aws.client("s3").get_object(Bucket=self.deployment.bucket, Key=key)["Body"].read()
        return body

    def lines(self, key: str) -> list[Any]:
        """Return an object of JSON lines."""
        return [json.loads(line) for line in self.read(key).splitlines()]

    def messages(self, run: str = "") -> list[dict[str, Any]]:
        """Take what the topic has sent since the last call, Subject and Message; return what is about a run, or all."""
        sqs = self.aws.client("sqs")
        found = []
        while batch := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        # Alerts of what tests before have stopped may come late.
        return [message for message in found if run in message["Subject"]]

    def import_jobs(self) -> list[str]:
        """Return the ARNs of the pipeline's import jobs."""
        return self._own("list_dataset_import_jobs", "datasetImportJobs", "datasetImportJobArn")

    def arm(self, **fault: Any) -> None:
        """Switch a fault of the local Personalize on."""
        _wish(self.aws, fault)

    def fired(self) -> list[dict[str, Any]]:
        """Return the faults that fired since they were last switched off."""
        with urllib.request.urlopen(f"{self.aws.endpoint_url}/personalize-faults") as answer:  # noqa: S310  # our own
            fired: list[dict[str, Any]] = json.load(answer)["fired"]
        return fired

    def disarm(self) -> list[dict[str, Any]]:
        """Switch all faults off and return those that fired."""
        fired = self.fired()
        url = f"{self.aws.endpoint_url}/personalize-faults"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()  # noqa: S310  # as above
        return fired

    def _own(self, listing: str, key: str, arn: str) -> list[str]:
        """List a kind of resource, without those that other pipelines have in the account."""
        pages = self.aws.client("personalize").get_paginator(listing).paginate()
        found = (item[arn] for page in pages for item in page[key])
        return [own for own in found if own.split("/")[1].startswith(f"{self.pipeline.name}-test--")]

    def _json(self, run: str, name: str) -> dict[str, Any] | None:
        key = f"runs/{run}/{name}.json"
        return json.loads(self.read(key)) if key in self.keys(key) else None

    def _subscribe(self) -> str:
        sqs = self.aws.client("sqs")
        url: str = sqs.create_queue(QueueName=f"{self.pipeline.name}-heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        # The subscriber's part: without it a queue hears nothing.
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.deployment.topic_arn}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self.aws.client("sns").subscribe(TopicArn=self.deployment.topic_arn, Protocol="sqs", Endpoint=arn)
        return url


def _deploy(aws: EmbeddedAWS, document: dict[str, Any], folder: Path) -> tuple[Pipeline, str]:
    """Deploy a pipeline file as `pipelines run` does, but synthesize in this process; return the assembly, too."""
    file = folder / f"{document['name']}.yaml"
    file.write_text(json.dumps(document))
    pipeline = load(file)
    _bootstrap(aws)
    assembly = synthesize(pipeline, Path(tempfile.mkdtemp(dir=folder)), stage="test")
    deploy_assembly(assembly, environment=aws.environment(), say=lambda _: None)
    return pipeline, assembly


@cache
def _bootstrap(aws: EmbeddedAWS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bootstrap_account(environment=aws.environment(), say=lambda _: None, folder=Path(folder))
