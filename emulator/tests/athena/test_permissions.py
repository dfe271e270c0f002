"""A query may do what its caller may, and says what it may not."""

from typing import Any

import polars as pl
import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.athena.support import LAZY, Lake
from emulator.tests.iam.support import Role, refused

ATHENA = [
    "athena:StartQueryExecution",
    "athena:GetQueryExecution",
    "athena:StopQueryExecution",
    "athena:GetQueryResults",
]
GLUE = ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"]


class Grants:
    """The least that a query of one table needs, statement by statement."""

    def __init__(self, lake: Lake, table: str, target: str) -> None:
        glue, bucket = f"arn:aws:glue:us-east-1:{ACCOUNT_ID}", f"arn:aws:s3:::{lake.bucket}"
        catalog = [f"{glue}:catalog", f"{glue}:database/{lake.database}", f"{glue}:table/{lake.database}/{table}"]
        self.statements: dict[str, dict[str, Any]] = {
            "athena": {
                "Action": ATHENA, "Resource": f"arn:aws:athena:us-east-1:{ACCOUNT_ID}:workgroup/{lake.workgroup}"
            },
            "glue": {"Action": GLUE, "Resource": catalog},
            "location": {"Action": "s3:GetBucketLocation", "Resource": bucket},
            "list": {
                "Action": "s3:ListBucket",
                "Resource": bucket,
                "Condition": {"StringLike": {"s3:prefix": [f"{table}/*", f"{target}/*"]}},
            },
            "data": {"Action": "s3:GetObject", "Resource": f"{bucket}/{table}/*"},
            "results": {"Action": ["s3:PutObject", "s3:GetObject"], "Resource": f"{bucket}/results/*"},
            "target": {"Action": "s3:PutObject", "Resource": f"{bucket}/{target}/*"},
        }  # fmt: skip

    def without(self, name: str, action: str | None = None) -> list[dict[str, Any]]:
        """Return the statements without one of them, or without one of its actions."""
        changed = dict(self.statements)
        if action is None:
            del changed[name]
        else:
            changed[name] = {**changed[name], "Action": [each for each in changed[name]["Action"] if each != action]}
        return list(changed.values())


@pytest.fixture(scope="module")
def table(lake: Lake) -> str:
    """A table of one Parquet file."""
    return lake.parquet(pl.DataFrame({"a": [1]}), {"a": "bigint"})


def test_the_least_that_a_query_needs(aws: EmbeddedAWS, lake: Lake, table: str) -> None:
    """With the grants of Athena's guide a role selects, reads the results, and unloads."""
    role = Role(aws, *Grants(lake, table, "unloaded").statements.values())
    athena = role.client("athena")
    query = lake.run(f"SELECT a FROM {table}", athena)
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    found = athena.get_query_results(QueryExecutionId=query["QueryExecutionId"])["ResultSet"]["Rows"]
    assert found[1]["Data"] == [{"VarCharValue": "1"}]
    unload = f"UNLOAD (SELECT a FROM {table}) TO 's3://{lake.bucket}/unloaded/1/' WITH (format = 'PARQUET')"
    assert lake.run(unload, athena)["Status"]["State"] == "SUCCEEDED"
    assert len(lake.keys("unloaded/1/")) == 1


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (("glue", "glue:GetDatabase"), "Insufficient permissions to execute the query. User: "),
        (("glue", "glue:GetTable"), "not authorized to perform: glue:GetTable on resource: arn:aws:glue:us-east-1:"),
        (("data", None), "Permission denied on S3 path: s3://{bucket}/{table}/a.parquet"),
        (("list", None), "Permission denied on S3 path: s3://{bucket}/{table}/"),
        (("results", "s3:PutObject"), "Access denied when writing output to url: s3://{bucket}/results/"),
    ],
)
def test_what_is_missing_fails_the_query(
    aws: EmbeddedAWS, lake: Lake, table: str, missing: tuple[str, str | None], expected: str
) -> None:
    """Each grant is needed: without it the query ends as FAILED, in Athena's words."""
    role = Role(aws, *Grants(lake, table, "unloaded").without(*missing))
    query = lake.run(f"SELECT a FROM {table}", role.client("athena"))

    assert query["Status"]["State"] == "FAILED"
    assert expected.format(bucket=lake.bucket, table=table) in query["Status"]["StateChangeReason"]
    assert query["Status"]["AthenaError"]["ErrorType"] == 1500


