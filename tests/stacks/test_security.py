"""What the templates allow, and to whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk.assertions import Match, Template

from definition.service.resource_kinds import BATCH_KINDS, BATCH_SEGMENT_JOB, KINDS
from tests.documents import LIVE, parsed
from tests.synthesis import PARTS, templates_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Templates = dict[str, dict[str, Any]]


def statements(templates: Templates) -> Iterator[dict[str, Any]]:
    """Yield every IAM statement of every policy."""
    for template in templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::IAM::Policy":
                yield from resource["Properties"]["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[Any]:
    """Return a value of a policy as a list."""
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def live_templates() -> Templates:
    """The templates of the shop that answers in real time, by part."""
    return {part: template.to_json() for part, template in templates_of(parsed(**LIVE)).items()}


def test_no_statement_allows_every_action(live_templates: Templates) -> None:
    """No policy names a wildcard action."""
    found = [action for statement in statements(live_templates) for action in listed(statement["Action"])]

    assert found
    assert [] == [action for action in found if "*" in action]


def test_every_resource_is_named_where_the_service_knows_names(live_templates: Templates) -> None:
    """Resource * stands only where the service knows none: X-Ray, logs, metrics, Personalize's lists, and tags."""
    free = {
        action
        for statement in statements(live_templates)
        if "*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }

    lists = {"Campaigns", "Datasets", "Recommenders", "Solutions", "SolutionVersions"}
    others = {"cloudwatch:PutMetricData", "personalize:TagResource"}
    assert others | {f"personalize:List{kinds}" for kinds in lists} == {
        action for action in free if action.split(":")[0] not in {"logs", "xray"}
    }
    assert not {"logs:PutLogEvents", "logs:CreateLogStream"} & free


def test_the_service_role_knows_its_account_and_service(templates: Templates) -> None:
    """Only Personalize of this account may take the role."""
    Template.from_json(templates["personalize"]).has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Effect": "Allow",
                        "Principal": {"Service": "personalize.amazonaws.com"},
                        "Condition": {
                            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                            "ArnLike": {
                                "aws:SourceArn": {
                                    "Fn::Join": [
                                        "",
                                        [
                                            "arn:",
                                            {"Ref": "AWS::Partition"},
                                            ":personalize:",
                                            {"Ref": "AWS::Region"},
                                            ":",
                                            {"Ref": "AWS::AccountId"},
                                            ":*",
                                        ],
                                    ]
                                }
                            },
                        },
                    }
                ]
            }
        },
    )


@pytest.mark.parametrize(
    ("sid", "action", "paths"),
    [
        ("PersonalizeLists", "s3:ListBucket", None),
        ("PersonalizeReads", "s3:GetObject", ["/batch/*", "/deletions/*", "/transformed/*"]),
        ("PersonalizeWrites", "s3:PutObject", ["/batch/*/output/*"]),
    ],
)
def test_the_bucket_admits_personalize_where_it_must(
    templates: Templates, sid: str, action: str, paths: list[str] | None
) -> None:
    """The bucket policy gives the service list, get and put, each on the prefixes it needs."""
    policy = next(r for r in templates["storage"]["Resources"].values() if r["Type"] == "AWS::S3::BucketPolicy")
    found = {s.get("Sid"): s for s in policy["Properties"]["PolicyDocument"]["Statement"]}[sid]

    assert action == found["Action"]
    assert {"Service": "personalize.amazonaws.com"} == found["Principal"]
    if paths:
        assert paths == [resource["Fn::Join"][1][1] for resource in listed(found["Resource"])]


def test_the_bucket_is_private_encrypted_and_kept(templates: Templates) -> None:
    """No public access, no plain HTTP, versions kept, and the bucket outlives its stack."""
    template = Template.from_json(templates["storage"])
    template.has_resource(
        "AWS::S3::Bucket",
        {
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": Match.any_value(),
            },
        },
    )
    template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Effect": "Deny",
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                            }
                        )
                    ]
                )
            }
        },
    )


def test_every_service_takes_roles_for_this_account_only(templates: Templates) -> None:
    """Each trust policy names the account; Lambda and Glue document no source conditions (page confused-deputy)."""
    trusts = [
        statement
        for part in PARTS
        for resource in templates[part]["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    ]
    open_to_all = {
        each["Principal"]["Service"]
        for each in trusts
        if each.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount") != {"Ref": "AWS::AccountId"}
    }

    assert {"lambda.amazonaws.com"} == open_to_all
    assert {"events.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"} <= {
        each["Principal"]["Service"] for each in trusts
    }


def test_the_schedule_may_start_and_keep_only(templates: Templates) -> None:
    """The schedule's role starts executions and sends what cannot start to its queue; nothing else is granted."""
    policies = {
        name: each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in templates["workflow"]["Resources"].items()
        if each["Type"] == "AWS::IAM::Policy"
    }
    (found,) = (content for name, content in policies.items() if name.startswith("ScheduleRole"))

    assert ["states:StartExecution", "sqs:SendMessage"] == [statement["Action"] for statement in found]


def test_an_alert_that_cannot_start_is_kept(templates: Templates) -> None:
    """The rule's target has a dead-letter queue, which lets this rule in and no other, and which the doctor knows."""
    resources = templates["workflow"]["Resources"]
    (rule,) = (name for name, each in resources.items() if each["Type"] == "AWS::Events::Rule")
    (target,) = resources[rule]["Properties"]["Targets"]
    queue = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    assert queue.startswith("EndAlerts")
    sending = [
        statement
        for each in resources.values()
        if each["Type"] == "AWS::SQS::QueuePolicy" and each["Properties"]["Queues"] == [{"Ref": queue}]
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    assert [{"Service": "events.amazonaws.com"}] == [each["Principal"] for each in sending]
    assert {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule, "Arn"]}}} == sending[0]["Condition"]


