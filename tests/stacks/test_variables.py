"""The variables of every definition: declared with a meaning, and assigned on every way to where they are read."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from stacks.states.variables import VARIABLES
from tests.stacks.test_asl import RIGHT
from tests.stacks.variable_flow import assigned_names, problems, read_names

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_read_was_assigned(name: str) -> None:
    """No way through a definition leads to a state whose variables are not all assigned."""
    assert [] == problems(RIGHT[name])


def test_every_variable_is_declared() -> None:
    """The table names what the definitions assign, no less and no more, and all that they read is among it."""
    every = [machine["States"] for machine in RIGHT.values()]

    assert set(VARIABLES) == set().union(*map(assigned_names, every))
    assert set() == set().union(*map(read_names, every)) - VARIABLES.keys()


def _misspelt_read(states: dict[str, Any]) -> None:
    choice = next(each for each in states.values() if "$importMode" in str(each.get("Choices")))
    for rule in choice["Choices"]:
        rule["Condition"] = rule["Condition"].replace("$importMode", "$importmode")


def _assigned_nowhere(states: dict[str, Any]) -> None:
    del states["Begin run"]["Assign"]["remarks"]


def _assigned_on_one_way(states: dict[str, Any]) -> None:
    del states["Begin run"]["Assign"]["plans"]


def _lost_by_a_rule(states: dict[str, Any]) -> None:
    (rule,) = [rule for rule in states["Is the input valid?"]["Choices"] if "not an object" in str(rule["Assign"])]
    del rule["Assign"]


def _from_the_run_in_a_child(states: dict[str, Any]) -> None:
    inner = states["Solutions"]["ItemProcessor"]["States"]
    inner["Solution result"]["Output"]["run"] = "{% $run %}"


def _unreachable(states: dict[str, Any]) -> None:
    states["Nobody comes here"] = {"Type": "Succeed"}


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_misspelt_read, "$importmode"),
        (_assigned_nowhere, "$remarks"),
        (_assigned_on_one_way, "$plans"),
        (_lost_by_a_rule, "$refusal"),
        (_from_the_run_in_a_child, "Solution result: $run"),
        (_unreachable, "Nobody comes here: cannot be reached"),
    ],
)
def test_a_mistake_is_found(spoil: Callable[[dict[str, Any]], None], what: str) -> None:
    """A variable that is misspelt, not assigned on one way, or of another execution is named with its state."""
    broken = copy.deepcopy(RIGHT["movielens"])
    spoil(broken["States"])

    assert any(what in problem for problem in problems(broken))
