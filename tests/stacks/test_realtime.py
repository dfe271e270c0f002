"""What the stacks hold for filters, campaigns, recommenders, event tracker and metric attribution."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_cdk.assertions import Match

from stacks.states.run import definition
from tests.documents import LIVE, RECOMMENDERS_ONLY, parsed
from tests.stacks.evaluation import evaluate
from tests.synthesis import templates_of

BOUGHT = {"name": "not-bought", "expression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'}
KINDS_OF = {"name": "kinds", "expression": "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($KINDS)"}


def filters(**changes: Any) -> list[dict[str, Any]]:
    """Return the properties of the filters that a changed pipeline makes."""
    found = templates_of(parsed(**changes))["personalize"].find_resources("AWS::Personalize::Filter")
    return [resource["Properties"] for resource in found.values()]


def test_a_changed_filter_is_another_filter() -> None:
    """A filter cannot be changed, so another expression has another name; the same one keeps it."""
    (first,) = filters(filters=[BOUGHT])
    (other,) = filters(filters=[{**BOUGHT, "expression": BOUGHT["expression"].replace("click", "view")}])

    assert BOUGHT["expression"] == first["FilterExpression"]
    assert first["Name"].startswith("shop-dev--not-bought-")
    assert [first] == filters(filters=[BOUGHT])
    assert first["Name"] != other["Name"]


def test_filters_come_after_the_datasets_whose_fields_they_name() -> None:
    """The service holds an expression against the schemas, so they have to be there."""
    template = templates_of(parsed(filters=[BOUGHT]))["personalize"]
    (dataset,) = template.find_resources("AWS::Personalize::Dataset")

    template.has_resource("AWS::Personalize::Filter", {"DependsOn": Match.array_with([dataset])})
    template.has_output("*", {"Description": "Filter not-bought"})


def test_batch_jobs_are_filtered_by_their_own_filter() -> None:
    """The filter in a job's arguments is the one that the stack makes, with the job's values; other jobs have none."""
    jobs = [
        {"name": "all"},
        {"name": "some", "filter": "kinds", "filter_values": {"KINDS": ["click"]}},
    ]
    changes = {"filters": [KINDS_OF], "solutions__0__batch_inference": jobs}
    machine = definition(parsed(**changes), "dev", spec_hash="0")
    (plan,) = machine["States"]["Begin run"]["Assign"]["known"]
    batch = machine["States"]["Solutions"]["ItemProcessor"]["States"]["Run batch jobs"]["ItemProcessor"]["States"]
    text = batch["Create batch inference job"]["Arguments"].replace("${PersonalizeArn}", "arn:p")
    arguments = [
        evaluate(
            text.replace("${ResourcePrefix}", "shop-dev--"),
            job=job,
            task={"run": "r", "solution": plan["name"], "version": "v"},
            batchInferenceJob={},
        )
        for job in plan["jobs"]
    ]

    made = {each["Name"] for each in filters(**changes) if "$" not in each["FilterExpression"]}
    assert "FilterArn" not in arguments[0]
    assert {f"arn:p:filter/{name}" for name in made} == {arguments[1].pop("FilterArn")}
    paths = [json.dumps(each).replace("/all/", "/x/").replace("/some/", "/x/") for each in arguments]
    assert paths[0] == paths[1].replace("for-you-some", "for-you-all")


def test_the_event_tracker_tells_its_id() -> None:
    """Applications find the tracking id among the stack's outputs; without the key there is no tracker."""
    template = templates_of(parsed(**LIVE))["personalize"]
    (tracker,) = template.find_resources("AWS::Personalize::EventTracker")

    template.has_output("TrackingId", {"Value": {"Fn::GetAtt": [tracker, "TrackingId"]}})
    templates_of(parsed())["personalize"].resource_count_is("AWS::Personalize::EventTracker", 0)


def test_metric_attribution_reports_where_it_may_write() -> None:
    """Metrics, role, bucket policy and lifecycle fit: reports go to a prefix of their own and expire."""
    found = templates_of(parsed(**LIVE))
    metric = {"EventType": "Purchase", "MetricName": "sales", "Expression": "SAMPLECOUNT()"}
    found["personalize"].has_resource_properties("AWS::Personalize::MetricAttribution", {"Metrics": [metric]})
    (made,) = found["personalize"].find_resources("AWS::Personalize::MetricAttribution").values()
    path = json.dumps(made["Properties"]["MetricsOutputConfig"]["S3DataDestination"]["Path"])
    assert "/attribution/sales/" in path

    policies = found["personalize"].find_resources("AWS::IAM::Policy").values()
    writing = [
        json.dumps(statement["Resource"])
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:PutObject"
    ]
    assert ["/attribution/*" in resource for resource in writing].count(True) == 1
    bucket = json.dumps(found["storage"].to_json())
    assert bucket.count("/attribution/*") == 1
    assert '"Id": "expire-attribution", "Prefix": "attribution/"' in bucket
    assert "attribution" not in json.dumps(templates_of(parsed())["storage"].to_json())


