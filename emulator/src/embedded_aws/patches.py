"""Where the gaps of moto are closed: one registry of replacements, put in place together.

Each replacement is a small function named after the gap it closes, beside the code it belongs to; its docstring
says what moto 5.2.5 does and what AWS does. It disappears when moto gains the behaviour.
"""

from collections.abc import Callable
from typing import Any, TypeVar

_Replacement = TypeVar("_Replacement")
_registry: list[tuple[Any, str, Any]] = []


def replaces(
    owner: Any, name: str, kind: Callable[[Any], Any] = lambda replacement: replacement
) -> Callable[[_Replacement], _Replacement]:
    """Return a decorator that registers a function or class in place of `owner.name`.

    Args:
        owner: the module or class to change.
        name: its attribute.
        kind: `classmethod` or `staticmethod` where the attribute is one.

    Raises:
        AttributeError: `owner` has no such attribute, so moto has changed.
    """
    if not hasattr(owner, name):
        raise AttributeError(f"{owner!r} has no {name} to replace: this is not the moto that was looked at")

    def register(replacement: _Replacement) -> _Replacement:
        _registry.append((owner, name, kind(replacement)))
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
        _registry.append((owner, name, addition))
        return addition

    return register


def install() -> None:
    """Put every registered replacement in place; doing it again changes nothing."""
    for owner, name, replacement in _registry:
        setattr(owner, name, replacement)
