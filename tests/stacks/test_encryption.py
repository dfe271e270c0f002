"""The customer managed key: what is encrypted with it, who may use it, and what a key of the user's needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.policies import Decision, Request, decide
from stacks.states.run import definition
from tests.documents import LIVE, QUERIED, parsed
from tests.synthesis import PARTS, templates_of

ACCOUNT, REGION = "123456789012", "eu-west-1"
HOME = f"{REGION}:{ACCOUNT}"
GIVEN = f"arn:aws:kms:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CREATE: dict[str, Any] = {"kms_key": "create"}
EVERYTHING: dict[str, Any] = {
    **LIVE,
    **QUERIED,
    "engine": "auto",
    "trigger": {"arrival": "items/_SUCCESS"},
    "solutions__0__batch_inference__0__deliver": "dynamodb",
    "datasets__items": {
        "source": {"path": "items/"},
        "columns": {"ITEM_ID": "sku", "PRICE": "price", "CATEGORY_L1": "kind"},
    },
}
"""Changes to a shop after which every kind of resource is there that a key is for."""

KEYED = {
    "AWS::Athena::WorkGroup": "WorkGroupConfiguration.ResultConfiguration.EncryptionConfiguration.KmsKey",
    "AWS::DynamoDB::Table": "SSESpecification.KMSMasterKeyId",
    "AWS::Glue::SecurityConfiguration": "EncryptionConfiguration.CloudWatchEncryption.KmsKeyArn",
    "AWS::Lambda::Function": "KmsKeyArn",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::Personalize::DatasetGroup": "KmsKeyArn",
    "AWS::Personalize::MetricAttribution": "MetricsOutputConfig.S3DataDestination.KmsKeyArn",
    "AWS::S3::Bucket": "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault."
    "KMSMasterKeyID",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
}
"""Types that are encrypted with the key, and where each names it."""

WRITES = {"kms:Decrypt", "kms:GenerateDataKey"}
PERSONALIZE = WRITES | {"kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"}
GRANTED = {
    "AttributionRole": PERSONALIZE,
    "CleanupRole": {"kms:Decrypt"},
    "DatasetsDatasetRole": {"kms:Decrypt"},
    "DeliveriesDeliverRole": WRITES,
    "EndAlertsMachineRole": WRITES,
    "PublishRole": WRITES,
    "ReportRole": WRITES,
    "ScheduleRole": WRITES,
    "ServiceRole": PERSONALIZE,
    "StateMachineRole": WRITES,
    "TeardownRole": WRITES,
    "TransformJobRole": WRITES | {"kms:Encrypt"},
    "TransformRole": WRITES,
}
"""What each role may do with the key; the roles of rules start state machines, and touch nothing that is encrypted."""


PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}


def resolved(value: Any) -> Any:
    """Return a part of a template with texts joined; the key's ARN is KEY, in its own stack and in others."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return PSEUDO.get(value["Ref"], value)
    if "Fn::Join" in value:
        parts = [resolved(each) for each in value["Fn::Join"][1]]
        return "".join(parts) if all(isinstance(part, str) for part in parts) else {"Fn::Join": parts}
    if "Fn::ImportValue" in value:
        return "KEY" if "FnGetAttKey" in value["Fn::ImportValue"] else value
    if "Fn::GetAtt" in value:
        return "KEY" if value["Fn::GetAtt"][0].startswith("Key") else value
    return {key: resolved(each) for key, each in value.items()}


def resources(encryption: dict[str, Any] | None, *, keep_data: bool = True, **changes: Any) -> dict[str, Any]:
    """Return the resources of all stacks of a changed shop, with ARNs and imports resolved."""
    wanted = {"encryption": encryption} if encryption else {}
    templates = templates_of(parsed(**(changes or EVERYTHING), **wanted), keep_data=keep_data)
    return {name: resolved(each) for part in PARTS for name, each in templates[part].to_json()["Resources"].items()}


def at(properties: Any, path: str) -> Any:
    """Return what stands at a dotted path, None where nothing does."""
    for step in path.split("."):
        properties = properties[int(step)] if step.isdigit() else properties.get(step)
        if properties is None:
            return None
    return properties


@pytest.mark.slow
@pytest.mark.parametrize(("encryption", "key"), [(CREATE, "KEY"), ({"kms_key": GIVEN}, GIVEN)])
def test_everything_that_is_kept_is_encrypted_with_the_key(encryption: dict[str, Any], key: str) -> None:
    """Each resource of each type that takes a key names it, whether it is made or given; nothing names another one."""
    found = resources(encryption)

    assert set(KEYED) <= {each["Type"] for each in found.values()}
    named = {
        (each["Type"], at(each["Properties"], KEYED[each["Type"]])) for each in found.values() if each["Type"] in KEYED
    }
    assert {(kind, key) for kind in KEYED} == named


