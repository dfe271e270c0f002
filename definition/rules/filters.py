"""Rules of filters and of the batch jobs that name them; what an expression means is for the service to say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from definition.plan import names
from definition.plan.filters import placeholders, references, with_values
from definition.rules.findings import Finding, duplicates, items, long_name, mapping
from definition.service.limits import MAX_FIELDS_PER_FILTER, MAX_FILTER_EXPRESSION, MAX_FILTER_FIELDS, MAX_FILTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from definition.rules.findings import Path

_OWNERS = {
    "interactions": "interactions",
    "items": "items",
    "users": "users",
    "currentuser": "users",
    "currentitem": "items",
}
_BEGINNING = re.compile(r"\s*(?:INCLUDE|EXCLUDE)\s+(ItemID|UserID)\s+WHERE\s", re.IGNORECASE)
_FORM = (
    'Write INCLUDE or EXCLUDE, ItemID or UserID, WHERE and a condition: INCLUDE ItemID WHERE Items.GENRE IN ("Crime")'
)
_TARGETS = {"batch_inference": "ItemID", "batch_segment": "UserID"}


def check_filters(
    pipeline: Any, given: list[Any], solutions: list[Any], columns: Mapping[str, dict[str, Any]]
) -> Iterator[Finding]:
    """Yield every broken rule of the filters and their use.

    Args:
        pipeline: name of the pipeline.
        given: the filters in the document.
        solutions: the solutions in the document.
        columns: mapped columns of each dataset in the document.
    """
    filters = [mapping(each) for each in given]
    yield from duplicates(("filters",), filters)
    for index, each in enumerate(filters):
        path: Path = ("filters", index)
        if isinstance(pipeline, str):
            length = names.longest_filter(pipeline, str(each.get("name", "")))
            yield from long_name((*path, "name"), length, "pipeline, stage and hash")
        if isinstance(each.get("expression"), str):
            yield from _check_expression((*path, "expression"), each["expression"], columns)
    yield from _check_fields(filters)
    expressions = {str(each.get("name")): str(each.get("expression", "")) for each in filters}
    made = set(expressions.items())
    for place, job in _jobs(solutions):
        if "filter" in job or "filter_values" in job:
            findings = list(_check_use(place, job, expressions))
            yield from findings
            if not findings:
                made.add((job["filter"], _filled(job, expressions)))
    if len(made) > MAX_FILTERS:
        remedy = "Declare fewer, or let jobs share values: a job's values make a filter of their own"
        yield Finding(("filters",), f"come to {len(made)}, and a dataset group has at most {MAX_FILTERS}", remedy)


def _check_fields(filters: list[dict[str, Any]]) -> Iterator[Finding]:
    """Find too many distinct fields; the values that a batch job gives add none."""
    every: set[tuple[str, str]] = set()
    for index, each in enumerate(filters):
        if not isinstance(each.get("expression"), str):
            continue
        named = references(each["expression"])
        fields = {(_OWNERS.get(owner.lower(), owner.lower()), field.upper()) for owner, field in named}
        every |= fields
        if len(fields) > MAX_FIELDS_PER_FILTER:
            what = f"names {len(fields)} distinct fields, and a filter has at most {MAX_FIELDS_PER_FILTER}"
            yield Finding(("filters", index, "expression"), what, "Divide it into several filters")
    if len(every) > MAX_FILTER_FIELDS:
        what = f"name {len(every)} distinct fields, and all filters of a dataset group at most {MAX_FILTER_FIELDS}"
        yield Finding(("filters",), what, "Declare fewer filters, or let them share fields")


def _jobs(solutions: list[Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for index, solution in enumerate(solutions):
        for kind in _TARGETS:
            for number, job in enumerate(items(mapping(solution).get(kind))):
                yield ("solutions", index, kind, number), mapping(job)


def _check_expression(path: Path, expression: str, columns: Mapping[str, dict[str, Any]]) -> Iterator[Finding]:
    if not _BEGINNING.match(expression):
        yield Finding(path, "is no filter expression", _FORM)
    for owner, field in references(expression):
        dataset = _OWNERS.get(owner.lower())
        known = {name.upper() for name in columns.get(str(dataset), {})}
        if dataset is None:
            yield Finding(path, f"{owner}.{field} names no dataset", "Use Items, Interactions, Users or CurrentUser")
        elif dataset not in columns:
            yield Finding(path, f"{owner}.{field} is not there: there are no {dataset}", f"Add datasets.{dataset}")
        elif known and field.upper() not in known:
            told = ", ".join(columns[dataset])
            yield Finding(path, f"'{field}' is no column of {dataset}", f"Use some of {told}, or map it")


def _check_use(path: Path, job: dict[str, Any], expressions: Mapping[str, str]) -> Iterator[Finding]:
    name, values = job.get("filter"), mapping(job.get("filter_values"))
    if name is None:
        yield Finding((*path, "filter_values"), "are of no filter", "Add filter: <name>, one of filters")
        return
    if name not in expressions:
        known = ", ".join(expressions) or "none is declared"
        yield Finding((*path, "filter"), f"'{name}' is not declared", f"Add it to filters, or use one of: {known}")
        return
    kind = str(path[-2])
    target = _BEGINNING.match(expressions[name])
    if target and target[1].lower() != _TARGETS[kind].lower():
        yield Finding((*path, "filter"), f"{kind} finds no {target[1]}", f"Use a filter of {_TARGETS[kind]}")
    wanted = placeholders(expressions[name])
    for missing in (each for each in wanted if each not in values):
        remedy = f"Add filter_values: {{{missing}: …}}"
        yield Finding((*path, "filter"), f"'{name}' has ${missing}, which gets no value", remedy)
    for key, value in values.items():
        place = (*path, "filter_values", key)
        if key not in wanted:
            told = ", ".join(wanted) or "none"
            yield Finding(place, f"'{name}' has no such placeholder", f"It has: {told}")
        elif any('"' in str(one) or "\\" in str(one) for one in _several(value)):
            yield Finding(place, "holds a quote or a backslash", "Write the value into the filter's expression")
    if not set(wanted) - set(values) and len(_filled(job, expressions)) > MAX_FILTER_EXPRESSION:
        what = f"with its values the filter's expression is longer than {MAX_FILTER_EXPRESSION} characters"
        yield Finding((*path, "filter_values"), what, "Give fewer values")


def _filled(job: dict[str, Any], expressions: Mapping[str, str]) -> str:
    values = {key: _several(value) for key, value in mapping(job.get("filter_values")).items()}
    return with_values(expressions[job["filter"]], values)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
