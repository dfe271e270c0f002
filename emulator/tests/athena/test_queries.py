"""Queries through the API: states, results, UNLOAD, tokens, parameters, limits."""

import re
import threading
import time
from typing import Any

import polars as pl
import pytest
from botocore.exceptions import ClientError

from embedded_aws.athena.queries import missing
from embedded_aws.server import EmbeddedAWS
from emulator.tests.athena.support import CSV, Lake, read_parquet
from emulator.tests.support import eventually

SLOW = "SELECT max(sqrt(x) + ln(y) + z) FROM " + " CROSS JOIN ".join(
    f"UNNEST(sequence(1, 30000)) AS {name}({name})" for name in "xyz"
)
"""A query that does not end by itself."""


def refused(call: Any, **arguments: Any) -> tuple[str, str, str]:
    """Make a call that must be refused; return code, message and AthenaErrorCode."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], str(response.get("AthenaErrorCode"))


def test_a_query_from_start_to_end(lake: Lake) -> None:
    """It says what ran, when, where the results are and what it read; the file has all but NULL in quotes."""
    name = lake.table({"a": "string", "b": "string"}, CSV, {"a.csv": '"say ""hi""",x\n,y\n'})
    query = lake.run(f"SELECT a, b, CAST(NULL AS integer) AS n FROM {name} ORDER BY b")

    identifier = query["QueryExecutionId"]
    assert query["Status"]["SubmissionDateTime"] <= query["Status"]["CompletionDateTime"]
    assert (query["StatementType"], query["SubstatementType"]) == ("DML", "SELECT")
    assert query["ResultConfiguration"]["OutputLocation"] == f"s3://{lake.bucket}/results/{identifier}.csv"
    assert query["QueryExecutionContext"] == {"Catalog": "awsdatacatalog", "Database": lake.database}
    assert query["WorkGroup"] == lake.workgroup
    assert query["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    statistics = query["Statistics"]
    assert statistics["DataScannedInBytes"] == len('"say ""hi""",x\n,y\n')
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"] > 0
    assert lake.body(f"results/{identifier}.csv") == b'"a","b","n"\n"say ""hi""","x",\n"","y",\n'
    found = lake.athena.batch_get_query_execution(QueryExecutionIds=[identifier, "nobody"])
    assert found["QueryExecutions"] == [query]
    assert [each["QueryExecutionId"] for each in found["UnprocessedQueryExecutionIds"]] == ["nobody"]


def test_results_come_in_pages(lake: Lake) -> None:
    """The first row of the first page has the names; NULL has no value; an empty result has the names alone."""
    query = lake.run("SELECT x, CAST(NULL AS varchar) AS n FROM UNNEST(sequence(1, 1500)) AS t(x)")
    asked: dict[str, Any] = {"QueryExecutionId": query["QueryExecutionId"]}
    first = lake.athena.get_query_results(**asked)
    assert len(first["ResultSet"]["Rows"]) == 1000
    assert first["ResultSet"]["Rows"][0]["Data"] == [{"VarCharValue": "x"}, {"VarCharValue": "n"}]
    assert first["ResultSet"]["Rows"][1]["Data"] == [{"VarCharValue": "1"}, {}]
    pages = lake.athena.get_paginator("get_query_results").paginate(**asked)
    assert sum(len(page["ResultSet"]["Rows"]) for page in pages) == 1501
    (column, _) = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert (column["Type"], column["Precision"], column["Nullable"]) == ("bigint", 19, "UNKNOWN")
    empty = lake.run("SELECT 1 AS a WHERE false")
    assert lake.body(f"results/{empty['QueryExecutionId']}.csv") == b'"a"\n'
    told = refused(lake.athena.get_query_results, **asked, NextToken="nope")
    assert told[1:] == ("Malformed nextPageToken nope", "INVALID_INPUT")


class TestUnload:
    def test_files_and_manifest(self, lake: Lake) -> None:
        """It writes Parquet files without an ending, and lists them in a manifest beside the results."""
        name = lake.parquet(pl.DataFrame({"a": [1, 2], "b": ["x", None]}), {"a": "bigint", "b": "string"})
        target = f"s3://{lake.bucket}/out/plain"
        options = "WITH (format = 'PARQUET', compression = 'SNAPPY')"
        query = lake.run(f"UNLOAD (SELECT a + 1 AS a, b, sum(a) OVER () AS s FROM {name}) TO '{target}' {options}")

        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        (key,) = lake.keys("out/plain/")
        assert re.fullmatch(r"out/plain/\d{8}_\d{6}_\d{5}_[0-9a-f]{5}_[0-9a-f-]{36}", key)
        frame = read_parquet([lake.body(key)])
        assert frame.schema == {"a": pl.Int64, "b": pl.String, "s": pl.Int64}
        assert frame.sort("a").rows() == [(2, "x", 3), (3, None, 3)]
        identifier = query["QueryExecutionId"]
        assert query["SubstatementType"] == "UNLOAD"
        assert query["ResultConfiguration"]["OutputLocation"] == f"s3://{lake.bucket}/results/{identifier}"
        manifest = query["Statistics"]["DataManifestLocation"]
        assert manifest == f"s3://{lake.bucket}/results/{identifier}-manifest.csv"
        assert lake.body(f"results/{identifier}-manifest.csv").decode() == f"s3://{lake.bucket}/{key}\n"
        result = lake.athena.get_query_results(QueryExecutionId=identifier)
        assert (result["UpdateCount"], result["ResultSet"]["Rows"]) == (2, [])

    def test_no_rows_are_no_file(self, lake: Lake) -> None:
        """Without rows there is no file, and the manifest is empty."""
        sql = f"UNLOAD (SELECT 1 AS a WHERE false) TO 's3://{lake.bucket}/out/none/' WITH (format = 'PARQUET')"
        query = lake.run(sql)

        assert query["Status"]["State"] == "SUCCEEDED"
        assert lake.keys("out/none/") == []
        assert lake.body(f"results/{query['QueryExecutionId']}-manifest.csv") == b""

    def test_the_target_must_be_empty(self, lake: Lake) -> None:
        """Another object below the prefix fails the query, and stays."""
        lake.put("out/full/x", "here")
        sql = f"UNLOAD (SELECT 1 AS a) TO 's3://{lake.bucket}/out/full/' WITH (format = 'PARQUET')"

        assert lake.reason(sql).startswith("HIVE_PATH_ALREADY_EXISTS: Target directory already exists: s3://")
        assert lake.keys("out/full/") == ["out/full/x"]

    def test_two_columns_of_one_name(self, lake: Lake) -> None:
        """They cannot be written."""
        sql = f"UNLOAD (SELECT 1 AS a, 2 AS a) TO 's3://{lake.bucket}/out/twice/' WITH (format = 'PARQUET')"

        assert lake.reason(sql) == "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'a' specified more than once"

    @pytest.mark.parametrize("column", ["NULL", "from_unixtime(1)"])
    def test_types_that_hive_does_not_have(self, lake: Lake, column: str) -> None:
        """They cannot be written."""
        sql = f"UNLOAD (SELECT {column} AS a) TO 's3://{lake.bucket}/out/type/' WITH (format = 'PARQUET')"

        assert lake.reason(sql).startswith("NOT_SUPPORTED: Unsupported Hive type: ")

    @pytest.mark.parametrize("name", ["GZIP", "ZSTD", "NONE"])
    def test_compressions(self, lake: Lake, name: str) -> None:
        """The file can be read whichever is asked for; without a slash the prefix gets one."""
        options = f"(format = 'PARQUET', compression = '{name}')"
        query = lake.run(f"UNLOAD (SELECT 'x' AS a) TO 's3://{lake.bucket}/out/{name}' WITH {options}")

        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        assert read_parquet([lake.body(key) for key in lake.keys(f"out/{name}/")]).rows() == [("x",)]

    @pytest.mark.parametrize(
        ("options", "what"),
        [
            ("WITH (format = 'ORC')", "UNLOAD with the format ORC; PARQUET is"),
            ("WITH (format = 'PARQUET', partitioned_by = ARRAY['a'])", "UNLOAD with partitioned_by"),
            ("WITH (format = 'PARQUET', compression = 'LZ4')", "UNLOAD with the compression LZ4"),
        ],
    )
    def test_other_ways_are_refused(self, lake: Lake, options: str, what: str) -> None:
        """What is not written here is refused by name before a query begins."""
        code, message, _ = refused(lake.start, sql=f"UNLOAD (SELECT 1 AS a) TO 's3://{lake.bucket}/o/' {options}")

        assert code == "NotImplementedException"
        assert what in message


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT *\nFROM nope", "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.{db}.nope' does not exist"),
        ("SELECT * FROM nowhere.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nowhere' does not exist"),
        (
            "SELECT nope FROM (VALUES 1) AS t(x)",
            (
                "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved or requester is not authorized to access "
                "requested resources"
            ),
        ),
        (
            "SELECT x, count(*) FROM (VALUES 1) AS t(x)",
            "EXPRESSION_NOT_AGGREGATE: line 1:8: 'x' must be an aggregate expression or appear in GROUP BY clause",
        ),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT CAST('1.5' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '1.5' to an integer"),
        ("SELECT 2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE: Overflow in addition of INT32 (2147483647 + 1)!"),
        ("SELECT sum(x) FROM (VALUES 9223372036854775807, 1) AS t(x)", "NUMERIC_VALUE_OUT_OF_RANGE: "),
        ("SELECT ARRAY[1][2]", "INVALID_FUNCTION_ARGUMENT: Array subscript out of bounds"),
    ],
)
def test_why_queries_fail(lake: Lake, sql: str, reason: str) -> None:
    """The reason has Trino's name, the place in the query, and what is wrong."""
    assert lake.reason(sql).startswith(reason.format(db=lake.database))