@pytest.mark.parametrize(("report", "asked"), [({"report": "sales"}, [True, False]), ({}, [None, None])])
def test_imports_of_interactions_are_reported_on(report: dict[str, str], asked: list[bool | None]) -> None:
    """If the file asks for reports: of items Personalize would make none."""
    metrics = LIVE["metric_attribution"]["metrics"]
    states = definition(parsed(**LIVE | {"metric_attribution": {"metrics": metrics, **report}}), "dev", spec_hash="0")
    job = states["States"]["Import datasets"]["ItemProcessor"]["States"]["Create import job"]
    found = job["Arguments"].get("PublishAttributionMetricsToS3")

    assert asked == [found and evaluate(found, dataset={"dataset": name}) for name in ("interactions", "items")]


def test_metric_attribution_without_a_report_writes_nothing() -> None:
    """CloudWatch alone needs no place in the bucket."""
    found = templates_of(parsed(**LIVE | {"metric_attribution": {"metrics": LIVE["metric_attribution"]["metrics"]}}))

    assert "attribution/" not in json.dumps(found["storage"].to_json())
    (made,) = found["personalize"].find_resources("AWS::Personalize::MetricAttribution").values()
    assert {"RoleArn"} == set(made["Properties"]["MetricsOutputConfig"])


def recommender_states() -> dict[str, Any]:
    """Return the states that each recommender goes through."""
    states: dict[str, Any] = definition(parsed(**LIVE), "dev", spec_hash="0")["States"]
    found: dict[str, Any] = states["Recommenders"]["ItemProcessor"]["States"]
    return found


