"""The transform function when Personalize holds data of earlier runs, and the batch inputs that it writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from definition.plan.mappings import dataset_mappings
from lambdas.transform.handler import handler as transform_handler
from tests.documents import parsed
from tests.functions.handlers import Bucket, Context
from tests.pipeline.data import csv
from transform.errors import BatchInputError

Inputs = dict[str, dict[str, Any]]

AT = 1_700_000_000
ROWS = [f"u{number % 7},i{number % 5},{AT + number}" for number in range(40)]
LATE = [f"new{number},i1,{AT + 100 + number}" for number in range(1500)]

# A call that raises has nothing to count; Powertools says so at every one.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def transform(
    bucket: Bucket, run: str, *, imported: str | None = None, add: bool = False, inputs: Inputs | None = None
) -> dict[str, Any]:
    """Call the function for a run; `imported` is the run whose interactions Personalize holds."""
    event = {
        "bucket": bucket.name,
        "run": run,
        "started": AT + 10_000_000,
        "datasets": [mapping.model_dump(mode="json") for mapping in dataset_mappings(parsed())],
        "batch_inputs": [
            {"prefix": f"batch/{run}/s/{name}/input/", "lines_per_file": 3, **given}
            for name, given in (inputs or {}).items()
        ],
        "imported": [{"dataset": "interactions", "run": imported}] if imported else [],
        "incremental": ["interactions"] if add else [],
    }
    report: dict[str, Any] = transform_handler(event, Context())
    return report


def lines(bucket: Bucket, run: str, name: str) -> list[Any]:
    """Return the lines of a batch input, objects in the order of their keys."""
    keys = sorted(bucket.listed(f"batch/{run}/s/{name}/input/"))
    return [json.loads(line) for key in keys for line in bucket.read(key).decode().splitlines()]


USERS = {"line": "user", "users": "all"}


def test_unchanged_data_is_not_transformed_again(bucket: Bucket) -> None:
    """The report of the earlier run serves again, and its batch input is copied: a lifecycle removes the earlier one's.

    Nothing is imported, and there is no dataset under the later run.
    """
    bucket.put("raw/events/a.csv", csv(ROWS))
    first = transform(bucket, "r1", inputs={"all": USERS})
    again = transform(bucket, "r2", imported="r1", inputs={"all": USERS})

    assert ("r1", first["fingerprint"]) == (again["unchanged_since"], again["fingerprint"])
    (dataset,) = again["datasets"]
    told = {"mode": "NONE", "reason": "nothing has changed since run r1", "records": 0, "bytes": 0, "location": None}
    assert told == dataset.pop("imports")
    assert {key: value for key, value in first["datasets"][0].items() if key != "imports"} == dataset
    assert [] == bucket.listed("transformed/r2/")
    assert [{"userId": f"u{number}"} for number in range(7)] == lines(bucket, "r2", "all")
    assert 3 == len(bucket.listed("batch/r2/"))


@pytest.mark.parametrize(
    ("broken", "inputs"),
    [
        ("runs/r1/lineage.json", {"all": USERS}),
        ("runs/r1/data-report.json", {"all": USERS}),
        ("batch/r1/s/all/input/users-00001.json", {"all": USERS}),
        (None, {"all": USERS, "more": USERS}),
        (None, {"all": {**USERS, "lines_per_file": 100}}),
        (None, {"all": {"line": "user", "users": {"file": "ids.csv", "column": "who"}}}),
    ],
    ids=["no lineage", "no report", "an input that is not whole", "another job", "other files", "ids of a file"],
)
def test_what_cannot_serve_again_is_made_again(bucket: Bucket, broken: str | None, inputs: Inputs) -> None:
    """Where a record or a part of an input is gone, or an input is another one, the run makes everything itself."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    bucket.put("raw/ids.csv", "who\nu1\n")
    transform(bucket, "r1", inputs={"all": USERS})
    if broken:
        assert broken in bucket.listed("")
        bucket.s3.delete_object(Bucket=bucket.name, Key=broken)
    again = transform(bucket, "r2", imported="r1", inputs=inputs)

    assert again["unchanged_since"] is None
    assert ["transformed/r2/interactions/interactions.csv"] == bucket.listed("transformed/r2/")
    assert {name: given["lines"] for name, given in zip(inputs, again["batch_inputs"], strict=True)} == {
        name: len(lines(bucket, "r2", name)) for name in inputs
    }
    assert all(lines(bucket, "r2", name) for name in inputs)


def test_new_objects_alone_are_imported(bucket: Bucket) -> None:
    """Where the file allows it the CSV of what came is there beside that of everything, and says its rows and bytes."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    transform(bucket, "r1")
    bucket.put("raw/events/b.csv", csv(LATE))
    (dataset,) = transform(bucket, "r2", imported="r1", add=True)["datasets"]

    imports = dataset["imports"]
    assert ("INCREMENTAL", 1500, "1 raw object came since run r1") == (
        imports["mode"],
        imports["records"],
        imports["reason"],
    )
    (key,) = bucket.listed(imports["location"].removeprefix(f"s3://{bucket.name}/"))
    written = bucket.read(key)
    assert (len(written), 1501) == (imports["bytes"], len(written.splitlines()))
    assert (1540, 1540) == (dataset["rows_in"], dataset["records"])
    assert [] == bucket.listed("staging/")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"line": "user", "users": {"active_seconds": 2}}, [{"userId": user} for user in ("u2", "u3", "u4")]),
        ({"line": "user", "users": ["b", "a", "b"]}, [{"userId": "b"}, {"userId": "a"}]),
        (
            {"line": "user", "users": {"file": "ids.csv", "column": "who"}},
            [{"userId": "ü"}, {"userId": "u9"}],
        ),
        ({"line": "item", "items": "all"}, [{"itemId": f"i{number}"} for number in range(5)]),
        (
            {"line": "ranking", "users": ["a", "b"], "items": ["y", "x"]},
            [{"userId": user, "itemList": ["y", "x"]} for user in "ab"],
        ),
        ({"line": "ranking", "users": ["a"], "items": {"file": "none.csv", "column": "who"}}, []),
        ({"line": "attributes", "attributes": ["GENRES = 'A'"]}, [{"itemAttributes": "GENRES = 'A'"}]),
    ],
)
def test_inputs_name_who_is_selected(bucket: Bucket, given: dict[str, Any], expected: list[Any]) -> None:
    """All, those active before the newest interaction, a list, a column of a file: each once, in that order."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    bucket.put("raw/ids.csv", "\ufeffwho,n\nü,1\nu9,2\nü,3\n,4\n")
    bucket.put("raw/none.csv", "who\n")
    (counted,) = transform(bucket, "r1", inputs={"job": given})["batch_inputs"]

    assert expected == lines(bucket, "r1", "job")
    assert (len(expected), -(-len(expected) // 3)) == (counted["lines"], counted["files"])


@pytest.mark.parametrize(
    ("column", "why"),
    [("what", r"ids.csv gives no ids in what \(it has 1 field"), ("who", "ids.csv gives no ids in who")],
)
def test_a_file_that_gives_no_ids_is_named(bucket: Bucket, column: str, why: str) -> None:
    """Object, column and remedy are in the message, whether the column or the object is missing."""
    bucket.put("raw/events/a.csv", csv(ROWS))
    if column == "what":
        bucket.put("raw/ids.csv", "who\nu1\n")
    with pytest.raises(BatchInputError, match=why) as told:
        transform(bucket, "r1", inputs={"job": {"line": "user", "users": {"file": "ids.csv", "column": column}}})

    assert "CSV in UTF-8 with a header" in str(told.value)
