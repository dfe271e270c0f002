"""Filters of the pipeline file: what their expressions refer to, and expressions with values put in.

The service's own parser has the last word about an expression; nothing here parses it, beyond telling texts, fields and
placeholders apart. Grammar: https://docs.aws.amazon.com/personalize/latest/dg/filter-expressions.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from definition.file.pipeline import Pipeline
    from definition.file.solutions import BatchInferenceJob, BatchSegmentJob

_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"|\$(?P<placeholder>[A-Za-z0-9_]+)"
    r"|(?P<owner>[A-Za-z_]+)\.(?P<field>[A-Za-z_][A-Za-z0-9_]*)"
)


class Reference(NamedTuple):
    """A field that an expression names: ``Items.PRICE`` has the owner Items and the field PRICE."""

    owner: str
    field: str


def references(expression: str) -> list[Reference]:
    """Return the fields that an expression names, in their order."""
    return [Reference(token["owner"], token["field"]) for token in _TOKEN.finditer(expression) if token["owner"]]


def placeholders(expression: str) -> list[str]:
    """Return the names of an expression's placeholders, each once, without their dollar sign."""
    return list(dict.fromkeys(token["placeholder"] for token in _TOKEN.finditer(expression) if token["placeholder"]))


def with_values(expression: str, values: Mapping[str, Sequence[str | float]]) -> str:
    """Return an expression whose placeholders are replaced by their values; texts get quotes, numbers none.

    Raises:
        KeyError: a placeholder has no value.
    """

    def replaced(token: re.Match[str]) -> str:
        name = token["placeholder"]
        return ", ".join(_literal(value) for value in values[name]) if name else token[0]

    return _TOKEN.sub(replaced, expression)


def _literal(value: str | float) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def expression_of(pipeline: Pipeline, job: BatchInferenceJob | BatchSegmentJob) -> str | None:
    """Return the expression that a batch job is filtered by, with the job's values in it; None without a filter."""
    if job.filter is None:
        return None
    declared = next(each for each in pipeline.filters if each.name == job.filter)
    return with_values(declared.expression, job.filter_values)


def all_filters(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield name and expression of every filter that Personalize has to know, each once.

    They are the declared ones, and those that batch jobs make of them with their values.
    """
    declared = [(each.name, each.expression) for each in pipeline.filters]
    jobs = [job for solution in pipeline.solutions for job in solution.jobs]
    of_jobs = [(job.filter, expression_of(pipeline, job)) for job in jobs]
    yield from dict.fromkeys([*declared, *((name, text) for name, text in of_jobs if name and text)])
