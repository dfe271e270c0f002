"""An account in which every kind of resource exists once, for tests that call every operation."""

from collections.abc import Sequence
from functools import cached_property
from itertools import count
from typing import Any

from emulator.tests.personalize.support import Account, avro, csv

GENRES = ("action", "comedy")
EVENT_FIELDS: list[dict[str, Any]] = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
    {"name": "DEVICE", "type": ["string", "null"], "categorical": True},
]
ITEM_FIELDS: list[dict[str, Any]] = [
    {"name": "ITEM_ID", "type": "string"},
    {"name": "PRICE", "type": "float"},
    {"name": "CATEGORY_L1", "type": "string", "categorical": True},
    {"name": "TITLE", "type": ["string", "null"]},
    {"name": "PRODUCT_DESCRIPTION", "type": ["string", "null"], "textual": True},
]
USER_FIELDS: list[dict[str, Any]] = [
    {"name": "USER_ID", "type": "string"},
    {"name": "GENDER", "type": ["string", "null"], "categorical": True},
]
ACTION_FIELDS: list[dict[str, Any]] = [
    {"name": "ACTION_ID", "type": "string"},
    {"name": "KIND", "type": "string", "categorical": True},
]
ACTION_EVENT_FIELDS: list[dict[str, Any]] = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ACTION_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"},
]
USERS, ITEMS = 40, 20


