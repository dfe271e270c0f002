import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import bucket, task
from emulator.tests.support import output, run

WRITERS = 4
ROUNDS = 6
BODY = b"x" * 6_000_000  # so large that it is written to a file, while other threads get their turn


def race(aws: EmbeddedAWS, name: str, key: str, **condition: str) -> list[tuple[int, str]]:
    """Let several writers put an object at the same moment; return each one's status and its error's code."""
    gate = Barrier(WRITERS)
    s3 = aws.client("s3")

    def put(writer: int) -> tuple[int, str]:
        gate.wait()
        try:
            answer = s3.put_object(Bucket=name, Key=key, Body=BODY + str(writer).encode(), **condition)
        except ClientError as error:
            answer = error.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("Error", {}).get("Code", "")

    with ThreadPoolExecutor(WRITERS) as pool:
        return sorted(pool.map(put, range(WRITERS)))


class TestConditionalWrites:
    @pytest.mark.parametrize("exists", [False, True], ids=["if-none-match", "if-match"])
    def test_one_of_many_wins(self, aws: EmbeddedAWS, exists: bool) -> None:  # noqa: FBT001  # a parameter of the test
        """Of writers with the same condition at the same moment one wins, and the others get 412."""
        name = bucket(aws)
        for number in range(ROUNDS):
            condition = {"IfNoneMatch": "*"}
            if exists:
                etag = aws.client("s3").put_object(Bucket=name, Key=str(number), Body=b"before")["ETag"]
                condition = {"IfMatch": etag}
            lost = [(412, "PreconditionFailed")] * (WRITERS - 1)
            assert race(aws, name, str(number), **condition) == [(200, ""), *lost]

    def test_writes_without_conditions_all_succeed(self, aws: EmbeddedAWS) -> None:
        """Writers of one object at the same moment disturb each other in nothing."""
        name = bucket(aws)
        for _ in range(ROUNDS):
            assert race(aws, name, "k") == [(200, "")] * WRITERS

    @pytest.mark.aws
    @pytest.mark.parametrize("condition", [{"IfNoneMatch": "*"}, {"IfMatch": '"of something else"'}])
    def test_a_state_sees_the_unmodelled_error(self, aws: EmbeddedAWS, condition: dict[str, Any]) -> None:
        """A state that loses fails with S3.S3Exception and 412 in its cause: the SDK has no class for it."""
        name = bucket(aws)
        aws.client("s3").put_object(Bucket=name, Key="k", Body=b"theirs")
        description = run(aws, {"P": task("s3:putObject", {"Bucket": name, "Key": "k", "Body": "mine", **condition})})
        assert description["error"] == "S3.S3Exception"
        assert "Status Code: 412" in description["cause"]
        assert aws.client("s3").get_object(Bucket=name, Key="k")["Body"].read() == b"theirs"

    @pytest.mark.aws
    def test_a_state_that_wins(self, aws: EmbeddedAWS) -> None:
        """A state writes what is not there yet, and replaces what is still as it was."""
        name = bucket(aws)
        first = {"Bucket": name, "Key": "k", "Body": "one", "IfNoneMatch": "*"}
        second = {"Bucket": name, "Key": "k", "Body": "two", "IfMatch": "{% $states.input.ETag %}"}
        output(aws, {"F": task("s3:putObject", first, Next="S"), "S": task("s3:putObject", second)})
        assert aws.client("s3").get_object(Bucket=name, Key="k")["Body"].read() == b'"two"'


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str | None]:
    """Make a call that must be refused; return status, code and the condition that did not hold."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"].get("Condition")


class TestConditions:
    def test_what_put_does_not_have(self, aws: EmbeddedAWS) -> None:
        """Any ETag for If-Match, an ETag for If-None-Match, and both together are not implemented (recorded)."""
        name, put = bucket(aws), aws.client("s3").put_object
        for condition in ({"IfMatch": "*"}, {"IfNoneMatch": '"etag"'}, {"IfMatch": '"etag"', "IfNoneMatch": "*"}):
            assert refused(put, Bucket=name, Key="k", Body=b"x", **condition)[:2] == (501, "NotImplemented")

    def test_completing_an_upload(self, aws: EmbeddedAWS) -> None:
        """The end of a multipart upload has the conditions of a put, and loses to what was written since its start."""
        s3, name = aws.client("s3"), bucket(aws)

        def complete(*, overtaken: bool = False, **condition: str) -> Any:
            upload = s3.create_multipart_upload(Bucket=name, Key="k")["UploadId"]
            where = {"Bucket": name, "Key": "k", "UploadId": upload}
            etag = s3.upload_part(**where, PartNumber=1, Body=b"part")["ETag"]
            if overtaken:
                condition["IfMatch"] = s3.put_object(Bucket=name, Key="k", Body=b"x")["ETag"]
            return {**where, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}, **condition}

        end = s3.complete_multipart_upload
        assert refused(end, **complete(IfMatch='"none"'))[:2] == (404, "NoSuchKey")
        end(**complete(IfNoneMatch="*"))
        etag = s3.head_object(Bucket=name, Key="k")["ETag"]
        assert refused(end, **complete(IfNoneMatch="*")) == (412, "PreconditionFailed", "If-None-Match")
        assert refused(end, **complete(IfMatch='"other"')) == (412, "PreconditionFailed", "If-Match")
        end(**complete(IfMatch=etag))
        assert refused(end, **complete(overtaken=True))[:2] == (409, "ConditionalRequestConflict")

    @pytest.mark.parametrize("part", [False, True])
    def test_copying(self, aws: EmbeddedAWS, *, part: bool) -> None:
        """A copy, also of a part, is refused when its source is not as it should be (recorded)."""
        s3, name = aws.client("s3"), bucket(aws)
        etag = s3.put_object(Bucket=name, Key="source", Body=b"data")["ETag"]
        time.sleep(1)  # dates have seconds
        where: dict[str, Any] = {"Bucket": name, "Key": "copy", "CopySource": {"Bucket": name, "Key": "source"}}
        copy = s3.copy_object
        if part:
            upload = s3.create_multipart_upload(Bucket=name, Key="copy")["UploadId"]
            where |= {"UploadId": upload, "PartNumber": 1}
            copy = s3.upload_part_copy
        now = datetime.now(UTC)
        for condition, header in (
            ({"CopySourceIfMatch": '"other"'}, "If-Match"),
            ({"CopySourceIfUnmodifiedSince": now - timedelta(days=1)}, "If-Unmodified-Since"),
            ({"CopySourceIfNoneMatch": etag.strip('"')}, "If-None-Match"),
            ({"CopySourceIfModifiedSince": now}, "If-Modified-Since"),
        ):
            expected = (412, "PreconditionFailed", f"x-amz-copy-source-{header}")
            assert refused(copy, **where, **condition) == expected
        copy(**where, CopySourceIfModifiedSince=now + timedelta(days=1))
        copy(**where, CopySourceIfMatch=etag, CopySourceIfUnmodifiedSince=now - timedelta(days=1))

    def test_what_a_copy_replaces(self, aws: EmbeddedAWS) -> None:
        """A copy has the conditions of a put too."""
        s3, name = aws.client("s3"), bucket(aws)
        s3.put_object(Bucket=name, Key="source", Body=b"data")
        where = {"Bucket": name, "Key": "source", "CopySource": {"Bucket": name, "Key": "source"}}
        assert refused(s3.copy_object, **where, IfNoneMatch="*")[:2] == (412, "PreconditionFailed")


def test_objects_are_encrypted(aws: EmbeddedAWS) -> None:
    """What nobody encrypts is encrypted with S3's own keys, and a put tells what its checksum is of (recorded)."""
    s3, name = aws.client("s3"), bucket(aws)
    put = s3.put_object(Bucket=name, Key="k", Body=b"x")
    assert (put["ServerSideEncryption"], put["ChecksumType"]) == ("AES256", "FULL_OBJECT")
    assert s3.get_object(Bucket=name, Key="k")["ServerSideEncryption"] == "AES256"
    assert s3.head_object(Bucket=name, Key="k")["ServerSideEncryption"] == "AES256"
