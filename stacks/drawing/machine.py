"""A state machine in Graphviz's language, from top to bottom.

Maps are boxes. A job, which is seven states, is one node with a double border. What a task does about any other error
is not drawn: it leads to the red state of the same box.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from definition.service.resource_kinds import KINDS
from stacks.drawing.graphviz import BLUE, GREEN, GREY, HEAD, RED, VIOLET, YELLOW, quoted, wrapped
from stacks.states import flight
from stacks.states.job import Job
from stacks.states.run import definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from definition.file.pipeline import Pipeline

States = dict[str, dict[str, Any]]

_BY_TYPE = {
    "Task": f'fillcolor="{BLUE}"',
    "Choice": f'shape=hexagon, style=filled, fillcolor="{YELLOW}", margin="0,0.02"',
    "Wait": f'fillcolor="{VIOLET}"',
    "Succeed": f'fillcolor="{GREEN}", penwidth=2',
}
_TOP_DOWN = f"{HEAD}\nrankdir=TB; nodesep=0.25; ranksep=0.35;"
_RED = f'fillcolor="{RED}", color="#b3372b"'
_JOB = f'peripheries=2, fillcolor="{BLUE}", penwidth=1.2'
_OTHER = f'style=filled, fillcolor="{GREY}", shape=note'
_ALL = "States.ALL"


def levels(states: States, title: str) -> Iterator[tuple[str, States]]:
    """Yield the states of a machine and of each Map in it, with the name of the Map."""
    yield title, states
    for name, state in states.items():
        if "ItemProcessor" in state:
            yield from levels(state["ItemProcessor"]["States"], name)


def job_states(states: States) -> dict[str, str]:
    """Return the label of its job for each state of a level that belongs to one."""
    found = {}
    for kind in KINDS:
        wanted = "{}" if kind.updatable else None
        job = Job(
            kind, name="''", arguments={}, tags=[], timeout=timedelta(hours=1), next="", on_failure="", wanted=wanted
        )
        # Where failures lead is no part of a job, whatever its name.
        own = set(job.states()) & set(states) - failure_states(states)
        found.update(dict.fromkeys(own, kind.label))
    return found


def reached(states: States, first: str, *, until: str) -> set[str]:
    """Return the states of a level that can follow one of them, itself included, those from `until` on left out."""
    found: set[str] = set()
    waiting = [first]
    while waiting:
        name = waiting.pop()
        if name not in found | {until}:
            found.add(name)
            waiting += [arrow.to for arrow in _arrows(states[name], everything=True)]
    return found


def failure_states(states: States) -> set[str]:
    """Return where the tasks of a level go on with an error that nothing else catches."""
    rules = (rule for state in states.values() for rule in state.get("Catch", ()))
    return {
        rule["Next"]
        for rule in rules
        if _ALL in rule["ErrorEquals"] and any(name.lower().endswith("failure") for name in rule.get("Assign", ()))
    }


def draw(states: States, *, start: str | None, elsewhere: dict[str, str]) -> str:
    """Return a machine, or a part of one.

    Args:
        states: what is drawn.
        start: the first state, which gets a dot before it.
        elsewhere: targets that are not drawn, each with the text of the notes that stand for it.
    """
    lines = [_TOP_DOWN, *_box(states, elsewhere)]
    if start:
        lines += ['"begin" [shape=circle, label="", width=0.15, fillcolor=black];', f'"begin" -> {quoted(start)};']
    return "\n".join([*lines, "}"])


def draw_run(pipeline: Pipeline) -> str:
    """Return the run of a pipeline; notes stand for the failure path, which docs/state-machine.md draws."""
    run = definition(pipeline, "dev", spec_hash="0")
    states = run["States"]
    failing = failing_states(states)
    own = {name: state for name, state in states.items() if name not in failing}
    return draw(own, start=run["StartAt"], elsewhere={name: name for name in failing})


def failing_states(states: States) -> set[str]:
    """Return the failure path of a run: what can follow where its states go on with an error."""
    (failed,) = failure_states(states)
    return reached(states, failed, until=flight.FIRST_STATE)


def draw_job(states: States, label: str) -> str:
    """Return the states of one job of a level, with the job's label left out of their names."""
    own = {name: state for name, state in states.items() if job_states(states).get(name) == label}
    failures = failure_states(states)
    outside = {arrow.to for state in own.values() for arrow in _arrows(state, everything=False)} - set(own)
    elsewhere = {target: "failure of its box" if target in failures else "next state" for target in outside}
    return "\n".join([_TOP_DOWN, *_nodes(own, set(), label), *_edges(own, {}, elsewhere), "}"])


