"""Which alarms a pipeline has, whom they may tell, what runs send for them, and what the dashboard shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.policies import Decision, Request, decide
from stacks.states.run import definition
from tests.documents import parsed
from tests.manifests import REPORT
from tests.stacks.evaluation import evaluated
from tests.synthesis import templates_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT, REGION = "123456789012", "eu-west-1"
HOME = f"{REGION}:{ACCOUNT}"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}


def template(**changes: Any) -> dict[str, Any]:
    """Return the resources of a changed shop's workflow stack."""
    found: dict[str, Any] = templates_of(parsed(**changes))["workflow"].to_json()["Resources"]
    return found


def of_type(resources: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the resources of a type, by logical id."""
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def alarms(resources: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the alarms by name, without the prefix, which all of them have."""
    found = of_type(resources, "AWS::CloudWatch::Alarm").values()
    assert all(alarm["AlarmName"].startswith("shop-dev--") for alarm in found)
    return {alarm["AlarmName"].removeprefix("shop-dev--"): alarm for alarm in found}


def plain(value: Any) -> Any:
    """Return a value of a template as CloudFormation makes it, with logical ids for what it makes up."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return PSEUDO.get(value["Ref"], value["Ref"])
    if "Fn::GetAtt" in value:
        return value["Fn::GetAtt"][0]
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(plain(part) for part in parts)
    return {key: plain(item) for key, item in value.items()}


OPERATIONAL = {
    "run/failed",
    "run/timed-out",
    "run/aborted",
    "dead-letters/alert",
    "dead-letters/schedule",
    "transform/errors",
    "transform/throttles",
    "transform/duration",
    "publish/throttles",
    "publish/duration",
    "cleanup/errors",
    "report/errors",
}


@pytest.fixture(scope="module")
def fresh() -> dict[str, Any]:
    """The resources of a shop whose tables must not be older than 26 hours."""
    return template(freshness="26h")


def test_each_pipeline_has_the_alarms_of_operation(fresh: dict[str, Any]) -> None:
    """The age of tables is watched where the file says so; all else always, and all tell the topic."""
    without, found = alarms(template()), alarms(fresh)

    assert set(without) == OPERATIONAL
    assert {*OPERATIONAL, "freshness/for-you/top"} == set(found)
    (topic,) = of_type(fresh, "AWS::SNS::Topic")
    assert all([{"Ref": topic}] == alarm["AlarmActions"] for alarm in found.values())
    assert {"freshness/for-you/top"} == {name for name, alarm in found.items() if "OKActions" in alarm}


@pytest.mark.parametrize("engine", ["auto", "glue"])
def test_an_error_that_hands_over_is_no_fault(engine: str) -> None:
    """A function that says that data is too large for it fails in every such run, and Spark takes over."""
    assert OPERATIONAL - {"transform/errors"} == set(alarms(template(engine=engine)))


def test_without_a_schedule_there_is_no_queue_of_it() -> None:
    """Every dead-letter queue has its alarm, and there is none for a queue that is not there."""
    for schedule in ({"expression": "rate(1 day)"}, ...):
        resources = template(schedule=schedule)
        watched = [
            plain(alarm["Dimensions"][0]["Value"])
            for name, alarm in alarms(resources).items()
            if name.startswith("dead-letters/")
        ]
        assert sorted(of_type(resources, "AWS::SQS::Queue")) == sorted(watched)


def test_tables_are_missed_after_the_hours_of_the_file(fresh: dict[str, Any]) -> None:
    """26 hours are 26 periods without a single table, and no data is none."""
    alarm = alarms(fresh)["freshness/for-you/top"]

    expected = {
        "Period": 3600,
        "EvaluationPeriods": 26,
        "DatapointsToAlarm": 26,
        "Statistic": "Sum",
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
    }
    assert expected == {key: alarm[key] for key in expected}


def test_a_function_rings_before_its_time_is_up(fresh: dict[str, Any]) -> None:
    """The threshold is four fifths of the function's own timeout, in milliseconds."""
    functions = of_type(fresh, "AWS::Lambda::Function")
    for name in ("transform", "publish"):
        alarm = alarms(fresh)[f"{name}/duration"]
        function = functions[alarm["Dimensions"][0]["Value"]["Ref"]]
        assert f"shop-dev-{name}" == function["FunctionName"]
        assert 800 * function["Timeout"] == alarm["Threshold"]


def decided(policy: dict[str, Any], action: str, **who: Any) -> Decision:
    """Return what a resource's policy in a template says of an action."""
    return decide(plain(policy), Request(action, "TopicBFC7AF6E" if action.startswith("sns") else "key", **who))


def by_alarm(name: str, account: str = ACCOUNT) -> dict[str, Any]:
    """Return CloudWatch as it works for an alarm."""
    arn = f"arn:aws:cloudwatch:{REGION}:{account}:alarm:{name}"
    context = {"aws:SourceAccount": account, "aws:SourceArn": arn, "aws:SecureTransport": "true"}
    return {"service": "cloudwatch.amazonaws.com", "context": context}


def test_topic_and_key_admit_the_alarms_of_this_pipeline_alone(fresh: dict[str, Any]) -> None:
    """Both let CloudWatch in for every alarm of the stack; not for another stage's, nor for another account's."""
    (key,) = of_type(fresh, "AWS::KMS::Key").values()
    (topic,) = of_type(fresh, "AWS::SNS::TopicPolicy").values()
    asked = [(topic["PolicyDocument"], "sns:Publish")]
    asked += [(key["KeyPolicy"], f"kms:{use}") for use in ("Decrypt", "GenerateDataKey")]

    assert key["EnableKeyRotation"] is True
    for policy, action in asked:
        for name in alarms(fresh):
            assert Decision.ALLOW == decided(policy, action, **by_alarm(f"shop-dev--{name}"))
        assert Decision.SILENT == decided(policy, action, **by_alarm("shop-prod--run/failed"))
        assert Decision.SILENT == decided(policy, action, **by_alarm("shop-dev--run/failed", "210987654321"))


def test_whoever_may_publish_may_use_the_key_through_sns_only(fresh: dict[str, Any]) -> None:
    """Other stacks' functions know no key; they use it through SNS as under AWS's own, and in no other way."""
    (key,) = of_type(fresh, "AWS::KMS::Key").values()
    role = f"arn:aws:iam::{ACCOUNT}:role/teardown"
    through = {"kms:ViaService": f"sns.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
    statements = [each for each in key["KeyPolicy"]["Statement"] if each.get("Sid") == "PublishersThroughSns"]
    policy = {"Statement": statements}

    for use in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert Decision.ALLOW == decided(policy, use, arn=role, context=through)
        assert Decision.SILENT == decided(policy, use, arn=role, context={"kms:CallerAccount": ACCOUNT})
        assert Decision.SILENT == decided(policy, use, arn=role, context={**through, "kms:CallerAccount": "2"})
    assert Decision.SILENT == decided(policy, "kms:ScheduleKeyDeletion", arn=role, context=through)


JOB = {"name": "top", "status": "SUCCEEDED", "published": {"rows": 50, "errors": 2}}
SOLUTIONS = [
    {"name": "for-you", "batch_inference": [JOB, {"name": "bad", "status": "FAILED"}], "batch_segment": []},
    {"name": "gone", "batch_inference": [], "batch_segment": []},
]


def sent(**changes: Any) -> list[dict[str, Any]]:
    """Return what the state of a shop's machine sends to CloudWatch."""
    state = definition(parsed(), "dev", spec_hash="0")["States"]["Send metrics"]
    variables = {"solutions": SOLUTIONS, "report": json.loads(json.dumps(REPORT)), **changes}
    arguments = evaluated(state["Arguments"], **variables)
    assert "PersonalizePipelines" == arguments["Namespace"]
    found: list[dict[str, Any]] = arguments["MetricData"]
    return found


def of(datum: Mapping[str, Any]) -> dict[str, str]:
    """Return the dimensions of a metric as a dictionary."""
    return {each["Name"]: each["Value"] for each in datum["Dimensions"]}


def test_a_run_tells_of_each_table_that_it_published() -> None:
    """A job that failed tells nothing, so its table grows old; a dataset tells what became of its rows."""
    found = sent()
    tables = {each["MetricName"]: (each["Value"], of(each)) for each in found if "Job" in of(each)}
    rows = {each["MetricName"]: each["Value"] for each in found if of(each).get("Dataset") == "interactions"}

    job = {"Pipeline": "${Prefix}", "Solution": "for-you", "Job": "top"}
    assert {"TablesPublished": (1, job), "TableRows": (50, job), "LinesWithErrors": (2, job)} == tables
    assert rows["RowsIn"] == rows["RowsOut"] + rows["RowsFiltered"] + rows["RowsRejected"]


def test_a_run_without_tables_tells_of_its_rows() -> None:
    """Without a published table the list is still one of metrics, which CloudWatch takes."""
    assert {"Dataset", "Pipeline"} == {name for each in sent(solutions=[]) for name in of(each)}


def test_the_dashboard_shows_what_is_watched_and_sent(fresh: dict[str, Any]) -> None:
    """Every alarm, every metric that an alarm watches, and every metric that a run sends has its place."""
    (board,) = of_type(fresh, "AWS::CloudWatch::Dashboard").values()
    body = json.loads(plain(board["DashboardBody"]))
    widgets = body["widgets"]
    metrics = [each for widget in widgets for each in widget["properties"].get("metrics", ())]
    shown = {tuple(each[:2]) for each in metrics if isinstance(each[0], str)}
    watched = {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms(fresh).values()}

    assert "shop-dev" == board["DashboardName"]
    assert sorted(of_type(fresh, "AWS::CloudWatch::Alarm")) == sorted(widgets[0]["properties"]["alarms"])
    assert {*watched, *(("PersonalizePipelines", each["MetricName"]) for each in sent())} <= shown
    assert all(REGION == widget["properties"]["region"] for widget in widgets[1:])
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(places) == len(set(places))
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)
    dimensions = {tuple(each[2:-1]) for each in metrics if each[0] == "PersonalizePipelines"}
    assert ("Pipeline", "shop-dev", "Solution", "for-you", "Job", "top") in dimensions