def test_what_is_asked_before_a_query_begins(aws: EmbeddedAWS, lake: Lake, table: str) -> None:
    """The workgroup and the place of the results are looked at by StartQueryExecution itself."""
    grants = Grants(lake, table, "unloaded")
    code, message = refused(lake.start, sql="SELECT 1", client=Role(aws, *grants.without("athena")).client("athena"))
    assert code == "AccessDeniedException"
    assert f"athena:StartQueryExecution on resource: arn:aws:athena:us-east-1:{ACCOUNT_ID}:workgroup/" in message
    code, message = refused(lake.start, sql="SELECT 1", client=Role(aws, *grants.without("location")).client("athena"))
    assert (code, message) == ("InvalidRequestException", f"Unable to verify/create output bucket {lake.bucket}")
    unknown = Role(aws, *grants.statements.values(), {"Action": "athena:*", "Resource": "*"}).client("athena")
    assert refused(lake.start, sql="SELECT 1", client=unknown, WorkGroup="nobody")[0] == "AccessDeniedException"


def test_the_bucket_of_the_data_is_asked_for(aws: EmbeddedAWS, lake: Lake) -> None:
    """Data in another bucket than the results need s3:GetBucketLocation there, too."""
    other = Lake(aws)
    name = lake.parquet(pl.DataFrame({"a": [1]}), {"a": "bigint"})
    grants = Grants(lake, name, "unloaded").without("athena")
    athena = {"Action": ATHENA, "Resource": f"arn:aws:athena:us-east-1:{ACCOUNT_ID}:workgroup/{other.workgroup}"}
    results = {"Action": ["s3:PutObject", "s3:GetBucketLocation"], "Resource": f"arn:aws:s3:::{other.bucket}*"}
    with_all = Role(aws, *grants, athena, results)
    query = other.run(f"SELECT * FROM {lake.database}.{name}", with_all.client("athena"))
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    without = [each for each in grants if each["Action"] != "s3:GetBucketLocation"]
    client = Role(aws, *without, athena, results).client("athena")
    reason = other.reason(f"SELECT * FROM {lake.database}.{name}", client=client)
    assert reason.startswith(f"Permission denied on S3 path: s3://{lake.bucket}/{name}/")


def test_results_and_stops_ask_for_the_workgroup(aws: EmbeddedAWS, lake: Lake, table: str) -> None:
    """Who may not use the workgroup of a query neither sees, stops nor reads it; who may not read S3 gets none."""
    identifier = lake.run("SELECT 1")["QueryExecutionId"]
    stranger = Role(aws, {"Action": "athena:*", "Resource": "arn:aws:athena:*:*:workgroup/other"}).client("athena")
    for call in (stranger.get_query_execution, stranger.stop_query_execution, stranger.get_query_results):
        assert refused(call, QueryExecutionId=identifier)[0] == "AccessDeniedException"
    blind = Role(aws, *Grants(lake, table, "unloaded").without("results")).client("athena")
    assert refused(blind.get_query_results, QueryExecutionId=identifier)[0] == "InvalidRequestException"


def test_unload_asks_for_its_target(aws: EmbeddedAWS, lake: Lake, table: str) -> None:
    """Without PutObject below the target nothing is written, and the query fails."""
    role = Role(aws, *Grants(lake, table, "unloaded").without("target"))
    unload = f"UNLOAD (SELECT a FROM {table}) TO 's3://{lake.bucket}/unloaded/2/' WITH (format = 'PARQUET')"

    reason = lake.reason(unload, client=role.client("athena"))
    assert reason.startswith(f"Access denied when writing output to url: s3://{lake.bucket}/unloaded/2/")
    assert lake.keys("unloaded/2/") == []


def test_partitions_are_asked_for(aws: EmbeddedAWS, lake: Lake) -> None:
    """A table with partitions needs glue:GetPartitions, one without does not."""
    name = lake.table({"a": "string"}, LAZY, {}, keys={"p": "int"})
    role = Role(aws, *Grants(lake, name, "unloaded").without("glue", "glue:GetPartitions"))

    assert "glue:GetPartitions" in lake.reason(f"SELECT * FROM {name}", client=role.client("athena"))
