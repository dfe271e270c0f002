"""AWS on this machine: a moto server in a thread, with what moto lacks installed on top of it."""

import importlib
import logging
import os
import socket
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from botocore.config import Config
from moto import backends
from moto.cloudformation import parsing
from moto.core import utils
from moto.core.config import default_user_config
from moto.core.loaders import create_loader
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from embedded_aws import clients, clock, environment, patches
from embedded_aws.athena import queries
from embedded_aws.awslambda.pool import pool
from embedded_aws.cloudwatch.evaluating import Evaluating
from embedded_aws.dynamodb.faults import FAULTS
from embedded_aws.glue import runs
from embedded_aws.iam.enforcement import Gate
from embedded_aws.keeping import account, ending
from embedded_aws.keeping.door import Door
from embedded_aws.keeping.folder import Folder
from embedded_aws.loopback import ThisMachineOnly
from embedded_aws.patches import replaces
from embedded_aws.scheduler.firing import Firing
from embedded_aws.stepfunctions import notices

if TYPE_CHECKING:
    from datetime import datetime

    from embedded_aws.keeping.account import Kept

_list_of_moto_modules = backends.list_of_moto_modules
_models_lock: Final = Lock()
_loader: Final = cache(create_loader)
_LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 128
PARTS: Final = (
    "embedded_aws.loopback",
    "embedded_aws.refusals",
    "embedded_aws.servicequotas",
    "embedded_aws.awslambda.invoke",
    "embedded_aws.awslambda.configuration",
    "embedded_aws.iam.managed_policies",
    "embedded_aws.iam.assuming",
    "embedded_aws.iam.cloudformation",
    "embedded_aws.s3.ranges",
    "embedded_aws.s3.conditions",
    "embedded_aws.s3.policy",
    "embedded_aws.s3.writes",
    "embedded_aws.s3.keys",
    "embedded_aws.s3.cloudformation",
    "embedded_aws.sns.cloudformation",
    "embedded_aws.sns.delivery",
    "embedded_aws.sqs.cloudformation",
    "embedded_aws.ssm.cloudformation",
    "embedded_aws.sqs.messages",
    "embedded_aws.s3.events",
    "embedded_aws.logs.cloudformation",
    "embedded_aws.logs.times",
    "embedded_aws.cloudwatch.metrics",
    "embedded_aws.cloudwatch.alarms",
    "embedded_aws.cloudwatch.cloudformation",
    "embedded_aws.kms.keys",
    "embedded_aws.kms.cloudformation",
    "embedded_aws.dynamodb.faults",
    "embedded_aws.dynamodb.tables",
    "embedded_aws.dynamodb.cloudformation",
    "embedded_aws.cloudformation.custom",
    "embedded_aws.cloudformation.engine",
    "embedded_aws.cloudformation.templates",
    "embedded_aws.cloudformation.stacks",
    "embedded_aws.events.delivery",
    "embedded_aws.events.patterns",
    "embedded_aws.events.rules",
    "embedded_aws.glue.jobs",
    "embedded_aws.glue.responses",
    "embedded_aws.glue.catalog",
    "embedded_aws.glue.security",
    "embedded_aws.glue.cloudformation",
    "embedded_aws.athena.responses",
    "embedded_aws.athena.cloudformation",
    "embedded_aws.scheduler.firing",
    "embedded_aws.scheduler.cloudformation",
    "embedded_aws.stepfunctions.definitions",
    "embedded_aws.stepfunctions.expressions",
    "embedded_aws.stepfunctions.history",
    "embedded_aws.stepfunctions.positions",
    "embedded_aws.stepfunctions.task_tokens",
    "embedded_aws.stepfunctions.versions",
    "embedded_aws.stepfunctions.timing",
    "embedded_aws.stepfunctions.integrations",
    "embedded_aws.stepfunctions.optimized",
    "embedded_aws.stepfunctions.item_readers",
    "embedded_aws.stepfunctions.map_runs",
    "embedded_aws.stepfunctions.glue",
    "embedded_aws.stepfunctions.athena",
    "embedded_aws.stepfunctions.models",
    "embedded_aws.stepfunctions.responses",
    "embedded_aws.stepfunctions.cloudformation",
    "embedded_aws.personalize.routing",
    "embedded_aws.personalize.cloudformation",
)
"""Every module that replaces or adds something, and those that hold nothing but new types for CloudFormation."""


