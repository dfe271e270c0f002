"""What `pipelines doctor` says of a customer managed key, against a KMS that answers what AWS would."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from cli.doctor.findings import Finding, Level
from cli.doctor.key_checks import key
from tests.unit.test_doctor import ACCOUNT, examination, refused

HOME = f"eu-west-1:{ACCOUNT}"
KEY = f"arn:aws:kms:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USES = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"]
ADMITTING: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": USES}
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}


def kms(*statements: dict[str, Any], **metadata: str) -> Any:
    """Return a KMS with one key, and nothing that changes it."""
    described = {"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", **metadata}
    policy = json.dumps({"Statement": [ROOT, *statements]})
    return SimpleNamespace(
        describe_key=lambda **_: {"KeyMetadata": described}, get_key_policy=lambda **_: {"Policy": policy}
    )


def looked(client: Any, kms_key: str = KEY, *, deployed: str | None = None) -> list[Finding]:
    """Return what the check finds of a file with this key."""
    asked = examination({"kms": client}, encryption={"kms_key": kms_key})
    outputs = [{"OutputKey": "KeyArn", "OutputValue": deployed}]
    asked.stacks = {"storage": {"Outputs": outputs}} if deployed else {}
    return list(key(asked))


def test_a_key_that_admits_personalize_is_fine() -> None:
    """By each action's name, or by wildcards."""
    for actions in (USES, "kms:*", ["kms:Decrypt", "kms:Gen*", "kms:DescribeKey", "kms:C*", "kms:List*"]):
        (found,) = looked(kms({**ADMITTING, "Action": actions}))
        assert (Level.OK, f"{KEY} is enabled and admits Personalize") == (found.level, found.seen)


@pytest.mark.parametrize(
    ("client", "level", "seen"),
    [
        (kms(), Level.FAILURE, "does not let personalize.amazonaws.com do kms:Decrypt, kms:GenerateDataKey"),
        (kms({**ADMITTING, "Action": USES[:-1]}), Level.FAILURE, "do kms:ListGrants"),
        (kms({**ADMITTING, "Effect": "Deny"}), Level.FAILURE, "does not let"),
        (kms({**ADMITTING, "Principal": "*"}), Level.FAILURE, "does not let"),
        (kms({**ADMITTING, "Condition": {"StringEquals": {}}}), Level.WARNING, "under conditions"),
        (kms(ADMITTING, KeyState="Disabled"), Level.FAILURE, "is Disabled"),
        (kms(ADMITTING, KeyState="PendingDeletion"), Level.FAILURE, "is PendingDeletion"),
        (kms(ADMITTING, KeySpec="RSA_2048"), Level.FAILURE, "symmetric keys only"),
        (
            SimpleNamespace(describe_key=refused("NotFoundException", "no", "DescribeKey")),
            Level.FAILURE,
            "there is no key",
        ),
        (
            SimpleNamespace(
                describe_key=kms().describe_key,
                get_key_policy=refused("AccessDeniedException", "no", "GetKeyPolicy"),
            ),
            Level.WARNING,
            "you may not read its policy",
        ),
    ],
)
def test_what_stands_in_the_way_is_told(client: Any, level: Level, seen: str) -> None:
    """Each with what to do about it."""
    (found,) = looked(client)

    assert (level, True) == (found.level, seen in found.seen)
    assert found.remedy


def test_a_key_of_another_place_is_told() -> None:
    """Before KMS is asked, which knows no key of another region."""
    (region,) = looked(None, KEY.replace("eu-west-1", "us-east-1"))
    (account,) = looked(None, KEY.replace(ACCOUNT, "210987654321"))

    assert "is of region us-east-1, the pipeline of eu-west-1" in region.seen
    assert "is of account 210987654321" in account.seen
    assert [Level.FAILURE] * 2 == [region.level, account.level]


def test_the_deployments_own_key_is_looked_at() -> None:
    """Before the first deployment there is none; without the option nothing is asked."""
    (made,) = looked(None, "create")
    (found,) = looked(kms(ADMITTING), "create", deployed=KEY)

    assert (Level.OK, "the deployment makes one") == (made.level, made.seen)
    assert KEY in found.seen
    assert [] == list(key(examination({})))


def test_another_key_than_the_deployed_one_is_a_new_group() -> None:
    """Before it is paid for."""
    told, _ = looked(kms(ADMITTING), deployed=f"{KEY[:-1]}0")

    assert (Level.WARNING, True) == (told.level, "new dataset group" in told.remedy)