def test_failures_are_told_in_full(lake: Lake) -> None:
    """A failed query has an AthenaError, no results and no file."""
    query = lake.run("SELECT * FROM nope")

    error = query["Status"]["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"], error["Retryable"]) == (2, 1301, False)
    assert error["ErrorMessage"] == query["Status"]["StateChangeReason"]
    told = refused(lake.athena.get_query_results, QueryExecutionId=query["QueryExecutionId"])
    assert told[1:] == ("Query did not finish successfully. Final query state: FAILED", "INVALID_QUERY_EXECUTION_STATE")
    assert lake.keys(f"results/{query['QueryExecutionId']}") == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"),
        (" ; ", "Empty sql statement: ;"),
        ("SELEKT 1", "line 1:1: mismatched input 'SELEKT'"),
        ("SELECT 1 FRM t WHERE )", "line 1:14: mismatched input 't'"),
        ("SELECT 'open", "line 1:1: "),
        ("UNLOAD SELECT 1 TO 's3://b/'", "line 1:8: mismatched input 'SELECT'"),
    ],
)
def test_what_is_no_sql_begins_no_query(lake: Lake, sql: str, message: str) -> None:
    """It is refused at once, with the place."""
    code, told, athena_code = refused(lake.start, sql=sql)

    assert (code, athena_code) == ("InvalidRequestException", "MALFORMED_QUERY")
    assert told.startswith(message)


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE a AS SELECT 1 AS b", "DROP TABLE x", "MSCK REPAIR TABLE x", "SHOW TABLES"]
)
def test_other_statements_are_refused_by_name(lake: Lake, sql: str) -> None:
    """DDL and its like is not emulated."""
    code, message, _ = refused(lake.start, sql=sql)

    assert code == "NotImplementedException"
    assert f"not {sql.split(maxsplit=1)[0]}" in message


