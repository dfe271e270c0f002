"""Inputs of executions: every end is a refusal with words, or the plans of the run."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING, Any

from stacks.states.inputs import FIRST_STATE
from stacks.states.run import definition
from tests.documents import parsed
from tests.fuzz.ground import value
from tests.stacks.evaluation import evaluate

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.ground import Ground

_KEYS = ["solutions", "jobs", "import", "training", "run", "comment", "Comment", "Solutions", "other"]
_RIGHT: list[Any] = [
    "run", "full", "skip", ["for-you"], ["for-you/top"], [], ["for-you", "for-you"], "20260101T000000-abcdef", "for-you"
]  # fmt: skip
_RUN = "20260101T000000-abcdef"


@cache
def _machine() -> dict[str, Any]:
    states: dict[str, Any] = definition(parsed(), "dev", spec_hash="0")["States"]
    return states


def case(chance: Random, _ground: Ground) -> None:
    """Let the first states judge one input."""
    given: Any = {
        chance.choice(_KEYS): copy.deepcopy(chance.choice(_RIGHT)) if chance.random() < 0.5 else value(chance)
        for _ in range(chance.randrange(4))
    }
    if chance.random() < 0.1:
        given = value(chance)
    machine = _machine()
    known = machine["Begin run"]["Assign"]["known"]
    variables = {"run": _RUN, "known": known, "states": {"input": given, "context": {}}}
    for choice in machine[FIRST_STATE]["Choices"]:
        wrong = evaluate(choice["Condition"], **variables)
        assert isinstance(wrong, bool), f"{choice['Condition']} is {wrong!r}"
        if wrong:
            refusal = evaluate(choice["Assign"]["refusal"], **variables)
            assert isinstance(refusal, str) and refusal, f"refused with {refusal!r}"
            return
    assigned = machine["Resolve input"]["Assign"]
    resolved = {name: evaluate(each, **variables) for name, each in assigned.items() if isinstance(each, str)}
    assert isinstance(resolved["plans"], list), resolved
    assert {plan["name"] for plan in resolved["plans"]} <= {plan["name"] for plan in known}
    assert resolved["importMode"] in {"run", "full", "skip"}
    assert resolved["trainingMode"] in {"run", "full", "skip"}
    assert isinstance(resolved["target"], str)
