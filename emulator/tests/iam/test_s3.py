"""What each request to S3 asks for, as S3's guide and those who measured it say."""

import time
from typing import Any

import pytest
import requests

from embedded_aws.server import EmbeddedAWS
from emulator.tests.iam.support import Role, document, passes, refused
from emulator.tests.stepfunctions.support import bucket

PART = b"x" * (5 << 20)


@pytest.fixture(scope="module")
def name(aws: EmbeddedAWS) -> str:
    """A bucket with the object in/k."""
    made = bucket(aws)
    aws.client("s3").put_object(Bucket=made, Key="in/k", Body=b"text")
    return made


def role(aws: EmbeddedAWS, name: str, *statements: dict[str, Any]) -> Any:
    """Return an S3 client of a role; BUCKET in resources is the bucket's ARN."""
    arn = f"arn:aws:s3:::{name}"
    filled = [{**each, "Resource": each["Resource"].replace("BUCKET", arn)} for each in statements]
    return Role(aws, *filled).client("s3")


READ = {"Action": "s3:GetObject", "Resource": "BUCKET/*"}
LIST = {"Action": "s3:ListBucket", "Resource": "BUCKET"}


class TestAbsence:
    """A key that is not there: 404 only for who may list the bucket, and that question has no prefix."""

    @pytest.mark.parametrize(
        ("listing", "told"),
        [
            ([], False),
            ([{**LIST, "Condition": {"StringLike": {"s3:prefix": "in/*"}}}], False),
            ([{**LIST, "Condition": {"StringLikeIfExists": {"s3:prefix": "in/*"}}}], True),
            ([LIST], True),
        ],
        ids=["none", "prefix", "if-exists", "all"],
    )
    def test_who_is_told(self, aws: EmbeddedAWS, name: str, listing: list[dict[str, Any]], told: bool) -> None:  # noqa: FBT001  # a row's
        """GET and HEAD of an absent key, by the grant to list."""
        s3 = role(aws, name, READ, *listing)
        for call, absent in ((s3.get_object, "NoSuchKey"), (s3.head_object, "404")):
            code, message = refused(call, Bucket=name, Key="in/none")
            assert (absent if told else {"NoSuchKey": "AccessDenied", "404": "403"}[absent]) == code
            if not told and code == "AccessDenied":
                assert f's3:ListBucket on resource: "arn:aws:s3:::{name}"' in message

    def test_a_list_has_a_prefix(self, aws: EmbeddedAWS, name: str) -> None:
        """A condition on the prefix counts where there is one."""
        s3 = role(aws, name, {**LIST, "Condition": {"StringLike": {"s3:prefix": "in/*"}}})

        assert ["in/k"] == [each["Key"] for each in s3.list_objects_v2(Bucket=name, Prefix="in/k")["Contents"]]
        for other in ("", "out/"):
            assert "AccessDenied" == refused(s3.list_objects_v2, Bucket=name, Prefix=other)[0]

    def test_an_absent_bucket_is_told(self, aws: EmbeddedAWS) -> None:
        """Without a bucket there is no key to hide."""
        reader = Role(aws, {"Action": "s3:*", "Resource": "*"}).client("s3")
        assert "NoSuchBucket" == refused(reader.get_object, Bucket="no-such-bucket-anywhere", Key="k")[0]