def test_a_semicolon_and_comments(lake: Lake) -> None:
    """A statement may end with a semicolon and hold comments and texts with semicolons."""
    assert lake.rows("-- a; b\nSELECT ';' AS a /* ; */ ;") == [[";"]]
    assert lake.rows("SELECT 1 AS a -- */, 2 AS b\n") == [["1"]]


def test_tokens(lake: Lake) -> None:
    """The same token and question give the same query; another question is refused."""
    token = "t" * 32
    first = lake.start("SELECT 1", ClientRequestToken=token)
    assert lake.start("SELECT 1", ClientRequestToken=token) == first
    told = refused(lake.start, sql="SELECT 2", ClientRequestToken=token)
    assert told[1:] == ("Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH")
    assert "less than or equal to 128" in refused(lake.start, sql="SELECT 2", ClientRequestToken="t" * 129)[1]


def test_parameters(lake: Lake) -> None:
    """Each question mark takes an expression, or a text where it is none or names a column."""
    sql = "SELECT ?, ?, ?, '?', ?"
    given = ["1 + 1", "it's", "x", "'q'"]
    assert lake.rows(sql, ExecutionParameters=given) == [["2", "it's", "x", "?", "q"]]
    reason = lake.reason(sql, ExecutionParameters=["1"])
    assert reason == "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 4 but found 1"
    hostile = "1) FROM (SELECT 2"
    assert lake.rows("SELECT ?", ExecutionParameters=[hostile]) == [[hostile]]