def events() -> list[Sequence[object]]:
    """Return 1200 events of 40 users: even users touch even items, odd ones odd items; views, then purchases."""
    rows: list[Sequence[object]] = []
    for user in range(USERS):
        for step in range(30):
            item = (2 * step + 7 * (user // 2) * 2 + user % 2) % ITEMS
            kind = "View" if step < 26 else "Purchase"
            rows.append((f"u{user}", f"i{item}", 1_700_000_000 + 3600 * step + user, kind, step % 4, "phone"))
    return rows


def purchases() -> list[Sequence[object]]:
    """Return the events with all of them bought as well, so that use cases of purchases have enough."""
    return [*events(), *((user, item, time + 1, "Purchase", 4, "phone") for user, item, time, *_ in events())]


def items() -> list[Sequence[object]]:
    """Return 20 items: even ones are action films, odd ones comedies."""
    return [
        (f"i{item}", 1.5 + item, GENRES[item % 2], f"Film {item}", f"A film of {GENRES[item % 2]} and number {item}")
        for item in range(ITEMS)
    ]


class World:
    """The account and its resources, made when they are first asked for."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._numbers = count(1)

    def name(self) -> str:
        """Return a name that nothing has."""
        return f"name-{next(self._numbers)}"

    def schema(self, fields: Sequence[dict[str, Any]], record: str, domain: str | None = None) -> str:
        """Create a schema."""
        more = {} if domain is None else {"domain": domain}
        created = self.account.personalize.create_schema(name=self.name(), schema=avro(fields, record), **more)
        return str(created["schemaArn"])

    def fill(
        self,
        group: str,
        kind: str,
        fields: Sequence[dict[str, Any]],
        rows: Sequence[Sequence[object]],
        domain: str | None = None,
    ) -> str:
        """Create a dataset and import rows into it."""
        dataset = self.account.personalize.create_dataset(
            name=self.name(),
            schemaArn=self.schema(fields, kind.replace("_", ""), domain),
            datasetGroupArn=group,
            datasetType=kind,
        )["datasetArn"]
        self.account.active(dataset)
        header = ",".join(field["name"] for field in fields)
        url = self.account.put(f"{self.name()}.csv", csv(rows, header))
        self.account.active(self.account.start_import(dataset, url, self.name()))
        return str(dataset)

    @cached_property
    def group(self) -> str:
        """A custom dataset group with datasets of all five types."""
        group = self.account.group("custom")
        self.fill(group, "Interactions", EVENT_FIELDS, events())
        self.fill(group, "Items", ITEM_FIELDS, items())
        self.fill(group, "Users", USER_FIELDS, [(f"u{user}", "f") for user in range(USERS)])
        self.fill(group, "Actions", ACTION_FIELDS, [(f"a{action}", "letter") for action in range(3)])
        taken = [(f"u{user}", f"a{user % 3}", 1_700_000_000 + user, "Taken") for user in range(USERS)]
        self.fill(group, "Action_Interactions", ACTION_EVENT_FIELDS, taken)
        return group

    @cached_property
    def shop(self) -> str:
        """A dataset group of the domain ECOMMERCE with interactions and items."""
        personalize = self.account.personalize
        group = self.account.active(
            personalize.create_dataset_group(name="shop", domain="ECOMMERCE")["datasetGroupArn"]
        )
        self.fill(group, "Interactions", EVENT_FIELDS, purchases(), "ECOMMERCE")
        self.fill(group, "Items", ITEM_FIELDS, items(), "ECOMMERCE")
        return group

    def dataset(self, kind: str) -> str:
        """Return a dataset of the custom group."""
        return self.group.replace(":dataset-group/", ":dataset/") + f"/{kind}"

    def version_of(self, recipe: str) -> str:
        """Return an ACTIVE solution version of a recipe; trained once."""
        name = f"solution-{recipe}"
        arn = f"arn:aws:personalize:us-east-1:{self.account.id}:solution/{name}"
        try:
            return str(self.account.describe(arn)["latestSolutionVersion"]["solutionVersionArn"])
        except self.account.personalize.exceptions.ResourceNotFoundException:
            solution = self.account.solution(self.group, recipe, name)
            return self.account.active(self.account.start_training(solution))

    def solution_of(self, recipe: str) -> str:
        """Return the solution of a recipe's version."""
        return self.version_of(recipe).rpartition("/")[0]

    def new_campaign(self, recipe: str = "aws-user-personalization-v2") -> str:
        """Create a campaign."""
        created = self.account.personalize.create_campaign(name=self.name(), solutionVersionArn=self.version_of(recipe))
        return self.account.active(created["campaignArn"])

    @cached_property
    def campaign(self) -> str:
        """A campaign that answers with items."""
        return self.new_campaign()

    @cached_property
    def action_campaign(self) -> str:
        """A campaign that answers with actions."""
        return self.new_campaign("aws-next-best-action")

    @cached_property
    def ranking_campaign(self) -> str:
        """A campaign that ranks."""
        return self.new_campaign("aws-personalized-ranking-v2")

    def new_recommender(self) -> str:
        """Create a recommender."""
        created = self.account.personalize.create_recommender(
            name=self.name(),
            datasetGroupArn=self.shop,
            recipeArn="arn:aws:personalize:::recipe/aws-ecomm-popular-items-by-views",
        )
        return self.account.active(created["recommenderArn"])

    @cached_property
    def recommender(self) -> str:
        """A recommender."""
        return self.new_recommender()

    def new_filter(self) -> str:
        """Create a filter."""
        created = self.account.personalize.create_filter(
            name=self.name(),
            datasetGroupArn=self.group,
            filterExpression='EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("comedy")',
        )
        return self.account.active(created["filterArn"])

    @cached_property
    def filter(self) -> str:
        """A filter."""
        return self.new_filter()

    @cached_property
    def tracker(self) -> dict[str, str]:
        """The event tracker of the custom group, with its tracking ID."""
        created = self.account.personalize.create_event_tracker(name="tracker", datasetGroupArn=self.group)
        self.account.active(created["eventTrackerArn"])
        return dict(created)

    def new_attribution(self, group: str) -> str:
        """Create a metric attribution."""
        created = self.account.personalize.create_metric_attribution(
            name=self.name(),
            datasetGroupArn=group,
            metrics=[{"eventType": "View", "metricName": "views", "expression": "SAMPLECOUNT()"}],
            metricsOutputConfig={"roleArn": self.account.role},
        )
        return self.account.active(created["metricAttributionArn"])

    @cached_property
    def attribution(self) -> str:
        """The metric attribution of the custom group."""
        return self.new_attribution(self.group)

    @cached_property
    def import_job(self) -> str:
        """An import job."""
        jobs = self.account.personalize.list_dataset_import_jobs(datasetArn=self.dataset("USERS"))
        return str(jobs["datasetImportJobs"][0]["datasetImportJobArn"])

    @cached_property
    def export_job(self) -> str:
        """An export job."""
        created = self.account.personalize.create_dataset_export_job(
            jobName=self.name(),
            datasetArn=self.dataset("USERS"),
            ingestionMode="ALL",
            roleArn=self.account.role,
            jobOutput={"s3DataDestination": {"path": self.place("exports/")}},
        )
        return self.account.active(created["datasetExportJobArn"])

    @cached_property
    def deletion_job(self) -> str:
        """A data deletion job."""
        created = self.account.personalize.create_data_deletion_job(
            jobName=self.name(),
            datasetGroupArn=self.shop,
            dataSource={"dataLocation": self.account.put("gone.csv", "USER_ID\nnobody\n")},
            roleArn=self.account.role,
        )
        self.account.wait(created["dataDeletionJobArn"], {"COMPLETED"})
        return str(created["dataDeletionJobArn"])

    def place(self, key: str) -> str:
        """Return the URL of a key in the account's bucket."""
        self.account.s3  # noqa: B018  # the bucket exists once it is asked for
        return f"s3://{self.account.bucket}/{key}"

    @cached_property
    def users_file(self) -> str:
        """Input of a batch inference job."""
        return self.account.put("in/users.json", '{"userId": "u1"}\n')

    @cached_property
    def items_file(self) -> str:
        """Input of a batch segment job."""
        return self.account.put("segments/items.json", '{"itemId": "i1"}\n')

    @cached_property
    def batch_job(self) -> str:
        """A batch inference job."""
        version = self.version_of("aws-user-personalization-v2")
        return self.account.active(self.account.start_batch(version, self.users_file, self.place("out/"), self.name()))

    @cached_property
    def segment_job(self) -> str:
        """A batch segment job."""
        created = self.account.personalize.create_batch_segment_job(
            jobName=self.name(),
            solutionVersionArn=self.version_of("aws-item-affinity"),
            jobInput={"s3DataSource": {"path": self.items_file}},
            jobOutput={"s3DataDestination": {"path": self.place("users/")}},
            roleArn=self.account.role,
        )
        return self.account.active(created["batchSegmentJobArn"])

    def stopped_recommender(self) -> str:
        """Create a recommender and stop it."""
        arn = self.new_recommender()
        self.account.personalize.stop_recommender(recommenderArn=arn)
        self.account.wait(arn, {"INACTIVE"})
        return arn

    def new_tracker(self, group: str) -> str:
        """Create an event tracker."""
        created = self.account.personalize.create_event_tracker(name=self.name(), datasetGroupArn=group)
        return self.account.active(created["eventTrackerArn"])

    def new_dataset(self) -> str:
        """Create a dataset of users in the shop."""
        created = self.account.personalize.create_dataset(
            name=self.name(),
            schemaArn=self.schema(USER_FIELDS, "Users", "ECOMMERCE"),
            datasetGroupArn=self.shop,
            datasetType="Users",
        )
        return self.account.active(created["datasetArn"])

    def stalled_version(self) -> str:
        """Create a solution version that never ends its training."""
        self.account.fault(job="SolutionVersion", outcome="STALL")
        return self.account.start_training(self.account.solution(self.group, name=self.name()))
