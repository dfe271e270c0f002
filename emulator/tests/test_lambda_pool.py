"""How many execution environments stay idle, for how long, and how they end with their server."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

from embedded_aws.awslambda.environment import Specification
from embedded_aws.awslambda.pool import Pool
from emulator.tests.functions import PID, gone
from emulator.tests.support import eventually

SERVER = """
import json, sys
from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import function, invoke
from emulator.tests.support import administrator
embedded = EmbeddedAWS(ahead=True)
embedded.start()
ahead = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": administrator(embedded, "lambda.amazonaws.com"),
        "Code": {"ZipFile": f"import os; open({sys.argv[2]!r}, 'w').write(str(os.getpid())); handler = print"},
    },
}
template = json.dumps({"Resources": {"Ahead": ahead}})
embedded.client("cloudformation").create_stack(StackName="ahead", TemplateBody=template)
code = "import os, time\\ndef handler(e, c):\\n open(e, 'w').write(str(os.getpid()))\\n time.sleep(900)"
busy = function(embedded, code, Timeout=900)
idle = function(embedded, "import os\\ndef handler(e, c): return os.getpid()")
pid = invoke(embedded, idle)["payload"]
embedded.client("lambda").invoke(FunctionName=busy, InvocationType="Event", Payload='"' + sys.argv[1] + '"')
print(pid, flush=True)
sys.stdin.read()
embedded.stop()
"""

INVOCATION = {"event": None, "request_id": "r", "function_arn": "a", "deadline": 0, "trace_id": "t"}


def test_the_servers_end_ends_them(tmp_path: Path) -> None:
    """A stop ends all at once: idle ones, busy ones, one that was begun ahead; none of their folders is left."""
    with server(tmp_path) as (process, idle, busy):
        ahead = pid_in(tmp_path / "ahead")
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert gone(idle)
        assert gone(busy)
        assert gone(ahead)
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
        [sys.executable, "-c", textwrap.dedent(SERVER), str(busy), str(folder / "ahead")],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        output = process.stdout or io.StringIO()
        idle = int(output.readline())
        yield process, idle, pid_in(busy)


def pid_in(file: Path) -> int:
    """Return the process that has written its id to a file, as soon as it is there."""
    return int(eventually(lambda: file.exists() and file.read_text()))


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
    outcome = pool.run(wanted, INVOCATION, timeout=20)
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


def noted(folder: Path, name: str) -> Specification:
    """Return an environment that notes its process in a file of its name as soon as it begins."""
    wanted = specification(folder, name)
    note = "import os\nopen(os.environ['AWS_LAMBDA_FUNCTION_NAME'], 'w').write(str(os.getpid()))"
    (folder / "index.py").write_text(f"{note}\n{PID}")
    return wanted


def test_one_that_was_begun_ahead_serves_the_first_invocation(tmp_path: Path) -> None:
    """Its init is told as it was, without the second that it has waited since."""
    pool, wanted = Pool(), noted(tmp_path, "first")
    pool.ahead = True
    pool.prepare(wanted.function_arn, lambda: wanted)
    begun = pid_in(tmp_path / "first")
    time.sleep(1)
    outcome = pool.run(wanted, INVOCATION, timeout=20)
    pool.end_all()

    assert str(begun) == (outcome.answer or {})["payload"]
    assert outcome.init is not None
    assert 0 < outcome.init < 1


def test_no_more_begin_ahead_than_may_be_idle(tmp_path: Path) -> None:
    """What waits already is not ended for another one, which begins with its invocation."""
    pool, first, second = Pool(idle=1), noted(tmp_path, "first"), noted(tmp_path, "second")
    pool.ahead = True
    pool.prepare(first.function_arn, lambda: first)
    begun = pid_in(tmp_path / "first")
    pool.prepare(second.function_arn, lambda: second)
    time.sleep(0.2)

    assert begun == served(pool, first)
    assert not (tmp_path / "second").exists()
    pool.end_all()


def test_what_cannot_begin_ahead_holds_up_nobody(tmp_path: Path) -> None:
    """A function whose role is gone, and one that is invoked at once, are followed by the next one."""
    pool, at_once, last = Pool(), noted(tmp_path, "at-once"), noted(tmp_path, "last")
    pool.ahead = True

    def gone() -> Specification:
        raise LookupError("no such role")

    pool.prepare("gone", gone)
    pool.prepare(at_once.function_arn, lambda: at_once)
    served(pool, at_once)
    pool.prepare(last.function_arn, lambda: last)
    begun = pid_in(tmp_path / "last")

    assert begun == served(pool, last)
    pool.end_all()


def test_nothing_begins_ahead_unless_it_is_wanted(tmp_path: Path) -> None:
    """Tests deploy many functions that they never invoke, and what has ended begins nothing any more."""
    pool, wanted = Pool(), noted(tmp_path, "first")
    pool.prepare(wanted.function_arn, lambda: wanted)
    pool.ahead = True
    pool.end_all()
    pool.prepare(wanted.function_arn, lambda: wanted)
    time.sleep(0.2)

    assert not (tmp_path / "first").exists()
