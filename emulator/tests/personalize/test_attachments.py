"""Filters, event trackers and metric attributions as resources of a dataset group."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, code, message

FIELDS = [*INTERACTION_FIELDS, {"name": "EVENT_TYPE", "type": "string"}, {"name": "PAID", "type": ["float", "null"]}]


@pytest.fixture
def group(account: Account) -> str:
    """Give a dataset group with a dataset of interactions."""
    found = account.group()
    account.dataset(found, FIELDS)
    return found


def tracker(account: Account, group: str, name: str = "tracker") -> dict[str, str]:
    """Create an event tracker."""
    created = account.personalize.create_event_tracker(name=name, datasetGroupArn=group)
    account.active(created["eventTrackerArn"])
    return dict(created)


def test_a_group_has_one_event_tracker(account: Account, group: str) -> None:
    """A second one is refused while the first exists; its successor has another tracking ID."""
    first = tracker(account, group)
    with pytest.raises(ClientError) as caught:
        tracker(account, group, "second")
    account.personalize.delete_event_tracker(eventTrackerArn=first["eventTrackerArn"])
    account.vanish(first["eventTrackerArn"])
    second = tracker(account, group)

    assert code(caught) == "ResourceAlreadyExistsException"
    assert first["trackingId"] != second["trackingId"]
    described = account.describe(second["eventTrackerArn"])
    assert (described["accountId"], described["trackingId"]) == (account.id, second["trackingId"])


def test_an_event_tracker_keeps_its_group(account: Account, group: str) -> None:
    """A dataset group cannot go before its event tracker."""
    found = tracker(account, group)
    account.personalize.delete_dataset(datasetArn=group.replace(":dataset-group/", ":dataset/") + "/INTERACTIONS")
    account.vanish(group.replace(":dataset-group/", ":dataset/") + "/INTERACTIONS")
    with pytest.raises(ClientError) as caught:
        account.personalize.delete_dataset_group(datasetGroupArn=group)

    assert code(caught) == "ResourceInUseException"
    assert found["eventTrackerArn"] in message(caught)


def test_a_filter_is_checked_when_it_is_created(account: Account, group: str) -> None:
    """A field that no dataset has is refused; a good expression becomes ACTIVE and is described as it was given."""
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'
    with pytest.raises(ClientError) as caught:
        account.personalize.create_filter(
            name="wrong", datasetGroupArn=group, filterExpression="INCLUDE ItemID WHERE Items.PRICE < 3"
        )
    created = account.personalize.create_filter(name="fresh", datasetGroupArn=group, filterExpression=expression)
    account.active(created["filterArn"])

    assert code(caught) == "InvalidInputException"
    assert account.describe(created["filterArn"])["filterExpression"] == expression
    assert [one["name"] for one in account.personalize.list_filters(datasetGroupArn=group)["Filters"]] == ["fresh"]


def test_the_filters_of_a_group_have_a_quota_of_fields(account: Account) -> None:
    """Twenty distinct fields can be filtered by, in several filters; the next one is refused, a known one is not."""
    fields = [{"name": "ITEM_ID", "type": "string"}]
    fields += [{"name": f"F{number}X", "type": ["float", "null"]} for number in range(21)]
    group = account.group()
    account.dataset(group, fields, "Items")

    def create(name: str, numbers: range) -> None:
        where = " AND ".join(f"Items.F{number}X > 1" for number in numbers)
        account.personalize.create_filter(
            name=name, datasetGroupArn=group, filterExpression=f"INCLUDE ItemID WHERE {where}"
        )

    create("one", range(10))
    create("two", range(10, 20))
    create("again", range(5, 15))
    with pytest.raises(ClientError) as caught:
        create("more", range(20, 21))

    assert code(caught) == "LimitExceededException"


def attribution(account: Account, group: str, metrics: list[dict[str, Any]]) -> str:
    """Create a metric attribution."""
    created = account.personalize.create_metric_attribution(
        name="sales", datasetGroupArn=group, metrics=metrics, metricsOutputConfig={"roleArn": account.role}
    )
    return account.active(created["metricAttributionArn"])


def metric(name: str, expression: str) -> dict[str, str]:
    """Return a metric."""
    return {"eventType": "buy", "metricName": name, "expression": expression}


def test_metrics_come_and_go(account: Account, group: str) -> None:
    """Metrics are added and removed by name, and listed in their order."""
    arn = attribution(account, group, [metric("bought", "SAMPLECOUNT()"), metric("paid", "SUM(Interactions.PAID)")])
    account.personalize.update_metric_attribution(
        metricAttributionArn=arn, removeMetrics=["bought"], addMetrics=[metric("again", "SAMPLECOUNT()")]
    )
    first = account.personalize.list_metric_attribution_metrics(metricAttributionArn=arn, maxResults=1)
    second = account.personalize.list_metric_attribution_metrics(metricAttributionArn=arn, nextToken=first["nextToken"])

    assert [one["metricName"] for one in first["metrics"] + second["metrics"]] == ["paid", "again"]
    assert "nextToken" not in second


@pytest.mark.parametrize("expression", ["SUM(Items.PRICE)", "SUM(Interactions.EVENT_TYPE)", "AVG(Interactions.PAID)"])
def test_a_metric_needs_a_numeric_column(account: Account, group: str, expression: str) -> None:
    """Other functions, text columns and datasets that are not there are refused."""
    with pytest.raises(ClientError) as caught:
        attribution(account, group, [metric("wrong", expression)])

    assert code(caught) == "InvalidInputException"
