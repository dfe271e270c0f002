"""Pipelines under a customer managed key, with every role and the key's policy enforced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cli.errors import CommandError
from tests.documents import popular, rarely, shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS

CREATE = {"kms_key": "create"}


def document(name: str, **changes: Any) -> dict[str, Any]:
    """Return a small shop with a delivery and a schedule."""
    job = {"name": "top", "num_results": 5, "deliver": "dynamodb"}
    return shop(name=name, **{"solutions": [popular(batch_inference=[job])], **rarely(), **changes})


class Vault:
    """A shop that was deployed without a key, and then with one of its own."""

    def __init__(self, aws: EmbeddedAWS, folder: Path) -> None:
        self.folder, self._kms = folder, aws.client("kms")
        self.rig = Rig.deploy(aws, document("vault"), folder)
        self.rig.put_raw("events/part.csv", csv(planted()))
        self.before = self.groups()
        self.rig.deploy_again(document("vault", encryption=CREATE), folder)
        self.key = output(self.rig, "KeyArn")

    def groups(self) -> list[dict[str, Any]]:
        """Describe the pipeline's dataset groups."""
        return groups_of(self.rig.aws, "vault")

    def policy(self) -> list[dict[str, Any]]:
        """Return the statements of the key's policy."""
        found = self._kms.get_key_policy(KeyId=self.key, PolicyName="default")["Policy"]
        statements: list[dict[str, Any]] = json.loads(found)["Statement"]
        return statements

    def admit(self, statements: list[dict[str, Any]]) -> None:
        """Replace the key's policy."""
        admit(self.rig.aws, self.key, statements)


def admit(aws: EmbeddedAWS, key: str, statements: list[dict[str, Any]]) -> None:
    """Replace a key's policy."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)


def output(rig: Rig, name: str) -> str:
    """Return an output of the storage stack."""
    found = rig.aws.client("cloudformation").describe_stacks(StackName=f"{rig.pipeline.name}-test-storage")["Stacks"]
    return next(str(each["OutputValue"]) for each in found[0]["Outputs"] if each["OutputKey"] == name)


def groups_of(aws: EmbeddedAWS, name: str) -> list[dict[str, Any]]:
    """Describe the dataset groups of a pipeline."""
    client = aws.client("personalize")
    arns = [each["datasetGroupArn"] for each in client.list_dataset_groups()["datasetGroups"]]
    own = [arn for arn in arns if f"/{name}-test--" in arn]
    return [client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"] for arn in own]


@pytest.fixture(scope="module")
def vault(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """Such a shop, with raw data from before."""
    return Vault(aws, tmp_path_factory.mktemp("vault"))


def test_a_key_makes_another_dataset_group(vault: Vault) -> None:
    """The deployment that names the key replaces the group by one under it, and nothing of the former remains."""
    (before,), (after,) = vault.before, vault.groups()

    assert "kmsKeyArn" not in before
    assert before["datasetGroupArn"] != after["datasetGroupArn"]
    assert vault.key == after["kmsKeyArn"]
    assert ":role/vault-test-personalize-ServiceRole" in after["roleArn"]


def test_a_run_publishes_everything_under_the_key(vault: Vault) -> None:
    """From raw data of before, under S3's own key, to tables, with what each role is granted and nothing more."""
    rig = vault.rig
    run = rig.run()
    assert ("SUCCEEDED", "") == (run.status, run.cause)

    s3, made = rig.aws.client("s3"), [key for key in rig.keys("") if not key.startswith("raw/")]
    assert any(key.startswith("curated/popular/top/run=") for key in made)
    assert any(key.startswith("batch/") and key.endswith(".out") for key in made)
    keyed = {s3.head_object(Bucket=rig.deployment.bucket, Key=key).get("SSEKMSKeyId") for key in made}
    assert {vault.key} == keyed
    table = rig.aws.client("dynamodb").describe_table(TableName="vault-test--popular-top")["Table"]
    assert vault.key == table["SSEDescription"]["KMSMasterKeyArn"]
    assert rig.aws.client("dynamodb").scan(TableName="vault-test--popular-top")["Count"]
    jobs = rig.aws.client("personalize")
    (listed,) = [
        each
        for each in jobs.list_batch_inference_jobs()["batchInferenceJobs"]
        if "/vault-" in each["batchInferenceJobArn"]
    ]
    job = jobs.describe_batch_inference_job(batchInferenceJobArn=listed["batchInferenceJobArn"])["batchInferenceJob"]
    assert [vault.key] * 2 == [
        job["jobInput"]["s3DataSource"]["kmsKeyArn"], job["jobOutput"]["s3DataDestination"]["kmsKeyArn"]
    ]  # fmt: skip
    assert rig.messages(run.id)


def test_a_policy_without_personalize_fails_the_run_and_says_so(vault: Vault) -> None:
    """Cause, record and message name the key, the service and the action; with the policy mended it goes on."""
    rig, policy = vault.rig, vault.policy()
    vault.admit([each for each in policy if each.get("Sid") != "PersonalizeUses"])
    failed = rig.run({"import": "full"})
    vault.admit(policy)

    told = f"KMS key {vault.key}"
    why = "it does not allow personalize.amazonaws.com to do kms:Decrypt"
    assert "FAILED" == failed.status
    for text in (failed.cause, json.dumps(failed.failure), json.dumps(rig.messages(failed.id))):
        assert told in text
        assert why in text
    rig.aws.client("stepfunctions").redrive_execution(executionArn=failed.execution["executionArn"])
    assert ("SUCCEEDED", "") == ((mended := rig.ended(failed.execution["executionArn"])).status, mended.cause)


def test_no_deployment_goes_back_to_other_keys(vault: Vault) -> None:
    """The other stacks use the key, so CloudFormation refuses to let it go, and changes nothing."""
    rig, groups = vault.rig, vault.groups()
    with pytest.raises(CommandError, match=r"(?i)export"):
        rig.deploy_again(document("vault"), vault.folder)

    assert groups == vault.groups()
    assert vault.key == output(rig, "KeyArn")
    run = rig.run()
    assert ("SUCCEEDED", "") == (run.status, run.cause)


def test_a_given_key_needs_what_the_deployment_prints(
    aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Before it, the first log group or the dataset group is refused; with nothing but that, a deployment is whole."""
    folder = tmp_path_factory.mktemp("given")
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = str(aws.client("kms").create_key()["KeyMetadata"]["Arn"])
    admit(aws, key, [root])
    file = document("given", encryption={"kms_key": key}, schedule=..., solutions=[popular()])
    with pytest.raises(CommandError, match="is not allowed to be used with Arn"):
        Rig.deploy(aws, file, folder)
    stacks = aws.client("cloudformation").describe_stacks(StackName="given-test-storage")["Stacks"]
    printed = {each["OutputKey"]: each["OutputValue"] for each in stacks[0]["Outputs"]}
    assert key == printed["KeyArn"]

    # PutKeyPolicy stands in no statement of theirs: whoever has the key keeps it.
    keeps = {**root, "Action": ["kms:PutKeyPolicy", "kms:GetKeyPolicy"]}
    admit(aws, key, [keeps, *json.loads(printed["KeyPolicy"])])
    aws.client("cloudformation").delete_stack(StackName="given-test-personalize")
    rig = Rig.deploy(aws, file, folder)
    rig.put_raw("events/part.csv", csv(planted()))
    run = rig.run()
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert [key] == [each["kmsKeyArn"] for each in groups_of(aws, "given")]
