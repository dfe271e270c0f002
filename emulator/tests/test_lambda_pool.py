"""How many execution environments stay idle, for how long, and how they end with their server."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from embedded_aws.awslambda.environment import Specification
from embedded_aws.awslambda.pool import Pool
from emulator.tests.functions import PID, gone
from emulator.tests.support import eventually

SERVER = """
import sys, time
from threading import Thread
from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import PID, function, invoke
embedded = EmbeddedAWS()
embedded.start()
code = "import os, time\\ndef handler(e, c):\\n open(e, 'w').write(str(os.getpid()))\\n time.sleep(900)"
busy = function(embedded, code, Timeout=900)
idle = function(embedded, "import os\\ndef handler(e, c): return os.getpid()")
pid = invoke(embedded, idle)["payload"]
embedded.client("lambda").invoke(FunctionName=busy, InvocationType="Event", Payload='"' + sys.argv[1] + '"')
print(pid, flush=True)
sys.stdin.read()
embedded.stop()
"""


def test_the_servers_end_ends_them(tmp_path: Path) -> None:
    """A stop ends idle and busy environments at once, and none of their folders is left."""
    with server(tmp_path) as (process, idle, busy):
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert gone(idle)
        assert gone(busy)
    assert not list(tmp_path.glob("lambda-*"))


def test_a_killed_server_leaves_no_idle_environment(tmp_path: Path) -> None:
    """An idle environment ends by itself when the server was killed."""
    with server(tmp_path) as (process, idle, busy):
        process.kill()
        process.wait()
        eventually(lambda: gone(idle))
        os.kill(busy, signal.SIGKILL)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Run an embedded AWS in another process; yield it with the pids of an idle and a busy environment."""
    busy = folder / "busy"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), str(busy)],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        output = process.stdout or io.StringIO()
        idle = int(output.readline())
        yield process, idle, int(eventually(lambda: busy.exists() and busy.read_text()))


def specification(folder: Path, name: str) -> Specification:
    """Return an environment whose handler tells its pid."""
    (folder / "index.py").write_text(PID)
    variables = {
        "_HANDLER": "index.handler",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": name,
    }
    return Specification(
        function_arn=f"arn:{name}", code=folder, import_path=str(folder), variables=tuple(variables.items()), memory=128
    )


def served(pool: Pool, wanted: Specification) -> int:
    """Run one invocation; return the process that served it."""
    invocation = {"event": None, "request_id": "r", "function_arn": "a", "deadline": 0, "trace_id": "t"}
    outcome = pool.run(wanted, invocation, timeout=20)
    assert outcome.answer is not None
    return int(outcome.answer["payload"])


def test_idle_environments_are_few(tmp_path: Path) -> None:
    """When there are too many, the one that has been idle for the longest time ends."""
    pool = Pool(idle=2)
    a, b, c = (specification(tmp_path, name) for name in "abc")
    first, second = served(pool, a), served(pool, b)
    assert served(pool, a) == first
    third = served(pool, c)
    assert gone(second)
    assert [served(pool, a), served(pool, c)] == [first, third]
    pool.end_all()
    assert gone(first)
    assert gone(third)


def test_idle_environments_end_in_time(tmp_path: Path) -> None:
    """An environment that has been idle for long enough ends, whether or not there are more invocations."""
    pool = Pool(idle_seconds=2)
    pids = [served(pool, specification(tmp_path, name)) for name in "ab"]
    assert not gone(pids[1])
    for pid in pids:
        eventually(lambda pid=pid: gone(pid), deadline=10)
