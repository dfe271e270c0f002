"""Lambda functions for the tests of the embedded AWS."""

import base64
import contextlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import administrator, unique

PID = "import os\ndef handler(event, context): return os.getpid()"
"""A handler that answers with the process it runs in."""


def archive(**files: str) -> bytes:
    """Return a zip archive with these Python modules."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for name, text in files.items():
            written.writestr(f"{name}.py", text)
    return buffer.getvalue()


def function(aws: EmbeddedAWS, code: str, **settings: Any) -> str:
    """Create a function whose handler is index.handler; return its name."""
    name = unique("function")
    aws.client("lambda").create_function(
        **{
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": administrator(aws, "lambda.amazonaws.com"),
            "Code": {"ZipFile": archive(index=code)},
            "Timeout": 20,
            **settings,
        }
    )
    return name


def invoke(aws: EmbeddedAWS, name: str, event: Any = None) -> dict[str, Any]:
    """Invoke a function; return the answer with its payload parsed and its log as text."""
    answer = aws.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps({} if event is None else event), LogType="Tail"
    )
    return {
        "status": answer["StatusCode"],
        "error": answer.get("FunctionError"),
        "payload": json.loads(answer["Payload"].read()),
        "log": base64.b64decode(answer["LogResult"]).decode(),
    }


def messages(aws: EmbeddedAWS, group: str) -> list[str]:
    """Return every line of a log group."""
    return [event["message"] for event in aws.client("logs").filter_log_events(logGroupName=group)["events"]]


def gone(pid: int) -> bool:
    """Say whether a process has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return b") Z " in Path(f"/proc/{pid}/stat").read_bytes() if Path("/proc").exists() else False
    return True