def general(text: str, label: str) -> str:
    """Return a text with the label of a job left out."""
    return text.replace(label, "…").replace(f"{label[0].upper()}{label[1:]}", "…")


def _box(states: States, elsewhere: dict[str, str]) -> list[str]:
    jobs = job_states(states)
    lines = _nodes({name: state for name, state in states.items() if name not in jobs}, failure_states(states))
    lines += [f"{quoted(label)} [{_JOB}, label={quoted(wrapped(label))}];" for label in sorted(set(jobs.values()))]
    for name, state in states.items():
        if "ItemProcessor" in state:
            lines += [f"subgraph {quoted(f'cluster {name}')} {{", 'style="rounded,filled"; fillcolor="#f7f9fb";']
            lines += ['color="#5a6b7b"; labeljust=l;', f"label={quoted(f'{name}: for each')};"]
            lines += [*_box(state["ItemProcessor"]["States"], elsewhere), "}"]
    return [*lines, *_edges(states, jobs, elsewhere)]


def _nodes(states: States, failures: set[str], label: str | None = None) -> list[str]:
    lines = []
    for name, state in states.items():
        if "ItemProcessor" not in state:
            style = [_BY_TYPE[state["Type"]]] if state["Type"] in _BY_TYPE else []
            style += [_RED] if name in failures else []
            text = general(name, label) if label else name
            lines.append(f"{quoted(name)} [{', '.join([*style, f'label={quoted(wrapped(text))}'])}];")
    return lines


def _edges(states: States, jobs: dict[str, str], elsewhere: dict[str, str]) -> list[str]:
    """Return the arrows between states, jobs and Maps; those within a job are left out.

    What leads elsewhere leads to a note of its own: one for all would draw arrows across the whole machine.
    """
    found: list[str] = []
    labels: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for name, state in states.items():
        for target, label, is_error in _arrows(state, everything=False):
            tail, head = jobs.get(name, name), jobs.get(target, target)
            if tail == head and name in jobs:
                continue
            if target in elsewhere:
                head = f"{elsewhere[target]} after {tail}"
                found.append(f"{quoted(head)} [{_OTHER}, label={quoted(elsewhere[target])}];")
            style = ["style=dashed"] if is_error else []
            if "ItemProcessor" in state:
                style.append(f"ltail={quoted(f'cluster {name}')}")
                tail = _last(state)
            if "ItemProcessor" in states.get(target, {}):
                style.append(f"lhead={quoted(f'cluster {target}')}")
                head = _first(states[target])
            # What a job chooses is drawn where the job is.
            told = "" if name in jobs and not is_error else label
            labels.setdefault((tail, head, tuple(style)), []).append(told)
    for (tail, head, styles), texts in labels.items():
        label = ",\n".join(text for text in dict.fromkeys(texts) if text)
        found.append(f"{quoted(tail)} -> {quoted(head)} [{', '.join([*styles, f'label={quoted(label)}'])}];")
    return list(dict.fromkeys(found))


class _Arrow(NamedTuple):
    to: str
    label: str
    is_error: bool


def _arrows(state: dict[str, Any], *, everything: bool) -> Iterable[_Arrow]:
    """Return what can follow a state; catch-alls only if everything is asked for."""
    plain = [_Arrow(state[key], "", is_error=False) for key in ("Next", "Default") if key in state]
    rules = [_Arrow(rule["Next"], rule["Comment"], is_error=False) for rule in state.get("Choices", ())]
    caught = [
        _Arrow(rule["Next"], "\n".join(error.split(".")[-1] for error in rule["ErrorEquals"]), is_error=True)
        for rule in state.get("Catch", ())
        if everything or _ALL not in rule["ErrorEquals"]
    ]
    return [*plain, *rules, *caught]


def _first(state: dict[str, Any]) -> str:
    inner = state["ItemProcessor"]["States"]
    start = str(state["ItemProcessor"]["StartAt"])
    return job_states(inner).get(start, start)


def _last(state: dict[str, Any]) -> str:
    inner = state["ItemProcessor"]["States"]
    failures = failure_states(inner)
    return str(next(name for name, each in inner.items() if each.get("End") and name not in failures))
