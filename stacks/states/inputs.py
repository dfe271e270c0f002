"""The input of an execution: what an analyst may override in the console, checked before anything happens.

``{}`` runs everything. Each override is one row of ``overrides()``: its shape, what is allowed, and what to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from definition.layout import RUN_ID
from stacks.states.asl import State, States, jsonata, when
from stacks.states.program import program

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline

FIRST_STATE = "Is the input valid?"

_COMMENTS = ("comment", "Comment")
"""Keys of the input that say nothing to the run; the console offers the second one."""

_GIVEN = "$states.input"


@dataclass(frozen=True)
class Override:
    """A key of the input.

    Attributes:
        key: the key.
        wrong: JSONata of what is wrong with its value, nothing if it is right.
        allowed: what to say of it.
    """

    key: str
    wrong: str
    allowed: str


def overrides(pipeline: Pipeline) -> list[Override]:
    """Return every key that an input may have, besides comments."""
    solutions = [solution.name for solution in pipeline.solutions]
    strange = f"{_GIVEN}.jobs[$not($substringBefore($, '/') in {_GIVEN}.solutions)]"
    elsewhere = (
        f"$exists({_GIVEN}.solutions) and $exists({strange})",
        f"'Not of the chosen solutions: ' & $join([{strange}], ', ')",
    )
    jobs = [f"{solution.name}/{job.name}" for solution in pipeline.solutions for job in solution.jobs]
    chosen = [
        Override("solutions", _some_of("solutions", solutions, empty=False), f"some of {', '.join(solutions)}"),
        Override("jobs", _some_of("jobs", jobs, elsewhere, empty=True), f"some of {', '.join(jobs)} ([] for none)"),
    ]
    return [
        *(chosen if solutions else []),
        Override("import", _one_of("import", ("run", "full", "skip")), "run, full or skip"),
        Override("training", _one_of("training", ("run", "full", "skip")), "run, full or skip"),
        *(
            [
                Override(
                    "arrival",
                    f"$type({_GIVEN}.arrival) = 'string' ? '' : 'arrival is no key'",
                    "the key of what arrived, as the event of the bucket has it",
                )
            ]
            if pipeline.trigger
            else []
        ),
        Override(
            "run",
            f"$type({_GIVEN}.run) = 'string' and $contains({_GIVEN}.run, /^{RUN_ID}$/) ? '' : 'run is no run id'",
            "the id of the newest run, to resume it",
        ),
    ]


def states(pipeline: Pipeline, *, next_state: str, on_failure: str) -> States:
    """Return the fragment.

    It assigns ``$plans``, the solutions of the run with their jobs; ``$importMode`` and ``$trainingMode``; for
    ``flight``, ``$target`` and ``$resumed``.
    """
    known = overrides(pipeline)
    keys = [*(override.key for override in known), *_COMMENTS]
    unknown = f"$keys({_GIVEN})[$not($ in {keys})]"
    allowed = "; ".join(f"{override.key}: {override.allowed}" for override in known)
    return {
        FIRST_STATE: {
            "Type": "Choice",
            "Comment": "{} runs everything. Overrides: " + ", ".join(override.key for override in known) + ".",
            "Choices": [
                _refuse("no object", f"$type({_GIVEN}) != 'object'", "'The input is not an object'"),
                _refuse("unknown key", f"$exists({unknown})", f"'Unknown in the input: ' & $join({unknown}, ', ')"),
                *(
                    _refuse(f"wrong {each.key}", f"$exists({_GIVEN}.{each.key}) and ({each.wrong}) != ''", each.wrong)
                    for each in known
                ),
            ],
            "Default": "Resolve input",
        },
        "Input refused": {
            "Type": "Pass",
            "Comment": "Say what is allowed.",
            "Assign": {
                "failure": {
                    "state": FIRST_STATE,
                    "error": "InvalidInput",
                    "reason": jsonata(f"$refusal & '. Allowed: {{}}, or any of {allowed}'"),
                }
            },
            "Next": on_failure,
        },
        "Resolve input": _resolve(next_state, triggered=pipeline.trigger is not None),
    }


def _resolve(next_state: str, *, triggered: bool) -> State:
    return {
        "Type": "Pass",
        "Comment": "What this run does: its solutions and batch jobs, and which steps it leaves out.",
        "Assign": {
            "plans": jsonata(program("chosen_plans", given=_GIVEN)),
            "importMode": jsonata(_or_run("import")),
            "trainingMode": jsonata(_or_run("training")),
            "target": jsonata(f"$exists({_GIVEN}.run) ? {_GIVEN}.run : $run"),
            "resumed": jsonata(f"$exists({_GIVEN}.run)"),
            "claims": 0,
            **({"arrived": jsonata(f"$exists({_GIVEN}.arrival)")} if triggered else {}),
        },
        "Next": next_state,
    }


def _or_run(key: str) -> str:
    return f"$exists({_GIVEN}.{key}) ? {_GIVEN}.{key} : 'run'"


def _some_of(key: str, allowed: list[str], *more: tuple[str, str], empty: bool) -> str:
    """Return JSONata of what is wrong with a list of names; ``more`` are conditions and what they say."""
    given = f"{_GIVEN}.{key}"
    unknown = f"{given}[$not($ in {allowed})]"
    cases = [
        (f"$type({given}) != 'array'", f"'{key} is not a list'"),
        *([] if empty else [(f"$count({given}) = 0", f"'The list of {key} is empty'")]),
        (f"$exists({unknown})", f"'Unknown {key}: ' & $join([{unknown}.$string()], ', ')"),
        *more,
    ]
    return " : ".join(f"{condition} ? {text}" for condition, text in cases) + " : ''"


def _one_of(key: str, allowed: tuple[str, ...]) -> str:
    """Return JSONata of what is wrong with a word."""
    given = f"{_GIVEN}.{key}"
    return f"{given} in {list(allowed)} ? '' : 'Unknown {key}: ' & $string({given})"


def _refuse(label: str, condition: str, text: str) -> State:
    return when(label, condition, "Input refused", refusal=jsonata(text))
