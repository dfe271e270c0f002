"""Objects of S3 under keys of KMS: who may write and read them, and when nobody may."""

from http import HTTPStatus
from typing import Any

import pytest
import requests

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.server import EmbeddedAWS
from emulator.tests.iam.support import Role, refused
from emulator.tests.kms.support import ROOT, Key
from emulator.tests.support import unique

OBJECTS = {"Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Resource": "*"}
MISSING = f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Safe:
    """A bucket that a key encrypts by default."""

    def __init__(self, aws: EmbeddedAWS, key: str, *, bucket_key: bool = False) -> None:
        self.s3 = aws.client("s3")
        self.name = unique("safe")
        self.s3.create_bucket(Bucket=self.name)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
        self.s3.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration={"Rules": [rule]})

    def at(self, key: str = "k") -> dict[str, str]:
        """Return the arguments that name an object."""
        return {"Bucket": self.name, "Key": key}


def told(action: str, key: Key) -> str:
    """Return what a refusal says."""
    return f"is not authorized to perform: {action} on resource: {key.arn}"


def test_who_writes_makes_a_data_key_and_who_reads_decrypts(aws: EmbeddedAWS) -> None:
    """Each is asked for its own action by its own policies, where the key leaves that to the account."""
    key = Key(aws)
    safe = Safe(aws, key.arn)
    writer, reader = Role(aws, OBJECTS, key.may("GenerateDataKey")), Role(aws, OBJECTS, key.may("Decrypt"))
    writer.client("s3").put_object(**safe.at(), Body=b"x")

    assert b"x" == reader.client("s3").get_object(**safe.at())["Body"].read()
    code, message = refused(reader.client("s3").put_object, **safe.at(), Body=b"y")
    assert "AccessDenied" == code
    assert told("kms:GenerateDataKey", key) in message
    code, message = refused(writer.client("s3").get_object, **safe.at())
    assert ("AccessDenied", True) == (code, told("kms:Decrypt", key) in message)


def test_a_key_that_leaves_nothing_to_the_account_names_its_users(aws: EmbeddedAWS) -> None:
    """What a role's own policies say of it does not count; the key's own policy is enough."""
    key = Key(aws)
    role = Role(aws, OBJECTS, key.may("*"))
    other = Role(aws, OBJECTS)
    use = {"Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"}
    key.admit({"Principal": {"AWS": other.arn}, **use})
    safe = Safe(aws, key.arn)
    other.client("s3").put_object(**safe.at(), Body=b"x")

    assert told("kms:Decrypt", key) in refused(role.client("s3").get_object, **safe.at())[1]
    key.admit(ROOT, {"Effect": "Deny", "Principal": "*", **use})
    assert "explicit deny in a resource-based policy" in refused(role.client("s3").get_object, **safe.at())[1]


@pytest.mark.parametrize(
    ("bucket_key", "context", "allowed"),
    [
        (True, "arn:aws:s3:::{bucket}", True),
        (True, "arn:aws:s3:::{bucket}/k", False),
        (False, "arn:aws:s3:::{bucket}/k", True),
        (False, "arn:aws:s3:::{bucket}", False),
    ],
)
def test_the_context_names_the_bucket_with_a_bucket_key(
    aws: EmbeddedAWS, *, bucket_key: bool, context: str, allowed: bool
) -> None:
    """And the object without one; the key hears through which service, and for whom."""
    key = Key(aws)
    safe = Safe(aws, key.arn, bucket_key=bucket_key)
    through = {
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
        "kms:CallerAccount": ACCOUNT_ID,
        "kms:EncryptionContext:aws:s3:arn": context.format(bucket=safe.name),
    }
    role = Role(aws, OBJECTS, key.may("GenerateDataKey", Condition={"StringEquals": through}))

    if allowed:
        role.client("s3").put_object(**safe.at(), Body=b"x")
    else:
        assert told("kms:GenerateDataKey", key) in refused(role.client("s3").put_object, **safe.at(), Body=b"x")[1]


def test_an_object_may_name_another_key(aws: EmbeddedAWS) -> None:
    """Then that one is asked; S3's own keys, also that which it manages in KMS, ask nobody."""
    key, other = Key(aws), Key(aws)
    safe = Safe(aws, key.arn)
    role = Role(aws, OBJECTS, other.may("GenerateDataKey", "Decrypt"))
    s3 = role.client("s3")
    s3.put_object(**safe.at("named"), Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=other.arn)
    s3.put_object(**safe.at("plain"), Body=b"x", ServerSideEncryption="AES256")
    s3.put_object(**safe.at("managed"), Body=b"x", ServerSideEncryption="aws:kms")

    assert [b"x"] * 3 == [s3.get_object(**safe.at(each))["Body"].read() for each in ("named", "plain", "managed")]
    assert "SSEKMSKeyId" not in s3.head_object(**safe.at("plain"))
    assert told("kms:GenerateDataKey", key) in refused(s3.put_object, **safe.at("default"), Body=b"x")[1]