def described(config: dict[str, Any], variable: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what the machine makes of a recommender's description, where the file wants ``config``."""
    result = {"Status": "ACTIVE", "RecommenderConfig": {"EnableMetadataWithRecommendations": False}, **more}
    before = {"found": True, "updating": False, "before": "none", **variable}
    text = recommender_states()["Describe recommender"]["Assign"]["recommender"]
    news: dict[str, Any] = evaluate(
        text, recommender=before, plan={"config": config}, states={"result": {"Recommender": result}}
    )
    return news


@pytest.mark.parametrize(
    ("wanted", "there", "differs"),
    [
        ({}, {"MinRecommendationRequestsPerSecond": 1}, False),
        ({"MinRecommendationRequestsPerSecond": 1}, {"MinRecommendationRequestsPerSecond": 1}, False),
        ({"MinRecommendationRequestsPerSecond": 2}, {"MinRecommendationRequestsPerSecond": 1}, True),
        ({"EnableMetadataWithRecommendations": False}, {}, True),
        ({"ItemExplorationConfig": {"explorationWeight": "0.3"}}, {"ItemExplorationConfig": {}}, True),
        (
            {"TrainingDataConfig": {"ExcludedDatasetColumns": {"ITEMS": ["B", "A"]}}},
            {"TrainingDataConfig": {"ExcludedDatasetColumns": {"ITEMS": ["A", "B"], "USERS": ["C"]}}},
            False,
        ),
        (
            {"TrainingDataConfig": {"ExcludedDatasetColumns": {"ITEMS": ["A"]}}},
            {"TrainingDataConfig": {"ExcludedDatasetColumns": {"ITEMS": ["A", "B"]}}},
            True,
        ),
    ],
)
def test_what_differs_from_the_file_is_updated(wanted: dict[str, Any], there: dict[str, Any], *, differs: bool) -> None:
    """What the file says is compared, in any order of columns; what it does not say may be as it is."""
    assert differs is described(wanted, {}, RecommenderConfig=there)["differs"]


@pytest.mark.parametrize(
    ("variable", "update", "status"),
    [
        ({}, None, "ACTIVE"),
        ({}, {"Status": "CREATE FAILED", "CreationDateTime": "1"}, "ACTIVE"),
        ({}, {"Status": "CREATE IN_PROGRESS", "CreationDateTime": "1"}, "CREATE IN_PROGRESS"),
        ({"updating": True}, None, "CREATE PENDING"),
        ({"updating": True, "before": "1"}, {"Status": "ACTIVE", "CreationDateTime": "1"}, "CREATE PENDING"),
        ({"updating": True, "before": "1"}, {"Status": "CREATE FAILED", "CreationDateTime": "2"}, "CREATE FAILED"),
        ({"updating": True}, {"Status": "ACTIVE", "CreationDateTime": "2"}, "ACTIVE"),
    ],
)
def test_an_update_is_waited_for_beside_the_status(
    variable: dict[str, Any], update: dict[str, Any] | None, status: str
) -> None:
    """The newest update counts while somebody's is under way and after an own one has begun, and no older one does."""
    more = {"LatestRecommenderUpdate": update} if update else {}

    assert status == described({}, variable, **more)["status"]


@pytest.mark.parametrize(
    ("variable", "next_state"),
    [
        ({"status": "ACTIVE", "differs": False}, "Recommender result"),
        ({"status": "ACTIVE", "differs": True}, "Update recommender"),
        ({"status": "ACTIVE", "differs": True, "updating": True}, "Recommender result"),
        ({"status": "ACTIVE", "differs": True, "found": False}, "Recommender result"),
        ({"status": "INACTIVE", "differs": True}, "Recommender result"),
        ({"status": "CREATE FAILED", "takenOver": True}, "Update recommender"),
        ({"status": "CREATE FAILED"}, "Recommender failed"),
        ({"status": "STOP PENDING"}, None),
    ],
)
def test_what_exists_is_updated_rather_than_made_anew(variable: dict[str, Any], next_state: str | None) -> None:
    """What differs or has failed before is updated once; what somebody has put to rest is left alone."""
    whole = {"found": True, "updating": False, "takenOver": False, "differs": False, "started": 0} | variable
    choices = recommender_states()["Is recommender done?"]["Choices"]
    taken = (
        rule["Next"] for rule in choices if evaluate(rule["Condition"].replace("$millis()", "1"), recommender=whole)
    )

    assert next_state == next(taken, None)


@pytest.mark.parametrize(
    ("follows", "serves", "differs"),
    [
        (True, "arn:s/$LATEST", False),
        (True, "arn:s/1", False),
        (True, "arn:former/$LATEST", True),
        (True, "arn:former/1", True),
        (False, "arn:s/2", False),
        (False, "arn:s/1", True),
    ],
)
def test_a_campaign_that_follows_is_moved_to_another_solution_only(
    *, follows: bool, serves: str, differs: bool
) -> None:
    """Whether the service describes it with $LATEST or with that version's ARN is documented nowhere."""
    live = LIVE | {"solutions__0__campaign": {"sync_with_latest": follows}}
    states = definition(parsed(**live), "dev", spec_hash="0")["States"]
    plan = states["Begin run"]["Assign"]["known"][0]
    request = plan["campaign"]["request"]
    states = states["Solutions"]["ItemProcessor"]["States"]
    news = evaluate(
        states["Describe campaign"]["Assign"]["campaign"],
        campaign={"found": True, "updating": False, "before": "none"},
        plan=plan,
        solution={"arn": "arn:s"},
        solutionVersion={"arn": "arn:s/2"},
        states={"result": {"Campaign": {"Status": "ACTIVE", **request, "SolutionVersionArn": serves}}},
    )

    assert differs is news["differs"]


def test_without_solutions_nothing_is_trained_or_scored() -> None:
    """The machine has no state and no grant of solutions, and the dashboard no chart without a metric."""
    made = templates_of(parsed(**RECOMMENDERS_ONLY))["workflow"]
    states = definition(parsed(**RECOMMENDERS_ONLY), "dev", spec_hash="0")["States"]
    (board,) = made.find_resources("AWS::CloudWatch::Dashboard").values()
    policies = json.dumps(
        [
            policy["Properties"]["PolicyDocument"]
            for name, policy in made.find_resources("AWS::IAM::Policy").items()
            if name.startswith("StateMachine")
        ]
    )

    assert "Reckon usage" == states["Recommenders"]["Next"]
    assert "Solutions" not in states
    assert {"personalize:CreateRecommender", "personalize:DescribeRecommender"} <= set(_actions(policies))
    assert [] == [action for action in _actions(policies) if "Solution" in action or "Batch" in action]
    assert '"metrics":[]' not in json.dumps(board).replace('\\"', '"')


def _actions(policies: str) -> list[str]:
    return re.findall(r"personalize:\w+", policies)
