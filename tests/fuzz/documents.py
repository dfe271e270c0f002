"""Pipeline files: every end is a list of mistakes, or a pipeline whose state machine, for some the stacks, are made."""

from __future__ import annotations

import copy
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from definition.load import parse
from definition.paths import PIPELINES
from definition.plan import names
from definition.plan.filters import all_filters
from definition.problems import SpecError
from definition.service.limits import MAX_NAME_LENGTH, NAME_PATTERN
from stacks.states.run import definition
from tests.documents import LIVE, shop
from tests.fuzz.ground import TEXTS, altered, value
from tests.permissions.scenario import everything
from tests.synthesis import app_of

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.ground import Ground

_SEEDS = [
    shop(),
    shop(**LIVE),
    everything(),
    *(YAML(typ="safe", pure=True).load(file.read_text("utf-8")) for file in sorted(PIPELINES.glob("*.yaml"))),
]


_SYNTHESES = 0.05
"""Share of the right files whose stacks are made as well, which takes a second."""


def case(chance: Random, ground: Ground) -> None:
    """Parse one wrong file, and make the state machine of one that is right after all."""
    document = copy.deepcopy(chance.choice(_SEEDS))
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        _change(chance, document)
    text = json.dumps(document, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.3:
        text = altered(chance, text)
    try:
        pipeline = parse(text)
    except SpecError as error:
        assert error.problems
        assert all(problem.what and problem.remedy for problem in error.problems), error.problems
        return
    machine = definition(pipeline, "dev", spec_hash="0")
    assert len(json.dumps(machine, ensure_ascii=False).encode()) < 2**20, "Step Functions takes 1 MB of definition"
    assert all(len(name) <= 80 for name in _states(machine)), "names of states have 80 characters at most"
    stage = "s" * names.MAX_STAGE_LENGTH
    made = [
        names.solution_name(pipeline, stage, solution, recipe)
        for solution in pipeline.solutions
        for recipe in solution.recipes
    ]
    made += [names.filter_name(pipeline, stage, *each) for each in all_filters(pipeline)]
    assert all(re.fullmatch(NAME_PATTERN, name) and len(name) <= MAX_NAME_LENGTH for name in made), made
    if chance.random() < _SYNTHESES:
        folder = ground.folder / "cdk.out"
        app_of(pipeline, folder).synth()
        shutil.rmtree(folder)


def _change(chance: Random, document: dict[str, Any]) -> None:
    """Change, remove, add or exchange something somewhere in the document."""
    places = list(_places(document))
    node, key = chance.choice(places)
    kind = chance.randrange(6)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node[key], str):
        node[key] = altered(chance, node[key])
    elif kind == 2:
        other, there = chance.choice(places)
        if there in other if isinstance(other, dict) else there < len(other):
            node[key] = copy.deepcopy(other[there])
    elif kind == 3 and isinstance(node, dict):
        node[chance.choice([*TEXTS, *map(str, node)])] = value(chance)
    elif kind == 4 and isinstance(node, list):
        node.append(copy.deepcopy(node[key]))
    else:
        node[key] = value(chance)


def _places(node: Any) -> Any:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield node, key
        yield from _places(child)


def _states(machine: dict[str, Any]) -> Any:
    for name, state in machine["States"].items():
        yield name
        for inner in [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]:
            yield from _states(inner)
