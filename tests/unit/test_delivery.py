"""Deliveries to DynamoDB in the pipeline file: what fits into an item, and what the writes cost."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from definition.contract.manifest import Manifest
from definition.load import parse
from definition.problems import SpecError
from definition.service.dynamodb import item_bytes, result_bytes
from pricing.forecast.counts import given
from pricing.forecast.forecast import forecast
from pricing.reckoning.budget import Budget, verdict
from pricing.reckoning.rates import Rate
from pricing.spending.spent import usage
from tests.documents import parsed
from tests.manifests import DELIVERY, manifest
from tests.unit.test_rules import ITEMS, told

SEGMENT = {"name": "ads", "recipe": "aws-item-affinity"}
AT = "solutions[0].batch_segment[0]"


def segment(**job: Any) -> dict[str, Any]:
    """Return a change: a batch segment job that is delivered."""
    return {"solutions": [{**SEGMENT, "batch_segment": [{"name": "top", "deliver": "dynamodb", **job}]}]}


def worst(results: int) -> int:
    """Return the bytes of a segment with ids of 256 letters by the rules of the page CapacityUnitCalculations.

    Names and texts count their bytes; a list or a map 3, and each of its members 1; a number up to 21.
    """
    user = len("user_id") + 256 + 1 + len("score") + 21 + 1
    key, run = len("item_id") + 2048, len("run") + len("20261122T030000-1ebdeb")
    return key + run + len("results") + 3 + results * (1 + 3 + user)


def test_a_segment_that_may_not_fit_is_refused() -> None:
    """The most that is let pass is the most that fits whatever the ids are, and the remedy names that number."""
    most = next(results for results in range(1, 5000) if worst(results + 1) > 400 * 1024)
    assert parsed(**segment(num_results=most)).delivers
    found = told(**segment(num_results=most + 1))

    assert {f"{AT}.num_results"} == found.keys()
    assert (
        f"{most + 1:,} results may not fit into an item of DynamoDB, which has at most 400 KB"
        in found[f"{AT}.num_results"]
    )
    assert f"Ask for up to {most:,}; or leave deliver out" in found[f"{AT}.num_results"]


@pytest.mark.parametrize("num_results", [1, 500])
def test_every_inference_fits(num_results: int) -> None:
    """Batch inference gives at most 500 items, for which there is room."""
    assert worst(500) < 400 * 1024
    job = {"name": "top", "num_results": num_results, "deliver": "dynamodb"}
    assert parsed(solutions__0__batch_inference=[job]).delivers


def test_large_segments_that_stay_in_the_bucket_are_as_they_were() -> None:
    """Without deliver nothing of DynamoDB counts."""
    segments = [{"name": "top", "num_results": 5_000_000}]
    assert not parsed(solutions=[{**SEGMENT, "batch_segment": segments}]).delivers


def test_a_query_that_is_no_key_is_refused() -> None:
    """The key of a segment by attributes is its query, and a key has 2,048 bytes; umlauts have two each."""
    fits = f'ITEMS.GENRES = "{"ä" * 1015}"'
    assert 2047 == len(fits.encode())
    solution = {"name": "ads", "recipe": "aws-item-attribute-affinity"}
    for query, wrong in ((fits, False), (fits.replace("ä", "ää", 1), True)):
        jobs = [{"name": "top", "attributes": [query], "deliver": "dynamodb"}]
        change = {"solutions": [{**solution, "batch_segment": jobs}], "datasets__items": ITEMS}
        if wrong:
            assert "has more than the 2,048 bytes of one" in told(**change)[f"{AT}.attributes[0]"]
        else:
            assert parsed(**change).delivers


def test_a_pipeline_delivers_fifty_tables() -> None:
    """The fifty-first is named."""
    jobs = [{"name": f"j{number}", "deliver": "dynamodb"} for number in range(51)]
    assert parsed(solutions__0__batch_inference=jobs[:50]).delivers
    found = told(solutions__0__batch_inference=jobs)

    assert "is one of 51 jobs with a DynamoDB table" in found["solutions[0].batch_inference[50].deliver"]


def test_another_target_is_refused() -> None:
    """The message says what there is."""
    assert (
        "'dynamodb'"
        in told(solutions__0__batch_inference__0__deliver="redis")["solutions[0].batch_inference[0].deliver"]
    )


def test_a_file_without_deliver_has_no_trace_of_it() -> None:
    """Neither its dump, from which its hash is made, nor its plans."""
    assert "deliver" not in parsed().model_dump_json()


def test_sizes_are_those_of_the_page() -> None:
    """An item of two results, of which one has a score: each byte counted by hand."""
    results = result_bytes("item_id", 2) + result_bytes("item_id", 3)
    # In the list 1 + 3 + 1 + 7 for each result besides its id.
    assert 2 * 12 + 5 == results
    whole = len("user_id") + 4 + len("run") + 22 + len("results") + 3 + results + (5 + 21 + 1)
    assert whole == item_bytes("user_id", 4, results=results, scored=1)
    assert whole + len("theme") + 5 == item_bytes("user_id", 4, results=results, scored=1, theme=5)


def test_a_forecast_counts_a_write_for_each_kilobyte() -> None:
    """A million lists of 25 results of 65 bytes are 2 KB each: 2 million writes, at 0.625 a million 1.25 USD."""
    pipeline = parsed(solutions__0__batch_inference__0__deliver="dynamodb")
    counts = given(pipeline, interactions=None, users=1_000_000, items=None)
    lines = {
        line.charge.part: line
        for line in forecast(pipeline, counts, {"table_writes": Rate(usd=Decimal("0.625"))}, runs=Fraction(1)).run.lines
    }

    assert Decimal("1.25") == lines["delivery of for-you/top"].usd
    unknown = forecast(pipeline, counts, {}, runs=Fraction(1)).run.unknown
    assert "delivery of for-you/top" in {line.charge.part for line in unknown}
    assert "delivery of for-you/top" not in {
        line.charge.part for line in forecast(parsed(), counts, {}, runs=Fraction(1)).run.lines
    }


def budget(usd: str, rate: str | None) -> Budget:
    """Return a limit for a run that does nothing but deliver 100,000 lists of 25 results."""
    job = {"name": "top", "kind": "inference", "prefix": "in/", "all_users": True, "themed": False, "delivered": 25}
    solution = {"name": "for-you", "recipe": "aws-user-personalization-v2", "trains": False, "jobs": [job]}
    rates = {"us-east-1": {"inference_v2": {"usd": "0"}, "table_writes": {"usd": rate}}}
    document = {"usd": usd, "region": "us-east-1", "rates": rates, "imports": False, "solutions": [solution]}
    return Budget.model_validate(document)


def test_a_limit_counts_the_writes() -> None:
    """200,000 writes at 1,000 USD a million are 200 USD: refused at 199, with what makes it cheaper."""
    passed, refused = (
        verdict(budget(usd, "1000"), imports={}, interactions=None, lines={"in/": 100_000}) for usd in ("200", "199")
    )

    assert not passed.cost.refused
    (why,) = refused.refusals
    assert "delivery of for-you/top alone 200.00" in why
    assert "Lower num_results, or leave deliver out" in why


def test_a_price_that_nobody_knows_is_named() -> None:
    """It is no part of the sum, and a warning says so."""
    found = verdict(budget("1", None), imports={}, interactions=None, lines={"in/": 100_000})

    assert not found.cost.refused
    assert "delivery of for-you/top" in found.warnings[0]
    assert [None] == [part.usd for part in found.cost.parts if part.part == "delivery of for-you/top"]


@pytest.mark.parametrize(("rate", "usd"), [("0.625", Decimal("0.00001")), (None, None)])
def test_a_run_tells_what_its_writes_came_to(rate: str | None, usd: Decimal | None) -> None:
    """16 units at 0.625 a million; without a price it is unknown, and not zero. What failed may have written more."""
    ran = Manifest.model_validate(manifest() | {"deliveries": [DELIVERY, {**DELIVERY, "status": "FAILED", "job": "b"}]})
    rates = {"table_writes": Rate(usd=None if rate is None else Decimal(rate))}
    found = usage(ran, workers=2, themed=[], region="us-east-1", rates=rates, real_hours=True)

    (part,) = [each for each in found.parts if each.part == "delivery of for-you/top"]
    assert (Decimal(16), usd) == (part.quantity, part.usd)
    assert "Delivery of for-you/b failed: what it wrote besides is not known." in found.unknown


def test_the_mistake_stands_on_its_line() -> None:
    """As every mistake of a file."""
    text = """name: shop
datasets: {interactions: {source: {path: e/}, columns: {USER_ID: u, ITEM_ID: i, TIMESTAMP: {from: t, unit: s}}}}
solutions:
  - name: ads
    recipe: aws-item-affinity
    batch_segment:
      - name: top
        deliver: dynamodb
        num_results: 100000
"""
    with pytest.raises(SpecError) as caught:
        parse(text)
    assert [9] == [problem.line for problem in caught.value.problems]
