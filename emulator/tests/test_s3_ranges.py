"""Parts of objects: which bytes they are, and that the rest is not read for them."""

import tracemalloc

import pytest
from botocore.exceptions import ClientError

from embedded_aws.server import EmbeddedAWS
from emulator.tests.stepfunctions.support import bucket

LARGE = 40_000_000
PART = 5 << 20


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "status", "got"),
        [
            ("bytes=2-5", 206, b"2345"),
            ("bytes=7-", 206, b"789"),
            ("bytes=-3", 206, b"789"),
            ("bytes=8-100", 206, b"89"),
            ("bytes=-100", 206, b"0123456789"),
            ("bytes=5-2", 200, b"0123456789"),
            ("bytes=0-1,4-5", 200, b"0123456789"),
        ],
    )
    def test_a_part_is_given(self, aws: EmbeddedAWS, asked: str, status: int, got: bytes) -> None:
        """From, to, both or the last bytes; what is no range that S3 gives is ignored (RFC 9110, 14.2)."""
        name, s3 = bucket(aws), aws.client("s3")
        s3.put_object(Bucket=name, Key="k", Body=b"0123456789", Metadata={"of": "mine"})
        answer = s3.get_object(Bucket=name, Key="k", Range=asked)

        assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Body"].read()) == (status, got)
        assert answer["Metadata"] == {"of": "mine"}
        assert answer["ContentLength"] == len(got)

    @pytest.mark.parametrize("body", [b"", b"0123456789"])
    def test_a_part_behind_the_end_is_refused(self, aws: EmbeddedAWS, body: bytes) -> None:
        """The error is InvalidRange, also for an empty object."""
        name, s3 = bucket(aws), aws.client("s3")
        s3.put_object(Bucket=name, Key="k", Body=body)
        with pytest.raises(ClientError, match="InvalidRange"):
            s3.get_object(Bucket=name, Key="k", Range="bytes=10-11")

    def test_the_rest_is_not_read(self, aws: EmbeddedAWS) -> None:
        """To give, or to copy, a part of a large object takes the memory of the part."""
        name, s3 = bucket(aws), aws.client("s3")
        s3.put_object(Bucket=name, Key="k", Body=bytes(LARGE))
        upload = s3.create_multipart_upload(Bucket=name, Key="copy")["UploadId"]
        tracemalloc.start()
        part = s3.get_object(Bucket=name, Key="k", Range=f"bytes={PART}-{2 * PART - 1}")["Body"].read()
        copied = s3.upload_part_copy(
            Bucket=name,
            Key="copy",
            UploadId=upload,
            PartNumber=1,
            CopySource={"Bucket": name, "Key": "k"},
            CopySourceRange=f"bytes={PART}-{2 * PART - 1}",
        )

        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert len(part) == PART
        assert copied["CopyPartResult"]["ETag"]
        assert s3.list_parts(Bucket=name, Key="copy", UploadId=upload)["Parts"][0]["Size"] == PART
        assert peak < LARGE

    def test_a_copy_of_parts_is_whole(self, aws: EmbeddedAWS) -> None:
        """Parts in turn give the object again; without a range a part is all of it."""
        name, s3 = bucket(aws), aws.client("s3")
        body = bytes(range(256)) * (2 * PART // 256)
        s3.put_object(Bucket=name, Key="k", Body=body)
        where = {"Bucket": name, "Key": "copy"}
        where["UploadId"] = s3.create_multipart_upload(**where)["UploadId"]
        ranges = [{"CopySourceRange": f"bytes=0-{PART - 1}"}, {"CopySourceRange": f"bytes={PART}-{2 * PART - 1}"}, {}]
        parts = [
            s3.upload_part_copy(**where, PartNumber=number, CopySource={"Bucket": name, "Key": "k"}, **part)
            for number, part in enumerate(ranges, 1)
        ]
        etags = [{"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]} for number, part in enumerate(parts, 1)]
        s3.complete_multipart_upload(**where, MultipartUpload={"Parts": etags})

        assert s3.get_object(Bucket=name, Key="copy")["Body"].read() == body * 2