ASKS = [
    ("head_object", {"Key": "in/k"}, {"s3:GetObject": "in/k"}),
    ("get_object_attributes", {"Key": "in/k", "ObjectAttributes": ["ETag"]},
     {"s3:GetObject": "in/k", "s3:GetObjectAttributes": "in/k"}),
    ("put_object", {"Key": "out/k", "IfNoneMatch": "*"}, {"s3:PutObject": "out/k"}),
    ("put_object", {"Key": "in/k", "IfMatch": '"x"'}, {"s3:PutObject": "in/k", "s3:GetObject": "in/k"}),
    ("put_object", {"Key": "out/k", "Tagging": "a=b"}, {"s3:PutObject": "out/k", "s3:PutObjectTagging": "out/k"}),
    ("copy_object", {"Key": "out/k", "CopySource": "NAME/in/k"}, {"s3:PutObject": "out/k", "s3:GetObject": "in/k"}),
    ("create_multipart_upload", {"Key": "out/k"}, {"s3:PutObject": "out/k"}),
    ("upload_part", {"Key": "out/k", "UploadId": "u", "PartNumber": 1}, {"s3:PutObject": "out/k"}),
    ("upload_part_copy", {"Key": "out/k", "UploadId": "u", "PartNumber": 1, "CopySource": "NAME/in/k"},
     {"s3:PutObject": "out/k", "s3:GetObject": "in/k"}),
    ("complete_multipart_upload", {"Key": "out/k", "UploadId": "u", "MultipartUpload": {"Parts": []}},
     {"s3:PutObject": "out/k"}),
    ("abort_multipart_upload", {"Key": "out/k", "UploadId": "u"}, {"s3:AbortMultipartUpload": "out/k"}),
    ("list_parts", {"Key": "out/k", "UploadId": "u"}, {"s3:ListMultipartUploadParts": "out/k"}),
    ("delete_object", {"Key": "in/k"}, {"s3:DeleteObject": "in/k"}),
    ("get_object", {"Key": "in/k", "VersionId": "v"}, {"s3:GetObjectVersion": "in/k"}),
    ("get_object_tagging", {"Key": "in/k"}, {"s3:GetObjectTagging": "in/k"}),
    ("head_bucket", {}, {"s3:ListBucket": ""}),
    ("list_multipart_uploads", {}, {"s3:ListBucketMultipartUploads": ""}),
    ("get_bucket_location", {}, {"s3:GetBucketLocation": ""}),
    ("get_bucket_policy", {}, {"s3:GetBucketPolicy": ""}),
    ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}, {"s3:PutBucketVersioning": ""}),
    ("get_bucket_encryption", {}, {"s3:GetEncryptionConfiguration": ""}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "arguments", "asks"), ASKS, ids=[f"{row[0]}-{'-'.join(sorted(row[1]))}" for row in ASKS]
)
def test_what_a_request_asks_for(
    aws: EmbeddedAWS, name: str, operation: str, arguments: dict[str, Any], asks: dict[str, str]
) -> None:
    """Without any one of the permissions the request is refused, by its action; with all of them it passes the gate."""
    arn = f"arn:aws:s3:::{name}"
    given = {key: value.replace("NAME", name) if isinstance(value, str) else value for key, value in arguments.items()}
    granted = {action: {"Action": action, "Resource": f"{arn}/{key}" if key else arn} for action, key in asks.items()}
    for missing in asks:
        rest = [statement for action, statement in granted.items() if action != missing]
        code, message = refused(getattr(Role(aws, *rest).client("s3"), operation), Bucket=name, **given)
        assert code in {"AccessDenied", "403"}
        assert code == "403" or f"to perform: {missing} on resource: " in message
    # Uploads and conditions that nothing meets fail behind the gate.
    assert passes(getattr(Role(aws, *granted.values()).client("s3"), operation), Bucket=name, **given)
    aws.client("s3").put_object(Bucket=name, Key="in/k", Body=b"text")


def test_each_of_several_keys_is_asked_for(aws: EmbeddedAWS, name: str) -> None:
    """DeleteObjects deletes what may be deleted and tells the others one by one."""
    for key in ("mine/a", "yours/b", "mine/c"):
        aws.client("s3").put_object(Bucket=name, Key=key, Body=b"")
    s3 = role(aws, name, {"Action": "s3:DeleteObject", "Resource": "BUCKET/mine/*"})

    keys = [{"Key": key} for key in ("mine/a", "yours/b", "mine/c")]
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": keys})

    assert ["mine/a", "mine/c"] == sorted(each["Key"] for each in answer["Deleted"])
    assert [("yours/b", "AccessDenied")] == [(each["Key"], each["Code"]) for each in answer["Errors"]]
    left = aws.client("s3").list_objects_v2(Bucket=name)["Contents"]
    assert "yours/b" in {each["Key"] for each in left}
    assert not {"mine/a", "mine/c"} & {each["Key"] for each in left}


