"""Dataset groups and jobs of Personalize under keys of KMS: what key and role must allow."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.tests.kms.support import admitting
from emulator.tests.personalize.support import SERVICE, Account, csv, message, two_groups

USES = ("Decrypt", "GenerateDataKey", "DescribeKey", "CreateGrant", "ListGrants")
OF_ROLE = tuple(use for use in USES if use != "CreateGrant")
PAGE = "granting-personalize-key-access"


def allowed(*statements: Any) -> str:
    """Return a policy of statements that allow."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]})


class Vault:
    """An account with a key as Personalize's guide shows it: its policy names the service and the role."""

    def __init__(self, account: Account) -> None:
        self.account, self._kms = account, account.client("kms")
        self.id = self._kms.create_key()["KeyMetadata"]["KeyId"]
        self.key = str(self._kms.describe_key(KeyId=self.id)["KeyMetadata"]["Arn"])
        self.admit()
        self.grant()

    def admit(self, service: Any = USES, role: Any = USES, **more: Any) -> None:
        """Let the key's policy admit the service and the role for these actions; none leaves one out."""
        principals = [admitting(SERVICE, *service, **more)] if service else []
        named = {"Principal": {"AWS": self.account.role}, "Action": [f"kms:{each}" for each in role], "Resource": "*"}
        root = {"Principal": {"AWS": f"arn:aws:iam::{self.account.id}:root"}, "Action": "kms:Put*", "Resource": "*"}
        policy = allowed(root, *principals, *([named] if role else []))
        self._kms.put_key_policy(KeyId=self.id, PolicyName="default", Policy=policy)

    def leave_to_iam(self) -> None:
        """Let the key's policy admit the service, and leave the account's principals to IAM."""
        root = {"Principal": {"AWS": f"arn:aws:iam::{self.account.id}:root"}, "Action": "kms:*", "Resource": "*"}
        policy = allowed(root, admitting(SERVICE, *USES))
        self._kms.put_key_policy(KeyId=self.id, PolicyName="default", Policy=policy)

    def grant(self, *actions: str) -> None:
        """Let the role's policies grant what the guide names, or these actions."""
        grant = {"Action": [f"kms:{each}" for each in actions or OF_ROLE], "Resource": self.key}
        name = self.account.role.rpartition("/")[2]
        self.account.iam.put_role_policy(RoleName=name, PolicyName="kms", PolicyDocument=allowed(grant))

    def disable(self) -> None:
        """Let nobody use the key."""
        self._kms.disable_key(KeyId=self.id)

    def group(self, name: str = "films") -> str:
        """Create a dataset group under the key."""
        made = self.account.personalize.create_dataset_group(name=name, kmsKeyArn=self.key, roleArn=self.account.role)
        return self.account.active(made["datasetGroupArn"])

    def refused(self, name: str = "films") -> str:
        """Create a dataset group that must be refused; return what the service says."""
        with pytest.raises(ClientError) as caught:
            self.group(name)
        assert "InvalidInputException" == caught.value.response["Error"]["Code"]
        return message(caught)


@pytest.fixture
def vault(account: Account) -> Vault:
    """Such an account."""
    return Vault(account)


def test_a_group_keeps_its_key(vault: Vault) -> None:
    """Where key and role are as the guide shows them it is made, and told with both."""
    described = vault.account.describe(vault.group())

    assert (vault.key, vault.account.role) == (described["kmsKeyArn"], described["roleArn"])


@pytest.mark.parametrize("lacking", USES)
def test_the_policy_of_the_key_admits_the_service(vault: Vault, lacking: str) -> None:
    """For every action; a condition on a source, which the guide does not show, admits it for none."""
    vault.admit(service=[use for use in USES if use != lacking])
    told = vault.refused()
    assert f"fix its policy: it does not allow {SERVICE} to do kms:{lacking}" in told
    assert PAGE in told

    vault.admit(Condition={"StringEquals": {"aws:SourceAccount": vault.account.id}})
    assert f"does not allow {SERVICE}" in vault.refused()


@pytest.mark.parametrize("lacking", OF_ROLE)
def test_the_policies_of_the_role_grant_it_too(vault: Vault, lacking: str) -> None:
    """All but CreateGrant, which the key's policy alone gives the role."""
    vault.grant(*(use for use in OF_ROLE if use != lacking))

    assert f"fix the policies of the role {vault.account.role}: they do not allow kms:{lacking}" in vault.refused()


