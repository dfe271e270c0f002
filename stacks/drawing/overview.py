"""A pipeline from left to right in Graphviz's language: raw data, transform, Personalize, results."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from definition import layout
from definition.mapping.address import other_bucket
from stacks.drawing.graphviz import BLUE, GREEN, GREY, HEAD, VIOLET, YELLOW, quoted

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from definition.file.solutions import Solution
    from definition.file.source import Source

_LEFT_TO_RIGHT = f"{HEAD}\nrankdir=LR; nodesep=0.3; ranksep=0.5;"
_BOX = 'style="rounded,filled"; fillcolor="#f7f9fb"; color="#5a6b7b"; labeljust=l;'
_RAW = f'shape=folder, style=filled, fillcolor="{GREY}"'
_WORK = f'fillcolor="{YELLOW}"'
_DATASET = f'shape=cylinder, style=filled, fillcolor="{BLUE}"'
_TRAINED = f'fillcolor="{BLUE}"'
_RESULT = f'shape=folder, style=filled, fillcolor="{GREEN}"'
_LIVE = f'fillcolor="{VIOLET}"'
_ENGINES = {"lambda": "Lambda", "glue": "Spark on Glue", "auto": "Lambda, or Spark on Glue"}


def overview(pipeline: Pipeline) -> str:
    """Return the drawing of where a pipeline's data comes from, what is trained on it, and where results go."""
    drawing = _Drawing()
    transform = drawing.node(f"transform\n{_ENGINES[pipeline.engine]}", _WORK)
    raw: dict[str, str] = {}
    for source in pipeline.datasets.sources().values():
        place, kind = _place(source)
        if place not in raw:
            raw[place] = drawing.node(f"{place}\n{kind}", _RAW)
            drawing.arrow(raw[place], transform)
    personalize = drawing.box("Amazon Personalize")
    imported = [
        drawing.node(f"{name}\n{dataset.import_mode} import", _DATASET)
        for name, dataset in pipeline.datasets.by_name().items()
    ]
    solutions = [(each, drawing.node(_trained(each), _TRAINED)) for each in pipeline.solutions]
    recommenders = [drawing.node(f"{each.name}\n{each.recipe}", _TRAINED) for each in pipeline.recommenders]
    group = drawing.node("", "shape=point")
    personalize.close()
    for node in imported:
        drawing.arrow(transform, node)
        drawing.arrow(node, group)
    for solution, node in solutions:
        drawing.arrow(group, node)
        _results(drawing, solution, node)
    for node in recommenders:
        drawing.arrow(group, node)
        drawing.arrow(node, drawing.node("recommender\nin real time", _LIVE))
    return "\n".join([_LEFT_TO_RIGHT, f"label={quoted(_title(pipeline))}; labelloc=t;", *drawing.lines, "}"])


def _place(source: Source) -> tuple[str, str]:
    """Return where a source's data lies, and in which form."""
    if source.path is None:
        return ", ".join(map(".".join, source.tables)), "table, by Athena" if source.table else "query, by Athena"
    place = source.path if other_bucket(source.path) else layout.RAW.key(path=source.path)
    return place, source.format


def _title(pipeline: Pipeline) -> str:
    schedule = pipeline.schedule
    start = f"{schedule.expression}, {schedule.timezone}" if schedule else "started by hand"
    return f"{pipeline.name}: {start}"


def _trained(solution: Solution) -> str:
    """Return what is written on a solution: its name and its recipe, or those of which the best one is taken."""
    if solution.by is None:
        return "\n".join([solution.name, *solution.recipes])
    return "\n".join([solution.name, "the best of", *solution.recipes])


def _results(drawing: _Drawing, solution: Solution, trained: str) -> None:
    for job in solution.jobs:
        kind = "users of each segment" if job in solution.batch_segment else "recommendations"
        place = layout.TABLES.key(solution=solution.name, job=job.name)
        drawing.arrow(trained, drawing.node(f"{place}\n{kind}", _RESULT))
    if solution.campaign:
        drawing.arrow(trained, drawing.node("campaign\nin real time", _LIVE))


class _Box:
    """A box of a drawing, open until it is closed."""

    def __init__(self, lines: list[str], title: str) -> None:
        self._lines = lines
        lines += [f"subgraph {quoted(f'cluster {title}')} {{", f"{_BOX} label={quoted(title)};"]

    def close(self) -> None:
        """Let what comes be outside of the box."""
        self._lines.append("}")


class _Drawing:
    """Nodes and arrows in the order in which they came."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._numbers = count()

    def node(self, text: str, style: str) -> str:
        """Add a node; return its identifier."""
        name = f"n{next(self._numbers)}"
        self.lines.append(f"{name} [{style}, label={quoted(text)}];")
        return name

    def arrow(self, tail: str, head: str) -> None:
        """Add an arrow between two nodes."""
        self.lines.append(f"{tail} -> {head};")

    def box(self, title: str) -> _Box:
        """Open a box; nodes that come are in it."""
        return _Box(self.lines, title)
