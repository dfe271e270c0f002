"""Queries that a state machine starts."""

import json
from typing import Any

import pytest

from emulator.tests.athena.support import Lake
from emulator.tests.athena.test_queries import SLOW
from emulator.tests.iam.support import Role
from emulator.tests.support import ended, eventually, machine, output, run

PREFIX = "arn:aws:states:::athena:"


def task(lake: Lake, sql: str, action: str = "startQueryExecution.sync", **fields: Any) -> dict[str, Any]:
    """Return a state that starts a query."""
    context = {"Catalog": "AwsDataCatalog", "Database": lake.database}
    arguments = {"QueryString": sql, "WorkGroup": lake.workgroup, "QueryExecutionContext": context}
    return {"Type": "Task", "Resource": PREFIX + action, "Arguments": arguments, "End": True, **fields}


def test_a_query_is_waited_for(lake: Lake) -> None:
    """The result is that of GetQueryExecution, with times in milliseconds and keys in alphabetical order."""
    sql = f"UNLOAD (SELECT 1 AS a) TO 's3://{lake.bucket}/flow/a/' WITH (format = 'PARQUET')"
    result = output(lake.aws, {"Q": task(lake, sql)})

    assert list(result) == ["QueryExecution"]
    query = result["QueryExecution"]
    assert list(query) == sorted(query)
    assert (query["Query"], query["Status"]["State"]) == (sql, "SUCCEEDED")
    found = lake.athena.get_query_execution(QueryExecutionId=query["QueryExecutionId"])["QueryExecution"]
    assert query["Status"]["CompletionDateTime"] == int(found["Status"]["CompletionDateTime"].timestamp() * 1000)
    assert query["Statistics"] == found["Statistics"]
    assert len(lake.keys("flow/a/")) == 1


def test_a_failed_query_fails_the_task(lake: Lake) -> None:
    """The error is States.TaskFailed, its cause the query."""
    description = run(lake.aws, {"Q": task(lake, "SELECT * FROM nope")})

    assert (description["status"], description["error"]) == ("FAILED", "States.TaskFailed")
    query = json.loads(description["cause"])["QueryExecution"]
    assert query["Status"]["State"] == "FAILED"
    assert query["Status"]["StateChangeReason"].startswith("TABLE_NOT_FOUND: line 1:15")


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("SELEKT 1", "Athena.InvalidRequestException", "line 1:1: mismatched input 'SELEKT'"),
        ("DROP TABLE a", "Athena.AmazonAthenaException", "not emulated"),
    ],
)
def test_a_refused_query_is_athenas_error(lake: Lake, sql: str, error: str, words: str) -> None:
    """What StartQueryExecution refuses has the name that its model lists, or the SDK's."""
    description = run(lake.aws, {"Q": task(lake, sql)})

    assert description["error"] == error
    assert words in description["cause"]


def test_without_sync_and_the_other_calls(lake: Lake) -> None:
    """StartQueryExecution alone answers with the id; results and SDK integrations answer too."""
    started = task(lake, "SELECT 1 AS a", "startQueryExecution")
    result = output(lake.aws, {"Q": started})
    assert set(result) == {"QueryExecutionId"}
    lake.ended(result["QueryExecutionId"])
    asked = {"Type": "Task", "Arguments": result, "End": True}
    rows = output(lake.aws, {"R": {**asked, "Resource": PREFIX + "getQueryResults"}})
    assert rows["ResultSet"]["Rows"][1] == {"Data": [{"VarCharValue": "1"}]}
    query = output(lake.aws, {"R": {**asked, "Resource": "arn:aws:states:::aws-sdk:athena:getQueryExecution"}})
    assert query["QueryExecution"]["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize("ending", ["StopExecution", "TimeoutSeconds"])
def test_nobody_waits_any_more(lake: Lake, ending: str) -> None:
    """A query whose execution is stopped, or whose state times out in real seconds, is stopped too."""
    fields = {"TimeoutSeconds": 2} if ending == "TimeoutSeconds" else {}
    client = lake.aws.client("stepfunctions")

    def queries() -> list[str]:
        listed: list[str] = lake.athena.list_query_executions(WorkGroup=lake.workgroup)["QueryExecutionIds"]
        return listed

    before = queries()
    execution = client.start_execution(stateMachineArn=machine(lake.aws, {"Q": task(lake, SLOW, **fields)}))

    def running() -> str | None:
        for identifier in set(queries()) - set(before):
            query = lake.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            return identifier if query["Status"]["State"] == "RUNNING" else None
        return None

    identifier = eventually(running)
    if ending == "StopExecution":
        client.stop_execution(executionArn=execution["executionArn"])
    else:
        assert ended(lake.aws, execution["executionArn"])["error"] == "States.Timeout"
    assert lake.ended(identifier)["Status"]["State"] == "CANCELLED"


def test_the_role_of_the_machine_is_asked(lake: Lake) -> None:
    """A role that may not start queries fails the task, as a denied access."""
    role = Role(lake.aws, {"Action": "s3:*", "Resource": "*"}, principal={"Service": "states.amazonaws.com"})
    client = lake.aws.client("stepfunctions")
    definition = {"QueryLanguage": "JSONata", "StartAt": "Q", "States": {"Q": task(lake, "SELECT 1")}}
    made = client.create_state_machine(name=role.name, definition=json.dumps(definition), roleArn=role.arn)
    description = ended(lake.aws, client.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"])

    assert description["error"] == "Athena.AmazonAthenaException"
    assert "athena:StartQueryExecution" in description["cause"]
