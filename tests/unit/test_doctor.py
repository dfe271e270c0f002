"""The checks of `pipelines doctor` that the embedded AWS cannot answer, against clients that say what AWS would."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from rich.console import Console

from cli.doctor import account_checks, deployment_checks, quotas
from cli.doctor.examination import PARTS, Examination
from cli.doctor.examine import CHECKS, examine
from cli.doctor.findings import Check, Finding, Level, failure, warning
from cli.doctor.show import summary, table
from cli.doctor.taken_names import taken_names
from tests.corpus.looked_up import OF_LINES
from tests.documents import BEST_OF, LIVE, QUERIED, parsed

ACCOUNT = "123456789012"
ARN = f"arn:aws:states:eu-west-1:{ACCOUNT}:execution:movielens-production:0a1b2c3d-0000-1111-2222-333344445555"


class Pages:
    """A client whose list operations have one page each, and say nothing where they are not told."""

    def __init__(self, **pages: list[dict[str, Any]]) -> None:
        self._pages = pages

    def get_paginator(self, operation: str) -> Any:
        """Return something that gives the page under whatever key is asked for."""
        page = self._pages.get(operation, [])
        keys = ("datasetGroups", "schemas", "solutions", "campaigns", "Filters", "recommenders", "datasetImportJobs",
                "solutionVersions", "batchInferenceJobs", "batchSegmentJobs", "Quotas")  # fmt: skip
        return SimpleNamespace(paginate=lambda **_: [dict.fromkeys(keys, page)])


def examination(clients: dict[str, Any], *, region: str = "eu-west-1", **changes: Any) -> Examination:
    """Return an examination of the shop whose clients are these."""
    session = boto3.Session(region_name=region)
    made = Examination(parsed(**changes), Path("shop.yaml"), "dev", session, _clients=clients)
    made.identity = {"Account": ACCOUNT, "Arn": "me", "UserId": "me"}
    return made


def refused(code: str, message: str, operation: str) -> Any:
    """Return an operation that AWS refuses."""

    def call(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    return call


@pytest.mark.parametrize(
    ("limit", "level"), [(10, Level.WARNING), (49, Level.WARNING), (50, Level.OK), (1000, Level.OK)]
)
def test_few_functions_at_once_are_a_warning(limit: int, level: Level) -> None:
    """A new account's ten functions at once are fewer than the jobs of a run may call; fifty are enough."""
    settings = SimpleNamespace(get_account_settings=lambda: {"AccountLimit": {"ConcurrentExecutions": limit}})
    (finding,) = account_checks.concurrency(examination({"lambda": settings}))

    assert level is finding.level
    assert str(limit) in finding.seen


@pytest.mark.parametrize(
    ("region", "level"),
    [("eu-west-1", Level.OK), ("cn-north-1", Level.FAILURE), ("us-gov-west-1", Level.FAILURE), ("", Level.FAILURE)],
)
def test_a_region_of_another_partition_is_a_failure(region: str, level: Level) -> None:
    """State machines name integrations and recipes as ARNs of the partition aws, so pipelines work in it alone."""
    (finding,) = account_checks.region(examination({}, region=region))

    assert level is finding.level


@pytest.mark.parametrize(("version", "level"), [("5", Level.FAILURE), ("6", Level.OK), ("30", Level.OK)])
def test_an_old_bootstrap_is_a_failure(version: str, level: Level) -> None:
    """The templates' own rule refuses versions 1 to 5."""
    parameters = SimpleNamespace(get_parameter=lambda **_: {"Parameter": {"Value": version}})
    (finding,) = account_checks.bootstrap(examination({"ssm": parameters}))

    assert level is finding.level


def test_an_account_that_is_not_bootstrapped_is_a_failure() -> None:
    """The command that bootstraps it is told with account and region."""
    parameters = SimpleNamespace(get_parameter=refused("ParameterNotFound", "", "GetParameter"))
    (finding,) = account_checks.bootstrap(examination({"ssm": parameters}))

    assert Level.FAILURE is finding.level
    assert f"npx cdk bootstrap aws://{ACCOUNT}/eu-west-1" in finding.remedy


