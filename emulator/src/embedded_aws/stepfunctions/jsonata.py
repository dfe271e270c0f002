"""JSONata as Step Functions speaks it.

Standard JSONata comes from jsonata-python; here are the functions that Step Functions adds or takes away (developer
guide, page transforming-data), values instead of spliced text for variables, and the service's own errors.
"""

import hashlib
import json
import math
import random
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from embedded_aws import clock

_HASHES: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}

_NAME: Final = re.compile(r"\$(\w+)")
"""A variable or a function of an expression, also where it stands in a text, which does no harm."""


class QueryEvaluationError(Exception):
    """An expression that fails, yields nothing, or yields what JSON cannot hold; the text says which of them."""


class _FunctionError(Exception):
    """A function of Step Functions' own was called with what it does not take."""


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Return the JSON value of a JSONata expression.

    Args:
        expression: the text between `{%` and `%}`.
        variables: values by variable name without the `$`; a `datetime` is read as its ISO 8601 text.

    Raises:
        QueryEvaluationError: the expression fails, is undefined or yields a function.
    """
    mentioned = set(_NAME.findall(expression))
    bindings = {name: _bound(item) for name, item in variables.items() if name in mentioned}
    try:
        with _program(expression) as program:
            for name, function in _functions().items():
                program.register_lambda(name, function)
            return _defined(program.evaluate(None, bindings))
    except QueryEvaluationError:
        raise
    except (JException, _FunctionError) as error:
        raise QueryEvaluationError(f"threw an error during evaluation. {_reason(error)}") from error
    except Exception as error:  # the library lets Python's own errors through where JSONata has none
        raise QueryEvaluationError(f"threw an error during evaluation. {error}") from error


@contextmanager
def _program(expression: str) -> Iterator[Jsonata]:
    """Lend the program of an expression: parsing costs more than evaluating, and a program serves one thread at once.

    Raises:
        JException: the expression is not JSONata.
    """
    idle = _idle(expression)
    try:
        program = idle.pop()
    except IndexError:
        program = Jsonata(expression)
        program.set_output_convert_nulls(False)
    # The library's own functions look here for the program that calls them.
    Jsonata.CURRENT.jsonata = program
    try:
        yield program
    finally:
        idle.append(program)


@lru_cache(maxsize=2048)
def _idle(expression: str) -> deque[Jsonata]:
    """Return the programs of an expression that nobody uses at the moment."""
    del expression
    return deque()


def iso(moment: datetime) -> str:
    """Return a moment as Step Functions writes it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _reason(error: Exception) -> str:
    code = getattr(error, "error", None)
    return f"{code}: {error}" if code and not str(error).startswith(str(code)) else str(error)


def _bound(value: Any) -> Any:
    """Return a copy of a JSON value in the library's types: its null is not Python's None."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, float) and value.is_integer():
        return int(value)  # so that its text has no ".0", as in JavaScript
    if isinstance(value, Mapping):
        return {key: _bound(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_bound(item) for item in value]
    if isinstance(value, datetime):
        return iso(value)
    return value


def _defined(value: Any) -> Any:
    if value is None:
        raise QueryEvaluationError("returned nothing (undefined).")
    return _json_value(value)


def _json_value(value: Any) -> Any:
    """Return a result in Python's JSON types, whole numbers as int."""
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise QueryEvaluationError("returned a number that JSON cannot hold.")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items()}
    if isinstance(value, list):  # by index: the library's ranges iterate one short
        return [_json_value(value[index]) for index in range(len(value))]
    raise QueryEvaluationError("returned an unsupported result type.")


def _functions() -> dict[str, Callable[..., Any]]:
    """Return what Step Functions binds on top of JSONata, with one moment for the whole expression."""
    millis = int(clock.now().timestamp() * 1000)

    def now(picture: str | None = None, zone: str | None = None) -> Any:
        return Functions.datetime_from_millis(millis, picture, zone)

    return {
        "now": now,
        "millis": lambda: millis,
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": _random,
        "uuid": lambda: str(uuid.uuid4()),
        "parse": _parse,
        "eval": _eval,
    }


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise _FunctionError(f"{what} must be an integer, but was {value!r}")
    return int(value)


def _partition(array: Any = None, size: Any = None) -> list[Any] | None:
    """Cut an array in chunks of `size`; the last one may be shorter."""
    if array is None:
        return None
    items = list(array) if isinstance(array, list) else [array]
    chunk = _whole(size, "the chunk size of $partition")
    if chunk < 1:
        raise _FunctionError(f"the chunk size of $partition must be positive, but was {chunk}")
    return [items[start : start + chunk] for start in range(0, len(items), chunk)]


def _range(first: Any = None, last: Any = None, step: Any = None) -> Any:
    """Count from `first` to `last`, both included when the step meets them; a single number stands for itself."""
    start, stop, by = (_whole(value, "each argument of $range") for value in (first, last, step))
    if by == 0:
        raise _FunctionError("the step of $range must not be 0")
    numbers = list(range(start, stop + (1 if by > 0 else -1), by))
    return numbers[0] if len(numbers) == 1 else numbers


def _hash(value: Any = None, algorithm: Any = None) -> str | None:
    """Return the hexadecimal hash of a string."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise _FunctionError("the first argument of $hash must be a string")
    if algorithm not in _HASHES:
        raise _FunctionError(f"$hash knows {', '.join(_HASHES)}, not {algorithm!r}")
    return hashlib.new(_HASHES[algorithm], value.encode(), usedforsecurity=False).hexdigest()


def _random(seed: Any = None) -> float:
    """Return a number n with 0 <= n < 1; the same seed gives the same number (not the service's own)."""
    if seed is None:
        return random.random()  # noqa: S311  # a workflow's dice, not a secret
    return random.Random(_whole(seed, "the seed of $random")).random()  # noqa: S311  # as above


def _parse(text: Any = None) -> Any:
    """Return the value of a JSON text."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise _FunctionError("the argument of $parse must be a string")
    try:
        return _bound(json.loads(text))
    except ValueError as error:
        raise _FunctionError(f"the argument of $parse is not JSON: {error}") from error


def _eval(*_: Any) -> Any:
    """Refuse: Step Functions does not have $eval."""
    raise _FunctionError("$eval is not supported by Step Functions; use $parse for JSON texts")
