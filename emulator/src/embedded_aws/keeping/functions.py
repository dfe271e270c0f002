"""Functions that have no name, such as those that make up a trained model, by their place in installed source.

pickle knows functions by their names, so a closure cannot be pickled. Here it is kept as the module that it is defined
in, the number of its code there, and what it holds; its code is never written. `versions` sees to it that the module is
the same one when the function is made again.
"""

import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pickle import PicklingError
from types import CellType, CodeType, FunctionType
from typing import Any

State = tuple[Any, Any, dict[str, Any], list[tuple[Any, ...]]]


def is_named(function: FunctionType) -> bool:
    """Return whether a function is what its module has under its name."""
    found: Any = sys.modules.get(function.__module__)
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is function


def place(function: FunctionType) -> tuple[str, int]:
    """Return the module of a function, and the number of its code there.

    Raises:
        PicklingError: its code is not in its module's source.
    """
    try:
        return function.__module__, _codes(function.__module__).index(function.__code__)
    except (ValueError, ImportError, AttributeError, TypeError) as error:
        told = f"the source of {function.__module__} has no function {function.__qualname__}"
        raise PicklingError(told) from error


def state(function: FunctionType) -> State:
    """Return what a function holds beside its code: defaults, attributes, and what its cells hold, if anything."""
    cells = [_contents(cell) for cell in function.__closure__ or ()]
    return function.__defaults__, function.__kwdefaults__, function.__dict__, cells


def made(module: str, number: int) -> FunctionType:
    """Return the function at a place, which holds nothing yet."""
    code = _codes(module)[number]
    cells = tuple(CellType() for _ in code.co_freevars)
    return FunctionType(code, importlib.import_module(module).__dict__, code.co_name, None, cells)


def filled(function: FunctionType, held: State) -> None:
    """Let a function hold what another one held."""
    function.__defaults__, function.__kwdefaults__, attributes, cells = held
    function.__dict__.update(attributes)
    for cell, contents in zip(function.__closure__ or (), cells, strict=True):
        if contents:
            (cell.cell_contents,) = contents


def _contents(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # a variable that was not set
        return ()


@cache
def _codes(module: str) -> tuple[CodeType, ...]:
    """Return the code of every function of a module, in the order of its source."""
    spec = importlib.util.find_spec(module)
    loader: Any = spec and spec.loader
    return tuple(_within(loader.get_code(module)))


def _within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _within(constant)
