"""That a pipeline leaves nothing behind when it is destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from cli.main import app
from cli.toolkit import cdk
from tests.documents import rarely, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS


def what_is_there(aws: EmbeddedAWS) -> dict[str, set[str]]:
    """Return the names of everything that a pipeline's stacks and runs make."""

    def listed(service: str, operation: str, key: str, name: str) -> set[str]:
        answer: dict[str, Any] = getattr(aws.client(service), operation)()
        return {item[name] if name else item for item in answer.get(key, ())}

    return {
        "buckets": listed("s3", "list_buckets", "Buckets", "Name"),
        "campaigns": listed("personalize", "list_campaigns", "campaigns", "name"),
        "dataset groups": listed("personalize", "list_dataset_groups", "datasetGroups", "name"),
        "datasets": listed("personalize", "list_datasets", "datasets", "name"),
        "event trackers": listed("personalize", "list_event_trackers", "eventTrackers", "name"),
        "filters": listed("personalize", "list_filters", "Filters", "name"),
        "functions": listed("lambda", "list_functions", "Functions", "FunctionName"),
        "layers": listed("lambda", "list_layers", "Layers", "LayerName"),
        "log groups": listed("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "metric attributions": listed("personalize", "list_metric_attributions", "metricAttributions", "name"),
        "queues": listed("sqs", "list_queues", "QueueUrls", ""),
        "recommenders": listed("personalize", "list_recommenders", "recommenders", "name"),
        "roles": listed("iam", "list_roles", "Roles", "RoleName"),
        "schedules": listed("scheduler", "list_schedules", "Schedules", "Name"),
        "schemas": listed("personalize", "list_schemas", "schemas", "name"),
        "solutions": listed("personalize", "list_solutions", "solutions", "name"),
        "stacks": listed("cloudformation", "describe_stacks", "Stacks", "StackName"),
        "state machines": listed("stepfunctions", "list_state_machines", "stateMachines", "name"),
        "topics": listed("sns", "list_topics", "Topics", "TopicArn"),
    }


def destroy(aws: EmbeddedAWS, file: Path, *context: str) -> None:
    """Run the CDK's own destroy."""
    options = [part for pair in (f"pipeline={file}", "stage=test", *context) for part in ("--context", pair)]
    cdk("destroy", "--all", "--force", *options, environment=aws.environment(), say=lambda _: None)


def own(there: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what is of the pipeline `gone`, by kind."""
    found = {kind: {name for name in names if "gone-test" in name} for kind, names in there.items()}
    return {kind: names for kind, names in found.items() if names}


def test_destroy_removes_what_stacks_and_runs_made(aws: EmbeddedAWS, tmp_path: Path) -> None:
    """After a run and a wrong name, which removes nothing, the command removes everything, with the bucket if asked."""
    rig = Rig.deploy(aws, shop(name="gone", **rarely()), tmp_path)
    rig.put_raw("events/part.csv", csv(planted()))
    # Versions of an object go, too.
    rig.put_raw("events/part.csv", csv(planted()))
    assert "SUCCEEDED" == rig.run().status
    aws.client("sqs").delete_queue(QueueUrl=rig.queue)
    between = what_is_there(aws)
    assert {"buckets", "datasets", "functions", "roles", "solutions", "stacks", "topics"} <= own(between).keys()
    command = ["destroy", str(tmp_path / "gone.yaml"), "--stage", "test", "--with-bucket"]

    typed = CliRunner().invoke(app, command, input="gone\n", env=aws.environment())
    assert 1 == typed.exit_code
    assert f"{rig.deployment.bucket} goes with " in typed.output
    assert "'gone' is not gone-test: nothing was removed" in typed.output
    assert between == what_is_there(aws)

    done = CliRunner().invoke(app, [*command, "--confirm", "gone-test"], env=aws.environment())
    assert 0 == done.exit_code, done.output
    assert {} == own(what_is_there(aws))