def test_what_s3_refuses_of_several_keys_is_told(aws: EmbeddedAWS) -> None:
    """An error behind the gate is the answer, also where some of the keys may not be deleted."""
    s3 = Role(aws, {"Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::*/mine/*"}).client("s3")
    keys = [{"Key": "mine/a"}, {"Key": "yours/b"}]

    assert "NoSuchBucket" == refused(s3.delete_objects, Bucket="no-such-bucket-anywhere", Delete={"Objects": keys})[0]


def test_conditions_on_a_write(aws: EmbeddedAWS, name: str) -> None:
    """Headers of a write are condition keys: a policy can ask for If-None-Match."""
    guarded = {
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": {"Null": {"s3:if-none-match": "false"}},
    }
    s3 = Role(aws, guarded).client("s3")

    assert "AccessDenied" == refused(s3.put_object, Bucket=name, Key="guarded", Body=b"")[0]
    s3.put_object(Bucket=name, Key="guarded", Body=b"", IfNoneMatch="*")


def test_a_policy_for_others_is_not_for_the_administrator(aws: EmbeddedAWS) -> None:
    """A bucket that denies all but TLS locks neither the administrator out nor a role."""
    made = bucket(aws)
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{made}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    aws.client("s3").put_bucket_policy(Bucket=made, Policy=document(deny))
    writer = Role(aws, {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{made}/*"}).client("s3")

    writer.put_object(Bucket=made, Key="k", Body=b"text")
    assert b"text" == aws.client("s3").get_object(Bucket=made, Key="k")["Body"].read()


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize(("allowed", "status"), [("BUCKET/in/*", 200), ("BUCKET/out/*", 403)], ids=["may", "may-not"])
def test_a_url_may_what_its_signer_may(aws: EmbeddedAWS, name: str, version: str, allowed: str, status: int) -> None:
    """A pre-signed URL, of either version of the signature, works in the role of whose keys it was made with."""
    resource = allowed.replace("BUCKET", f"arn:aws:s3:::{name}")
    signer = Role(aws, {"Action": "s3:GetObject", "Resource": resource})
    s3 = signer.client("s3", signed_by=version)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "in/k"})
    answer = requests.get(url, timeout=30)

    assert status == answer.status_code
    assert ("text" == answer.text) == (status == 200)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_url_ends_when_it_says(aws: EmbeddedAWS, name: str, version: str) -> None:
    """By the clock of the machine that signed it, whatever the embedded time; other requests of the role go on."""
    signer = Role(aws, {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/in/*"})
    s3 = signer.client("s3", signed_by=version)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "in/k"}, ExpiresIn=1)
    aws.skip(3600)
    before = requests.get(url, timeout=30)
    time.sleep(2.5)
    after = requests.get(url, timeout=30)

    assert (200, 403) == (before.status_code, after.status_code)
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in after.text
    assert b"text" == s3.get_object(Bucket=name, Key="in/k")["Body"].read()


def test_versions_are_deleted_by_who_may_delete_versions(aws: EmbeddedAWS) -> None:
    """DeleteObjects asks for another permission where it names a version than where it does not."""
    name, owner = "versions-of-several", aws.client("s3")
    owner.create_bucket(Bucket=name)
    owner.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    version = owner.put_object(Bucket=name, Key="a", Body=b"1")["VersionId"]
    objects = {"s3:DeleteObject": {"Key": "a"}, "s3:DeleteObjectVersion": {"Key": "a", "VersionId": version}}
    for action, other in (("s3:DeleteObject", "s3:DeleteObjectVersion"), ("s3:DeleteObjectVersion", "s3:DeleteObject")):
        s3 = Role(aws, {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{name}/*"}).client("s3")
        assert "Errors" not in s3.delete_objects(Bucket=name, Delete={"Objects": [objects[action]]})
        (error,) = s3.delete_objects(Bucket=name, Delete={"Objects": [objects[other]]})["Errors"]
        assert ("a", True) == (error["Key"], f"is not authorized to perform: {other} on" in error["Message"])