def test_parts_are_read_again(aws: EmbeddedAWS) -> None:
    """To begin a multipart upload takes a data key, and each part and the end decrypt."""
    key = Key(aws)
    safe = Safe(aws, key.arn)
    writer, both = (
        Role(aws, OBJECTS, key.may("GenerateDataKey")),
        Role(aws, OBJECTS, key.may("GenerateDataKey", "Decrypt")),
    )
    upload = writer.client("s3").create_multipart_upload(**safe.at())["UploadId"]
    part: dict[str, Any] = {**safe.at(), "UploadId": upload, "PartNumber": 1, "Body": b"x"}

    assert told("kms:Decrypt", key) in refused(writer.client("s3").upload_part, **part)[1]
    etag = both.client("s3").upload_part(**part)["ETag"]
    done = {**safe.at(), "UploadId": upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}
    assert told("kms:Decrypt", key) in refused(writer.client("s3").complete_multipart_upload, **done)[1]
    both.client("s3").complete_multipart_upload(**done)
    assert key.arn == safe.s3.head_object(**safe.at())["SSEKMSKeyId"]


def test_a_copy_decrypts_with_one_key_and_encrypts_with_the_other(aws: EmbeddedAWS) -> None:
    """Each of both is needed."""
    source, target = Key(aws), Key(aws)
    there, here = Safe(aws, source.arn), Safe(aws, target.arn)
    there.s3.put_object(**there.at(), Body=b"x")
    copy = {**here.at(), "CopySource": there.at()}
    read, write = source.may("Decrypt"), target.may("GenerateDataKey")

    assert told("kms:Decrypt", source) in refused(Role(aws, OBJECTS, write).client("s3").copy_object, **copy)[1]
    assert told("kms:GenerateDataKey", target) in refused(Role(aws, OBJECTS, read).client("s3").copy_object, **copy)[1]
    Role(aws, OBJECTS, read, write).client("s3").copy_object(**copy)
    assert target.arn == here.s3.head_object(**here.at())["SSEKMSKeyId"]


def test_a_head_decrypts_for_the_checksum_only(aws: EmbeddedAWS) -> None:
    """Without it nothing of the content is told."""
    key = Key(aws)
    safe = Safe(aws, key.arn)
    safe.s3.put_object(**safe.at(), Body=b"x")
    s3 = Role(aws, OBJECTS).client("s3")
    s3.head_object(**safe.at())

    assert "403" == refused(s3.head_object, **safe.at(), ChecksumMode="ENABLED")[0]


def test_a_key_that_cannot_be_used_stops_administrators_too(aws: EmbeddedAWS) -> None:
    """Disabled, about to be deleted, asymmetric or not there: in S3's codes, for reads and writes."""
    key = Key(aws)
    safe = Safe(aws, key.arn)
    safe.s3.put_object(**safe.at(), Body=b"x")
    key.disable()
    for call in (safe.s3.get_object, safe.s3.put_object, Role(aws, OBJECTS, key.may("*")).client("s3").get_object):
        assert ("KMS.DisabledException", f"{key.arn} is disabled.") == refused(call, **safe.at())
    key.enable()
    assert b"x" == safe.s3.get_object(**safe.at())["Body"].read()
    key.delete()
    assert "KMS.KMSInvalidStateException" == refused(safe.s3.get_object, **safe.at())[0]
    signing = Key(aws, KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048").arn
    for named, code in ((MISSING, "KMS.NotFoundException"), (signing, "KMS.InvalidKeyUsageException")):
        assert code == refused(safe.s3.put_object, **safe.at(), ServerSideEncryption="aws:kms", SSEKMSKeyId=named)[0]


def test_a_signed_url_needs_the_newer_signature(aws: EmbeddedAWS) -> None:
    """An object under a key, also that of S3, is not given for a signature of version 2, which boto3 makes unasked."""
    key = Key(aws)
    safe = Safe(aws, key.arn)
    safe.s3.put_object(**safe.at(), Body=b"x")
    role = Role(aws, OBJECTS, key.may("Decrypt"))
    answers = [
        requests.get(
            role.client("s3", signed_by=version).generate_presigned_url("get_object", Params=safe.at()), timeout=9
        )
        for version in ("s3v4", "s3")
    ]

    assert [HTTPStatus.OK, HTTPStatus.BAD_REQUEST] == [each.status_code for each in answers]
    assert "<Code>InvalidArgument</Code>" in answers[1].text
    assert "require AWS Signature Version 4" in answers[1].text
