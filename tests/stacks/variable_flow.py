"""Which variables a state of a definition reads, and which are assigned on every way to it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jsonata.jsonata import Jsonata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stacks.states.asl import State, States

BUILT_IN = {"states", "partition", "range", "hash", "random", "uuid", "parse", *Jsonata.static_frame.bindings}
"""JSONata's functions, and what Step Functions adds
(docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html)."""

_INNER = ("ItemProcessor", "Branches", "Choices", "Catch")


def problems(machine: dict[str, Any], *, assigned: frozenset[str] = frozenset()) -> list[str]:
    """Return, of each state, the variables that it reads although a way to it does not assign them."""
    return list(_of_level(machine["States"], machine["StartAt"], assigned, machine.get("Comment", "machine")))


def assigned_names(states: States) -> set[str]:
    """Return every variable that some state assigns, those of inner levels too."""
    return {name for state in _all(states) for part in _parts(state) for name in part.get("Assign", {})}


def read_names(states: States) -> set[str]:
    """Return every variable that some expression names, those too that may be missing."""
    parts = [part for state in _all(states) for part in _parts(state)]
    return {name for part in parts for text in _expressions(part) for name in _named(text)} - BUILT_IN


def _of_level(states: States, start: str, known: frozenset[str], level: str) -> Iterator[str]:
    entries = _entries(states, start, known)
    for name, state in states.items():
        if name not in entries:
            yield f"{level} / {name}: cannot be reached"
            continue
        have = entries[name]
        for part in _parts(state):
            for variable in sorted(_needed(part) - have):
                yield f"{level} / {name}: ${variable} is not assigned on every way to it"
        for inner in _processors(state):
            distributed = inner.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
            seen = frozenset() if distributed else frozenset(have)
            yield from _of_level(inner["States"], inner["StartAt"], seen, f"{level} / {name}")


def _entries(states: States, start: str, known: frozenset[str]) -> dict[str, set[str]]:
    """Return the variables that are assigned whenever a state is entered, for each state that can be."""
    entries: dict[str, set[str]] = {start: set(known)}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        have = entries[name]
        for target, assigned in _ways(states[name]):
            now = (have | assigned) & entries.get(target, have | assigned)
            if now != entries.get(target):
                entries[target] = now
                waiting.append(target)
    return entries


def _ways(state: State) -> Iterator[tuple[str, set[str]]]:
    """Yield each state that may come next with what is assigned then: by the state, or by the rule that leads there."""
    own = set(state.get("Assign", {}))
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], own
    for rule in (*state.get("Choices", ()), *state.get("Catch", ())):
        yield rule["Next"], set(rule.get("Assign", {}))


def _all(states: States) -> Iterator[State]:
    for state in states.values():
        yield state
        for inner in _processors(state):
            yield from _all(inner["States"])


def _processors(state: State) -> list[dict[str, Any]]:
    return [state["ItemProcessor"]] if "ItemProcessor" in state else state.get("Branches", [])


def _parts(state: State) -> list[State]:
    return [state, *state.get("Choices", ()), *state.get("Catch", ())]


def _needed(part: State) -> set[str]:
    """Return what a part of a state cannot do without: an expression that asks ``$exists`` is ready for nothing."""
    needed: set[str] = set()
    for text in _expressions(part):
        needed |= {name for name in _named(text) if f"$exists(${name}" not in text}
    return needed - BUILT_IN


def _expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in _INNER:
                yield from _expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _expressions(inner)
    elif isinstance(value, str) and value.startswith("{%"):
        yield value.removeprefix("{%").removesuffix("%}")


@cache
def _named(text: str) -> frozenset[str]:
    """Return the variables that an expression names and does not bind itself; machines share most expressions."""
    return frozenset(_free(Jsonata(text).ast, frozenset()))


def _free(node: Any, bound: frozenset[str]) -> Iterator[str]:
    """Yield the variables of a JSONata tree that it does not bind itself."""
    kind = getattr(node, "type", None)
    if kind == "variable" and node.value and node.value not in bound:
        yield node.value
    if kind == "lambda":
        bound |= {argument.value for argument in node.arguments}
    if kind == "block":
        for part in node.expressions:
            yield from _free(part, bound)
            if getattr(part, "type", None) == "bind":
                bound |= {part.lhs.value}
    elif kind == "bind":
        yield from _free(node.rhs, bound | {node.lhs.value})
    else:
        for child in _children(node):
            yield from _free(child, bound)


def _children(node: Any) -> Iterator[Any]:
    waiting = [value for name, value in vars(node).items() if name not in {"lhs_object", "rhs_object"}]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list | tuple):
            waiting[:0] = value
        elif value is not node and hasattr(value, "type"):
            yield value
