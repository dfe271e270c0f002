"""Sources that Athena reads, through the state machine: a table and a query with a look-up, and what may go wrong."""

from __future__ import annotations

import csv as rfc4180
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from cli.run import Host, RunOptions, run
from cli.view import View
from tests.documents import popular, shop
from tests.permissions.policies import altered
from tests.pipeline.data import planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS

BUCKET, OTHER = "company-lines", "erp-orders"
ROWS = [row.split(",") for row in planted()]
DAYS = ("2025-12-31", "2026-01-01", "2026-01-02")
DATASETS = {
    "interactions": {
        "source": {
            "table": "sales.lines",
            "partitions": "day >= '2026-01-01'",
            "locations": [f"s3://{BUCKET}/lines/"],
        },
        "lookups": {
            "orders": {
                "source": {
                    "query": "SELECT order_id, customer, placed AS at -- in seconds\nFROM sales.orders\n"
                    "WHERE customer IS NOT NULL;",
                    "locations": [f"s3://{OTHER}/orders/"],
                },
                "key": "order_id",
            }
        },
        "columns": {
            "USER_ID": "orders.customer",
            "ITEM_ID": "detail.item",
            "TIMESTAMP": {"from": "orders.at", "unit": "s"},
        },
    }
}
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
CSV = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": ",", "quoteChar": '"'},
    },
}


def column(name: str, kind: str) -> dict[str, str]:
    """Return a column as the catalog has it."""
    return {"Name": name, "Type": kind}


def fill(folder: Path) -> None:
    """Put tables and their data into a folder of raw data: a third of the lines on each day, orders with one gap."""
    lines = [{"order_id": number, "detail": {"item": item, "note": "x\ny"}} for number, (_, item, _) in enumerate(ROWS)]
    storage = {
        **PARQUET,
        "Columns": [column("order_id", "bigint"), column("detail", "struct<item:string,note:string>")],
    }
    place = f"s3://{BUCKET}/lines"
    for number, day in enumerate(DAYS):
        path = folder / "s3" / BUCKET / "lines" / f"day={day}" / "part-0"
        path.parent.mkdir(parents=True)
        pl.DataFrame(lines[number::3]).write_parquet(path)
    table = {
        "Name": "lines",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE"},
        "PartitionKeys": [column("day", "string")],
        "StorageDescriptor": {**storage, "Location": f"{place}/"},
    }
    partitions = [
        {"Values": [day], "StorageDescriptor": {**storage, "Location": f"{place}/day={day}/"}} for day in DAYS
    ]
    columns = [column(name, "string") for name in ("order_id", "customer", "placed")]
    orders = {
        "Name": "orders",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"skip.header.line.count": "1"},
        "StorageDescriptor": {**CSV, "Columns": columns, "Location": f"s3://{OTHER}/orders/"},
    }
    text = io.StringIO()
    writer = rfc4180.writer(text)
    writer.writerow(["order_id", "customer", "placed"])
    writer.writerows([number, user, at] for number, (user, _, at) in enumerate(ROWS) if number != 1)
    (folder / "s3" / OTHER / "orders").mkdir(parents=True)
    (folder / "s3" / OTHER / "orders" / "a.csv").write_text(text.getvalue())
    described = folder / "glue" / "sales"
    described.mkdir(parents=True)
    (described / "lines.json").write_text(json.dumps({"Table": table}))
    (described / "lines.partitions.json").write_text(json.dumps({"Partitions": partitions}))
    (described / "orders.json").write_text(json.dumps({"Table": orders}))


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of raw data."""
    folder = tmp_path_factory.mktemp("tables")
    fill(folder)
    return folder


@pytest.fixture(scope="module")
def rig(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline whose data Athena reads."""
    solution = popular(unchanged_data="skip")
    document = shop(name="asking", datasets=DATASETS, solutions=[solution], schedule=..., catalog=False)
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("asking"))


