"""What a run of a pipeline really used, from the pipeline file and the run's manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricing.spending.spent import used

if TYPE_CHECKING:
    from definition.contract.manifest import Manifest
    from definition.file.pipeline import Pipeline
    from pricing.reckoning.charges import Charge


def used_by(pipeline: Pipeline, manifest: Manifest, *, real_hours: bool) -> list[Charge]:
    """Return the charges of a pipeline's run; arguments are those of `used`."""
    return used(manifest, workers=pipeline.workers, themed=themed_jobs(pipeline), real_hours=real_hours)


def themed_jobs(pipeline: Pipeline) -> list[str]:
    """Return the batch jobs with themes, as ``solution/job``."""
    return [f"{of.name}/{job.name}" for of in pipeline.solutions for job in of.batch_inference if job.themes_from]
