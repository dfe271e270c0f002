"""The batch jobs of a pipeline file as the state machine and the engines need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.file.solutions import ActiveUsers, BatchSegmentJob, IdFile
from definition.plan.filters import expression_of
from definition.plan.names import filter_suffix
from definition.service.limits import MAX_QUERIES_PER_FILE, MAX_THEMED_LINES_PER_FILE
from definition.service.recipes import RECIPES
from transform.contract import Active, BatchInput, FromFile

if TYPE_CHECKING:
    from definition.file.pipeline import Pipeline
    from definition.file.solutions import BatchInferenceJob, Solution
    from definition.service.recipes import BatchInput as Line
    from definition.service.recipes import SegmentInput

LINES_PER_FILE = 500_000
"""Lines of an input file of batch inference: far below the service's 50 million, so that no file gets unwieldy."""


def batch_plans(pipeline: Pipeline, solution: Solution) -> list[dict[str, Any]]:
    """Return name, kind, results per line, input and filter of each batch job of a solution."""
    recipe = RECIPES[solution.recipe]
    jobs: list[tuple[str, Line | SegmentInput | None, BatchInferenceJob | BatchSegmentJob]] = [
        *(("inference", recipe.batch_input, job) for job in solution.batch_inference),
        *(("segment", recipe.segment_input, job) for job in solution.batch_segment),
    ]
    return [_plan(kind, line, job) | _filter(pipeline, job) for kind, line, job in jobs]


def _filter(pipeline: Pipeline, job: BatchInferenceJob | BatchSegmentJob) -> dict[str, str]:
    expression = expression_of(pipeline, job)
    return {"filter": filter_suffix(pipeline, str(job.filter), expression)} if expression else {}


def _plan(kind: str, line: Line | SegmentInput | None, job: BatchInferenceJob | BatchSegmentJob) -> dict[str, Any]:
    assert line is not None, "definition.rules.document lets no job pass that its recipe does not offer"
    users, themes = (None, None) if isinstance(job, BatchSegmentJob) else (job.users, job.themes_from)
    given = BatchInput(
        prefix="",
        line=line,
        users=_selected(users or "all") if line in {"user", "ranking"} else None,
        items=_selected(job.items or "all") if line in {"item", "ranking"} else None,
        attributes=job.attributes if isinstance(job, BatchSegmentJob) else None,
        lines_per_file=_lines_per_file(kind, line, themes),
    )
    document = given.model_dump(mode="json", exclude={"prefix"}, exclude_none=True)
    return {
        "name": job.name,
        "kind": kind,
        "num_results": job.num_results,
        "max_errors": job.max_errors,
        "input": document,
        **({"themes_from": themes} if themes else {}),
    }


def _lines_per_file(kind: str, line: Line | SegmentInput, themes: str | None) -> int:
    if themes:
        return MAX_THEMED_LINES_PER_FILE
    return MAX_QUERIES_PER_FILE[line] if kind == "segment" else LINES_PER_FILE


def _selected(given: object) -> Any:
    if isinstance(given, ActiveUsers):
        return Active(active_seconds=int(given.active.total_seconds()))
    return FromFile(file=given.file, column=given.column) if isinstance(given, IdFile) else given