def test_step_functions_may_take_the_state_machines_role(templates: Templates) -> None:
    """Each condition names its state machine as the service does, with a colon before its name."""
    trusts = [
        json.dumps(resource["Properties"]["AssumeRolePolicyDocument"])
        for resource in templates["workflow"]["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]

    alert, run = sorted((trust for trust in trusts if "states.amazonaws.com" in trust), key=len)
    assert ':stateMachine:movielens-dev"' in run
    # Child executions of a Map Run are those of a state machine with its label, or labels, behind the name.
    assert ':stateMachine:movielens-dev/*"' in run
    assert ':stateMachine:movielens-dev--alert"' in alert


def test_the_state_machine_runs_executions_of_its_own_alone(templates: Templates) -> None:
    """What a distributed Map takes is granted on this state machine, its executions and its children, by name."""
    granted: dict[str, list[str]] = {}
    for statement in statements({"workflow": templates["workflow"]}):
        for action in listed(statement["Action"]):
            if action.startswith("states:"):
                ends = [arn["Fn::Join"][1][-1] for arn in listed(statement["Resource"]) if "Fn::Join" in arn]
                granted.setdefault(action, []).extend(end.removeprefix(":") for end in ends)

    own = "execution:movielens-dev:*"
    children = {"execution:movielens-dev/*"}
    assert {"stateMachine:movielens-dev", "stateMachine:movielens-dev/*"} <= set(granted["states:StartExecution"])
    assert {own, *children} == set(granted["states:DescribeExecution"]) == set(granted["states:StopExecution"])
    assert children == set(granted["states:RedriveExecution"])


def test_alerts_leave_child_executions_out(templates: Templates) -> None:
    """Whoever stops a run is told once: the rule hears of the state machine's executions, not of a Map Run's."""
    rules = [r["Properties"] for r in templates["workflow"]["Resources"].values() if r["Type"] == "AWS::Events::Rule"]
    detail = next(rule["EventPattern"]["detail"] for rule in rules if "status" in json.dumps(rule))

    assert ":execution:movielens-dev:" == detail["executionArn"][0]["prefix"]["Fn::Join"][1][-1]
    assert ":stateMachine:movielens-dev" == detail["stateMachineArn"][0]["Fn::Join"][1][-1]


def grants(templates: Templates, part: str) -> dict[str, str]:
    """Return what a stack's roles may do with Personalize: resources, as text, by action."""
    return {
        action: json.dumps(statement["Resource"])
        for statement in statements({part: templates[part]})
        for action in listed(statement["Action"])
        if action.startswith("personalize:")
    }


def of_state_machine(templates: Templates) -> Templates:
    """Return the policy of the state machine's role alone."""
    resources = {
        name: resource
        for name, resource in templates["workflow"]["Resources"].items()
        if name.startswith("StateMachineRole")
    }
    return {"workflow": {"Resources": resources}}


def test_the_state_machine_may_do_what_the_file_asks_for(templates: Templates, live_templates: Templates) -> None:
    """The grants follow the table of kinds: create, describe and update, on ARNs of this pipeline, and no more."""
    granted, more = (grants(of_state_machine(each), "workflow") for each in (templates, live_templates))

    for kind in KINDS:
        if kind is BATCH_SEGMENT_JOB:  # neither file has segments
            assert not {f"personalize:{kind.create}", f"personalize:{kind.describe}"} & {*more, *granted}
            continue
        for action in (kind.create, kind.describe, *([kind.update] if kind.updatable else [])):
            assert f":{kind.arn_type}/shop-dev--*" in more.pop(f"personalize:{action}")
            assert (kind in BATCH_KINDS) == (f"personalize:{action}" in granted)
    assert {"personalize:GetSolutionMetrics", "personalize:TagResource"} == set(more)
    assert ":solution/shop-dev--*" in grants(live_templates, "workflow")["personalize:CreateCampaign"]
    assert ":dataset-group/shop-dev--" in grants(live_templates, "workflow")["personalize:CreateRecommender"]
    assert ":dataset/movielens-dev--" in granted["personalize:CreateDatasetImportJob"]
    assert ":dataset-group/movielens-dev--" in granted["personalize:CreateSolution"]
    assert ":solution/movielens-dev--*" in granted["personalize:CreateBatchInferenceJob"]
    assert ":filter/" not in granted["personalize:CreateBatchInferenceJob"]
    assert ":personalize:::recipe/aws-user-personalization-v2" in granted["personalize:CreateSolution"]
    assert "recipe/aws-ecomm-" in grants(live_templates, "workflow")["personalize:CreateRecommender"]
    assert ":solution/shop-dev--*" in grants(live_templates, "workflow")["personalize:UpdateCampaign"]


def test_the_role_is_passed_to_personalize_only(templates: Templates) -> None:
    """PassRole names the one role and the one service."""
    passing = [s for s in statements(templates) if "iam:PassRole" in listed(s["Action"])]

    assert 1 == len(passing)
    assert {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}} == passing[0]["Condition"]
    assert "ServiceRole" in json.dumps(passing[0]["Resource"])
