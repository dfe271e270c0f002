"""Put together the pipeline file of what was found, and leave out what pipeline files refuse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from definition.load import parse
from definition.problems import SpecError
from definition.service.dataset_types import Domain
from drafting.errors import DraftError
from drafting.migration import realtime
from drafting.migration.columns import datasets
from drafting.migration.naming import pipeline_name
from drafting.migration.solutions import solutions
from drafting.write.document import WIDTH, comment, flow

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from definition.problems import Problem
    from drafting.migration.found import Found

_MOST_ROUNDS = 200
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_REMEDY = "Write the pipeline file by hand: docs/pipeline-file.md has every key"


@dataclass(frozen=True)
class Moved:
    """A pipeline file that validates.

    Attributes:
        text: of the file.
        pipeline: what it says.
        notes: what has no counterpart, or another one, in the order of what was found.
        sources: where the raw data of each dataset lies now.
    """

    text: str
    pipeline: Pipeline
    notes: list[str]
    sources: dict[str, str]


def moved(found: Found, *, name: str | None, origin: str, schema: str | None = None) -> Moved:
    """Return the pipeline file of what was found.

    Args:
        found: what there is.
        name: of the pipeline; left out, it is made of the dataset group's.
        origin: what it was found in, for people.
        schema: path of the JSON Schema from the file, for editors; None to leave it out.

    Raises:
        DraftError: no pipeline can be made of it.
    """
    notes: list[str] = []
    try:
        document = _document(found, name or pipeline_name(str(found.name)), notes)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        told = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DraftError(f"what was found is not as Amazon Personalize has it: {told}", remedy=_REMEDY) from error
    notes += found.left
    first = f"# yaml-language-server: $schema={schema}\n" if schema else ""
    for _ in range(_MOST_ROUNDS):
        if not document.get("solutions") and not document.get("recommenders"):
            raise DraftError("there is neither a solution that a run could train nor a recommender", remedy=_REMEDY)
        text = first + _text(document, notes, origin)
        try:
            pipeline = parse(text)
        except SpecError as error:
            _leave_out(document, error.problems, notes)
            continue
        return Moved(text, pipeline, notes, {str(dataset): place for dataset, place in found.source.items()})
    raise DraftError("what was found breaks too many rules of pipeline files", remedy=_REMEDY)


def _document(found: Found, name: str, notes: list[str]) -> dict[str, Any]:
    if "interactions" not in found.schemas:
        raise DraftError("there is no Interactions dataset, which every pipeline imports", remedy=_REMEDY)
    domain = cast("Domain", found.domain) if found.domain in get_args(Domain) else None
    if found.domain and not domain:
        notes.append(f"domain {found.domain}: it is none of {', '.join(get_args(Domain))}, so this is a custom group")
    filters = realtime.filters(found, name)
    sections: dict[str, Any] = {
        "name": name,
        "description": f"Moved from the dataset group {found.name}",
        "schedule": _schedule(found, notes),
        "domain": domain,
        "event_tracker": found.has_event_tracker,
        "datasets": datasets(found, domain, notes),
        "solutions": solutions(found, name, filters, notes),
        "recommenders": realtime.recommenders(found, name),
        "filters": filters,
        "metric_attribution": realtime.metric_attribution(found),
        "tags": found.tags,
    }
    return {key: value for key, value in sections.items() if value}


def _schedule(found: Found, notes: list[str]) -> dict[str, str] | None:
    """Return the first schedule that was found, and note those that say another time."""
    if not found.schedules:
        return None
    what, chosen = found.schedules[0]
    others: dict[str, list[str]] = {}
    for other, expression in found.schedules:
        others.setdefault(expression, []).append(other)
    del others[chosen]
    for expression, started in others.items():
        notes.append(
            f"schedule {expression} of {', '.join(started)}: one schedule starts whole runs, that of the {what}"
        )
    return {"expression": chosen, "timezone": "UTC"}


def _leave_out(document: dict[str, Any], problems: list[Problem], notes: list[str]) -> None:
    """Remove the first part that is refused, and note it.

    Raises:
        DraftError: it is none that the file could do without.
    """
    problem = problems[0]
    place: list[str | int] = [int(number) if number else key for key, number in _STEP.findall(problem.place)]
    if place[:1] == ["filters"]:
        # A filter without its expression is none.
        place = place[:2]
    while place and not _is_there(document, place):
        # What is missing there: the part that lacks it goes.
        place.pop()
    *path, last = place or [""]
    owner = _at(document, path)
    told = f"is left out: {problem.what}. {problem.remedy}"
    if place and isinstance(owner[last], list) and len(owner[last]) > 1:
        # Too many of them, most likely.
        gone = owner[last].pop()
        notes.append(f"{problem.place}: {gone.get('name', gone) if isinstance(gone, dict) else gone} {told}")
        return
    if not place or last in {"name", "datasets", "solutions", "interactions"}:
        raise DraftError(f"{problem.place}: {problem.what}. {problem.remedy}", remedy=_REMEDY)
    what = f" {owner[last]['name']}" if isinstance(owner[last], dict) and "name" in owner[last] else ""
    notes.append(f"{problem.place}{what} {told}")
    del owner[last]
    while path and not owner:
        owner = _at(document, path[:-1])
        del owner[path.pop()]


def _at(document: Any, path: list[str | int]) -> Any:
    node = document
    for step in path:
        node = node[step]
    return node


def _is_there(document: Any, path: list[str | int]) -> bool:
    try:
        _at(document, path)
    except (IndexError, KeyError, TypeError):
        return False
    return True


def _text(document: dict[str, Any], notes: list[str], origin: str) -> str:
    lines = comment(f"Moved by pipelines import from {origin}. Raw data has the columns that were imported so far.")
    if notes:
        lines.append("# What has no counterpart, or another one:")
        for note in notes:
            lines += comment(note, first="# - ", indent="#   ")
    for key, value in document.items():
        lines += ["", *_block(key, value, "")] if isinstance(value, list | dict) else [f"{key}: {flow(value)}"]
    return "\n".join(lines) + "\n"


def _block(key: str, value: Any, indent: str) -> list[str]:
    """Return a key with its value, on one line where that is short or has no parts."""
    # Not by ruamel.yaml: in brackets it writes texts like "? k" without quotes, and cannot read them (0.19.1).
    line = f"{indent}{flow(str(key))}: {flow(value)}"
    if not isinstance(value, list | dict) or (indent and len(line) <= WIDTH and not _is_deep(value)):
        return [line]
    lines = [f"{indent}{flow(str(key))}:"]
    if isinstance(value, dict):
        return lines + [text for name, each in value.items() for text in _block(name, each, f"{indent}  ")]
    for each in value:
        if indent and isinstance(each, dict) and not _is_deep(each):
            lines.append(f"{indent}  - {flow(each)}")
            continue
        inner = [text for name, part in each.items() for text in _block(name, part, f"{indent}    ")]
        lines += [f"{indent}  - {inner[0].strip()}", *inner[1:]]
    return lines


def _is_deep(value: Any) -> bool:
    """Whether a value has parts that have parts; lists of texts and numbers have none."""
    inner = value.values() if isinstance(value, dict) else value
    return any(isinstance(each, dict) for each in inner)
