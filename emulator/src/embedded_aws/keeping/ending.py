"""How an account comes to rest before it is written: what runs ends, and is told by name.

AWS never stops, so nothing says what becomes of work that was under way. Here it ends as it would end there by a call
or by a failure of the service, so that it can be seen and done again: executions are ABORTED and can be redriven, jobs
of Personalize and stacks are FAILED, runs of Glue jobs are STOPPED. What only waits for a time, such as a campaign on
its way to ACTIVE, goes on.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from moto.cloudformation.models import cloudformation_backends
from moto.stepfunctions.parser.api import ExecutionStatus

from embedded_aws import clock
from embedded_aws.awslambda.pool import pool
from embedded_aws.cloudformation.stacks import put_status
from embedded_aws.dynamodb.faults import FAULTS as OF_TABLES
from embedded_aws.glue import runs
from embedded_aws.personalize.faults import FAULTS
from embedded_aws.personalize.models import personalize_backends
from embedded_aws.stepfunctions import notices
from embedded_aws.stepfunctions.models import backends as stepfunctions_backends

_PATIENCE: Final = 10.0
"""Real seconds that work under way is waited for."""

_ERROR: Final = "EmbeddedAWS.Ended"
_CAUSE: Final = "The embedded AWS was ended while this execution ran"
_UNDONE: Final = "The embedded AWS was ended before this was done"

_WORK: Final = {
    "embedded_aws.awslambda": "an asynchronous invocation that was to be repeated",
    "embedded_aws.events": "a delivery of EventBridge",
    "embedded_aws.scheduler": "a delivery of a schedule",
}
"""What a thread does, by the module of its function; what is not here is told otherwise."""


def end(door: Any) -> list[str]:
    """Let nothing go on; return a sentence for each thing that was cut off.

    Args:
        door: of the server (see `Door`).
    """
    notices.mute()
    told = list(_abort_executions())
    door.close()
    told += [f"run {run.job_run_id} of Glue job {run.job_name} is STOPPED" for run in runs.active()]
    pool.end_all()
    runs.end_all()
    for backend in _all(personalize_backends):
        backend.dismiss()
    until = time.monotonic() + _PATIENCE
    inside = door.wait(until)
    # By what came in before the door was closed.
    told += _abort_executions()
    for thread in list(threading.enumerate()):
        if _module(thread) and thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))
    told += _leave_work_undone()
    told += ["faults and quotas that were switched on are forgotten"] if FAULTS.any or OF_TABLES.any else []
    told += _leave_stacks()
    going_on = Counter(_work(thread) for thread in threading.enumerate())
    told += [f"{what} ({number}) is lost" for what, number in sorted(going_on.items()) if what]
    return told + ([f"{inside} {'request was' if inside == 1 else 'requests were'} not answered"] if inside else [])


def _abort_executions() -> Iterator[str]:
    for backend in _all(stepfunctions_backends):
        roots = {id(each) for machine in backend.state_machines for each in machine.executions}
        for execution in backend._get_executions(ExecutionStatus.RUNNING):  # noqa: SLF001  # as moto's own
            execution.stop(clock.now(), _ERROR, _CAUSE)
            if id(execution) in roots:
                yield f"execution {execution.name} of {execution.state_machine.name} ran, and is ABORTED"


def _leave_work_undone() -> Iterator[str]:
    for backend in _all(personalize_backends):
        with backend.lock:
            for resource in list(backend.resources.values()):
                if resource.progress.works:
                    resource.fail_work(_UNDONE)
                    yield f"{resource.kind.name} {resource.arn} was not done, and is {resource.kind.path.failed}"
                if resource.update is not None and resource.update.progress.works:
                    resource.update.fail(_UNDONE)
                    yield f"the update of {resource.kind.name} {resource.arn} was not done, and has failed"


def _leave_stacks() -> Iterator[str]:
    for backend in _all(cloudformation_backends):
        for stack in list(backend.stacks.values()):
            if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
                put_status(stack, stack.status.replace("_IN_PROGRESS", "_FAILED"), _UNDONE)
                yield f"stack {stack.name} was not done, and is {stack.status}"


def _all(backends: Any) -> list[Any]:
    return [backend for _, _, backend in list(backends.iter_backends())]


def _module(thread: threading.Thread) -> str:
    """Return the module of what a thread of this package or of moto does, empty for threads of others."""
    target = getattr(thread, "_target", None)
    while isinstance(target, partial):
        target = target.func
    module = str(getattr(target, "__module__", ""))
    if thread.name.startswith("personalize"):
        return "embedded_aws.personalize"
    return module if module.startswith(("embedded_aws.", "moto.")) else ""


def _work(thread: threading.Thread) -> str:
    module = _module(thread)
    return next((words for name, words in _WORK.items() if module.startswith(name)), "")