def test_the_cutoff(aws: EmbeddedAWS) -> None:
    """A query that would read more than its workgroup allows is cancelled, in Athena's words, and writes nothing."""
    small = Lake(aws, BytesScannedCutoffPerQuery=10_000_000)
    name = small.table({"a": "string"}, CSV, {"a.csv": b"x" * 10_000_001})

    query = small.run(f"SELECT count(*) FROM {name}")
    assert (query["Status"]["State"], query["Status"]["StateChangeReason"]) == (
        "CANCELLED", "Bytes scanned limit was exceeded",
    )  # fmt: skip
    assert "AthenaError" not in query["Status"]
    assert small.keys("results/") == []
    assert refused(small.athena.get_query_results, QueryExecutionId=query["QueryExecutionId"])[2] == "RESULT_NOT_FOUND"


def test_stopping(lake: Lake) -> None:
    """A running query ends as CANCELLED, at once, and its work ends too; one that has ended stays as it is."""
    identifier = lake.start(SLOW)
    eventually(lambda: state(lake, identifier) == "RUNNING")
    time.sleep(0.5)  # until its SQL runs, which nothing tells
    told = refused(lake.athena.get_query_results, QueryExecutionId=identifier)
    assert told[1] == "Query has not yet finished. Current state: RUNNING"
    lake.athena.stop_query_execution(QueryExecutionId=identifier)
    assert lake.ended(identifier)["Status"]["StateChangeReason"] == "Query cancelled by user"
    eventually(lambda: identifier not in {thread.name for thread in threading.enumerate()}, deadline=5)
    ended = lake.run("SELECT 1")["QueryExecutionId"]
    lake.athena.stop_query_execution(QueryExecutionId=ended)
    assert state(lake, ended) == "SUCCEEDED"


def state(lake: Lake, identifier: str) -> str:
    """Return the state of a query."""
    return str(lake.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]["Status"]["State"])


def test_what_must_be_installed() -> None:
    """What is missing is named with the command that brings it."""
    assert missing() is None
    assert missing(["duckdb", "nobody_has_this"]) == (
        "no query runs without nobody_has_this: pip install 'embedded-aws[athena]'"
    )


def test_only_a_few_run_at_once(lake: Lake) -> None:
    """The others wait as QUEUED until one has ended."""
    running = [lake.start(SLOW) for _ in range(4)]
    eventually(lambda: all(state(lake, each) == "RUNNING" for each in running))
    waiting = lake.start("SELECT 1")
    assert state(lake, waiting) == "QUEUED"
    for each in running:
        lake.athena.stop_query_execution(QueryExecutionId=each)
    assert lake.ended(waiting)["Status"]["State"] == "SUCCEEDED"


def test_where_results_go(aws: EmbeddedAWS) -> None:
    """The workgroup's location counts where it enforces it, else the client's; somebody must name one."""
    strict, loose = Lake(aws), Lake(aws, EnforceWorkGroupConfiguration=False)
    given = {"ResultConfiguration": {"OutputLocation": f"s3://{loose.bucket}/mine"}}
    assert "/results/" in strict.run("SELECT 1", **given)["ResultConfiguration"]["OutputLocation"]
    query = loose.run("SELECT 1", **given)
    expected = f"s3://{loose.bucket}/mine/{query['QueryExecutionId']}.csv"
    assert query["ResultConfiguration"]["OutputLocation"] == expected
    assert refused(strict.start, sql="SELECT 1", WorkGroup="primary")[1].startswith("No output location provided.")
    wrong = {"ResultConfiguration": {"OutputLocation": "s3://nobody-has-this/x/"}}
    assert refused(loose.start, sql="SELECT 1", **wrong)[1] == "Unable to verify/create output bucket nobody-has-this"


def test_results_are_encrypted_as_the_workgroup_says(aws: EmbeddedAWS) -> None:
    """SSE_KMS is what the object says; the client's own encryption is refused."""
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    lake = Lake(aws)
    encryption = {"EncryptionOption": "SSE_KMS", "KmsKey": key}
    updates = {"ResultConfigurationUpdates": {"EncryptionConfiguration": encryption}}
    lake.athena.update_work_group(WorkGroup=lake.workgroup, ConfigurationUpdates=updates)
    query = lake.run("SELECT 1")
    found = lake.s3.head_object(Bucket=lake.bucket, Key=f"results/{query['QueryExecutionId']}.csv")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
    encryption["EncryptionOption"] = "CSE_KMS"
    told = refused(lake.athena.update_work_group, WorkGroup=lake.workgroup, ConfigurationUpdates=updates)
    assert told[0] == "NotImplementedException"
