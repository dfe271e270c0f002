"""The one fragment for everything that Personalize makes asynchronously.

    Create <──────────next attempt<───────────┐
      │  └──already exists──> Take over       │
      v                           │           │
    Wait <──not yet───┐           │           │
      v               │           │           │
    Describe <────────┼───────────┘           │
      v               │                       │
    Done? ────────────┘──ACTIVE──> next       │
      ├──taken over, but it failed long ago───┘
      └──failed, stopped, too late──> Failed ──> on_failure

What can be updated (campaigns, recommenders) is updated instead of made anew, and where it differs from the file:

    Done? ──taken over, and it differs or has failed──> Update ──> Wait

It stays ACTIVE meanwhile: from then on its newest update is what is waited for, and nothing that was begun before.

The variable named after the kind (``datasetImportJob``, ``solution``, …) holds arn, started (ms), attempt, whether it
was just taken over, status and reason; of what can be updated also found (it was there before this attempt), differs,
updating (this attempt has begun an update), and before (when the newest update before that one was begun). A name that
is taken by something failed stays in use for ever, so a resumed run makes it anew, with the number of the
attempt behind the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from definition.plan.history import FIRST_WAIT, LONGEST_WAIT, WAITS_PER_DURATION
from definition.plan.names import MAX_ATTEMPT
from definition.service.resource_kinds import ACTIVE, FAILED_STATUSES
from stacks.states import retries
from stacks.states.asl import State, States, catch_all, inlined, jsonata, sdk, when
from stacks.states.program import program
from stacks.states.updates import news_of_update

if TYPE_CHECKING:
    from datetime import timedelta

    from definition.service.resource_kinds import ResourceKind
EXISTS = "Personalize.ResourceAlreadyExistsException"


@dataclass(frozen=True)
class Job:
    """A resource that a run creates and waits for.

    Attributes:
        kind: its row in the table of kinds.
        name: JSONata of its name.
        arguments: what the create call takes besides the name, or JSONata of it.
        tags: of the create call.
        timeout: how long to wait for it.
        next: state after it is ACTIVE.
        on_failure: the state after a failure.
        failure_variable: variable that holds what went wrong: state, resource, arn, status, error, reason.
        quota: how long a quota of jobs in progress is waited for; left out: it is one of what there is, and nothing
            frees it by waiting.
        on_limit: the state that reads ``failure_variable`` where a quota is used up; left out: ``on_failure``.
        wanted: JSONata of what the update call takes besides the ARN, for a kind that can be updated.
        compared: JSONata of what it shall be, where that is not ``wanted``; ``$described`` is what it is.
        shared_variable: the variable instead of the kind's own, for kinds of which one execution runs only one: what
            comes after reads it, whichever kind it was.
    """

    kind: ResourceKind
    name: str
    arguments: dict[str, Any] | str
    tags: list[dict[str, str]]
    timeout: timedelta
    next: str
    on_failure: str
    failure_variable: str = "failure"
    quota: timedelta | None = None
    on_limit: str | None = None
    wanted: str | None = None
    compared: str | None = None
    shared_variable: str | None = None

    @property
    def variable(self) -> str:
        """Name of the variable that holds how far the job is."""
        return self.shared_variable or self.kind.variable

    @property
    def first_state(self) -> str:
        """Name of the state that a machine enters the fragment by."""
        return f"Create {self.kind.label}"

    def states(self) -> States:
        """Return the fragment."""
        label = self.kind.label
        return {
            self.first_state: self._create(),
            f"Take over {label}": self._take_over(),
            f"Wait for {label}": self._wait(),
            f"Describe {label}": self._describe(),
            f"Is {label} done?": self._done(),
            **({f"Create {label} anew": self._anew()} if self.wanted is None else {f"Update {label}": self._update()}),
            f"{label[0].upper()}{label[1:]} failed": self._failed(),
        }

    @property
    def _attempt(self) -> str:
        """JSONata of the number of attempts before this one."""
        return f"($exists(${self.variable}.attempt) ? ${self.variable}.attempt : 0)"

    @property
    def _attempted_name(self) -> str:
        """JSONata of the name of this attempt."""
        return f"({self.name} & ({self._attempt} > 0 ? '-' & {self._attempt} : ''))"

    def _assigned(self, arn: str, *, taken_over: bool) -> dict[str, Any]:
        """Return the variable of a job that begins."""
        return {
            self.variable: {
                "arn": jsonata(arn),
                "started": jsonata("$millis()"),
                "attempt": jsonata(self._attempt),
                "takenOver": taken_over,
                **({"found": taken_over, "updating": False, "before": "none"} if self.wanted is not None else {}),
            }
        }

    def _create(self) -> State:
        if isinstance(self.arguments, dict):
            arguments: Any = {self.kind.name_field: jsonata(self._attempted_name), **self.arguments, "Tags": self.tags}
        else:
            own = inlined({self.kind.name_field: jsonata(self._attempted_name), "Tags": self.tags})
            arguments = jsonata(f"$merge([{self.arguments}, {own}])")
        return {
            "Type": "Task",
            "Comment": f"Ask Personalize for the {self.kind.label}; wait and retry while what it needs is in use.",
            "Resource": sdk("personalize", self.kind.create),
            "Arguments": arguments,
            "Retry": retries.create(self.quota),
            "Catch": [
                {"ErrorEquals": [EXISTS], "Next": f"Take over {self.kind.label}"},
                *self._catch_limit(),
                *self._catch(),
            ],
            "Assign": self._assigned(f"$states.result.{self.kind.arn_field}", taken_over=False),
            "Next": f"Wait for {self.kind.label}",
        }

    def _catch_limit(self) -> list[State]:
        if self.on_limit is None:
            return []
        (caught_any,) = caught(self.kind.label, go_to=self.on_limit, variable=self.failure_variable)
        return [{**caught_any, "ErrorEquals": [retries.LIMIT]}]

    def _take_over(self) -> dict[str, Any]:
        arn = f"'${{PersonalizeArn}}:{self.kind.arn_type}/' & {self._attempted_name}"
        return {
            "Type": "Pass",
            "Comment": f"The {self.kind.label} exists already: use it instead of paying for a second one.",
            "Assign": self._assigned(arn, taken_over=True),
            "Next": f"Describe {self.kind.label}",
        }

    def _wait(self) -> dict[str, Any]:
        seconds = f"$floor(($millis() - ${self.variable}.started) / {1000 * WAITS_PER_DURATION})"
        return {
            "Type": "Wait",
            "Comment": "Short while the job is young, longer as it gets old.",
            "Seconds": jsonata(f"$max([{FIRST_WAIT}, $min([{LONGEST_WAIT}, {seconds}])])"),
            # What fails from here on failed in this attempt.
            "Assign": {self.variable: jsonata(f"$merge([${self.variable}, {{'takenOver': false}}])")},
            "Next": f"Describe {self.kind.label}",
        }

    def _describe(self) -> dict[str, Any]:
        described = f"$states.result.{self.kind.name}"
        news = f"{{'status': {described}.Status, 'reason': {described}.FailureReason}}"
        if self.wanted is not None:
            news = news_of_update(self.kind, self.compared or self.wanted)
        return {
            "Type": "Task",
            "Comment": f"Ask how far the {self.kind.label} is.",
            "Resource": sdk("personalize", self.kind.describe),
            "Arguments": {self.kind.arn_field: jsonata(f"${self.variable}.arn")},
            "Retry": retries.READ,
            "Catch": self._catch(),
            "Assign": {self.variable: jsonata(f"$merge([${self.variable}, {news}])")},
            "Output": jsonata(described),
            "Next": f"Is {self.kind.label} done?",
        }

    def _done(self) -> dict[str, Any]:
        status = f"${self.variable}.status"
        failed = f"{self.kind.label[0].upper()}{self.kind.label[1:]} failed"
        limit = int(self.timeout.total_seconds() * 1000)
        is_failed = f"{status} in {list(FAILED_STATUSES)}"
        return {
            "Type": "Choice",
            "Comment": "Exact statuses only: an unknown one means waiting, until the time is up.",
            "Choices": [
                *self._ends(),
                when("failed", is_failed, failed),
                when("too late", f"$millis() - ${self.variable}.started > {limit}", failed),
            ],
            "Default": f"Wait for {self.kind.label}",
        }

    def _ends(self) -> list[State]:
        """Return the choices of what is as it should be, and of what can be made so."""
        variable, status = f"${self.variable}", f"${self.variable}.status"
        active, is_failed = f"{status} = '{ACTIVE}'", f"{status} in {list(FAILED_STATUSES)}"
        if self.wanted is None:
            old = f"{variable}.takenOver and {variable}.attempt < {MAX_ATTEMPT}"
            return [
                when("active", active, self.next),
                when("failed long ago", f"{is_failed} and {old}", f"Create {self.kind.label} anew"),
            ]
        stale = f"{active} and {variable}.found and {variable}.differs and $not({variable}.updating)"
        at_rest = f" or {status} in {list(self.kind.resting)}" if self.kind.resting else ""
        return [
            when("differs", f"({stale}) or ({is_failed} and {variable}.takenOver)", f"Update {self.kind.label}"),
            when("active", active + at_rest, self.next),
        ]

    def _update(self) -> State:
        variable = self.variable
        begun = "{'started': $millis(), 'takenOver': false, 'updating': true}"
        return {
            "Type": "Task",
            "Comment": f"Change the {self.kind.label} into what it shall be; meanwhile it answers as before.",
            "Resource": sdk("personalize", self.kind.update),
            "Arguments": jsonata(f"$merge([{{'{self.kind.arn_field}': ${variable}.arn}}, {self.wanted}])"),
            "Retry": retries.UPDATE,
            "Catch": self._catch(),
            "Assign": {variable: jsonata(f"$merge([${variable}, {begun}])")},
            "Output": {},
            "Next": f"Wait for {self.kind.label}",
        }

    def _anew(self) -> dict[str, Any]:
        variable = self.variable
        return {
            "Type": "Pass",
            "Comment": "It failed before this run was resumed. Its name stays in use, so the next one has a number.",
            "Assign": {variable: jsonata(f"$merge([${variable}, {{'attempt': ${variable}.attempt + 1}}])")},
            "Next": f"Create {self.kind.label}",
        }

    def _failed(self) -> dict[str, Any]:
        status = f"${self.variable}.status"
        hours = self.timeout.total_seconds() / 3600
        late = f"'still ' & {status} & ' after {hours:g} h, the timeout in the pipeline file'"
        told = f"$exists(${self.variable}.reason) ? ${self.variable}.reason : 'Personalize gave no reason'"
        return {
            "Type": "Pass",
            "Comment": "Keep the reason that the service gave.",
            "Assign": {
                self.failure_variable: {
                    "state": f"Describe {self.kind.label}",
                    "resource": self.kind.label,
                    "arn": jsonata(f"${self.variable}.arn"),
                    "status": jsonata(status),
                    "error": jsonata(f"{status} in {list(FAILED_STATUSES)} ? 'JobFailed' : 'JobTimedOut'"),
                    "reason": jsonata(f"{status} in {list(FAILED_STATUSES)} ? ({told}) : {late}"),
                }
            },
            "Next": self.on_failure,
        }

    def _catch(self) -> list[dict[str, Any]]:
        return caught(self.kind.label, go_to=self.on_failure, variable=self.failure_variable)


def caught(resource: str, *, go_to: str, variable: str = "failure") -> list[dict[str, Any]]:
    """Return a Catch that puts what went wrong into ``variable`` and goes on to ``go_to``."""
    failure = {
        "state": jsonata("$states.context.State.Name"),
        "resource": resource,
        "error": jsonata("$states.errorOutput.Error"),
        "reason": jsonata(program("reason")),
    }
    return catch_all(go_to, assign={variable: failure})