def test_the_bucket_asks_the_key_seldom() -> None:
    """With a bucket key S3 asks KMS for the bucket, not for each object."""
    (bucket,) = (each["Properties"] for each in resources(CREATE).values() if each["Type"] == "AWS::S3::Bucket")

    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert (True, "aws:kms") == (rule["BucketKeyEnabled"], rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"])


def test_the_job_writes_logs_objects_and_bookmarks_with_the_key() -> None:
    """The security configuration says so, and the job has it."""
    found = resources(CREATE)
    ((name, made),) = (
        (name, each) for name, each in found.items() if each["Type"] == "AWS::Glue::SecurityConfiguration"
    )
    (job,) = (each["Properties"] for each in found.values() if each["Type"] == "AWS::Glue::Job")

    encryption = made["Properties"]["EncryptionConfiguration"]
    assert job["SecurityConfiguration"] == {"Ref": name}
    assert [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": "KEY"}] == encryption["S3Encryptions"]
    assert {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": "KEY"} == encryption["JobBookmarksEncryption"]
    assert "SSE-KMS" == encryption["CloudWatchEncryption"]["CloudWatchEncryptionMode"]


@pytest.mark.slow
def test_another_key_is_another_security_configuration() -> None:
    """CloudFormation replaces one whose key changes, and cannot give the new one the same name."""
    keys = (CREATE, {"kms_key": GIVEN}, {"kms_key": f"{GIVEN[:-1]}c"})
    named = [
        each["Properties"]["Name"]
        for key in keys
        for each in resources(key, engine="auto").values()
        if each["Type"] == "AWS::Glue::SecurityConfiguration"
    ]

    assert "shop-dev-transform" == named[0]
    assert 3 == len(set(named))


@pytest.mark.parametrize(("encryption", "key"), [(CREATE, "KEY"), ({"kms_key": GIVEN}, GIVEN)])
def test_each_role_may_do_with_the_key_what_its_work_takes(encryption: dict[str, Any], key: str) -> None:
    """On exactly this key, and no role but those that read or write what it encrypts."""
    granted: dict[str, set[str]] = {}
    for name, each in resources(encryption).items():
        if each["Type"] != "AWS::IAM::Policy":
            continue
        for statement in each["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if statement["Resource"] == key:
                granted.setdefault(name.partition("DefaultPolicy")[0], set()).update(actions)

    roles = {
        next(wanted for wanted in sorted(GRANTED, key=len, reverse=True) if wanted in name): name for name in granted
    }
    assert {role: granted[name] for role, name in roles.items()} == GRANTED
    assert len(granted) == len(GRANTED)


def test_personalize_gets_key_and_role_after_the_grant() -> None:
    """The service looks whether the role may use the key when the group and the attribution are made."""
    found = resources(CREATE)
    (group,) = (each for each in found.values() if each["Type"] == "AWS::Personalize::DatasetGroup")
    (attribution,) = (each for each in found.values() if each["Type"] == "AWS::Personalize::MetricAttribution")
    (policy,) = (name for name in found if name.startswith("ServiceRoleDefaultPolicy"))

    assert group["Properties"]["RoleArn"]["Fn::GetAtt"][0].startswith("ServiceRole")
    assert policy in group["DependsOn"]
    assert [each for each in attribution["DependsOn"] if each.startswith("MetricAttributionRoleDefaultPolicy")]


def test_batch_jobs_read_and_write_with_the_key() -> None:
    """Both kinds, input and output."""
    segments = {"name": "buyers", "recipe": "aws-item-affinity", "batch_segment": [{"name": "likely"}]}
    both = parsed(encryption=CREATE, solutions=[*_solutions(), segments])
    told = json.dumps(definition(both, "dev", spec_hash="0"))
    without = json.dumps(definition(parsed(solutions=[*_solutions(), segments]), "dev", spec_hash="0"))

    assert told.count("KmsKeyArn") == told.count("${KeyArn}") == 4
    assert "KeyArn}" not in without


def _solutions() -> list[Any]:
    return [each.model_dump(mode="json", by_alias=True, exclude_defaults=True) for each in parsed().solutions]


def policy_of(encryption: dict[str, Any]) -> dict[str, Any]:
    """Return the key's policy, or what the deployment prints of it for a given key."""
    found = resources(encryption, engine="auto")
    keys = [each["Properties"]["KeyPolicy"] for name, each in found.items() if name.startswith("Key")]
    if keys:
        policy: dict[str, Any] = keys[0]
        return policy
    template = templates_of(parsed(encryption=encryption, engine="auto"))["storage"].to_json()
    printed = resolved(template["Outputs"]["KeyPolicy"]["Value"])
    return {"Statement": json.loads(printed)}


LOGS = f"arn:aws:logs:{HOME}:log-group:"
ALARM = f"arn:aws:cloudwatch:{HOME}:alarm:"
FREE: dict[str, Any] = {}


@pytest.mark.parametrize("encryption", [CREATE, {"kms_key": GIVEN}], ids=["create", "given"])
@pytest.mark.parametrize(
    ("service", "actions", "context", "decision"),
    [
        ("personalize.amazonaws.com", PERSONALIZE, FREE, Decision.ALLOW),
        ("events.amazonaws.com", WRITES, FREE, Decision.ALLOW),
        ("sns.amazonaws.com", WRITES, FREE, Decision.SILENT),
        *(
            (
                "cloudwatch.amazonaws.com",
                WRITES,
                {"aws:SourceAccount": account, "aws:SourceArn": ALARM + name},
                decision,
            )
            for account, name, decision in (
                (ACCOUNT, "shop-dev--run/failed", Decision.ALLOW),
                (ACCOUNT, "shop-prod--run/failed", Decision.SILENT),
                ("210987654321", "shop-dev--run/failed", Decision.SILENT),
            )
        ),
        *(
            (f"logs.{region}.amazonaws.com", {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"},
             {"kms:EncryptionContext:aws:logs:arn": LOGS + group}, decision)
            for region, group, decision in (
                (REGION, "/aws/lambda/shop-dev-transform", Decision.ALLOW),
                (REGION, "/aws/vendedlogs/states/shop-dev", Decision.ALLOW),
                (REGION, "/aws/vendedlogs/states/shop-dev--alert", Decision.ALLOW),
                (REGION, "/aws-glue/jobs/shop-dev-transform-role/x/error", Decision.ALLOW),
                (REGION, "/aws-glue/jobs-x-shop-dev-transform/error", Decision.ALLOW),
                (REGION, "/aws/lambda/shop-prod-transform", Decision.SILENT),
                ("us-east-1", "/aws/lambda/shop-dev-transform", Decision.SILENT),
            )
        ),
    ],
)  # fmt: skip
def test_services_may_use_the_key_for_this_pipeline(
    encryption: dict[str, Any], service: str, actions: set[str], context: dict[str, str], decision: Decision
) -> None:
    """Made or given, the policy admits each service that works with the key by itself, for what it works."""
    policy = policy_of(encryption)

    asked = {action: decide(policy, Request(action, GIVEN, service=service, context=context)) for action in actions}
    assert dict.fromkeys(actions, decision) == asked


@pytest.mark.parametrize("encryption", [CREATE, {"kms_key": GIVEN}], ids=["create", "given"])
def test_the_policy_leaves_the_roles_of_the_account_to_iam(encryption: dict[str, Any]) -> None:
    """Everything that a role is granted, and makers of tables and functions ask for, in this account alone."""
    policy = policy_of(encryption)

    def decided(action: str, account: str) -> Decision:
        return decide(policy, Request(action, GIVEN, arn=f"arn:aws:iam::{account}:role/any"))

    needed = set().union(*GRANTED.values()) | {
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:GenerateDataKeyWithoutPlaintext",
    }
    assert {Decision.ALLOW} == {decided(action, ACCOUNT) for action in needed}
    assert {Decision.SILENT} == {decided(action, "210987654321") for action in needed}


def test_the_key_is_rotated_and_kept_with_the_bucket() -> None:
    """Without it nobody reads what is in a bucket that was kept; with the bucket it goes."""
    for keep, policy in ((True, "Retain"), (False, "Delete")):
        found = resources(CREATE, keep_data=keep, engine="lambda")
        (key,) = (each for each in found.values() if each["Type"] == "AWS::KMS::Key")
        (bucket,) = (each for each in found.values() if each["Type"] == "AWS::S3::Bucket")

        assert (policy, policy, True) == (
            key["DeletionPolicy"], bucket["DeletionPolicy"], key["Properties"]["EnableKeyRotation"]
        )  # fmt: skip


def test_a_given_key_is_nobodys_to_change() -> None:
    """The deployment makes no key beside it, and none for the topic."""
    assert [] == [each for each in resources({"kms_key": GIVEN}).values() if each["Type"] == "AWS::KMS::Key"]


def test_without_the_option_only_the_topic_has_a_key() -> None:
    """No resource but the topic names a key, and no role is granted one of the pipeline's."""
    found = resources(None)

    keyed = {
        each["Type"] for each in found.values() if each["Type"] in KEYED and at(each["Properties"], KEYED[each["Type"]])
    }
    assert {"AWS::SNS::Topic"} == keyed
    assert ["TopicKey"] == [name[:8] for name, each in found.items() if each["Type"] == "AWS::KMS::Key"]
    assert not [name for name, each in found.items() if each["Type"] == "AWS::Glue::SecurityConfiguration"]
    templates = templates_of(parsed(**EVERYTHING))
    assert not {"KeyArn", "KeyPolicy"} & set(templates["storage"].to_json()["Outputs"])
