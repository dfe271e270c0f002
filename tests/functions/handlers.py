"""What the handlers of functions are called with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Context:
    """What the Lambda runtime hands to a function."""

    function_name: str = "function"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "request"
    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        return self.milliseconds


@dataclass
class Bucket:
    """A bucket of the embedded AWS."""

    s3: Any
    name: str

    def put(self, key: str, body: str | bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=body.encode() if isinstance(body, str) else body)

    def read(self, key: str) -> bytes:
        """Read an object."""
        body: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def listed(self, prefix: str = "") -> list[str]:
        """List the keys below a prefix."""
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.name, Prefix=prefix).get("Contents", ())]
