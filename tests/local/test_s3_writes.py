from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.server import EmbeddedAWS
from tests.local.stepfunctions.support import bucket, task
from tests.local.support import output, run

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
