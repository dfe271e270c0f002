"""What `pipelines cost` answers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pricing.forecast.forecast import ASSUMPTIONS
from pricing.forecast.month import decimal

if TYPE_CHECKING:
    from cli.cost.numbers import Found
    from cli.cost.region import Chosen
    from definition.file.pipeline import Pipeline
    from pricing.forecast.forecast import Forecast
    from pricing.reckoning.estimate import Estimate

_EXACT = Decimal("0.00000001")


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        pipeline: the pipeline file.
        chosen: the prices.
        found: the numbers.
        reckoned: what they come to.
        spent: what the run came to that the numbers are of, None where they are of none that has a manifest.
    """

    pipeline: Pipeline
    chosen: Chosen
    found: Found
    reckoned: Forecast
    spent: Estimate | None

    @property
    def remarks(self) -> list[str]:
        """What people should look at."""
        return [*([self.chosen.remark] if self.chosen.remark else []), *self.found.remarks]

    def document(self) -> dict[str, Any]:
        """Return the answer as JSON; amounts are texts of decimal numbers, and null where they are not known."""
        return {
            "pipeline": self.pipeline.name,
            "region": self.chosen.region,
            "prices": {"file": str(self.chosen.file), "newest": str(self.chosen.table.newest)},
            "numbers": self.found.counts.source,
            "run": _lines(self.reckoned.run),
            "standing": _lines(self.reckoned.standing),
            "month": self._month(),
            "used": _lines(self.spent) if self.spent else None,
            "levers": list(self.reckoned.levers),
            "assumed": list(ASSUMPTIONS),
            "remarks": self.remarks,
        }

    def _month(self) -> dict[str, Any] | None:
        reckoned = self.reckoned
        if reckoned.month is None or reckoned.runs is None:
            return None
        unknown = [*reckoned.run.unknown, *reckoned.standing.unknown]
        return {
            "runs": float(decimal(reckoned.runs)),
            "usd": _plain(reckoned.month),
            "unknown": [line.charge.part for line in unknown],
        }


def _lines(reckoned: Estimate) -> dict[str, Any]:
    return {
        "usd": _plain(reckoned.usd),
        "unknown": [line.charge.part for line in reckoned.unknown],
        "lines": [
            {
                "part": line.charge.part,
                "group": line.charge.group,
                "usd": None if line.usd is None else _plain(line.usd),
                "reckoned": line.reckoned,
            }
            for line in reckoned.lines
        ],
    }


def _plain(usd: Decimal) -> str:
    return format(usd.quantize(_EXACT).normalize(), "f")