@pytest.fixture
def here(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which commands reach the embedded AWS."""
    for name, value in rig.aws.environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("here")
def test_a_run_here_asks_tables_of_a_folder(rig: Rig, raw: Path, tmp_path: Path) -> None:
    """Partitions that the condition takes, structs, a look-up by a query: the records are those of a join by hand."""
    options = RunOptions(tmp_path / "asking.yaml", "test", raw, tmp_path / "out", {})
    assert run(rig.pipeline, options, View(), Host(every=0.2, embedded=True))

    manifest: dict[str, Any] = json.loads((tmp_path / "out/asking/latest/manifest.json").read_text())
    (interactions,) = manifest["datasets"]
    wanted = [(user, item, at) for number, (user, item, at) in enumerate(ROWS) if number % 3 and number != 1]
    assert (1200, len(wanted), 1) == tuple(interactions[f"rows_{name}"] for name in ("in", "out", "rejected"))
    location = interactions["imports"]["location"].removeprefix(f"s3://{rig.deployment.bucket}/")
    found = [
        (row["USER_ID"], row["ITEM_ID"], row["TIMESTAMP"])
        for key in rig.keys(location)
        for row in rfc4180.DictReader(io.StringIO(rig.read(key).decode()))
    ]
    assert sorted(wanted) == sorted(found)
    (reject,) = rig.lines(f"rejects/{manifest['run']}/interactions.jsonl")
    assert reject["object"].startswith(f"s3://{rig.deployment.bucket}/queries/{manifest['run']}/interactions/")
    assert "no row of orders has this order_id" == reject["reason"]


def test_what_athena_finds_is_imported_again(rig: Rig) -> None:
    """The same data lies elsewhere in each run: nothing tells that it is the same, and skip passes over no training."""
    known = rig.versions()
    again = rig.run()

    assert ("SUCCEEDED", "") == (again.status, again.cause)
    assert again.manifest is not None
    assert "FULL" == again.manifest["datasets"][0]["imports"]["mode"]
    assert {again.manifest["solutions"][0]["version_arn"]} == set(rig.versions()) - set(known)


def test_a_resumed_run_asks_nothing_again(rig: Rig) -> None:
    """What failed after the transform goes on from its datasets: the queries were paid once."""
    rig.arm(job="SolutionVersion", outcome="CREATE FAILED", reason="no capacity")
    failed = rig.run()
    rig.disarm()
    found = rig.keys(f"queries/{failed.id}/")
    resumed = rig.run({"run": failed.id})

    assert ("FAILED", "SUCCEEDED", "") == (failed.status, resumed.status, resumed.cause)
    assert "Run query" in failed.states
    assert not {"Run queries", "Run query"} & set(resumed.states)
    assert found
    assert found == rig.keys(f"queries/{failed.id}/")


def test_a_query_that_fails_ends_the_run_with_athenas_reason(rig: Rig) -> None:
    """Nothing is transformed or imported, and a redrive after the table is mended goes on."""
    glue = rig.aws.client("glue")
    table = glue.get_table(DatabaseName="sales", Name="orders")["Table"]
    known = set(glue.meta.service_model.shape_for("TableInput").members)
    jobs = rig.import_jobs()
    glue.delete_table(DatabaseName="sales", Name="orders")
    arn = rig.start()
    failed = rig.ended(arn)
    glue.create_table(DatabaseName="sales", TableInput={key: table[key] for key in known & table.keys()})

    assert "FAILED" == failed.status
    assert "Run queries" in failed.cause
    assert "sales.orders" in failed.cause
    assert "TABLE_NOT_FOUND" in failed.cause
    assert "does not exist" in failed.cause
    # The reason, without the JSON around it.
    assert "QueryExecution" not in failed.cause
    assert jobs == rig.import_jobs()
    assert "Describe transform" not in failed.states

    rig.aws.client("stepfunctions").redrive_execution(executionArn=arn)
    assert "SUCCEEDED" == rig.ended(arn).status


@pytest.mark.parametrize("service", ["glue:", "s3:GetObject", "athena:"])
def test_without_its_grants_no_table_is_read(rig: Rig, service: str) -> None:
    """The state machine's role may because its own policy says so: without that statement a run fails."""

    def without(statement: dict[str, Any]) -> dict[str, Any] | None:
        actions, resources = (
            value if isinstance(value, list) else [value] for value in (statement["Action"], statement["Resource"])
        )
        taken = any(action.startswith(service) for action in actions)
        return None if taken and (service != "s3:GetObject" or any(BUCKET in each for each in resources)) else statement

    with altered(rig.aws, "asking-test", "StateMachineRole", without):
        refused = rig.run()

    assert "FAILED" == refused.status
    assert "Run queries" in refused.cause


def test_more_than_the_limit_is_not_read(aws: EmbeddedAWS, rig: Rig) -> None:
    """The workgroup stops a query that reads more than the file allows, and the run says so."""
    athena = aws.client("athena")
    update = {"BytesScannedCutoffPerQuery": 10_000_000}
    assert athena.get_work_group(WorkGroup="asking-test")["WorkGroup"]["Configuration"]["EnforceWorkGroupConfiguration"]
    aws.client("s3").put_object(Bucket=OTHER, Key="orders/large.csv", Body=b"1,2,3\n" * 2_000_000)
    athena.update_work_group(WorkGroup="asking-test", ConfigurationUpdates=update)
    stopped = rig.run()
    aws.client("s3").delete_object(Bucket=OTHER, Key="orders/large.csv")

    assert "FAILED" == stopped.status
    assert "Bytes scanned limit was exceeded" in stopped.cause
