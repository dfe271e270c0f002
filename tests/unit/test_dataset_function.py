"""What the dataset function makes of answers that the embedded Personalize does not give."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.dataset.dataset import DatasetError, Datasets, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

ARNS = "arn:aws:personalize:us-east-1:123456789012"
DATASET = f"{ARNS}:dataset/shop-dev-1/ITEMS"
OLD, NEW = f"{ARNS}:schema/old", f"{ARNS}:schema/new"


def document(*names: str) -> str:
    """Return a schema of items with nullable columns."""
    fields = [{"name": name, "type": ["string", "null"]} for name in names]
    return json.dumps({"type": "record", "name": "Items", "fields": fields})


def described(schema: str, **update: str) -> dict[str, Any]:
    """Return what DescribeDataset answers."""
    more = {"latestDatasetUpdate": update} if update else {}
    return {"dataset": {"datasetArn": DATASET, "schemaArn": schema, "status": "ACTIVE", **more}}


@pytest.fixture
def service() -> Iterator[Stubber]:
    """Personalize with the answers that a test puts into it, in order; all of them must be asked for."""
    client = boto3.client(
        "personalize", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def wanted(*names: str) -> Wanted:
    """Return the dataset with these columns."""
    properties = {
        "Name": "shop-dev-items",
        "DatasetGroupArn": f"{ARNS}:dataset-group/shop-dev-1",
        "DatasetType": "Items",
        "SchemaName": "new",
        "Schema": document(*names),
        "Generation": "3",
    }
    return Wanted.of(properties)


def datasets(service: Stubber, seconds: float = 60) -> Datasets:
    """Return the function's datasets, which do not sleep."""
    return Datasets(service.client, seconds=seconds, sleep=lambda _: None)


def begin_update(service: Stubber) -> None:
    """Answer up to the update's request."""
    service.add_response("describe_dataset", described(OLD), {"datasetArn": DATASET})
    service.add_response("describe_schema", {"schema": {"schema": document("A")}}, {"schemaArn": OLD})
    service.add_response("create_schema", {"schemaArn": NEW})


def test_the_reason_of_a_failed_update_is_told(service: Stubber) -> None:
    """The failure of the newest update counts, and neither that of one before it nor that it is under way."""
    begin_update(service)
    service.add_client_error("update_dataset", "ResourceInUseException", "an import is under way")
    service.add_response("update_dataset", {"datasetArn": DATASET}, {"datasetArn": DATASET, "schemaArn": NEW})
    service.add_response("describe_dataset", described(OLD, schemaArn="before", status="ACTIVE"))
    service.add_response("describe_dataset", described(OLD, schemaArn=NEW, status="CREATE IN_PROGRESS"))
    failed = described(OLD, schemaArn=NEW, status="CREATE FAILED", failureReason="out of luck")
    service.add_response("describe_dataset", failed)

    with pytest.raises(DatasetError, match="CREATE FAILED: out of luck"):
        datasets(service).ensure(wanted("A", "B"))


def test_an_update_ends_with_the_old_schema_deleted(service: Stubber) -> None:
    """The old schema goes; that it is in use elsewhere is no failure."""
    begin_update(service)
    service.add_response("update_dataset", {"datasetArn": DATASET}, {"datasetArn": DATASET, "schemaArn": NEW})
    service.add_response("describe_dataset", described(NEW, schemaArn=NEW, status="ACTIVE"))
    service.add_client_error("delete_schema", "ResourceInUseException", expected_params={"schemaArn": OLD})

    assert NEW in datasets(service).ensure(wanted("A", "B"))


def test_a_rollback_keeps_what_cannot_be_lost(service: Stubber) -> None:
    """Going back to fewer columns is no failure, and nothing is asked for; the answer says what stays."""
    service.add_response("describe_dataset", described(OLD))
    service.add_response("describe_schema", {"schema": {"schema": document("A", "B")}})

    assert "keeps the schema" in datasets(service).ensure(wanted("A"), going_back=True)


def test_what_is_refused_names_field_and_remedy(service: Stubber) -> None:
    """Without a rollback the same is an error, with the next generation as the way out."""
    service.add_response("describe_dataset", described(OLD))
    service.add_response("describe_schema", {"schema": {"schema": document("A", "B")}})

    with pytest.raises(DatasetError, match=r"items cannot take.*field B is no longer there.*`generation: 4`"):
        datasets(service).ensure(wanted("A"))


def test_a_dataset_that_is_there_is_taken_over(service: Stubber) -> None:
    """A repeated Create finds its dataset and makes nothing."""
    service.add_response("describe_dataset", described(NEW))

    assert "has this schema" in datasets(service).ensure(wanted("A"))


def test_deleting_waits_for_what_is_under_way(service: Stubber) -> None:
    """A dataset in use is asked for again; it is deleted when it is not found, and its schemas with it."""
    service.add_response("describe_dataset", described(OLD))
    service.add_client_error("delete_dataset", "ResourceInUseException")
    service.add_response("describe_dataset", described(OLD))
    service.add_response("delete_dataset", {}, {"datasetArn": DATASET})
    gone = described(OLD)
    gone["dataset"]["status"] = "DELETE IN_PROGRESS"
    service.add_response("describe_dataset", gone)
    service.add_client_error("describe_dataset", "ResourceNotFoundException")
    service.add_response("delete_schema", {}, {"schemaArn": NEW})
    service.add_client_error("delete_schema", "ResourceNotFoundException", expected_params={"schemaArn": OLD})

    datasets(service).delete(wanted("A"))


def test_a_dataset_that_stays_in_use_fails_in_time(service: Stubber) -> None:
    """CloudFormation hears which dataset it is before the function's time is over."""
    service.add_response("describe_dataset", described(OLD))
    service.add_client_error("delete_dataset", "ResourceInUseException")

    with pytest.raises(DatasetError, match="dataset/shop-dev-1/ITEMS was not deleted in time"):
        datasets(service, seconds=0).delete(wanted("A"))