def test_a_key_that_is_left_to_iam_takes_every_grant(vault: Vault) -> None:
    """Where its policy names no role, the role's own policies have to grant CreateGrant, too."""
    vault.leave_to_iam()
    assert "they do not allow kms:CreateGrant" in vault.refused()

    vault.grant(*USES)
    assert vault.group()


def test_a_key_that_cannot_be_used_makes_no_group(vault: Vault) -> None:
    """Disabled, not there, or AWS's own."""
    vault.disable()
    assert "is disabled" in vault.refused()
    vault.key = vault.key[:-1]
    assert "does not exist" in vault.refused()
    vault.key = "arn:aws:kms:us-east-1:123456789012:alias/aws/s3"
    with pytest.raises(ClientError):
        vault.group()


def test_jobs_need_the_key_for_as_long_as_it_takes(vault: Vault) -> None:
    """What is taken from key or role after the group was made ends imports, trainings and batch jobs."""
    account = vault.account
    group = vault.group()
    dataset, url = account.dataset(group), account.put("films/interactions.csv", csv(two_groups()))
    vault.admit(service=())
    failed = account.settle(account.start_import(dataset, url, "early"))
    assert "CREATE FAILED" == failed["status"]
    assert f"does not allow {SERVICE} to do kms:Decrypt" in failed["failureReason"]
    vault.admit()
    vault.grant("ListGrants")  # for an import the policy of the key is enough
    account.active(account.start_import(dataset, url))
    version = account.settle(account.start_training(account.solution(group)))
    assert "they do not allow kms:Decrypt" in version["failureReason"]

    vault.grant()
    version_arn = account.active(account.start_training(account.solution(group, name="second")))
    source, target = account.put("in/users.json", '{"userId": "a1"}\n'), f"s3://{account.bucket}/out/"
    vault.disable()
    job = account.settle(account.start_batch(version_arn, source, target))
    assert "is disabled" in job["failureReason"]
    assert [] == account.keys("out/")


def test_batch_jobs_read_and_write_with_their_keys(vault: Vault) -> None:
    """Output lies under the key that the job names, or the bucket's; each key is asked for, that of the input, too."""
    account = vault.account
    other, bucket = Vault(account), Vault(account)
    version = account.active(account.start_training(account.solution(account.imported(csv(two_groups())))))
    source = account.put("in/users.json", '{"userId": "a1"}\n')
    paths = {"s3DataSource": {"path": source}, "s3DataDestination": {"path": f"s3://{account.bucket}/out/"}}
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": bucket.key}}
    account.s3.put_bucket_encryption(Bucket=account.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})

    def ended(name: str, source_key: str | None, target_key: str | None) -> dict[str, Any]:
        keys = {"s3DataSource": source_key, "s3DataDestination": target_key}
        named = {at: {**place, **({"kmsKeyArn": keys[at]} if keys[at] else {})} for at, place in paths.items()}
        made = account.personalize.create_batch_inference_job(
            jobName=name,
            solutionVersionArn=version,
            roleArn=account.role,
            jobInput={"s3DataSource": named["s3DataSource"]},
            jobOutput={"s3DataDestination": named["s3DataDestination"]},
        )
        return account.settle(made["batchInferenceJobArn"])

    vault.grant("Decrypt", "GenerateDataKey", "DescribeKey", "ListGrants")
    for each in (other, bucket):  # one policy of the role for all of them
        each.key, kept = "*", each.key
        each.grant()
        each.key = kept
    assert "ACTIVE" == ended("named", vault.key, other.key)["status"]
    assert other.key == account.s3.head_object(Bucket=account.bucket, Key="out/users.json.out")["SSEKMSKeyId"]
    assert "ACTIVE" == ended("default", None, None)["status"]
    assert bucket.key == account.s3.head_object(Bucket=account.bucket, Key="out/users.json.out")["SSEKMSKeyId"]
    vault.admit(role=USES[:1])
    assert "they do not allow kms:GenerateDataKey" in ended("input", vault.key, other.key)["failureReason"]
    bucket.disable()
    assert f"The KMS key {bucket.key} cannot be used" in ended("bucket", None, None)["failureReason"]
