"""Maps whose items are child executions: each has a history of its own, which a long wait may fill.

    Begin <what> → Map → next
                    └ for each item: a child execution of the same state machine

A child execution sees no variables of the one that started it, and assigns none that has the name of one of them
(page workflow-variables). So what it needs stands in its input: ``item``, and ``given``, which is the same for all.

A child execution that ends as failed would let the Map stop its siblings: states end with a result, also of failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stacks.states.asl import States, jsonata
from stacks.states.job import caught

if TYPE_CHECKING:
    from stacks.states.asl import State


@dataclass(frozen=True)
class Children:
    """A Map and the state before it.

    Attributes:
        name: of the Map.
        begin: name of the state before it, the first one.
        label: of the Map Run, one of ``definition.plan.executions.LABELS``.
        comment: of the Map.
        items: a list, or JSONata of one.
        given: what all items need: value or JSONata by name.
        states: of a child execution.
        start: the first of them.
        variable: that the list of the results is assigned to.
        next: the state after it.
        on_failure: the state after a failure, which reads ``failure_variable``.
        failure_variable: variable of what went wrong if a child execution ended without a result.
        at_once: most items at a time; left out: all.
    """

    name: str
    begin: str
    label: str
    comment: str
    items: Any
    given: dict[str, Any]
    states: States
    start: str
    variable: str
    next: str
    on_failure: str
    failure_variable: str = "failure"
    at_once: int | None = None

    def fragment(self) -> States:
        """Return both states."""
        return {self.begin: self._begin(), self.name: self._map()}

    def _begin(self) -> State:
        return {
            "Type": "Pass",
            "Comment": "What child executions need: they see no variables of this one.",
            "Output": {"items": self.items, "given": self.given},
            "Next": self.name,
        }

    def _map(self) -> State:
        resource = f"{self.name[0].lower()}{self.name[1:]}"
        return {
            "Type": "Map",
            "Comment": self.comment,
            "Label": self.label,
            "Items": jsonata("$states.input.items"),
            "ItemSelector": {
                "item": jsonata("$states.context.Map.Item.Value"),
                "given": jsonata("$states.input.given"),
            },
            **({"MaxConcurrency": self.at_once} if self.at_once else {}),
            "ToleratedFailureCount": 0,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": self.start,
                "States": self.states,
            },
            # Each child execution ends with a result; this is for what no state of theirs catches.
            "Catch": caught(resource, go_to=self.on_failure, variable=self.failure_variable),
            "Assign": {self.variable: jsonata("$states.result")},
            "Output": {},
            "Next": self.next,
        }
