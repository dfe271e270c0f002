"""The teardown function by itself, called with the events that CloudFormation sends."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from definition.plan.names import dataset_group_name
from lambdas.deletion import ResourcesRemainError, empty_group
from lambdas.teardown.handler import empty
from lambdas.teardown.handler import handler as teardown_handler
from tests.functions.handlers import Context
from tests.pipeline.data import csv, planted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.rig import Rig


@pytest.fixture
def trained(rig: Rig) -> Rig:
    """The shop with two solutions that have versions."""
    rig.put_raw("events/part.csv", csv(planted()))
    assert "SUCCEEDED" == rig.run().status
    return rig


def group_of(rig: Rig) -> str:
    """Return the ARN of the pipeline's dataset group."""
    return f"arn:aws:personalize:us-east-1:123456789012:dataset-group/{dataset_group_name(rig.pipeline, 'test')}"


def test_teardown_stops_trainings_and_deletes_solutions(trained: Rig) -> None:
    """Solutions go although one of them is being trained, and the call returns when they are gone."""
    personalize = trained.aws.client("personalize")
    group = group_of(trained)
    before = [item["solutionArn"] for item in personalize.list_solutions(datasetGroupArn=group)["solutions"]]
    trained.arm(job="SolutionVersion", outcome="STALL")
    personalize.create_solution_version(solutionArn=before[0])

    with pytest.raises(ResourcesRemainError, match="try the stack again"):
        empty_group(personalize, group, seconds=0)
    assert sorted(before) == empty_group(personalize, group, seconds=60)

    assert [] == personalize.list_solutions(datasetGroupArn=group)["solutions"]
    assert [] == empty_group(personalize, group + "-gone", seconds=60)


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A ResponseURL, and the answers that custom resources sent to it."""
    answers: list[dict[str, Any]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("localhost", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/", answers
        server.shutdown()
        thread.join()


def test_teardown_tells_the_topic_what_remains(trained: Rig, cloudformation: tuple[str, list[dict[str, Any]]]) -> None:
    """CloudFormation ignores a clean-up that fails after an update; people hear what may still be billed."""
    trained.messages()
    url, answers = cloudformation
    group = group_of(trained)
    properties = {"DatasetGroupArn": group, "Datasets": ["INTERACTIONS"], "TopicArn": trained.deployment.topic_arn}
    event = {
        "RequestType": "Delete",
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Teardown",
        "ResourceProperties": properties,
    }
    teardown_handler(event, Context(milliseconds=0))
    (message,) = trained.messages()

    assert "Resources of Amazon Personalize remain, and may be billed" == message["Subject"]
    assert message["Message"].startswith(f"Not everything that runs made in {group} could be deleted.")
    assert ":solution/shop-test--popular-" in message["Message"]
    # A topic that is gone already changes nothing about the answer.
    event["ResourceProperties"] = properties | {"TopicArn": f"{trained.deployment.topic_arn}-gone"}
    teardown_handler(event, Context(milliseconds=0))
    assert ["FAILED", "FAILED"] == [answer["Status"] for answer in answers]
    empty_group(trained.aws.client("personalize"), group, seconds=60)


class Datasets:
    """A Personalize whose group has the dataset that an event tracker makes; it may refuse to delete it."""

    def __init__(self, *, refuses: bool) -> None:
        self.arns = [f"arn:aws:personalize:r:1:dataset/g/{kind}" for kind in ("INTERACTIONS", "EVENT_INTERACTIONS")]
        self._refuses = refuses
        names = ("ResourceNotFoundException", "ResourceInUseException", "InvalidInputException")
        self.exceptions = SimpleNamespace(**{name: type(name, (Exception,), {}) for name in names})

    def get_paginator(self, operation: str) -> Datasets:
        """Return what pages: recommenders and solutions are none."""
        self._operation = operation
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        """Return one page."""
        kind = self._operation.removeprefix("list_")
        return [{kind: [{"datasetArn": arn} for arn in self.arns] if kind == "datasets" else []}]

    def delete_dataset(self, **arguments: str) -> None:
        """Delete at once what is deleted."""
        if self._refuses:
            raise ClientError({"Error": {"Code": "InvalidInputException", "Message": "No"}}, "DeleteDataset")
        if arguments["datasetArn"] not in self.arns:
            raise self.exceptions.ResourceNotFoundException
        self.arns.remove(arguments["datasetArn"])


@pytest.mark.parametrize(("refuses", "left"), [(False, 1), (True, 2)])
def test_teardown_deletes_datasets_that_nobody_declared(*, refuses: bool, left: int) -> None:
    """That of an event tracker goes, the stack's own stay; where the service refuses, the group's deletion decides."""
    personalize = Datasets(refuses=refuses)
    empty({"DatasetGroupArn": "g", "Datasets": ["INTERACTIONS"]}, personalize, seconds=60)

    assert left == len(personalize.arns)
    assert personalize.arns[0].endswith("/INTERACTIONS")


@pytest.mark.parametrize(
    ("kind", "milliseconds", "status"),
    [("Create", 60_000, "SUCCESS"), ("Delete", 60_000, "SUCCESS"), ("Delete", 0, "FAILED")],
)
def test_teardown_always_answers(
    rig: Rig,
    cloudformation: tuple[str, list[dict[str, Any]]],
    kind: str,
    milliseconds: int,
    status: str,
) -> None:
    """CloudFormation hears of success and of failure with its reason; only Delete deletes."""
    rig.put_raw("events/part.csv", csv(planted()))
    assert "SUCCEEDED" == rig.run({"solutions": ["popular"]}).status
    group = group_of(rig)
    url, answers = cloudformation
    event = {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Teardown",
        "ResourceProperties": {"DatasetGroupArn": group},
    }
    teardown_handler(event, Context(milliseconds=milliseconds))

    (answer,) = answers
    assert (status, group, "request") == (answer["Status"], answer["PhysicalResourceId"], answer["RequestId"])
    assert ("ResourcesRemainError" in answer["Reason"]) == (status == "FAILED")
    personalize = rig.aws.client("personalize")
    left = personalize.list_solutions(datasetGroupArn=group)["solutions"]
    assert bool(left) == (kind == "Create" or status == "FAILED")
    # What is being deleted would be in the way of the next test, which makes it again.
    empty_group(personalize, group, seconds=60)
