"""Take users out of the DynamoDB tables that lists were delivered to: their own items, and segments that hold them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from definition.plan.batch_jobs import batch_plans, columns_of
from definition.plan.names import delivered_name, prefix
from definition.plan.tables import USER
from definition.service.dynamodb import RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.forget.naming import Users
    from definition.file.pipeline import Pipeline

_AT_ONCE = 8
"""Deletions at the same time."""

_CHANGED = "ConditionalCheckFailedException"


@dataclass(frozen=True)
class Table:
    """A table that lists are delivered to.

    Attributes:
        name: its name.
        key: its partition key.
        found: what is found, in each result of a list.
    """

    name: str
    key: str
    found: str


def tables(pipeline: Pipeline, stage: str) -> list[Table]:
    """Return the DynamoDB tables of a pipeline that name users."""
    own = prefix(pipeline.name, stage)
    every = [
        Table(delivered_name(own, solution.name, job.name), columns_of(job).named, columns_of(job).found)
        for solution in pipeline.solutions
        for job in batch_plans(pipeline, solution)
        if job.deliver
    ]
    return [each for each in every if USER in {each.key, each.found}]


def take_out(dynamodb: Any, table: Table, users: Users, say: Callable[[str], None] = lambda _: None) -> int:
    """Take users out of a table; return how many items were deleted or written anew, 0 where there is no such table.

    Args:
        dynamodb: a boto3 DynamoDB client.
        table: the table.
        users: their ids.
        say: is told how far it has come.
    """
    try:
        return _own(dynamodb, table, users, say) if table.key == USER else _found(dynamodb, table, users, say)
    except dynamodb.exceptions.ResourceNotFoundException:
        return 0


def _own(dynamodb: Any, table: Table, users: Users, say: Callable[[str], None]) -> int:
    def delete(user: str) -> bool:
        answer = dynamodb.delete_item(TableName=table.name, Key={USER: {"S": user}}, ReturnValues="ALL_OLD")
        return bool(answer.get("Attributes"))

    gone = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for was_there in pool.map(delete, sorted(users.ids)):
            gone += was_there
            say(f"{table.name}: {gone:,} items deleted")
    return gone


def _found(dynamodb: Any, table: Table, users: Users, say: Callable[[str], None]) -> int:
    changed = looked_at = 0
    for page in dynamodb.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True):
        for item in page["Items"]:
            changed += _without(dynamodb, table, item, users)
        looked_at += len(page["Items"])
        say(f"{table.name}: {looked_at:,} items looked at, {changed:,} written anew")
    return changed


def _without(dynamodb: Any, table: Table, item: dict[str, Any], users: Users) -> bool:
    """Write the list of an item without users, unless another one has come since; say whether it held some."""
    before = item.get(RESULTS, {}).get("L", [])
    after = [each for each in before if each.get("M", {}).get(table.found, {}).get("S") not in users]
    if len(after) == len(before):
        return False
    key = {table.key: item[table.key]}
    try:
        dynamodb.update_item(
            TableName=table.name,
            Key=key,
            UpdateExpression="SET #results = :after",
            ConditionExpression="#results = :before",
            ExpressionAttributeNames={"#results": RESULTS},
            ExpressionAttributeValues={":after": {"L": after}, ":before": {"L": before}},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != _CHANGED:
            raise
        newer = dynamodb.get_item(TableName=table.name, Key=key, ConsistentRead=True).get("Item")
        return _without(dynamodb, table, newer, users) if newer else False
    return True
