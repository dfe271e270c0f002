"""Jobs under a security configuration: objects and logs under its keys, and what the role needs for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.glue.access import Access
from embedded_aws.iam.principals import role_session
from emulator.tests.glue.support import put, runs_jobs
from emulator.tests.iam.support import Role, refused
from emulator.tests.kms.support import ROOT, Key, admitting
from emulator.tests.support import unique

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS
    from emulator.tests.glue.support import Jobs

LOGS = admitting("logs.us-east-1.amazonaws.com", "Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey")
WORK = [
    {"Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"], "Resource": "*"},
    {"Action": "logs:AssociateKmsKey", "Resource": f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:/aws-glue/jobs/*"},
]
COPY = """
    from pyspark.sql import SparkSession
    session = SparkSession.builder.getOrCreate()
    session.read.csv("s3://BUCKET/sealed/").write.csv("s3://BUCKET/written/", mode="overwrite")
"""


def configuration(aws: EmbeddedAWS, key: Key) -> str:
    """Make a configuration with everything under a key; return its name."""
    name = unique("sealed")
    encryption: dict[str, Any] = {
        "S3Encryption": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": key.arn}],
        "CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": key.arn},
        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": key.arn},
    }
    aws.client("glue").create_security_configuration(Name=name, EncryptionConfiguration=encryption)
    return name


def role(aws: EmbeddedAWS, *statements: Any) -> Role:
    """Make a role of a job."""
    return Role(aws, *statements, principal={"Service": "glue.amazonaws.com"})


@runs_jobs
def test_a_run_writes_objects_and_logs_under_the_keys(aws: EmbeddedAWS, jobs: Jobs) -> None:
    """Spark's objects have the configuration's key, and so have log groups that are named after it and the role."""
    key = Key(aws, ROOT, LOGS)
    sealed, worker = configuration(aws, key), role(aws, *WORK, key.may("Decrypt", "GenerateDataKey"))
    put(aws, jobs.bucket, "sealed/a.csv", "1\n")
    ran = jobs.ran(COPY.replace("BUCKET", jobs.bucket), Role=worker.arn, SecurityConfiguration=sealed)
    assert "SUCCEEDED" == ran["JobRunState"], ran

    s3 = aws.client("s3")
    written = s3.list_objects_v2(Bucket=jobs.bucket, Prefix="written/part-")["Contents"][0]["Key"]
    assert key.arn == s3.head_object(Bucket=jobs.bucket, Key=written)["SSEKMSKeyId"]
    root = f"/aws-glue/jobs/{sealed}-role/{worker.name}"
    assert (sealed, root) == (ran["SecurityConfiguration"], ran["LogGroupName"])
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=root)["logGroups"]
    assert {f"{root}/error": key.arn, f"{root}/output": key.arn} == {
        each["logGroupName"]: each["kmsKeyId"] for each in groups
    }


@runs_jobs
@pytest.mark.parametrize(
    ("statements", "admitted", "told"),
    [
        (WORK[:1], (ROOT, LOGS), "not authorized to perform: logs:AssociateKmsKey"),
        (WORK, (ROOT,), "is not allowed to be used with Arn"),
    ],
)
def test_logs_need_the_role_and_the_key(
    aws: EmbeddedAWS, jobs: Jobs, statements: Any, admitted: Any, told: str
) -> None:
    """The role associates the key with the log groups, and the key admits CloudWatch Logs; or the run fails."""
    key = Key(aws, *admitted)
    worker = role(aws, *statements, key.may("Decrypt", "GenerateDataKey"))
    ran = jobs.ran("print(1)", Role=worker.arn, SecurityConfiguration=configuration(aws, key))

    assert ("FAILED", True) == (ran["JobRunState"], told in ran["ErrorMessage"]), ran


def test_what_is_read_is_decrypted_for_the_role(aws: EmbeddedAWS, jobs: Jobs, tmp_path: Path) -> None:
    """A file that stands for an object under a key asks for that key, which the role may not use."""
    key = Key(aws)
    aws.client("s3").put_object(
        Bucket=jobs.bucket, Key="a.csv", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=key.arn
    )
    (tmp_path / "a.csv").write_text("1")
    denied = []
    for statements in (WORK, (*WORK, key.may("Decrypt"))):
        principal = role_session(ACCOUNT_ID, role(aws, *statements).arn, "session")
        with Access(principal, tmp_path, {jobs.bucket: tmp_path}) as access:
            (tmp_path / "a.csv").read_text()
        denied.append(access.denied)

    assert denied[1] is None
    assert f"not authorized to perform: kms:Decrypt on resource: {key.arn}" in str(denied[0])


def test_a_configuration_must_be_there(jobs: Jobs) -> None:
    """A job that names one that is not is refused."""
    code, message = refused(jobs.job, script="", SecurityConfiguration="nowhere")

    assert ("EntityNotFoundException", True) == (code, "nowhere" in message)
