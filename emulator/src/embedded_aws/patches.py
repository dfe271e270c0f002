"""Where the gaps of moto are closed: one registry of replacements, put in place together.

Each replacement is a small function named after the gap it closes, beside the code it belongs to; its docstring says
what moto 5.2.5 does and what AWS does ("moto: … AWS: …", or "(see …)" another one), from which `gaps` makes a page. It
disappears when moto gains the behaviour. `originals` knows the source of what is replaced, so that another moto names
what changed under it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getattr_static, ismodule
from typing import Any, TypeVar

_Replacement = TypeVar("_Replacement")


@dataclass(frozen=True)
class Patch:
    """One replacement or addition.

    Attributes:
        owner: the module or class that is changed.
        name: its attribute.
        replacement: what is put there.
        original: what stood there before, None for an addition.
        gap: what moto and AWS do, for what has no docstring to say it.
    """

    owner: Any
    name: str
    replacement: Any
    original: Any
    gap: str

    @property
    def target(self) -> str:
        """The dotted name of the attribute."""
        owner = self.owner
        where = owner.__name__ if ismodule(owner) else f"{owner.__module__}.{owner.__qualname__}"
        return f"{where}.{self.name}"


_registry: dict[str, Patch] = {}


def registered() -> tuple[Patch, ...]:
    """Return every replacement and addition of the modules that have been imported."""
    return tuple(_registry.values())


def replaces(
    owner: Any, name: str, kind: Callable[[Any], Any] = lambda replacement: replacement, *, gap: str = ""
) -> Callable[[_Replacement], _Replacement]:
    """Return a decorator that registers a function or class in place of `owner.name`.

    What stands there is taken for moto's own: nothing but `install` sets attributes, after every module that replaces
    any has been imported, and a second replacement of the same attribute is refused.

    Args:
        owner: the module or class to change.
        name: its attribute.
        kind: `classmethod` or `staticmethod` where the attribute is one.
        gap: what moto and AWS do, for what has no docstring to say it.

    Raises:
        AttributeError: `owner` has no such attribute, so moto has changed.
    """
    if not hasattr(owner, name):
        raise AttributeError(f"{owner!r} has no {name} to replace: this is not the moto that was looked at")
    original = getattr_static(owner, name)

    def register(replacement: _Replacement) -> _Replacement:
        _register(Patch(owner, name, kind(replacement), original, gap))
        return replacement

    return register


def adds(owner: Any, name: str) -> Callable[[_Replacement], _Replacement]:
    """Return a decorator that registers a function as `owner.name`, which moto does not have.

    Raises:
        AttributeError: `owner` has it already, so moto has changed.
    """
    if hasattr(owner, name):
        raise AttributeError(f"{owner!r} has {name}: this is not the moto that was looked at")

    def register(addition: _Replacement) -> _Replacement:
        _register(Patch(owner, name, addition, None, ""))
        return addition

    return register


def install() -> None:
    """Put every registered replacement in place; doing it again changes nothing."""
    for patch in _registry.values():
        setattr(patch.owner, patch.name, patch.replacement)


def _register(patch: Patch) -> None:
    assert patch.target not in _registry, f"{patch.target} is replaced twice"
    _registry[patch.target] = patch
