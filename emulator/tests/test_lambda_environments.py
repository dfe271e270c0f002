"""Execution environments of functions: what lasts from one invocation to the next, and what ends them."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.functions import PID, archive, function, gone, invoke, messages
from emulator.tests.support import eventually, unique


def test_modules_and_tmp_stay(aws: EmbeddedAWS) -> None:
    """The handler is imported once; its globals, its temporary files and its log stream are there next time."""
    code = """
import pathlib, tempfile
calls = []
def handler(event, context):
    calls.append(event)
    file = pathlib.Path(tempfile.gettempdir(), "kept")
    before = file.read_text() if file.exists() else None
    file.write_text(event)
    return [calls, before, context.log_stream_name]
"""
    name = function(aws, code)
    first, second = (invoke(aws, name, event)["payload"] for event in ("a", "b"))
    assert first[:2] == [["a"], None]
    assert second[:2] == [["a", "b"], "a"]
    assert first[2] == second[2]


def test_each_invocation_has_its_own_identity(aws: EmbeddedAWS) -> None:
    """Request id, trace id and the time that is left are those of the invocation; no trace is there at the import."""
    code = """
import os, time
imported = os.environ.get("_X_AMZN_TRACE_ID")
def handler(event, context):
    time.sleep(2)
    trace = os.environ["_X_AMZN_TRACE_ID"]
    return [context.aws_request_id, trace, context.get_remaining_time_in_millis(), imported]
"""
    name = function(aws, code, Timeout=100)
    first, second = (invoke(aws, name)["payload"] for _ in range(2))
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert second[1].startswith("Root=1-")
    assert 96_000 < second[2] <= 98_000
    assert first[3] is None


def test_the_log_tells_the_first_invocation_apart(aws: EmbeddedAWS) -> None:
    """Each invocation has START, END and REPORT in one stream; time and output of the import come with the first."""
    code = "import time\nprint('imported')\ntime.sleep(0.4)\ndef handler(event, context): print('called', event)"
    name = function(aws, code)
    for event in (1, 2):
        invoke(aws, name, event)
    lines = messages(aws, f"/aws/lambda/{name}")
    assert [re.split(r" RequestId|\t", line)[0] for line in lines] == [
        *("imported", "START", "called 1", "END", "REPORT"),
        *("START", "called 2", "END", "REPORT"),
    ]
    first, second = (line for line in lines if line.startswith("REPORT"))
    durations = {key: float(value) for key, value in re.findall(r"\t?([A-Z][a-z]* ?Duration): ([\d.]+) ms", first)}
    assert durations["Init Duration"] >= 400
    assert durations["Billed Duration"] >= durations["Init Duration"]
    assert "Init Duration" not in second
    streams = aws.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert len(streams) == 1


def test_simultaneous_invocations_have_their_own(aws: EmbeddedAWS, tmp_path: Path) -> None:
    """Invocations at the same time have an environment and an answer each; later ones are served by the same ones."""
    code = """
import os, pathlib, time
def handler(event, context):
    folder = pathlib.Path(event["together"])
    folder.joinpath(str(event["n"])).touch()
    while len(list(folder.iterdir())) < 3: time.sleep(0.01)
    return [event["n"], os.getpid()]
"""
    name = function(aws, code)
    rounds = []
    for together in (tmp_path / "first", tmp_path / "second"):
        together.mkdir()
        events = [{"n": n, "together": str(together)} for n in range(3)]
        with ThreadPoolExecutor(3) as threads:
            rounds.append(list(threads.map(lambda event: invoke(aws, name, event)["payload"], events)))
    assert [[n for n, _ in answers] for answers in rounds] == [[0, 1, 2], [0, 1, 2]]
    pids = [{pid for _, pid in answers} for answers in rounds]
    assert len(pids[0]) == 3
    assert pids[0] == pids[1]


def test_an_exception_is_no_reason_to_end(aws: EmbeddedAWS) -> None:
    """After an exception or an answer that JSON cannot hold, the same process serves the next invocation."""
    code = """
import os
def handler(event, context):
    if event == "raise": raise ValueError("no")
    return object() if event == "object" else os.getpid()
