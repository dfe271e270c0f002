"""Databases and tables of the data catalog that CloudFormation makes."""

from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.cloudformation.support import Stack
from emulator.tests.support import unique


def resources(database: str, table: str, *columns: str) -> dict[str, Any]:
    """Return a database with one table."""
    described = {"Columns": [{"Name": name, "Type": "string"} for name in columns]}
    return {
        "D": {
            "Type": "AWS::Glue::Database",
            "Properties": {"CatalogId": "123456789012", "DatabaseInput": {"Name": database, "Description": "d"}},
        },
        "T": {
            "Type": "AWS::Glue::Table",
            "DependsOn": "D",
            "Properties": {
                "CatalogId": "123456789012",
                "DatabaseName": database,
                "TableInput": {"Name": table, "StorageDescriptor": described},
            },
        },
    }


def test_tables_follow_their_template(aws: EmbeddedAWS) -> None:
    """A table is made, gains a column, is replaced unless the update fails, and goes with its database."""
    glue, stack, database = aws.client("glue"), Stack(aws), unique("db")

    def columns(table: str) -> list[str]:
        found = glue.get_table(DatabaseName=database, Name=table)["Table"]
        return [column["Name"] for column in found["StorageDescriptor"]["Columns"]]

    assert stack.create(resources(database, "t", "a")) == "CREATE_COMPLETE"
    assert glue.get_database(Name=database)["Database"]["Description"] == "d"
    assert columns("t") == ["a"]
    assert stack.update(resources(database, "t", "a", "b")) == "UPDATE_COMPLETE"
    assert columns("t") == ["a", "b"]
    assert stack.update(resources(database, "u", "c")) == "UPDATE_COMPLETE"
    assert [table["Name"] for table in glue.get_tables(DatabaseName=database)["TableList"]] == ["u"]
    assert columns("u") == ["c"]
    refused = {"Broken": {"Type": "AWS::Sunrise::Machine", "DependsOn": ["T"]}}
    assert stack.update(resources(database, "v", "d") | refused) == "UPDATE_ROLLBACK_COMPLETE"
    assert [table["Name"] for table in glue.get_tables(DatabaseName=database)["TableList"]] == ["u"]
    assert stack.delete() == "DELETE_COMPLETE"
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_database(Name=database)
