"""A database of the Data Catalog with tables of a few rows, and queries of it."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import eventually, unique

TERMINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
PARQUET_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPENX = "org.openx.data.jsonserde.JsonSerDe"
HCATALOG = "org.apache.hive.hcatalog.data.JsonSerDe"


def table_input(name: str, location: str, columns: Mapping[str, str], serde: str, **more: Any) -> dict[str, Any]:
    """Return Glue's TableInput of an external table.

    `more` are `settings` of the SerDe, `keys` of partitions, `parameters` of the table, and members of TableInput.
    """
    settings, keys, parameters = (more.pop(each, {}) for each in ("settings", "keys", "parameters"))
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys.items()],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()],
            "Location": location,
            "InputFormat": PARQUET_INPUT if serde == PARQUET else TEXT_INPUT,
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": settings},
        },
        **more,
    }


class Lake:
    """A bucket, a database and a workgroup of a test's own."""

    def __init__(self, aws: EmbeddedAWS, **configuration: Any) -> None:
        self.aws = aws
        self.bucket, self.database, self.workgroup = unique("lake"), unique("db").replace("-", "_"), unique("group")
        self.s3, self.glue, self.athena = (aws.client(service) for service in ("s3", "glue", "athena"))
        self.s3.create_bucket(Bucket=self.bucket)
        self.glue.create_database(DatabaseInput={"Name": self.database})
        settings = {"ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"}, **configuration}
        self.athena.create_work_group(Name=self.workgroup, Configuration=settings)

    def put(self, key: str, body: bytes | str) -> str:
        """Put an object; return its URL."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so."""
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])]

    def body(self, key: str) -> bytes:
        """Return the content of an object."""
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def table(self, columns: Mapping[str, str], serde: str, files: Mapping[str, bytes | str], **more: Any) -> str:
        """Make a table of files; return its name."""
        name = unique("t").replace("-", "_")
        for file, body in files.items():
            self.put(f"{name}/{file}", body)
        described = table_input(name, f"s3://{self.bucket}/{name}/", columns, serde, **more)
        self.glue.create_table(DatabaseName=self.database, TableInput=described)
        return name

    def parquet(self, frame: pl.DataFrame, columns: Mapping[str, str], **more: Any) -> str:
        """Make a table of one Parquet file; return its name."""
        return self.table(columns, PARQUET, {"a.parquet": as_parquet(frame)}, **more)

    def start(self, sql: str, client: Any = None, **more: Any) -> str:
        """Start a query; return its id."""
        context = {"Catalog": "AwsDataCatalog", "Database": self.database}
        given = {"WorkGroup": self.workgroup, "QueryExecutionContext": context, **more}
        return str((client or self.athena).start_query_execution(QueryString=sql, **given)["QueryExecutionId"])

    def ended(self, identifier: str) -> dict[str, Any]:
        """Wait for a query's end; return its description."""
        return eventually(lambda: self.is_over(identifier))

    def is_over(self, identifier: str) -> dict[str, Any] | None:
        """Return a query's description if it has ended."""
        found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
        return found if found["Status"]["State"] in TERMINAL else None

    def run(self, sql: str, client: Any = None, **more: Any) -> dict[str, Any]:
        """Run a query to its end; return its description."""
        return self.ended(self.start(sql, client, **more))

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """Run a query that must succeed; return its rows without the names of columns."""
        described = self.run(sql, **more)
        assert described["Status"]["State"] == "SUCCEEDED", described["Status"]
        result = self.athena.get_query_results(QueryExecutionId=described["QueryExecutionId"])["ResultSet"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in result["Rows"][1:]]

    def value(self, expression: str, source: str = "") -> str | None:
        """Return the one value of an expression."""
        ((value,),) = self.rows(f"SELECT {expression} {source}")
        return value

    def reason(self, sql: str, **more: Any) -> str:
        """Run a query that must fail; return why it did."""
        described = self.run(sql, **more)
        assert described["Status"]["State"] == "FAILED", described
        return str(described["Status"]["StateChangeReason"])


def as_parquet(frame: pl.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def read_parquet(bodies: Sequence[bytes]) -> pl.DataFrame:
    """Return what Parquet files hold."""
    return pl.concat([pl.read_parquet(io.BytesIO(body)) for body in bodies])
