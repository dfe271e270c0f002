"""What a dataset holds after imports and Put operations: the later record wins, whichever way it came."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from embedded_aws.personalize.contents import Contents
from embedded_aws.personalize.kinds import DATASET, SCHEMA
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.schemas import parse_schema
from embedded_aws.personalize.views import look
from emulator.tests.personalize.support import avro

ITEMS = avro([{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "int"}], "Items")
SCHEMA_OF_ITEMS = parse_schema(ITEMS, None)
START = datetime(2026, 3, 1, tzinfo=UTC)
GROUP = "arn:aws:personalize:us-east-1:1:dataset-group/g"


def frame(*items: str, price: int) -> pl.DataFrame:
    """Return items that all have a price."""
    return pl.DataFrame({"ITEM_ID": items, "PRICE": [price] * len(items)}, schema=SCHEMA_OF_ITEMS.empty.schema)


def take(contents: Contents, way: str, number: int) -> None:
    """Take in an item whose price is the number of the record; a Put operation brings one of its own, too."""
    match way:
        case "FULL":
            contents.replace(frame("same", price=number))
        case "INCREMENTAL":
            contents.append(frame("same", price=number))
        case _:
            contents.stream(START + timedelta(seconds=number), frame("same", f"put-{number}", price=number))


@pytest.mark.parametrize(
    ("ways", "streamed"),
    [
        (["PUT", "PUT"], {"put-1", "put-2"}),
        (["FULL", "PUT"], {"put-2"}),
        (["FULL", "PUT", "INCREMENTAL"], {"put-2"}),
        (["FULL", "PUT", "INCREMENTAL", "PUT", "INCREMENTAL"], {"put-2", "put-4"}),
        (["FULL", "INCREMENTAL", "PUT"], {"put-3"}),
        (["FULL", "INCREMENTAL", "PUT", "FULL"], {"put-3"}),
        (["PUT", "FULL", "INCREMENTAL"], {"put-1"}),
    ],
)
def test_the_later_record_wins(ways: list[str], streamed: set[str]) -> None:
    """Training, exports and requests see the newest record of an ID; FULL leaves what came by Put operations."""
    backend = PersonalizeBackend("us-east-1", "1")
    schema = backend.add(SCHEMA, {"name": "s", "schema": ITEMS})
    members = {"name": "d", "schemaArn": schema.arn, "datasetGroupArn": GROUP, "datasetType": "ITEMS"}
    dataset = backend.add(DATASET, members, datasetGroupName="g")
    dataset.result = contents = Contents()
    for number, way in enumerate(ways, start=1):
        take(contents, way, number)
        look(backend, GROUP)  # what requests saw before must not stay
    records = look(backend, GROUP)["ITEMS"]
    table = contents.table(SCHEMA_OF_ITEMS)
    assert table is not None
    seen = [
        table.rows,
        contents.rows(SCHEMA_OF_ITEMS, bulk=True, streamed=True),
        records.all(),
        records.of("ITEM_ID", ["same", *streamed]),
        look(backend, GROUP, until=START + timedelta(days=1))["ITEMS"].all(),
    ]

    assert [{"same": len(ways), **{item: int(item[-1]) for item in streamed}}] * len(seen) == [
        dict(rows.iter_rows()) for rows in seen
    ]


def test_segments_and_jobs_see_a_part() -> None:
    """Segments see the last FULL import only, jobs what Put operations brought until they began."""
    contents = Contents()
    for number, way in enumerate(["PUT", "FULL", "PUT", "INCREMENTAL", "PUT"], start=1):
        take(contents, way, number)
    full = contents.table(SCHEMA_OF_ITEMS, full_only=True)
    early = contents.table(SCHEMA_OF_ITEMS, until=START + timedelta(seconds=3))
    assert full is not None
    assert early is not None

    assert {"same": 2} == dict(full.rows.iter_rows())
    assert {"put-1": 1, "put-3": 3, "same": 4} == dict(early.rows.iter_rows())


def test_contents_without_rows_are_empty() -> None:
    """Once the last user is forgotten there is nothing, neither for a check nor for training."""
    schema = parse_schema(avro([{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}], "Users"), None)
    rows = pl.DataFrame({"USER_ID": ["u", "v"], "AGE": [1, 2]}, schema=schema.empty.schema)
    contents = Contents()
    contents.replace(rows)
    contents.append(rows)
    contents.stream(START, rows.head(1))
    before = contents.empty
    forgotten = contents.forget(pl.Series(["u", "v"]))

    assert (False, 5, True) == (before, forgotten, contents.empty)
    assert contents.table(schema) is None