@replaces(backends, "list_of_moto_modules")
@cache
def list_the_services_once() -> tuple[str, ...]:
    """Return the names of moto's services.

    moto: looks for them in the file system twice for each request. Here: once, which changes nothing but the time.
    """
    return tuple(_list_of_moto_modules())


@replaces(utils, "_load_service_model")
def read_each_model_once(service: str, kind: str) -> Any:
    """Return botocore's model of a service, with what moto knows beside it.

    moto: looks through all of botocore's folders for each service, and as often as its first requests come at once.
    Here: once, which changes nothing but the time.
    """
    with _models_lock:
        return _loader().load_service_model(service, kind)


class PortInUseError(OSError):
    """The port asked for belongs to another program."""


class AlreadyRunningError(RuntimeError):
    """This process runs an embedded AWS already: moto keeps its state per process."""


class _QuietHandler(MotoRequestHandler):
    """Moto's request handler without a log line for each request; errors are still logged."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class EmbeddedAWS:
    """An AWS account on localhost; a context manager.

    Args:
        port: the TCP port to listen on; 0 takes a free one.
        speed: embedded seconds per real second (see `embedded_aws.clock`).
        keep: a folder in which the account is kept from one start to the next; it is made if it is not there. Left out,
            the account is empty at every start. Reading such a folder runs what is in it: open none of a stranger's.
        ahead: whether an execution environment of each function begins when CloudFormation has created it, and not with
            its first invocation: what comes first is faster then, and memory is taken whether or not it is invoked.

    Attributes:
        found: when the account that was found in the folder had been kept, in embedded time; None for an empty account.
        kept: what the last stop has written; None before, and without a folder.
    """

    _running: ClassVar[Lock] = Lock()

    def __init__(
        self, *, port: int = 0, speed: float = 1.0, keep: str | Path | None = None, ahead: bool = False
    ) -> None:
        self._port = port
        self._ahead = ahead
        self._speed = speed
        self._folder = None if keep is None else Folder(Path(keep))
        self.found: datetime | None = None
        self.kept: Kept | None = None
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None
        self._background: tuple[Firing, Evaluating] | None = None
        self._door: Door | None = None
        self._outer_moto_port: str | None = None
        self._clients: dict[str, Any] = {}
        self._clients_lock = Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port that is listened on.

        Raises:
            RuntimeError: not started.
        """
        if self._server is None:
            raise RuntimeError("the embedded AWS is not running: call start() first")
        return self._server.port

    @property
    def endpoint_url(self) -> str:
        """The address of every service; by name, since moto reads bucket names out of the host."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Listen, with the account of the folder or with no resources at all.

        Raises:
            PortInUseError: another program has the port.
            AlreadyRunningError: another embedded AWS runs in this process.
            KeepError: the folder cannot be used, or its account not be read; nothing in it was changed.
        """
        if not EmbeddedAWS._running.acquire(blocking=False):
            raise AlreadyRunningError("an embedded AWS runs in this process already; stop it first")
        try:
            self._serve()
        except BaseException:
            if self._folder is not None:
                self._folder.release()
            EmbeddedAWS._running.release()
            raise

    def stop(self) -> None:
        """Stop listening, keep the account if there is a folder for it, and forget every resource.

        Nothing happens when not started.

        Raises:
            KeepError: the account could not be written; it is lost, and what was kept before is still there.
        """
        if self._server is None:
            return
        try:
            self._keep()
        finally:
            self._end()

    def _keep(self) -> None:
        """Let what runs come to rest, and write the account into the folder, if there is one."""
        if self._folder is None or self._background is None:
            return
        firing, evaluating = self._background
        firing.stop()
        evaluating.stop()
        lost = ending.end(self._door)
        self.kept = account.write(self._folder, firing.since(), lost)

    def _end(self) -> None:
        server, thread, background = self._server, self._thread, self._background
        assert server is not None
        assert thread is not None
        for each in background or ():
            each.stop()
        pool.end_all()
        runs.end_all()
        queries.end_all()
        moto_api_backend.reset()
        server.shutdown()
        thread.join()
        if self._folder is not None:
            self._folder.release()
        notices.unmute()
        if self._outer_moto_port is None:
            del os.environ["MOTO_PORT"]
        else:
            os.environ["MOTO_PORT"] = self._outer_moto_port
        self._server = self._thread = self._background = None
        self._clients.clear()
        EmbeddedAWS._running.release()

    def skip(self, seconds: float) -> None:
        """Let `seconds` embedded seconds pass at once: schedules, waits and trainings in them become due."""
        clock.skip(seconds)

    def environment(self) -> dict[str, str]:
        """Return the variables with which the AWS CLI, boto3, Polars and `npx cdk` reach this server."""
        return environment.variables(self.endpoint_url)

    def in_environment(self) -> AbstractContextManager[None]:
        """Let every client of this process and of its children reach this server; afterwards it is all as before."""
        return environment.reached(self.endpoint_url)

    def client(self, service: str) -> Any:
        """Return the boto3 client of `service`, bound to this server, that shows every error at once."""
        with self._clients_lock:
            if service not in self._clients:
                self._clients[service] = clients.outside(
                    service,
                    endpoint_url=self.endpoint_url,
                    region_name=environment.REGION,
                    aws_access_key_id=environment.OWN_KEY,
                    aws_secret_access_key=environment.OWN_KEY,
                    config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
                )
            return self._clients[service]

    def _serve(self) -> None:
        kept = None if self._folder is None else self._folder.take()
        listener = _listen(self._port)
        try:
            install()
            moto_api_backend.reset()
            FAULTS.clear()
            firing = self._begin(kept)
            pool.ahead = self._ahead
        except BaseException:
            listener.close()
            raise
        services = Gate(DomainDispatcherApplication(create_backend_app), environment.OWN_KEY)
        self._door = Door(ThisMachineOnly(services))
        server = make_server(
            _LOOPBACK,
            listener.getsockname()[1],
            self._door,
            threaded=True,
            request_handler=_QuietHandler,
            fd=listener.fileno(),
        )
        listener.close()
        self._outer_moto_port = os.environ.get("MOTO_PORT")
        os.environ["MOTO_PORT"] = str(server.port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        self._server, self._thread = server, thread
        self._background = firing, Evaluating()
        for each in self._background:
            each.start()

    def _begin(self, kept: dict[str, Any] | None) -> Firing:
        """Set the clock and bring a kept account back; return what fires its schedules."""
        self.kept = self.found = None
        if self._folder is None or kept is None:
            clock.start(self._speed)
            return Firing()
        time = account.time_of(kept)
        clock.start(self._speed, earliest=time)
        try:
            plans = account.read(self._folder, kept)
        except BaseException:
            moto_api_backend.reset()  # half of an account is none
            raise
        self.found = time
        return Firing(plans)


def install() -> None:
    """Teach moto in this process what it lacks; doing it again changes nothing."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["iam"] = {"load_aws_managed_policies": True}  # what roles may do depends on them
    import_parts()
    patches.install()
    # The interpreter logs every failed state; the execution and its history say it already.
    logging.getLogger("moto.stepfunctions.parser").setLevel(logging.CRITICAL)
    importlib.import_module("embedded_aws.personalize").install()
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()  # moto may have looked before our types were there


def import_parts() -> None:
    """Import every module that registers what moto lacks; nothing is put in place."""
    for module in PARTS:
        importlib.import_module(module)


def _listen(port: int) -> socket.socket:
    """Return a listening socket on the loopback, or say which port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
    except OSError as error:
        listener.close()
        raise PortInUseError(
            error.errno, f"cannot listen on port {port} ({error.strerror}); stop what uses it or take another"
        ) from error
    listener.listen(_BACKLOG)
    return listener