def test_a_region_without_personalize_is_a_failure() -> None:
    """The endpoint's name does not exist there: the regions that have it are told."""

    def unknown(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://personalize.eu-west-1.amazonaws.com")

    (finding,) = account_checks.personalize(examination({"personalize": SimpleNamespace(list_dataset_groups=unknown)}))

    assert Level.FAILURE is finding.level
    assert "us-east-1" in finding.remedy
    assert "cn-north-1" in finding.remedy


def test_the_accounts_own_quotas_count() -> None:
    """Service Quotas' number takes the place of the default, which else says that it is one."""
    groups = [{"name": f"group-{number}"} for number in range(5)]
    personalize = Pages(list_dataset_groups=groups)
    raised = Pages(list_service_quotas=[{"QuotaName": "Active dataset groups", "Value": 20.0}])
    silent = SimpleNamespace(get_paginator=refused("AccessDeniedException", "", "ListServiceQuotas"))

    def groups_of(service_quotas: Any) -> Finding:
        examined = examination({"personalize": personalize, "service-quotas": service_quotas})
        return next(iter(quotas.quotas(examined)))

    silent.get_paginator = lambda _: SimpleNamespace(paginate=refused("AccessDeniedException", "", "ListServiceQuotas"))
    assert ("5 of 20 used, 1 more needed", Level.OK) == (groups_of(raised).seen, groups_of(raised).level)
    assert Level.FAILURE is groups_of(silent).level
    assert "5 of 5 used, 1 more needed (default, your account may have another)" == groups_of(silent).seen


def test_what_a_file_needs_is_counted_by_its_names() -> None:
    """Of a live shop: a solution, a campaign, a filter and two recommenders are new, a schema is one more."""
    examined = examination({"personalize": Pages(), "service-quotas": Pages()}, **LIVE)
    seen = {finding.check: finding.seen.split(" (")[0] for finding in quotas.quotas(examined)}

    assert "0 of 5 used in the dataset group, 1 more needed" == seen["campaigns"]
    assert "0 of 10 used in the dataset group, 1 more needed" == seen["solutions"]
    assert "0 of 30 used in the dataset group, 1 more needed" == seen["filters"]
    assert "0 of 5 used in the dataset group, 2 more needed" == seen["recommenders"]
    assert "0 of 500 used, 1 more needed" == seen["schemas"]


def test_each_recipe_that_is_compared_needs_a_solution() -> None:
    """Two recipes under one name are two solutions of the dataset group."""
    changes = {"solutions__0__recipe": BEST_OF}
    examined = examination({"personalize": Pages(), "service-quotas": Pages()}, **changes)
    seen = {finding.check: finding.seen.split(" (")[0] for finding in quotas.quotas(examined)}

    assert "0 of 10 used in the dataset group, 2 more needed" == seen["solutions"]


def test_jobs_in_progress_use_their_quota_up() -> None:
    """Five batch inference jobs that are pending or in progress let a run wait; those that are done do not count."""
    busy = [{"status": "CREATE PENDING"}] * 2 + [{"status": "CREATE IN_PROGRESS"}] * 3 + [{"status": "ACTIVE"}] * 9
    examined = examination({"personalize": Pages(list_batch_inference_jobs=busy), "service-quotas": Pages()})
    found = {finding.check: finding for finding in quotas.quotas(examined)}

    assert Level.WARNING is found["batch inference jobs in progress"].level
    assert found["batch inference jobs in progress"].seen.startswith("5 of 5")
    assert Level.OK is found["batch segment jobs in progress"].level


def deployed(status: str = "UPDATE_COMPLETE", **outputs: str) -> dict[str, dict[str, Any]]:
    """Return stacks of a status, with outputs."""
    listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    return {part: {"StackStatus": status, "Outputs": listed} for part in PARTS}


def test_every_kind_of_name_is_looked_for() -> None:
    """Where no stack is there and everything answers, all that CloudFormation could not create is named."""

    def log_groups(_: str) -> Any:
        return SimpleNamespace(
            paginate=lambda **asked: [{"logGroups": [{"logGroupName": asked["logGroupNamePrefix"]}]}]
        )

    there = ("describe_dataset_group", "describe_schema", "get_function_configuration", "describe_state_machine",
             "get_schedule", "get_database", "get_job", "get_work_group", "describe_table")  # fmt: skip
    everything = SimpleNamespace(**{operation: lambda **_: {} for operation in there}, get_paginator=log_groups)
    services = ("personalize", "lambda", "stepfunctions", "scheduler", "glue", "logs", "athena", "dynamodb")
    delivered = {"solutions__0__batch_inference__0__deliver": "dynamodb"}
    examined = examination(dict.fromkeys(services, everything), **{**QUERIED, **delivered, "engine": "auto"})
    examined.stacks = {}
    (finding,) = taken_names(examined)

    assert Level.FAILURE is finding.level
    for name in (
        "dataset group shop-dev--",
        "schema shop-dev--interactions-",
        *(f"function shop-dev-{each}" for each in ("teardown", "dataset", "transform", "publish", "report", "deliver")),
        *(f"log group /aws/lambda/shop-dev-{each}" for each in ("teardown", "dataset", "transform", "publish")),
        "DynamoDB table shop-dev--for-you-",
        "state machine shop-dev,",
        "state machine shop-dev--alert,",
        "log group /aws/vendedlogs/states/shop-dev,",
        "log group /aws/vendedlogs/states/shop-dev--alert,",
        "schedule shop-dev,",
        "Glue database shop_dev,",
        "Glue job shop-dev-transform",
        "Athena workgroup shop-dev",
    ):
        assert name in finding.seen, name


def test_the_names_of_ones_own_stacks_are_not_taken() -> None:
    """What a deployed pipeline has belongs to it: nothing is looked for."""
    examined = examination({})
    examined.stacks = deployed()
    (finding,) = taken_names(examined)

    assert Level.OK is finding.level


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("CREATE_COMPLETE", Level.OK),
        ("UPDATE_ROLLBACK_COMPLETE", Level.OK),
        ("UPDATE_IN_PROGRESS", Level.WARNING),
        ("ROLLBACK_COMPLETE", Level.FAILURE),
        ("DELETE_FAILED", Level.FAILURE),
        ("UPDATE_ROLLBACK_FAILED", Level.FAILURE),
    ],
)
def test_the_status_of_stacks_is_judged(status: str, level: Level) -> None:
    """A stack that CloudFormation cannot update any more stops a deployment; one that is on its way does not."""
    examined = examination({})
    examined.stacks = deployed(status)
    found = list(deployment_checks.stacks(examined))

    assert {level} == {finding.level for finding in found if status in finding.seen}


