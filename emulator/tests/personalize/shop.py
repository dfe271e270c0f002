"""A shop with datasets of every type, for the tests of records that come one by one."""

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import requests

from emulator.tests.personalize.support import Account

NULLABLE = ["null", "string"]
FIELDS: dict[str, list[dict[str, Any]]] = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "EVENT_VALUE", "type": ["float", "null"]},
        {"name": "IMPRESSION", "type": NULLABLE},
        {"name": "DEVICE_KIND", "type": NULLABLE, "categorical": True},
        {"name": "BASKET", "type": ["int", "null"]},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "PRICE_LEVEL", "type": "float"},
        {"name": "GENRES", "type": NULLABLE, "categorical": True},
        {"name": "ON_SALE", "type": ["boolean", "null"]},
        {"name": "STORY", "type": NULLABLE, "textual": True},
    ],
    "Users": [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["int", "null"]}],
    "Actions": [{"name": "ACTION_ID", "type": "string"}, {"name": "KIND", "type": "string", "categorical": True}],
    "Action_Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ACTION_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
    ],
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = count(1)


class Shop:
    """A dataset group with datasets of every type and an event tracker; each test has users of its own."""

    def __init__(self, account: Account) -> None:
        self.account = account
        account.s3  # noqa: B018  # the bucket exists once it is asked for
        self.events = account.client("personalize-events")
        self.group = account.group("shop")
        for kind, fields in FIELDS.items():
            schema = account.personalize.create_schema(
                name=kind, schema=json.dumps({"type": "record", "name": kind.replace("_", ""), "fields": fields})
            )
            account.active(
                account.personalize.create_dataset(
                    name=kind, schemaArn=schema["schemaArn"], datasetGroupArn=self.group, datasetType=kind
                )["datasetArn"]
            )
        tracker = account.personalize.create_event_tracker(name="tracker", datasetGroupArn=self.group)
        account.active(tracker["eventTrackerArn"])
        self.tracking_id = tracker["trackingId"]
        self.put("first", "s", {})  # there is always something to export

    def arn(self, kind: str) -> str:
        """Return the ARN of a dataset."""
        return f"{self.group.replace(':dataset-group/', ':dataset/')}/{kind.upper()}"

    def put(self, user: str | None, session: str, *events: dict[str, Any]) -> None:
        """Put events of a click at noon, but for what they say themselves."""
        given = [{"eventType": "click", "sentAt": NOON, "itemId": "i1", **event} for event in events]
        who = {} if user is None else {"userId": user}
        self.events.put_events(trackingId=self.tracking_id, sessionId=session, eventList=given, **who)

    def rows(self, kind: str, holder: str) -> list[str]:
        """Return the records of a user, or of an item, as an export shows them."""
        name = f"export-{next(_numbers)}"
        job = self.account.personalize.create_dataset_export_job(
            jobName=name,
            datasetArn=self.arn(kind),
            ingestionMode="PUT",
            roleArn=self.account.role,
            jobOutput={"s3DataDestination": {"path": f"s3://{self.account.bucket}/{name}/"}},
        )
        self.account.active(job["datasetExportJobArn"])
        files = [self.account.get(key) for key in self.account.keys(f"{name}/") if key.endswith(".csv")]
        return [line for text in files for line in text.splitlines()[1:] if line.startswith(f"{holder},")]

    def post(self, path: str, body: str | bytes) -> requests.Response:
        """Send a request as it is."""
        url = f"{self.events.meta.endpoint_url}{path}"
        return requests.post(url, data=body, headers=self.signed, timeout=30)

    @property
    def signed(self) -> dict[str, str]:
        """The headers of a request that is sent without an SDK."""
        scope = "AWS4-HMAC-SHA256 Credential=test/20260301/us-east-1/personalize/aws4_request"
        return {"Authorization": scope, "x-moto-account-id": self.account.id}
