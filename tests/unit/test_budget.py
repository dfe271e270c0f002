"""What a run may cost, against arithmetic written out here."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from pricing.reckoning.budget import Budget, Verdict, verdict
from tests.documents import parsed
from tests.manifests import DATASET
from transform.contract import BatchInputReport, DatasetReport
from transform.spending import spending

TOP, SEGMENT = "batch/r/for-you/top/input/", "batch/r/buyers/likely/input/"
RATES = {
    "us-east-1": {
        "ingestion": {"usd": "0.05"},
        "training_v2": {"usd": "0.002"},
        "inference_v2": {"usd": "0.15"},
        "training_hour": {"usd": "0.24"},
        "batch_segment": {"usd": None},
    }
}
V2: dict[str, Any] = {
    "name": "for-you",
    "recipe": "arn:aws:personalize:::recipe/aws-user-personalization-v2",
    "trains": True,
    "jobs": [{"name": "top", "kind": "inference", "prefix": TOP, "all_users": True, "themed": False}],
}
OLD: dict[str, Any] = {
    "name": "buyers",
    "recipe": "arn:aws:personalize:::recipe/aws-item-affinity",
    "trains": True,
    "jobs": [{"name": "likely", "kind": "segment", "prefix": SEGMENT, "all_users": False, "themed": False}],
}


def judged(
    usd: str, *, interactions: int = 1_000_000, users: int = 100_000, size: int = 10**9, **changes: Any
) -> Verdict:
    """Return what is said of a run: by default 0.05 for its import, 2.00 for training and 15.00 for scoring."""
    document = {"usd": usd, "region": "us-east-1", "rates": RATES, "imports": True, "solutions": [V2]} | changes
    return verdict(
        Budget.model_validate(document),
        imports={"interactions": size},
        interactions=interactions,
        lines={TOP: users, SEGMENT: 50},
    )


WHOLE = Fraction(5, 100) + 1000 * Fraction(2, 1000) + 100 * Fraction(15, 100)


def test_the_sum_itself_is_not_too_much() -> None:
    """17.05 USD may cost 17.05 USD, and not 17.04; each part is told with what it comes to."""
    passed, refused = judged("17.05"), judged("17.04")

    assert WHOLE == Fraction(passed.cost.usd) == Fraction(1705, 100)
    assert ([], False) == (passed.refusals, passed.cost.refused)
    assert ([], []) == (passed.warnings, refused.warnings)
    assert (1, True, Decimal("17.04")) == (len(refused.refusals), refused.cost.refused, refused.cost.max_cost)
    assert {"import of interactions": "0.05", "training of for-you": "2", "for-you/top": "15"} == {
        part.part: f"{part.usd.normalize():f}" for part in refused.cost.parts if part.usd
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "for-you/top alone 15.00 (100,000 users; 0.15 per 1,000 requests). users: {active: 30d} in for-you/top"),
        ({"solutions": [V2 | {"jobs": [V2["jobs"][0] | {"all_users": False}]}]}, "Let for-you/top score less"),
        ({"interactions": 10**8}, "training of for-you alone 200.00 (100,000,000 interactions; 0.002 per 1,000"),
        ({"interactions": 10**8}, "Keep fewer interactions (keep), or train less often"),
        ({"size": 10**12}, "import of interactions alone 50.00 (1,000,000,000,000 bytes; 0.05 per GB). import_mode"),
    ],
)
def test_a_refusal_tells_the_dearest_part_and_its_lever(given: dict[str, Any], told: str) -> None:
    """Who reads the message knows what to change."""
    (refusal,) = judged("1", **given).refusals

    assert "more than the 1.00 USD of max_cost" in refusal
    assert told in refusal


def test_what_nobody_knows_refuses_nothing_and_is_told() -> None:
    """Training hours and the price of segments are no zero: they stand in warning and refusal, and in no sum."""
    unknown = "training of buyers (training hours cannot be known before the first run; 0.24 per training hour)"
    passed, refused = judged("20", solutions=[V2, OLD]), judged("10", solutions=[V2, OLD])

    assert WHOLE == Fraction(passed.cost.usd)
    assert [] == passed.refusals
    (warning,) = passed.warnings
    assert "checked against 17.05 of 20.00 USD, which is what is known" in warning
    for told in (warning, refused.refusals[0]):
        assert unknown in told
        assert "buyers/likely (50 lines; price per 1,000 lines is not known)" in told
    assert "at least 17.05 USD" in refused.refusals[0]
    assert [None, None] == [part.usd for part in passed.cost.parts if part.part.endswith(("buyers", "likely"))]


def test_a_region_without_prices_is_told() -> None:
    """Nothing can be checked there, and the warning says how it could be."""
    found = judged("0.01", region="eu-west-1")

    assert [] == found.refusals
    assert "max_cost was not checked: the table of prices has none of eu-west-1" in found.warnings[0]


@pytest.mark.parametrize(
    ("given", "usd"),
    [
        ({"imports": False}, WHOLE - Fraction(5, 100)),
        ({"solutions": [V2 | {"trains": False}]}, WHOLE - 2),
        ({"solutions": [V2 | {"jobs": []}]}, WHOLE - 15),
    ],
)
def test_what_a_run_leaves_out_costs_nothing(given: dict[str, Any], usd: Fraction) -> None:
    """An input that skips imports or training, and solutions without jobs."""
    assert usd == Fraction(judged("100", **given).cost.usd)


@pytest.mark.parametrize(
    ("imports", "parts"),
    [
        ({"bytes": 2 * 10**9}, {"import of interactions": Fraction(1, 10)}),
        ({}, {"import of interactions": None}),
        ({"mode": "NONE", "location": None, "bytes": 0}, {}),
    ],
)
def test_only_what_is_imported_is_paid(imports: dict[str, Any], parts: dict[str, Fraction | None]) -> None:
    """Bytes of a report of before are not known, and data that Personalize holds is not imported again."""
    report = DatasetReport.model_validate(DATASET | {"imports": DATASET["imports"] | imports})
    budget = Budget.model_validate(
        {"usd": "9", "region": "us-east-1", "rates": RATES, "imports": True, "solutions": [V2]}
    )
    found = spending(budget, [report], [BatchInputReport(prefix=TOP, lines=200, files=1)])
    scored = {"training of for-you": Fraction(22, 10_000), "for-you/top": Fraction(3, 100)}

    assert parts | scored == {part.part: None if part.usd is None else Fraction(part.usd) for part in found.cost.parts}


@pytest.mark.parametrize(("text", "usd"), [("50 USD", "50"), ("0.75 USD", "0.75"), ("1200.5 USD", "1200.5")])
def test_amounts_of_the_file(text: str, usd: str) -> None:
    """Whole dollars, or with cents."""
    assert Decimal(usd) == parsed(max_cost=text).max_usd


def test_a_file_without_max_cost_is_what_it_was() -> None:
    """The key leaves no trace where it is not used: neither in the dump nor in its hash."""
    assert "max_cost" not in parsed().model_dump()
    assert "50 USD" == parsed(max_cost="50 USD").model_dump()["max_cost"]
