"""A dataset group that the tests of requests in real time share: a cinema, with a campaign for each kind of recipe."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.personalize.support import INTERACTION_FIELDS, Account, avro, code, csv, message, two_groups

NULLABLE = ["null", "string"]
EVENT_FIELDS = [
    *INTERACTION_FIELDS,
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "DEVICE", "type": NULLABLE, "categorical": True},
]
ITEM_FIELDS = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "PRICE", "type": "float"},
    {"name": "CATEGORY_L1", "type": "string", "categorical": True},
    {"name": "TITLE", "type": NULLABLE},
    {"name": "SEQUEL", "type": NULLABLE},
]
USER_FIELDS = [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}]
PLACES = range(30)
PRICES = {f"{group}{place}": float(place) for group in "AB" for place in PLACES}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
RECIPES = (
    "aws-user-personalization-v2",
    "aws-similar-items",
    "aws-personalized-ranking-v2",
    "aws-popularity-count",
    "aws-next-best-action",
)
ACTION_FIELDS = [
    {"name": "ACTION_ID", "type": "string"},
    {"name": "COST", "type": "int"},
]
ACTION_EVENT_FIELDS = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ACTION_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"},
]
ACTIONS = ("letter", "call", "gift", "badge", "poll", "quiz", "tour")
_numbers = count(1)


def category(item: str) -> str:
    """Return the category of an item: whether its place is even, and its group."""
    return f"{'even' if PRICES[item] % 2 == 0 else 'odd'}|{item[0]}"


class Cinema:
    """A dataset group with a campaign per recipe: two groups of users watch the films A0 to A29 and B0 to B29.

    Its solutions learn from the event type "watch" alone.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.runtime = account.client("personalize-runtime")
        self.events = account.client("personalize-events")
        self.group = account.group("cinema")
        watched = [(*row, "watch", "tv") for row in two_groups()]
        self.fill("Interactions", EVENT_FIELDS, watched)
        self.fill("Items", ITEM_FIELDS, [(item, PRICES[item], category(item), f"Film {item}", "") for item in PRICES])
        self.fill("Users", USER_FIELDS, [(f"{group}{user}", user) for group in "ab" for user in range(40)])
        self.fill("Actions", ACTION_FIELDS, [(action, cost) for cost, action in enumerate(ACTIONS)])
        self.fill("Action_Interactions", ACTION_EVENT_FIELDS, _done())
        started = {
            recipe: account.start_training(account.solution(self.group, recipe, recipe, **_selection(recipe)))
            for recipe in RECIPES
        }
        self.versions = {recipe: account.active(version) for recipe, version in started.items()}
        self.campaigns = {recipe: self.campaign(recipe, version) for recipe, version in self.versions.items()}
        tracker = account.personalize.create_event_tracker(name="tracker", datasetGroupArn=self.group)
        account.active(tracker["eventTrackerArn"])
        self.tracking_id = tracker["trackingId"]

    def fill(self, kind: str, fields: Sequence[dict[str, Any]], rows: Sequence[Sequence[object]]) -> None:
        """Create a dataset and import rows into it."""
        schema = self.account.personalize.create_schema(name=kind, schema=avro(fields, kind.replace("_", "")))
        dataset = self.account.personalize.create_dataset(
            name=kind, schemaArn=schema["schemaArn"], datasetGroupArn=self.group, datasetType=kind
        )["datasetArn"]
        self.account.active(dataset)
        url = self.account.put(f"{kind}.csv", csv(rows, ",".join(field["name"] for field in fields)))
        self.account.active(self.account.start_import(dataset, url, kind))

    def dataset(self, kind: str) -> str:
        """Return the ARN of a dataset."""
        return f"{self.group.replace(':dataset-group/', ':dataset/')}/{kind}"

    def campaign(self, recipe: str, version: str) -> str:
        """Create a campaign, with metadata in its answers: v2 recipes have it without being told to."""
        config = {} if recipe.endswith("v2") else {"enableMetadataWithRecommendations": True}
        created = self.account.personalize.create_campaign(
            name=recipe, solutionVersionArn=version, campaignConfig=config
        )
        return self.account.active(created["campaignArn"])

    def filter(self, expression: str) -> str:
        """Create a filter."""
        created = self.account.personalize.create_filter(
            name=f"filter-{next(_numbers)}", datasetGroupArn=self.group, filterExpression=expression
        )
        return self.account.active(created["filterArn"])

    def recommend(self, recipe: str = RECIPES[0], **request: Any) -> list[dict[str, Any]]:
        """Return the items of an answer."""
        answer = self.runtime.get_recommendations(**{"campaignArn": self.campaigns[recipe], **request})
        assert answer["recommendationId"]
        return list(answer["itemList"])

    def ids(self, recipe: str = RECIPES[0], **request: Any) -> list[str]:
        """Return the IDs of an answer."""
        return [item["itemId"] for item in self.recommend(recipe, **request)]

    def put(self, user: str | None, session: str, items: Sequence[str], kind: str = "watch") -> None:
        """Put events of a user, or of a session without one."""
        who = {} if user is None else {"userId": user}
        listed = [{"eventType": kind, "sentAt": NOW, "itemId": item} for item in items]
        self.events.put_events(trackingId=self.tracking_id, sessionId=session, eventList=listed, **who)

    def refusal(self, recipe: str = RECIPES[0], **request: Any) -> str:
        """Return the message with which a request is refused as InvalidInputException."""
        with pytest.raises(ClientError) as caught:
            self.recommend(recipe, **request)
        assert "InvalidInputException" == code(caught)
        assert 400 == caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
        return message(caught)


def _selection(recipe: str) -> dict[str, Any]:
    return {"eventType": "watch"} if recipe == RECIPES[0] else {}


def _done() -> list[tuple[object, ...]]:
    """Return who took which action: group a answers letters and no calls, group b calls and no letters."""
    return [
        (f"{group}{user}", action, 1_700_000_000 + 50 * turn + user, "Taken" if wants else "Not taken")
        for turn in range(2)
        for user in range(40)
        for group, action, wants in (("a", "letter", 1), ("a", "call", 0), ("b", "letter", 0), ("b", "call", 1))
    ]


@lru_cache(maxsize=1)
def open_cinema(aws: EmbeddedAWS) -> Cinema:
    """Return the cinema, built once for all modules that run in this process; each test has users of its own."""
    return Cinema(Account(aws))
