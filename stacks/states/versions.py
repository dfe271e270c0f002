"""The job of a solution version, which nothing may make twice: training is what costs.

    Find → Is there one? → Read → Is it of this run? ──yes──> Take over → Describe …
     ^            └──no──> Create <──no──┘   └──its name is taken──> Name is taken
     │                       │ └──exists already──> Find
     └── Wait to find out <──┘ nobody knows whether the call had its effect

The service makes up a version's ARN, and it is documented nowhere within what its name has to be unique. So nothing
rests on that: the name holds the solution's name and the run's, and before each create call the newest version of the
solution is looked at. One that bears the name, with or without the number of an attempt, is this run's own. No create
call is repeated blindly, not even by a redrive of the execution that was making it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from definition.service.resource_kinds import SOLUTION, SOLUTION_VERSION
from stacks.states import retries
from stacks.states.asl import REDRIVES, State, States, jsonata, sdk, when
from stacks.states.job import EXISTS, Job, caught

if TYPE_CHECKING:
    from datetime import timedelta

_MOST_LOST = 6
_LONGEST_WAIT = 120
_FIND = "Find solution version"
_CREATE = "Create solution version"
_LOST = "($exists($search.lost) ? $search.lost : 0)"
_REFUSED = "$exists($search.refused) and $search.refused"


@dataclass(frozen=True)
class VersionJob:
    """A solution version that a run trains and waits for.

    Attributes:
        solution: JSONata of the solution's ARN.
        name: JSONata of the version's name, which no other run and no other solution gives.
        mode: JSONata of the training mode.
        tags: of the create call.
        timeout: how long to wait for it.
        next: state after it is ACTIVE.
        on_failure: the state after a failure.
        failure_variable: variable that holds what went wrong.
        variable: that holds how far the version is.
    """

    solution: str
    name: str
    mode: str
    tags: list[dict[str, str]]
    timeout: timedelta
    next: str
    on_failure: str
    failure_variable: str
    variable: str = SOLUTION_VERSION.variable

    first_state = _FIND

    def states(self) -> States:
        """Return the fragment."""
        job = self._job()
        states = job.states()
        create = states[_CREATE]
        return {
            _FIND: self._find(),
            "Is there a solution version?": {
                "Type": "Choice",
                "Comment": "A new solution has none yet.",
                "Choices": [when("yes", "$exists($search.arn)", "Read solution version")],
                "Default": _CREATE,
            },
            "Read solution version": self._read(),
            "Is it of this run?": self._whose(),
            "Name is taken": self._taken(),
            **states,
            _CREATE: self._guarded(create),
            "Take over solution version": self._take_over(states["Take over solution version"]),
            "Was the answer lost?": {
                "Type": "Choice",
                "Comment": "Throttled, broken off, or cut short: a few times it is looked at what came of it.",
                "Choices": [when("yes", f"$search.lost <= {_MOST_LOST}", "Wait to find out")],
                "Default": self.on_failure,
            },
            "Wait to find out": {
                "Type": "Wait",
                "Comment": "Longer each time; what was made meanwhile can then be seen.",
                "Seconds": jsonata(f"$min([{_LONGEST_WAIT}, 5 * $power(2, $search.lost)])"),
                "Next": _FIND,
            },
        }

    def _job(self) -> Job:
        return Job(
            kind=SOLUTION_VERSION,
            name=self.name,
            arguments={"SolutionArn": jsonata(self.solution), "TrainingMode": jsonata(self.mode)},
            tags=self.tags,
            timeout=self.timeout,
            quota=self.timeout,
            next=self.next,
            on_failure=self.on_failure,
            failure_variable=self.failure_variable,
            shared_variable=self.variable,
        )

    def _find(self) -> State:
        newest = f"$states.result.Solution.Latest{SOLUTION_VERSION.name}.{SOLUTION_VERSION.arn_field}"
        found = f"$exists({newest}) ? {{'arn': {newest}}} : {{}}"
        return {
            "Type": "Task",
            "Comment": "Ask for the newest version of the solution: it may be this run's, from before.",
            "Resource": sdk("personalize", SOLUTION.describe),
            "Arguments": {SOLUTION.arn_field: jsonata(self.solution)},
            "Retry": retries.READ,
            "Catch": caught(SOLUTION_VERSION.label, go_to=self.on_failure, variable=self.failure_variable),
            "Assign": {
                "search": jsonata(
                    f"$merge([{{'lost': {_LOST}, 'refused': {_REFUSED}, 'redrives': {REDRIVES}}}, {found}])"
                )
            },
            "Output": {},
            "Next": "Is there a solution version?",
        }

    def _read(self) -> State:
        described = f"$states.result.{SOLUTION_VERSION.name}"
        return {
            "Type": "Task",
            "Comment": "Only its description tells its name.",
            "Resource": sdk("personalize", SOLUTION_VERSION.describe),
            "Arguments": {SOLUTION_VERSION.arn_field: jsonata("$search.arn")},
            "Retry": retries.READ,
            "Catch": caught(SOLUTION_VERSION.label, go_to=self.on_failure, variable=self.failure_variable),
            # Versions that the service trains by itself may have no name.
            "Assign": {
                "search": jsonata(
                    f"$merge([$search, {{'name': $exists({described}.Name) ? {described}.Name : 'without a name'}}])"
                )
            },
            "Output": {},
            "Next": "Is it of this run?",
        }

    def _whose(self) -> State:
        rest = f"$substring($search.name, $length({self.name}))"
        made = f"$exists(${self.variable}.attempt) ? ${self.variable}.attempt : 0"
        own = (
            f"$substring($search.name, 0, $length({self.name})) = {self.name} and "
            f"($contains({rest}, /^(-[1-9])?$/) ? {_attempt_of(rest)} >= ({made}) : false)"
        )
        return {
            "Type": "Choice",
            "Comment": "Its name says so; a version of another name is never taken over.",
            "Choices": [
                when("yes", own, "Take over solution version"),
                when("its name is taken", _REFUSED, "Name is taken"),
            ],
            "Default": _CREATE,
        }

    def _take_over(self, state: State) -> State:
        rest = f"$substring($search.name, $length({self.name}))"
        taken = {"arn": jsonata("$search.arn"), "attempt": jsonata(_attempt_of(rest))}
        return {**state, "Assign": {self.variable: {**state["Assign"][self.variable], **taken}}}

    def _guarded(self, create: State) -> State:
        """Let no repetition of the call go without a look at what came of the one before."""
        argument = create["Arguments"][SOLUTION_VERSION.name_field].removeprefix("{% ").removesuffix(" %}")
        (unclear,) = caught(SOLUTION_VERSION.label, go_to="Was the answer lost?", variable=self.failure_variable)
        lost = jsonata(f"$merge([$search, {{'lost': {_LOST} + 1}}])")
        redriven = "'the execution was redriven'"
        name = jsonata(f"$search.redrives = {REDRIVES} ? {argument} : $error({redriven})")
        refused = jsonata("$merge([$search, {'refused': true}])")
        return {
            **create,
            "Arguments": {**create["Arguments"], SOLUTION_VERSION.name_field: name},
            "Retry": retries.create(self.timeout, repeatable=False),
            "Catch": [
                {"ErrorEquals": [EXISTS], "Assign": {"search": refused}, "Output": {}, "Next": _FIND},
                {
                    **unclear,
                    "ErrorEquals": [*retries.UNCLEAR, "States.QueryEvaluationError"],
                    "Assign": {**unclear["Assign"], "search": lost},
                },
                *caught(SOLUTION_VERSION.label, go_to=self.on_failure, variable=self.failure_variable),
            ],
        }

    def _taken(self) -> State:
        told = (
            f"'the name ' & {self.name} & ' is taken, and the newest version of the solution is another: ' & "
            "$search.name"
        )
        return {
            "Type": "Pass",
            "Comment": "Say which version stands in the way.",
            "Assign": {
                self.failure_variable: {
                    "state": _CREATE,
                    "resource": SOLUTION_VERSION.label,
                    "arn": jsonata("$search.arn"),
                    "error": "NameTaken",
                    "reason": jsonata(told),
                }
            },
            "Next": self.on_failure,
        }


def _attempt_of(rest: str) -> str:
    """Return JSONata of the number of the attempt in what stands behind the name."""
    return f"({rest} = '' ? 0 : $number($substring({rest}, 1)))"
