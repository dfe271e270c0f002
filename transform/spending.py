"""What a run's data is going to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pricing.reckoning.budget import verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pricing.reckoning.budget import Budget, Verdict
    from transform.contract import BatchInputReport, DatasetReport


def spending(budget: Budget, datasets: Sequence[DatasetReport], batch_inputs: Sequence[BatchInputReport]) -> Verdict:
    """Return what a run comes to by the counts of its data, and whether that is too much.

    Args:
        budget: what it may cost.
        datasets: a report of each dataset.
        batch_inputs: a report of each batch input.
    """
    plans = {report.dataset: report.imports for report in datasets if report.imports}
    return verdict(
        budget,
        imports={name: plan.bytes for name, plan in plans.items() if plan.mode != "NONE"},
        interactions=next((report.records for report in datasets if report.dataset == "interactions"), None),
        lines={each.prefix: each.lines for each in batch_inputs},
    )