def test_raw_data_of_lookups_is_looked_for() -> None:
    """Each source has a finding by its place in the file: a run without the data of a look-up would fail."""

    def listed(*, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # boto3's
        return {"KeyCount": 1, "Contents": [{"Key": f"{Prefix}a.csv"}]} if Prefix == "raw/lines/" else {"KeyCount": 0}

    s3 = SimpleNamespace(list_objects_v2=listed)
    examined = examination({"s3": s3}, datasets__interactions=OF_LINES)
    examined.stacks = deployed(BucketName="b")
    rows, orders = deployment_checks.raw_data(examined)

    assert (Level.OK, "interactions: raw/lines/a.csv") == (rows.level, rows.seen)
    assert Level.FAILURE is orders.level
    assert "interactions.lookups.orders: nothing under s3://b/raw/orders/" == orders.seen


def test_who_has_not_confirmed_hears_nothing() -> None:
    """A subscription that waits for the click in its mail counts for nobody."""
    listed = [{"Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]}]
    sns = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: listed))
    examined = examination({"sns": sns})
    examined.stacks = deployed(TopicArn="arn:topic")
    (finding,) = deployment_checks.subscribers(examined)

    assert (Level.WARNING, True) == (finding.level, finding.seen.endswith("1 not confirmed"))


@pytest.mark.parametrize(("engine", "levels"), [("lambda", []), ("auto", [Level.FAILURE]), ("glue", [Level.FAILURE])])
def test_a_spark_job_that_is_missing_is_a_failure(engine: str, levels: list[Level]) -> None:
    """Only a file that may use Spark needs the job."""
    glue = SimpleNamespace(get_job=refused("EntityNotFoundException", "", "GetJob"))
    examined = examination({"glue": glue}, engine=engine)
    examined.stacks = deployed()

    assert levels == [finding.level for finding in deployment_checks.glue(examined)]


def test_what_may_not_be_read_names_its_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """A denied call is a warning with the action that is missing, and the checks after it go on."""
    message = f"User: arn:aws:iam::{ACCOUNT}:user/me is not authorized to perform: ssm:GetParameter on resource: x"
    denied = SimpleNamespace(get_parameter=refused("AccessDeniedException", message, "GetParameter"))
    checks = (
        Check("CDK bootstrap", account_checks.bootstrap),
        Check("later", lambda _: [failure("later", "seen", "remedy")]),
    )
    monkeypatch.setattr("cli.doctor.examine.CHECKS", checks)
    first, later = examine(examination({"ssm": denied}))

    assert (Level.WARNING, "later") == (first.level, later.check)
    assert "Let your credentials do ssm:GetParameter" in first.remedy


def test_nothing_is_looked_at_after_an_essential_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials no other check can say anything."""
    sts = SimpleNamespace(get_caller_identity=refused("ExpiredToken", "The token has expired", "GetCallerIdentity"))
    examined = examination({"sts": sts})
    del examined.identity
    monkeypatch.setattr("cli.doctor.examine.CHECKS", CHECKS)
    findings = list(examine(examined))

    assert ["region", "credentials"] == [finding.check for finding in findings]
    assert "ExpiredToken: The token has expired" == findings[-1].seen
    assert "Sign in again" in findings[-1].remedy


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_cuts_nothing(width: int) -> None:
    """At any width every text is there in full, over as many lines as it takes: an ARN, too."""
    remedy = "aws sns subscribe --protocol email, then confirm by the link in the mail"
    made = table(examination({}), [warning("Lambda concurrency", f"FAILED: {ARN}", remedy)])
    written = io.StringIO()
    Console(file=written, width=width).print(made)
    lines = written.getvalue().splitlines()
    cells = "".join(line.split("│")[3].strip() for line in lines if line.count("│") == 4)

    assert max(len(line) for line in lines) <= width
    assert ARN in cells.replace(" ", "")
    assert remedy.replace(" ", "") in cells.replace(" ", "")
    assert "…" not in written.getvalue()


def test_the_summary_counts() -> None:
    """One of each level, and the word ready only where nothing failed."""
    found = [warning("a", "b", "c"), failure("a", "b", "c")]

    assert "0 OK, 1 warning, 1 failure. Nothing was written." == summary(found)
    assert "0 OK, 1 warning, 0 failures: ready. Nothing was written." == summary(found[:1])
