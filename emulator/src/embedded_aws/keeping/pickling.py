"""The objects of moto and of this package as a pickle, and back.

Most of them are plain. What belongs to a process is made anew: locks, threads that have ended, pools of workers. What
there is one of is named: the dictionaries of backends, the kinds of resources and the recipes of Personalize. Large
contents are files of their own.
"""

import copyreg
import pickle
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import FunctionType
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.core.base_backend import BackendDict
from moto.s3.models import FakeKey

from embedded_aws.keeping import functions
from embedded_aws.personalize.kinds import KINDS, Kind
from embedded_aws.personalize.recipes import find_recipe
from embedded_aws.personalize.recipes.base import Recipe

_LARGE: Final = 64 * 1024
"""Bytes from which a content, such as an object's in S3 or a function's code, is a file."""

_OF_DICTIONARIES: Final = ("moto.", "embedded_aws.")
"""Whose subclasses of dict are not written by their own methods."""

Reduced = tuple[Any, ...]
_Held = tuple[dict[Any, Any], dict[str, Any], Any]


class Writer(pickle.Pickler):
    """Writes objects; `store` takes a large content and returns its name."""

    def __init__(self, file: Any, store: Callable[[bytes], str]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._store = store

    def persistent_id(self, found: Any) -> Any:
        """Return the name of what is not written here."""
        if isinstance(found, BackendDict):
            return ("backends", *name_of(found))
        if isinstance(found, _Stored):
            return ("content", found.name)
        if type(found) is bytes and len(found) >= _LARGE:
            return ("content", self._store(found))
        return None

    def reducer_override(self, found: Any) -> Any:
        """Return how to make an object anew, where pickle would not know."""
        if isinstance(found, FunctionType):
            if functions.is_named(found):
                return NotImplemented
            return functions.made, functions.place(found), functions.state(found), None, None, functions.filled
        if (reduce := _REDUCERS.get(type(found))) is not None:
            return reduce(found)
        if isinstance(found, FakeKey):
            return self._key(found)
        if isinstance(found, _PRIVATE_KEYS):
            return _private_key(found)
        if isinstance(found, x509.Certificate):
            return _certificate, (found.public_bytes(serialization.Encoding.DER),)
        if isinstance(found, threading.Thread):
            return threading.Thread, ()
        if isinstance(found, dict) and type(found).__module__.startswith(_OF_DICTIONARIES):
            return copyreg.__newobj__, (type(found),), _held(found), None, None, _hold  # type: ignore[attr-defined]
        return NotImplemented

    def _key(self, key: Any) -> Reduced:
        """Return an object of S3; a large content is let go before the next one is read."""
        state = key.__getstate__()
        if len(state["value"]) >= _LARGE:
            state["value"] = _Stored(self._store(state["value"]))
        return copyreg.__newobj__, (FakeKey,), state  # type: ignore[attr-defined]


class _Stored:
    """The content of a large object, which has been written already."""

    def __init__(self, name: str) -> None:
        self.name = name


class Reader(pickle.Unpickler):
    """Reads what `Writer` has written; `fetch` returns a large content by its name."""

    def __init__(self, file: Any, fetch: Callable[[str], bytes]) -> None:
        super().__init__(file)
        self._fetch = fetch

    def persistent_load(self, pid: Any) -> Any:
        """Return what was named."""
        if pid[0] == "backends":
            return named(pid[1], pid[2])
        return self._fetch(pid[1])


def name_of(backends: BackendDict[Any]) -> tuple[str, str]:
    """Return module and name of the dictionary of a service's backends, which stands beside their class.

    Raises:
        PicklingError: it does not.
    """
    module = backends.backend.__module__
    for name, value in vars(sys.modules[module]).items():
        if value is backends:
            return module, name
    raise pickle.PicklingError(f"{module} does not have the backends of {backends.service_name}")


def named(module: str, name: str) -> Any:
    """Return the dictionary of backends that `name_of` named."""
    __import__(module)
    return getattr(sys.modules[module], name)


def _private_key(key: Any) -> Reduced:
    form = serialization.PrivateFormat.PKCS8
    written = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    return _loaded, (written,)


# The library's own functions say another name than they have.
def _loaded(key: bytes) -> Any:
    return serialization.load_der_private_key(key, None)


def _certificate(written: bytes) -> Any:
    return x509.load_der_x509_certificate(written)


def _held(found: Any) -> _Held:
    """Return what a dictionary holds and what it is besides.

    Its own methods may show something else: those of an object's versions in S3 show the newest.
    """
    return dict(dict.items(found)), vars(found), getattr(found, "default_factory", None)


def _hold(made: Any, held: _Held) -> None:
    contents, attributes, factory = held
    dict.update(made, contents)
    vars(made).update(attributes)
    if factory is not None:
        made.default_factory = factory


def _anew(make: Callable[..., Any]) -> Callable[[Any], Reduced]:
    return lambda _: (make, ())


def _nothing() -> None:
    """Stand in for what is made again where it is missing."""


def _kind(name: str) -> Kind:
    return KINDS[name]


def _fill(to: weakref.WeakSet[Any], members: list[Any]) -> None:
    to.update(members)


_REDUCERS: Final[Mapping[type, Callable[[Any], Reduced]]] = {
    type(threading.Lock()): _anew(threading.Lock),
    type(threading.RLock()): _anew(threading.RLock),
    # What waits there belongs to threads that have ended.
    SimpleQueue: _anew(SimpleQueue),
    ThreadPoolExecutor: _anew(_nothing),
    # As a state, not as arguments: a member may hold what it is a member of.
    weakref.WeakSet: lambda found: (weakref.WeakSet, (), list(found), None, None, _fill),
    weakref.WeakValueDictionary: lambda found: (weakref.WeakValueDictionary, (), None, None, iter(found.items())),
    # Of each of these there is one, and they are told apart by what they are.
    Kind: lambda found: (_kind, (found.name,)),
    Recipe: lambda found: (find_recipe, (found.arn,)),
}
_PRIVATE_KEYS: Final = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)
