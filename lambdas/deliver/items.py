"""The items of a DynamoDB table: written and deleted several at once, never over those of a newer run.

PutItem and DeleteItem have a condition, and BatchWriteItem has none. Those of TransactWriteItems cost twice as much,
and bind items together that have nothing to do with each other.
Sources: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ with the pages
Expressions.ConditionExpressions and Programming.Errors
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError

from definition.service.dynamodb import BYTES_PER_UNIT, MAX_ITEM_BYTES, RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambdas.deliver.lists import Entry

AT_ONCE = 8
"""Writes of a call at the same time: as many connections."""

_ATTEMPTS = 9
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
"""Seconds between attempts, twice as long each time: together some ten seconds, of which chance takes a part."""

_PASSES = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}
"""Errors of calls that may be repeated; a write that is repeated writes the same."""

_OURS = "attribute_not_exists(#run) OR #run <= :run"
_OLDER = "attribute_not_exists(#run) OR #run < :run"
"""Conditions, and which items a sweep looks for: ids of runs begin with their time, so they are in its order."""


class ListTooLargeError(Exception):
    """A list is larger than an item of DynamoDB may be."""


class ThrottledError(Exception):
    """DynamoDB has not taken a call for as long as one is repeated."""


class Fate(Enum):
    """What became of a list; LEFT was not done, since calls were throttled, and FAILED cannot be."""

    WRITTEN = "written"
    REMOVED = "removed"
    REFUSED = "refused"
    LEFT = "left"
    FAILED = "failed"


class Items:
    """The items of a table.

    Args:
        client: a boto3 client of DynamoDB that repeats nothing itself.
        table: name of the table.
        key: name of its partition key.
        run: whose lists are written.

    Attributes:
        failure: why a list could not be written, None as long as each could.
    """

    def __init__(self, client: Any, *, table: str, key: str, run: str) -> None:
        self._client, self._table, self._key = client, table, key
        self._condition = {
            "ExpressionAttributeNames": {"#run": RUN},
            "ExpressionAttributeValues": {":run": {"S": run}},
        }
        self._throttled = threading.Event()
        self.failure: Exception | None = None

    @property
    def table_id(self) -> str:
        """The id of the table, which another one of the same name does not have."""
        return str(self._call("describe_table")["Table"]["TableId"])

    @property
    def are_none(self) -> bool:
        """Whether the table is empty."""
        return not self._call("scan", Limit=1, ConsistentRead=True)["Items"]

    def write(self, entries: Sequence[Entry]) -> list[Fate]:
        """Write or delete the items of some keys; return what became of each."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._write, entries))

    def remove_older(self, keys: Sequence[str]) -> list[Fate]:
        """Delete the items of some keys that older runs wrote; return what became of each."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda key: self._delete(key, _OLDER), keys))

    def older(self, segment: int, segments: int, after: str | None) -> tuple[list[str], str | None]:
        """Return the keys of a page of a segment that older runs wrote, and the last key of the page, None at the end.

        Raises:
            ThrottledError: it cannot be read for now.
        """
        start = {} if after is None else {"ExclusiveStartKey": {self._key: {"S": after}}}
        page = self._call(
            "scan",
            Segment=segment,
            TotalSegments=segments,
            FilterExpression=_OLDER,
            ProjectionExpression="#key",
            ConsistentRead=True,
            ExpressionAttributeNames={"#key": self._key, "#run": RUN},
            ExpressionAttributeValues=self._condition["ExpressionAttributeValues"],
            **start,
        )
        last = page.get("LastEvaluatedKey")
        return [item[self._key]["S"] for item in page["Items"]], last and last[self._key]["S"]

    def _write(self, entry: Entry) -> Fate:
        if entry.item is None:
            return self._delete(entry.key, _OURS)
        if entry.size > MAX_ITEM_BYTES:
            fitting = entry.results * MAX_ITEM_BYTES // entry.size
            return self._failed(
                ListTooLargeError(
                    f"The list of {entry.key} has {entry.size:,} bytes with its {entry.results:,} results, and an item "
                    f"of DynamoDB at most {MAX_ITEM_BYTES:,}: about {fitting:,} results would fit."
                )
            )
        return self._changed("put_item", Fate.WRITTEN, Item=entry.item, ConditionExpression=_OURS)

    def _delete(self, key: str, condition: str) -> Fate:
        return self._changed("delete_item", Fate.REMOVED, Key={self._key: {"S": key}}, ConditionExpression=condition)

    def _changed(self, operation: str, fate: Fate, **arguments: Any) -> Fate:
        try:
            self._call(operation, **arguments, **self._condition)
        except ThrottledError:
            return Fate.LEFT
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return Fate.REFUSED
            return self._failed(error)
        return fate

    def _failed(self, why: Exception) -> Fate:
        self.failure = self.failure or why
        return Fate.FAILED

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call DynamoDB, again after longer and longer pauses while it is throttled.

        Raises:
            ThrottledError: it still is; others that wait then give up, too.
        """
        pause = _FIRST_PAUSE
        for _ in range(_ATTEMPTS):
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(TableName=self._table, **arguments)
            except HTTPClientError:
                # Without an answer nobody knows whether it was done: doing it again writes the same.
                pass
            except ClientError as error:
                if error.response["Error"]["Code"] not in _PASSES:
                    raise
            else:
                return answer
            if self._throttled.is_set():
                break
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311  # it spreads calls, and guards nothing
            pause = min(_LONGEST_PAUSE, 2 * pause)
        self._throttled.set()
        raise ThrottledError(f"DynamoDB has not taken {operation} on {self._table} in {_ATTEMPTS} attempts.")


def units(size: int) -> int:
    """Return the write request units of an item; deleting one that is not there takes one, too."""
    return max(1, -(-size // BYTES_PER_UNIT))
