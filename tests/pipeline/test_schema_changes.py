"""What becomes of a pipeline that has run when the columns in its file change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.errors import CommandError
from cli.main import app
from definition.plan.names import dataset_group_name
from tests.documents import shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig, Run
from tests.pipeline.test_destroy import what_is_there

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS

NAME = "columns"
ITEMS = "sku,kind,price\n" + "".join(f"{group}{number:02},{group},{number}\n" for group in "AB" for number in range(40))
USERS = "id,side\n" + "".join(f"{'ab'[number % 2]}{number},{'ab'[number % 2]}\n" for number in range(60))
KIND = {"from": "kind", "type": "categorical"}
PRICE = {"from": "price", "type": "float"}
SIDE = {"from": "side", "type": "categorical"}
SIMILAR = {
    "name": "similar",
    "recipe": "aws-similar-items",
    "batch_inference": [{"name": "top", "items": "all", "num_results": 5}],
}


def document(
    items: dict[str, Any], interactions: dict[str, Any] | None = None, users: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the file with these columns beside those that must be."""
    of_events = shop()["datasets"]["interactions"]
    datasets = {
        "interactions": of_events | {"columns": of_events["columns"] | (interactions or {})},
        "items": {"source": {"path": "items/"}, "columns": {"ITEM_ID": "sku", **items}},
        "users": {"source": {"path": "users/"}, "columns": {"USER_ID": "id", **(users or {"SIDE": SIDE})}},
    }
    return shop(name=NAME, datasets=datasets, solutions=[SIMILAR], schedule=...) | more


class Changing:
    """A pipeline that is deployed again and again."""

    def __init__(self, aws: EmbeddedAWS, folder: Path) -> None:
        self.folder = folder
        self.personalize = aws.client("personalize")
        self.rig = Rig.deploy(aws, document({"KIND": KIND}), folder)
        self.rig.put_raw("events/part.csv", csv(planted()))
        for key, text in (("items/items.csv", ITEMS), ("users/users.csv", USERS)):
            self.rig.add_raw(key, text)

    def deploy(self, file: dict[str, Any]) -> None:
        """Deploy a changed file."""
        self.rig.deploy_again(file, self.folder)

    def run(self) -> tuple[Run, dict[str, Any]]:
        """Run; return the run and its manifest."""
        run = self.rig.run()
        assert ("SUCCEEDED", "") == (run.status, run.cause)
        assert run.manifest is not None
        return run, run.manifest

    def group(self) -> str:
        """Return the ARN of the group that the file asks for."""
        return (
            f"arn:aws:personalize:us-east-1:123456789012:dataset-group/{dataset_group_name(self.rig.pipeline, 'test')}"
        )

    def groups(self) -> set[str]:
        """Return the ARNs of this pipeline's groups."""
        groups = self.personalize.list_dataset_groups()["datasetGroups"]
        return {one["datasetGroupArn"] for one in groups if one["name"].startswith(f"{NAME}-test")}

    def solutions(self, group: str) -> set[str]:
        """Return the ARNs of a group's solutions."""
        return {one["solutionArn"] for one in self.personalize.list_solutions(datasetGroupArn=group)["solutions"]}

    def schema(self, kind: str) -> tuple[str, dict[str, Any]]:
        """Return the name of a dataset's schema, and its fields' types by name."""
        arn = f"{self.group().replace(':dataset-group/', ':dataset/')}/{kind}"
        dataset = self.personalize.describe_dataset(datasetArn=arn)["dataset"]
        schema = self.personalize.describe_schema(schemaArn=dataset["schemaArn"])["schema"]
        return schema["name"], {field["name"]: field["type"] for field in json.loads(schema["schema"])["fields"]}

    def schemas(self) -> set[str]:
        """Return the names of this pipeline's schemas."""
        schemas = self.personalize.list_schemas()["schemas"]
        return {one["name"] for one in schemas if one["name"].startswith(f"{NAME}-test")}


def modes(manifest: dict[str, Any]) -> dict[str, str]:
    """Return how each dataset was imported."""
    return {dataset["dataset"]: dataset["imports"]["mode"] for dataset in manifest["datasets"]}