"""
    name = function(aws, code)
    before = invoke(aws, name)["payload"]
    for event, kind in (("raise", "ValueError"), ("object", "Runtime.MarshalError")):
        assert invoke(aws, name, event)["payload"]["errorType"] == kind
    assert invoke(aws, name)["payload"] == before


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("time.sleep(60)", "Sandbox.Timedout"),
        ("os._exit(3)", "Runtime.ExitError"),
        ("sys.exit(3)", "Runtime.ExitError"),
        ("x = b'1' * (300 << 20); time.sleep(1)", "Runtime.OutOfMemory"),
    ],
)
@pytest.mark.parametrize("warm", [False, True])
def test_what_ends_an_environment(aws: EmbeddedAWS, end: str, kind: str, *, warm: bool) -> None:
    """A process that times out, exits or holds too much memory, at its first call or later, is not used again."""
    code = f"""
import os, sys, time
calls = []
def handler(event, context):
    calls.append(event)
    if event == "end":
        {end}
    return [os.getpid(), calls]
"""
    name = function(aws, code, Timeout=4 if kind == "Sandbox.Timedout" else 60, MemorySize=200)
    before = invoke(aws, name)["payload"][0] if warm else None
    assert invoke(aws, name, "end")["payload"]["errorType"] == kind
    pid, calls = invoke(aws, name, "next")["payload"]
    assert calls == ["next"]
    assert pid != before
    assert before is None or gone(before)


def test_only_a_timeout_keeps_the_files(aws: EmbeddedAWS) -> None:
    """After a timeout the next process finds /tmp as it was, as AWS was recorded to do; after an exit it does not."""
    code = """
import os, pathlib, tempfile, time
def handler(event, context):
    kept = pathlib.Path(tempfile.gettempdir(), "kept")
    found = kept.exists()
    kept.touch()
    if event == "sleep":
        time.sleep(60)
    elif event == "exit":
        os._exit(3)
    return found
"""
    name = function(aws, code, Timeout=1)
    assert [invoke(aws, name, event)["payload"] for event in ("sleep", "go")][1] is True
    assert [invoke(aws, name, event)["payload"] for event in ("exit", "go")][1] is False


def test_a_failed_import_is_tried_again(aws: EmbeddedAWS) -> None:
    """The invocation reports it, and the next one imports in a new environment."""
    name = function(aws, "import os\nprint('importing')\nraise KeyError('unset')")
    for _ in range(2):
        answer = invoke(aws, name)
        assert answer["payload"]["errorType"] == "KeyError"
        assert answer["log"].count("importing") == 1
        assert "[ERROR] KeyError: 'unset'" in answer["log"]
    streams = aws.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert len(streams) == 2


def changes(aws: EmbeddedAWS) -> dict[str, Any]:
    """Return what can be done to a function, by name."""
    client = aws.client("lambda")
    return {
        "settings": lambda name: client.update_function_configuration(FunctionName=name, Timeout=9),
        "code": lambda name: client.update_function_code(FunctionName=name, ZipFile=archive(index=PID)),
        "deletion": lambda name: client.delete_function(FunctionName=name),
    }


@pytest.mark.parametrize("change", ["settings", "code", "deletion"])
def test_a_change_ends_idle_environments(aws: EmbeddedAWS, change: str) -> None:
    """Whatever changes a function ends its processes and no other function's, even where nothing is different then."""
    name, other = function(aws, PID), function(aws, PID)
    before, others = invoke(aws, name)["payload"], invoke(aws, other)["payload"]
    changes(aws)[change](name)
    assert gone(before)
    assert invoke(aws, other)["payload"] == others
    if change != "deletion":
        assert invoke(aws, name)["payload"] != before


def test_a_change_lets_what_runs_end(aws: EmbeddedAWS) -> None:
    """An invocation under way answers from the old settings, and its environment is not used again."""
    started = unique("started")
    aws.client("s3").create_bucket(Bucket=started)
    code = f"""
import boto3, os, time
def handler(event, context):
    if event == "slow":
        boto3.client("s3").put_object(Bucket="{started}", Key="k")
        time.sleep(1)
    return os.getpid()
"""
    name = function(aws, code)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(invoke, aws, name, "slow")
        eventually(lambda: aws.client("s3").list_objects_v2(Bucket=started).get("Contents"))
        aws.client("lambda").update_function_configuration(FunctionName=name, Timeout=9)
        pid = slow.result()["payload"]
    assert invoke(aws, name)["payload"] != pid
    assert gone(pid)


def test_a_death_while_idle_goes_unnoticed(aws: EmbeddedAWS) -> None:
    """An idle process that was killed is replaced."""
    name = function(aws, PID)
    before = invoke(aws, name)["payload"]
    os.kill(before, signal.SIGKILL)
    assert invoke(aws, name)["payload"] not in {before, None}


