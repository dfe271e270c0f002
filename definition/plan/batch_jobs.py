"""The batch jobs of a pipeline file as the state machine and the engines need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.contract.plans import JobPlan
from definition.file.solutions import ActiveUsers, BatchSegmentJob, IdFile
from definition.plan.filters import expression_of
from definition.plan.names import filter_suffix
from definition.plan.requests import batch_config
from definition.plan.tables import columns
from definition.service.limits import MAX_QUERIES_PER_FILE, MAX_THEMED_LINES_PER_FILE
from transform.contract import Active, BatchSelection, FromFile

if TYPE_CHECKING:
    from definition.contract.publishing import Kind
    from definition.file.pipeline import Pipeline
    from definition.file.solutions import BatchInferenceJob, Solution
    from definition.plan.tables import Columns
    from definition.service.recipes import BatchInput as Line
    from definition.service.recipes import SegmentInput

LINES_PER_FILE = 500_000
"""Lines of an input file of batch inference: far below the service's 50 million, so that no file gets unwieldy."""


def batch_plans(pipeline: Pipeline, solution: Solution) -> list[JobPlan]:
    """Return the batch jobs of a solution."""
    recipe = solution.kind
    jobs: list[tuple[Kind, Line | SegmentInput | None, BatchInferenceJob | BatchSegmentJob]] = [
        *(("inference", recipe.batch_input, job) for job in solution.batch_inference),
        *(("segment", recipe.segment_input, job) for job in solution.batch_segment),
    ]
    return [_plan(pipeline, kind, line, job) for kind, line, job in jobs]


def columns_of(job: JobPlan) -> Columns:
    """Return the columns of a batch job's tables."""
    return columns(job.kind, job.input.line, themed=job.themes_from is not None)


def _plan(
    pipeline: Pipeline, kind: Kind, line: Line | SegmentInput | None, job: BatchInferenceJob | BatchSegmentJob
) -> JobPlan:
    assert line is not None, "definition.rules.document lets no job pass that its recipe does not offer"
    users, themes = (None, None) if isinstance(job, BatchSegmentJob) else (job.users, job.themes_from)
    expression = expression_of(pipeline, job)
    selection = BatchSelection(
        line=line,
        users=_selected(users or "all") if line in {"user", "ranking"} else None,
        items=_selected(job.items or "all") if line in {"item", "ranking"} else None,
        attributes=job.attributes if isinstance(job, BatchSegmentJob) else None,
        lines_per_file=_lines_per_file(kind, line, themes),
    )
    return JobPlan(
        name=job.name,
        kind=kind,
        num_results=job.num_results,
        max_errors=job.max_errors,
        formats=job.formats,
        input=selection,
        themes_from=themes,
        filter=filter_suffix(pipeline, str(job.filter), expression) if expression else None,
        config=None if isinstance(job, BatchSegmentJob) else batch_config(job),
        deliver=job.deliver,
    )


def _lines_per_file(kind: Kind, line: Line | SegmentInput, themes: str | None) -> int:
    if themes:
        return MAX_THEMED_LINES_PER_FILE
    return MAX_QUERIES_PER_FILE[line] if kind == "segment" else LINES_PER_FILE


def _selected(given: object) -> Any:
    if isinstance(given, ActiveUsers):
        return Active(active_seconds=int(given.active.total_seconds()))
    return FromFile(file=given.file, column=given.column) if isinstance(given, IdFile) else given
