"""What an import of interactions reports to S3, where a metric attribution says what and where to."""

import csv as csv_module
import io
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, code, csv, message

OPTIONAL = ["string", "null"]
FIELDS: list[dict[str, Any]] = [
    *INTERACTION_FIELDS,
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "PAID", "type": ["float", "null"]},
    {"name": "EVENT_ATTRIBUTION_SOURCE", "type": OPTIONAL},
]
ITEM_FIELDS: list[dict[str, Any]] = [{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"}]
METRICS = [
    {"eventType": "buy", "metricName": "bought", "expression": "SAMPLECOUNT()"},
    {"eventType": "buy", "metricName": "paid", "expression": "SUM(Interactions.PAID)"},
    {"eventType": "view", "metricName": "worth", "expression": "SUM(Items.PRICE)"},
]
START = 1_700_000_100
HEADER = "METRIC_NAME,EVENT_TYPE,VALUE,MATH_FUNCTION,EVENT_ATTRIBUTION_SOURCE,TIMESTAMP"


@pytest.fixture
def group(account: Account) -> str:
    """Give a dataset group with interactions, and with items that have prices."""
    group = account.group()
    account.dataset(group, FIELDS)
    account.dataset(group, ITEM_FIELDS, "Items")
    return group


def dataset(group: str, kind: str = "INTERACTIONS") -> str:
    """Return the ARN of a group's dataset."""
    return f"{group.replace(':dataset-group/', ':dataset/')}/{kind}"


def attribution(account: Account, group: str, **output: Any) -> None:
    """Create a metric attribution that reports with the account's role."""
    created = account.personalize.create_metric_attribution(
        name="sales", datasetGroupArn=group, metrics=METRICS, metricsOutputConfig={"roleArn": account.role, **output}
    )
    account.active(created["metricAttributionArn"])


def to_s3(account: Account, folder: str) -> dict[str, Any]:
    """Return the part of an output that names a folder of the bucket."""
    return {"s3DataDestination": {"path": f"s3://{account.bucket}/{folder}"}}


def events() -> list[tuple[str, str, int, str, int, str]]:
    """Return 1,200 events: every third one buys, four come in a minute, and one in two is of a source."""
    return [
        (f"u{at % 40}", f"i{at % 9}", START + 15 * at, "view" if at % 3 else "buy", at % 7, f"rec{at % 4}" * (at % 2))
        for at in range(1200)
    ]


def test_an_import_is_reported_by_source_and_quarter_of_an_hour(account: Account, group: str) -> None:
    """Counts and sums of interactions and of items stand in the documented columns; the data is imported as well."""
    items = account.put("items.csv", csv([(f"i{at}", at / 2) for at in range(9)], "ITEM_ID,PRICE"))
    account.active(account.start_import(dataset(group, "ITEMS"), items, "items"))
    attribution(account, group, **to_s3(account, "told"))
    rows = events()
    url = account.put("events.csv", csv(rows, ",".join(field["name"] for field in FIELDS)))
    account.active(account.start_import(dataset(group), url, "events", publishAttributionMetricsToS3=True))

    expected: Counter[tuple[str, str, str, str, int]] = Counter()
    for _, item, at, event, paid, source in rows:
        quarter = at - at % 900
        if event == "buy":
            expected["bought", "buy", "samplecount", source, quarter] += 1
            expected["paid", "buy", "sum", source, quarter] += paid
        else:
            expected["worth", "view", "sum", source, quarter] += int(item[1:]) / 2  # type: ignore[assignment]
    (key,) = account.keys("told/")
    text = account.get(key)
    found = {
        (row["METRIC_NAME"], row["EVENT_TYPE"], row["MATH_FUNCTION"], row["EVENT_ATTRIBUTION_SOURCE"],
         int(row["TIMESTAMP"])): float(row["VALUE"])
        for row in csv_module.DictReader(io.StringIO(text))
    }  # fmt: skip
    assert key.startswith("told/AggregatedAttributionMetrics-FULL-")
    assert text.splitlines()[0] == HEADER
    assert dict(expected) == found


def test_an_import_that_asks_for_nothing_is_not_reported(account: Account, group: str) -> None:
    """A destination alone writes nothing."""
    attribution(account, group, **to_s3(account, "told/"))
    url = account.put("events.csv", csv(events(), ",".join(field["name"] for field in FIELDS)))
    account.active(account.start_import(dataset(group), url))

    assert [] == account.keys("told/")


@pytest.mark.parametrize(
    ("kind", "told"),
    [("INTERACTIONS", "no metric attribution with an S3 destination"), ("ITEMS", "holds no interactions")],
)
def test_what_cannot_be_reported_is_refused(account: Account, group: str, kind: str, told: str) -> None:
    """Metrics that go to CloudWatch alone, and imports of something else than interactions."""
    attribution(account, group)
    with pytest.raises(ClientError) as caught:
        account.start_import(dataset(group, kind), f"s3://{account.bucket}/x", publishAttributionMetricsToS3=True)

    assert code(caught) == "InvalidInputException"
    assert told in message(caught)


def test_a_report_that_may_not_be_written_fails_the_import(account: Account, group: str) -> None:
    """The reason names what is not allowed, and the dataset stays as it was."""
    attribution(account, group, **to_s3(account, "told/"))
    url = account.put("events.csv", csv(events(), ",".join(field["name"] for field in FIELDS)))
    account.allow_service(["s3:GetObject", "s3:ListBucket"])
    job = account.settle(account.start_import(dataset(group), url, publishAttributionMetricsToS3=True))

    assert job["status"] == "CREATE FAILED"
    assert "s3:PutObject" in job["failureReason"]
    second = account.settle(account.start_import(dataset(group), url, "second", importMode="INCREMENTAL"))
    assert "must be FULL" in second["failureReason"]