def test_a_death_before_the_handler_goes_unnoticed(aws: EmbeddedAWS) -> None:
    """A process that ends after it was given an invocation, but before it began with it, is replaced."""
    name = function(aws, PID)
    before = invoke(aws, name)["payload"]
    os.kill(before, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(invoke, aws, name)
        time.sleep(1)
        assert not answer.done()
        os.kill(before, signal.SIGKILL)
        assert answer.result()["payload"] not in {before, None}


def test_memory_adds_up(aws: EmbeddedAWS) -> None:
    """What an environment has kept counts for the next invocation, and the report shows its highest so far."""
    code = """
import time
kept = []
def handler(event, context):
    kept.append(b"1" * (80 << 20))
    time.sleep(0.5)
    return len(kept)
"""
    name = function(aws, code, MemorySize=220)
    answers = [invoke(aws, name) for _ in range(4)]
    assert [answer["payload"] for answer in answers[:2]] == [1, 2]
    assert answers[2]["payload"]["errorType"] == "Runtime.OutOfMemory"
    assert answers[3]["payload"] == 1
    used = [int(re.findall(r"Max Memory Used: (\d+) MB", answer["log"])[0]) for answer in answers]
    assert 80 <= used[0] < 140
    assert 160 <= used[1] < 220
    assert used[2] == 220
    assert used[3] < 140


def test_threads_left_behind_disturb_nobody(aws: EmbeddedAWS, tmp_path: Path) -> None:
    """What a thread prints after the answer is in the log of the next invocation; answers stay with their events."""
    code = """
import pathlib, threading, time
def late(event):
    folder = pathlib.Path(event["folder"])
    while not (folder / "go").exists(): time.sleep(0.01)
    print("late", event["n"])
    (folder / "gone").touch()
    time.sleep(3600)
def handler(event, context):
    threading.Thread(target=late, args=[event]).start()
    return event["n"]
"""
    name = function(aws, code)
    first = invoke(aws, name, {"n": 1, "folder": str(tmp_path)})
    (tmp_path / "go").touch()
    eventually((tmp_path / "gone").exists)
    second = invoke(aws, name, {"n": 2, "folder": str(tmp_path)})
    assert [first["payload"], second["payload"]] == [1, 2]
    assert "late 1" not in first["log"]
    assert "late 1" in second["log"]


@pytest.mark.parametrize("close", ["sys.stdout.close()", "os.close(1); os.close(2)", "os.closerange(0, 3)"])
def test_closed_outputs_do_not_matter(aws: EmbeddedAWS, close: str) -> None:
    """A handler that closes its outputs answers, with a result as with an error, and the next time too."""
    code = f"""
import os, sys
def handler(event, context):
    if event == "first":
        {close}
    if event == "raise": raise ValueError("no")
    return [event, os.getpid()]
"""
    name = function(aws, code)
    pid = invoke(aws, name, "first")["payload"][1]
    assert invoke(aws, name, "raise")["payload"]["errorType"] == "ValueError"
    assert invoke(aws, name, "last")["payload"] == ["last", pid]


def test_megabytes_pass(aws: EmbeddedAWS) -> None:
    """An event and an answer of 5 MB and a log of 20 MB hold nobody up, time and again."""
    code = "def handler(event, context):\n print('x' * (20 << 20))\n return event"
    name = function(aws, code, MemorySize=1024)
    event = {"text": "x" * (5 << 20)}
    for _ in range(2):
        assert invoke(aws, name, event)["payload"] == event


def test_forked_children_do_not_answer(aws: EmbeddedAWS) -> None:
    """A child that returns from the handler too is not heard, and one that stays ends with its environment."""
    code = """
import os, time
def handler(event, context):
    child = os.fork()
    if child == 0 and event == "stay": time.sleep(3600)
    return [event, os.getpid(), child]
"""
    name = function(aws, code)
    stayed = invoke(aws, name, "stay")["payload"]
    returned = [invoke(aws, name, event)["payload"] for event in ("a", "b")]
    assert [event for event, _, _ in returned] == ["a", "b"]
    assert {pid for _, pid, _ in returned} == {stayed[1]}
    assert all(child for _, _, child in returned)
    assert not gone(stayed[2])
    aws.client("lambda").delete_function(FunctionName=name)
    eventually(lambda: gone(stayed[2]))
