"""The account as one document: every backend that is in use, of this package's services and of moto's."""

import pickle
import tempfile
import time
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from moto.core.base_backend import BackendDict

from embedded_aws import clock
from embedded_aws.keeping.folder import OTHER_FOLDER, Draft, Folder, KeepError
from embedded_aws.keeping.pickling import Reader, Writer, name_of, named
from embedded_aws.patches import registered

_ATTEMPTS: Final = 3
_UNREADABLE: Final = (pickle.PickleError, TypeError, AttributeError, ValueError, RecursionError, NotImplementedError)

Address = tuple[str, str]
"""Module and name of the backends of a service."""


@dataclass(frozen=True)
class Kept:
    """What was written when an embedded AWS ended.

    Attributes:
        folder: where.
        size: bytes.
        seconds: real seconds that the writing took.
        lost: a sentence for each thing that was cut off or could not be kept.
    """

    folder: Path
    size: int
    seconds: float
    lost: tuple[str, ...]


def write(folder: Folder, plans: Mapping[str, Any], lost: list[str]) -> Kept:
    """Write the account of this process in the place of what the folder holds.

    Args:
        folder: taken by this process.
        plans: since when each schedule counts (see `Firing`).
        lost: what is not there to be written; a service that cannot be written is added.

    Raises:
        KeepError: it could not be written; what was kept before is still there.
    """
    began = time.monotonic()
    try:
        # Beside the folder's files, so that the state takes no memory, and nothing of it is left after a crash.
        with tempfile.TemporaryFile(dir=folder.path) as state:
            draft, unkept = _attempt(folder, plans, state)
            about = {"time": clock.now().isoformat(), "written": datetime.now(UTC).isoformat()}
            draft.commit(state, about)
    except (OSError, *_UNREADABLE) as error:
        reason = f"the account could not be written to {folder.path}, and is lost: {error}"
        raise KeepError(reason, "What was kept there before is still there.") from error
    told = [f"{service} could not be kept: {reason}" for service, reason in unkept.items()]
    return Kept(folder.path, draft.size, time.monotonic() - began, (*lost, *told))


def read(folder: Folder, account: dict[str, Any]) -> dict[str, Any]:
    """Put a kept account in the place of this process's, which must be empty; return the plans of its schedules.

    Raises:
        KeepError: it is damaged.
    """
    try:
        with folder.state(account) as file:
            document = Reader(file, folder.content).load()
    except (EOFError, ImportError, IndexError, KeyError, *_UNREADABLE) as error:
        raise KeepError(f"the account in {folder.path} cannot be read: {error!r}", OTHER_FOLDER) from error
    for (module, name), accounts in document["backends"].items():
        for account_id, regions in accounts.items():
            of_account = named(module, name)[account_id]
            for region, backend in regions.items():
                of_account[region] = backend
    plans: dict[str, Any] = document["plans"]
    return plans


def time_of(account: dict[str, Any]) -> datetime:
    """Return the embedded time at which an account was kept."""
    return datetime.fromisoformat(account["time"])


def _attempt(folder: Folder, plans: Mapping[str, Any], state: Any) -> tuple[Draft, dict[str, str]]:
    """Write the state to a file; return the draft with its contents, and why a service is not in it."""
    unkept: dict[str, str] = {}
    without: set[Address] = set()
    for attempt in range(_ATTEMPTS):
        draft = Draft(folder)
        state.seek(0)
        state.truncate()
        try:
            Writer(state, draft.store).dump({"backends": _backends(without), "plans": dict(plans)})
            break
        except (RuntimeError, *_UNREADABLE):
            if attempt == _ATTEMPTS - 1:
                raise
            # A dictionary may have changed under it: what was not waited for still goes on.
            for address, service, reason in _unwritable(folder):
                without.add(address)
                unkept[service] = reason
    state.seek(0)
    return draft, unkept


def _backends(without: AbstractSet[Address]) -> dict[Address, dict[str, dict[str, Any]]]:
    """Return the backends in use by address, account and region."""
    return {
        address: {account: dict(regions.items()) for account, regions in list(backends.items())}
        for address, backends in _in_use()
        if address not in without
    }


def _in_use() -> Iterator[tuple[Address, BackendDict[Any]]]:
    replaced = [patch.original for patch in registered() if isinstance(patch.original, BackendDict)]
    in_use: list[Any] = list(vars(BackendDict)["_instances"])  # moto has no other list of them
    for backends in in_use:
        if not any(backends is each for each in replaced):
            yield name_of(backends), backends


def _unwritable(folder: Folder) -> Iterator[tuple[Address, str, str]]:
    """Yield the services that cannot be written each by itself, with the reason."""
    for address, backends in list(_in_use()):
        with suppress(RuntimeError), tempfile.TemporaryFile(dir=folder.path) as nowhere:
            try:
                Writer(nowhere, lambda _: "").dump(_backends_of(backends))
            except _UNREADABLE as error:
                yield address, backends.service_name, str(error)


def _backends_of(backends: BackendDict[Any]) -> list[Any]:
    return [backend for _, _, backend in list(backends.iter_backends())]
