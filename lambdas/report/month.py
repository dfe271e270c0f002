"""What the runs of a calendar month have cost, from the rows that they left in the history."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from definition import layout
from definition.contract.report import MonthCost
from lambdas.report.history import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from definition.contract.history import RunRow
    from definition.contract.manifest import Manifest
    from lambdas.report.documents import Bucket

_MONTH = len("YYYYMM")


def month_cost(bucket: Bucket, row: RunRow, manifest: Manifest | None, budget: Decimal) -> MonthCost:
    """Return what the runs have cost of the month in UTC in which a run began, as far as rows tell it.

    Args:
        bucket: with the history.
        row: of the run; what lies there of an earlier attempt of it does not count.
        manifest: of the run, None of one that failed before it had any.
        budget: in USD, from the pipeline file.
    """
    month = row.run[:_MONTH]
    found = bucket.listed(f"{layout.HISTORY.key()}{month}")
    others = [key for key in found if key != layout.RUN_ROW.key(run=row.run)]
    rows = [row, *read_rows(bucket, others)]
    known = [Decimal(str(each.usd)) for each in rows if each.usd is not None]
    runs = len(others) + 1
    usd = sum(known, Decimal(0)) if known else None
    parts = [part.part for part in manifest.usage.parts if part.usd is None] if manifest and manifest.usage else []
    return MonthCost(
        month=f"{month[:4]}-{month[4:]}",
        usd=None if usd is None else float(usd),
        runs=runs,
        runs_unknown=runs - len(known),
        told=_told(month, usd, budget, runs=runs, unknown=runs - len(known), parts=parts),
    )


def _told(month: str, usd: Decimal | None, budget: Decimal, *, runs: int, unknown: int, parts: Sequence[str]) -> str:
    named = f"{dt.datetime.strptime(month, '%Y%m').replace(tzinfo=dt.UTC):%B %Y}"
    of_budget = f"the {budget:.2f} USD of budget"
    if usd is None:
        told = [f"What the runs of {named} (UTC) have cost is not known, so nothing is compared with {of_budget}"]
    elif usd > budget:
        told = [f"The runs of {named} (UTC) have cost {usd:.4f} USD, more than {of_budget}"]
    else:
        told = [f"The runs of {named} (UTC) have cost {usd:.4f} USD of {of_budget}"]
    if usd is not None and unknown:
        told.append(f"what {unknown:,} of the {runs:,} runs have cost is not known and not in it")
    if parts:
        told.append(f"of this run nobody knows what it paid for {', '.join(parts)}")
    return f"{'; '.join(told)}."