def test_columns_come_and_go(aws: EmbeddedAWS, tmp_path: Path) -> None:
    """A pipeline lives through changes of all its schemas, and each run has what the file then says."""
    changing = Changing(aws, tmp_path)
    first, manifest = changing.run()
    assert {"interactions": "FULL", "items": "FULL", "users": "FULL"} == modes(manifest)
    group = changing.group()

    _gain(changing, group)
    _refuse(changing, group)
    _take_back(changing, group)
    _begin_anew(changing, group, first)

    aws.client("sqs").delete_queue(QueueUrl=changing.rig.queue)
    command = ["destroy", str(tmp_path / f"{NAME}.yaml"), "--stage", "test", "--confirm", f"{NAME}-test"]
    done = CliRunner().invoke(app, command, env=aws.environment())
    assert 0 == done.exit_code, done.output
    ours = {kind: {name for name in names if f"{NAME}-test" in name} for kind, names in what_is_there(aws).items()}
    assert {"buckets": {changing.rig.deployment.bucket}} == {kind: names for kind, names in ours.items() if names}
    assert changing.rig.keys("curated/")
    assert f"s3://{changing.rig.deployment.bucket} is there with its data" in "".join(done.output.splitlines())


def _gain(changing: Changing, group: str) -> None:
    """A new column of items: the same group, its dataset updated and imported in full, another solution."""
    solutions, schemas = changing.solutions(group), changing.schemas()
    changing.deploy(document({"KIND": KIND, "PRICE": PRICE}))
    name, fields = changing.schema("ITEMS")
    assert ({group}, ["float", "null"]) == (changing.groups(), fields["PRICE"])
    assert name not in schemas
    assert len(schemas) == len(changing.schemas())

    _, manifest = changing.run()
    assert {"interactions": "NONE", "items": "FULL", "users": "NONE"} == modes(manifest)
    assert 1 == len(changing.solutions(group) - solutions)


def _refuse(changing: Changing, group: str) -> None:
    """A column less: the deployment says which and what to do, and nothing has changed."""
    solutions, pipeline, schemas = changing.solutions(group), changing.rig.pipeline, changing.schemas()
    with pytest.raises(CommandError, match=r"field KIND is no longer there.*`generation: 2`"):
        changing.deploy(document({"PRICE": PRICE}))
    assert changing.rig.pipeline == pipeline

    _, manifest = changing.run()
    assert {"interactions": "NONE", "items": "NONE", "users": "NONE"} == modes(manifest)
    assert (solutions, schemas) == (changing.solutions(group), changing.schemas())


def _take_back(changing: Changing, group: str) -> None:
    """A change that is good for items and refused for users: items may stay as wide; mended, it can be deployed."""
    wider = {"KIND": KIND, "PRICE": PRICE, "COST": PRICE}
    with pytest.raises(CommandError, match="field SIDE is no longer there"):
        changing.deploy(document(wider, users={"WING": SIDE}))

    changing.deploy(document(wider))
    assert wider.keys() <= changing.schema("ITEMS")[1].keys()
    _, manifest = changing.run()
    assert "FULL" == modes(manifest)["items"]
    assert {group} == changing.groups()


def _begin_anew(changing: Changing, group: str, first: Run) -> None:
    """Another column of interactions, then another generation: a new group each time, and none of the old remains."""
    tables = changing.rig.keys("curated/")
    event_value = {"EVENT_VALUE": {"value": 1}}
    changing.deploy(document({"KIND": KIND}, event_value))
    second = changing.group()
    assert {second} == changing.groups() != {group}
    assert set() == changing.solutions(group)
    assert set(tables) <= set(changing.rig.keys("curated/"))

    newest = json.loads(changing.rig.read("runs/newest.json"))["run"]
    refused = changing.rig.run({"run": newest})
    assert "FAILED" == refused.status
    assert "imported into datasets with other columns" in refused.cause

    _, manifest = changing.run()
    assert {"interactions": "FULL", "items": "FULL", "users": "FULL"} == modes(manifest)
    assert 1 == len(changing.solutions(second))
    assert any(f"run={first.id}/" in key for key in changing.rig.keys("curated/"))

    changing.deploy(document({"PRICE": PRICE}, event_value, generation=2))
    assert changing.groups() == {changing.group()} != {second}
    assert {"ITEM_ID", "PRICE"} == changing.schema("ITEMS")[1].keys()
    assert 3 == len(changing.schemas())
