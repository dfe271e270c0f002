"""What a pipeline costs, against arithmetic written out here: no amount below comes from the project's own code."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from pricing.forecast.counts import Counts, Size, given
from pricing.forecast.forecast import Forecast, forecast
from pricing.forecast.month import runs_a_month
from pricing.reckoning.charges import job_charges
from pricing.reckoning.estimate import money
from pricing.reckoning.rates import Rate, Step
from pricing.tables.load import bundled
from tests.documents import LIVE, parsed

RATES = bundled().rates("us-east-1")
NIGHTS = Fraction(30)
MONTH = dt.date(2026, 11, 29)


def reckoned(
    *,
    interactions: int | None = None,
    users: int | None = None,
    items: int | None = None,
    runs: Fraction = NIGHTS,
    **changes: Any,
) -> Forecast:
    """Return what a changed shop costs with some numbers."""
    pipeline = parsed(**changes)
    counts = given(pipeline, interactions=interactions, users=users, items=items)
    return forecast(pipeline, counts, RATES, runs=runs)


def usd(found: Forecast, part: str) -> Decimal | None:
    """Return what a part of a run or a month comes to."""
    return next(line.usd for line in (*found.run.lines, *found.standing.lines) if line.charge.part == part)


def cents(amount: Fraction) -> Fraction:
    """Return an amount rounded half up to hundredths of a cent."""
    return Fraction(int(amount * 10_000 + Fraction(1, 2)), 10_000)


@pytest.mark.parametrize(
    ("interactions", "runs", "worked"),
    [
        (100_836, 1, Fraction(100_836, 1000) * Fraction(2, 1000)),
        (25_000_000, 30, Fraction(25_000) * Fraction(2, 1000) * 30),
    ],
)
def test_training_of_v2_recipes_is_paid_by_interactions(interactions: int, runs: int, worked: Fraction) -> None:
    """0.002 USD per 1,000 interactions: 0.2017 for 100,836, and 1,500.00 for 25 million in each of 30 nights."""
    once = usd(reckoned(interactions=interactions), "training of for-you")

    assert once is not None
    assert worked == Fraction(once) * runs
    assert {1: Fraction(2017, 10_000), 30: Fraction(1500)}[runs] == cents(worked)


@pytest.mark.parametrize(
    ("users", "runs", "worked", "told"),
    [
        (610, 1, Fraction(610, 1000) * Fraction(15, 100), "0.0915"),
        (1_000_000, 1, Fraction(1000) * Fraction(15, 100), "150.00"),
        (1_000_000, 30, Fraction(1000) * Fraction(15, 100) * 30, "4,500.00"),
        (120_000, 30, Fraction(120) * Fraction(15, 100) * 30, "540.00"),
    ],
)
def test_scoring_with_v2_recipes_is_paid_by_users(users: int, runs: int, worked: Fraction, told: str) -> None:
    """0.15 USD per 1,000 users: a million of them every night of a month are 4,500.00, the active 120,000 540.00."""
    once = usd(reckoned(users=users), "for-you/top")

    assert once is not None
    assert worked == Fraction(once) * runs
    assert told == money(once * runs)


@pytest.mark.parametrize(
    ("recipe", "per_thousand", "told"),
    [
        ("aws-user-personalization-v2", Fraction(15, 100), Fraction(394_20, 100)),
        ("aws-user-personalization", Fraction(556, 10_000), Fraction(146_12, 100)),
    ],
)
def test_an_idle_campaign_is_paid_for_what_it_keeps_ready(recipe: str, per_thousand: Fraction, told: Fraction) -> None:
    """3,600 requests an hour for 730 hours, whether anybody asks or not."""
    found = reckoned(solutions__0__recipe=recipe, solutions__0__campaign={}, runs=Fraction(0))
    worked = Fraction(3600 * 730, 1000) * per_thousand

    assert worked == Fraction(found.standing.usd) == Fraction(found.month or 0)
    assert told == Fraction(round(worked * 100), 100)


@pytest.mark.parametrize(
    ("users", "steps", "told"),
    [(80_000, 0, "273.75"), (100_000, 0, "273.75"), (100_001, 1, "306.60"), (250_000, 2, "339.45")],
)
def test_a_recommender_is_paid_by_the_hour_and_its_users(users: int, steps: int, told: str) -> None:
    """0.375 USD an hour up to 100,000 users, 0.045 for each further 100,000 begun, for 730 hours."""
    found = reckoned(users=users, **LIVE)
    worked = (Fraction(375, 1000) + steps * Fraction(45, 1000)) * 730
    own = [line for line in found.standing.lines if line.charge.part.endswith("recommender best-sellers")]

    assert worked == sum(Fraction(line.usd or 0) for line in own)
    assert told == money(sum((line.usd or Decimal(0) for line in own), Decimal(0)))


def test_requests_that_a_recommender_keeps_ready_are_unknown() -> None:
    """Nobody says how many its price covers: two a second are a part of their own, one is none."""
    unknown = [line.charge.part for line in reckoned(users=1, **LIVE).standing.unknown]

    assert ["requests of recommender together"] == unknown


def test_answers_with_metadata_are_unknown() -> None:
    """Who asks for columns of items is not known, and neither is the price."""
    items = {"source": {"path": "items/"}, "columns": {"ITEM_ID": "sku", "PRICE": {"from": "price", "type": "float"}}}
    changes = {"solutions__0__campaign": {"metadata": True}, "datasets__items": items}

    assert ["metadata of campaign of for-you"] == [line.charge.part for line in reckoned(**changes).standing.unknown]


def test_themes_and_attributes_are_parts_of_their_own() -> None:
    """Batch inference with themes bears them twice, and segments by queries have a line each."""
    charges = job_charges("s", "j", "aws-similar-items", kind="inference", lines=7, themed=True)
    queries = ['ITEMS.GENRE = "Comedy"', 'ITEMS.GENRE = "Drama"']

    assert [("batch_inference", 7), ("themes", 7)] == [(each.item, each.quantity) for each in charges]
    segments = {
        "name": "q",
        "recipe": "aws-item-attribute-affinity",
        "batch_segment": [{"name": "j", "attributes": queries}],
    }
    columns = {"ITEM_ID": "sku", "GENRE": {"from": "genre", "type": "categorical"}}
    pipeline = parsed(solutions=[segments], datasets__items={"source": {"path": "items/"}, "columns": columns})

    assert {("q", "j"): 2} == given(pipeline, interactions=1, users=1, items=1).lines


def test_lines_follow_from_the_numbers_and_the_selection() -> None:
    """Lists have as many lines as ids, all the items as many as items; active users and files only data tells."""
    jobs = [{"name": "some", "users": ["a", "b", "a"]}, {"name": "lately", "users": {"active": "30d"}}]
    similar = {"name": "like", "recipe": "aws-similar-items", "batch_inference": [{"name": "items"}]}
    pipeline = parsed(solutions__0__batch_inference=jobs)
    items = parsed(solutions=[similar])

    assert {("for-you", "some"): 2, ("for-you", "lately"): None} == given(
        pipeline, interactions=1, users=9, items=4
    ).lines
    assert {("like", "items"): 4} == given(items, interactions=1, users=9, items=4).lines


def test_a_spark_job_takes_as_long_as_it_takes() -> None:
    """Its hours are not known, so its part is not; the number of its DPUs is told."""
    line = reckoned(engine="glue", workers=10).run.lines[0]

    assert (None, True) == (line.usd, line.reckoned.startswith("10 DPU"))


def test_imports_are_paid_by_gigabytes() -> None:
    """0.05 USD per GB: 3 GB are 0.15."""
    counts = Counts("a test", "lambda", 1, 1, {"interactions": Size(3 * 10**9)})
    found = forecast(parsed(), counts, RATES, runs=NIGHTS)

    assert Fraction(3) * Fraction(5, 100) == Fraction(usd(found, "import of interactions") or 0)


def test_a_month_is_its_runs_and_what_stands() -> None:
    """Every line of a run times the runs of the month, and the campaign once."""
    found = reckoned(interactions=10_000, users=1000, solutions__0__campaign={"min_provisioned_tps": 2})
    run = Fraction(10_000 * 100, 10**9) * Fraction(5, 100) + 10 * Fraction(2, 1000) + Fraction(15, 100)

    assert run == Fraction(found.run.usd)
    assert run * 30 + 2 * Fraction(36, 10) * 730 * Fraction(15, 100) == Fraction(found.month or 0)


def test_what_nobody_knows_is_no_part_of_a_sum() -> None:
    """Training hours before the first run and prices that no source gives are unknown, and never zero."""
    recipes = [
        {"name": "old", "recipe": "aws-user-personalization", "batch_inference": [{"name": "top"}]},
        {"name": "buyers", "recipe": "aws-item-affinity", "batch_segment": [{"name": "likely"}]},
    ]
    found = reckoned(interactions=10_000, users=1000, items=50, solutions=recipes)

    assert ["training of old", "old/top", "training of buyers", "buyers/likely"] == [
        line.charge.part for line in found.run.unknown if line.charge.group != "transform"
    ]
    assert Fraction(10_000 * 100, 10**9) * Fraction(5, 100) == Fraction(found.run.usd)


def test_training_hours_of_a_run_before_are_the_best_estimate() -> None:
    """2.135 hours at 0.24 USD, where a version took as many."""
    pipeline = parsed(solutions__0__recipe="aws-user-personalization")
    counts = Counts("a run", "lambda", 100_000, 1, {}, hours={"for-you": Decimal("2.135")})
    found = forecast(pipeline, counts, RATES, runs=NIGHTS)

    assert Fraction(2135, 1000) * Fraction(24, 100) == Fraction(usd(found, "training of for-you") or 0)


def test_a_region_without_prices_knows_no_amount() -> None:
    """Where the table has nothing, nothing is known; numbers of zero cost nothing all the same."""
    pipeline = parsed()
    counts = given(pipeline, interactions=1000, users=0, items=None)
    found = forecast(pipeline, counts, {}, runs=NIGHTS)

    assert usd(found, "training of for-you") is None
    assert Decimal(0) == usd(found, "for-you/top")


def test_trainings_of_the_service_itself_are_paid_by_the_month() -> None:
    """Every 7 days of a year of 365, a twelfth of it a month; the runs train nothing."""
    found = reckoned(interactions=50_000, users=1, solutions__0__auto_training={"every": "7d"})

    assert "training of for-you" not in [line.charge.part for line in found.run.lines]
    worked = 50 * Fraction(2, 1000) * Fraction(365, 12 * 7)
    assert cents(worked) == cents(Fraction(usd(found, "automatic training of for-you") or 0))


def test_levers_tell_what_they_save() -> None:
    """Active users are compared with all, and a training that nothing new needs is named; used levers are not."""
    pipeline = parsed()
    counts = Counts(
        "a test", "lambda", 10_000, 610, {}, lines={("for-you", "top"): 610}, active={("for-you", "top"): 110}
    )
    told = forecast(pipeline, counts, RATES, runs=NIGHTS).levers
    saved = Fraction(610 - 110, 1000) * Fraction(15, 100)

    assert f"110 of 610 users, {float(saved):.4f} USD less a run" in told[0]
    assert "unchanged_data: skip in for-you" in told[1]
    assert f"{float(10 * Fraction(2, 1000)):.4f} USD less each time" in told[1]
    thrifty = parsed(solutions__0__unchanged_data="skip", solutions__0__batch_inference__0__users={"active": "30d"})
    assert () == forecast(thrifty, counts, RATES, runs=NIGHTS).levers


def test_steps_count_each_unit_at_its_own_price() -> None:
    """Beyond 72 and 720 million requests of a month each further one is cheaper."""
    rate = Rate(usd=Decimal("0.0556"), then=[Step(beyond=72_000_000, usd=Decimal("0.0278"))])
    worked = Fraction(72_000) * Fraction(556, 10_000) + Fraction(28_000) * Fraction(278, 10_000)
    real = RATES["real_time"].amount(Decimal(800_000_000), 1000)

    assert worked == Fraction(rate.amount(Decimal(100_000_000), 1000) or 0)
    assert 72_000 * Fraction(556, 10_000) + 648_000 * Fraction(278, 10_000) + 80_000 * Fraction(
        139, 10_000
    ) == Fraction(real or 0)


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("rate(1 day)", Fraction(365, 12)),
        ("rate(2 hours)", Fraction(365)),
        ("rate(30 minutes)", Fraction(365 * 48, 12)),
        ("cron(0 3 * * ? *)", Fraction(365, 12)),
        ("cron(0,30 3-5 * * ? *)", Fraction(365 * 6, 12)),
        ("cron(0/15 * * * ? *)", Fraction(365 * 96, 12)),
        ("cron(0 22-1 * * ? *)", Fraction(365 * 4, 12)),
        ("cron(0 3 ? * MON-FRI *)", Fraction(260, 12)),
        ("cron(0 3 ? * SAT-MON *)", Fraction(105 + 52, 12)),
        ("cron(0 3 ? * 1 *)", Fraction(53, 12)),
        ("cron(0 3 ? * 2#1 *)", Fraction(1)),
        ("cron(0 3 ? * FRIL *)", Fraction(1)),
        ("cron(0 3 ? * L *)", Fraction(52, 12)),
        ("cron(0 3 L * ? *)", Fraction(1)),
        ("cron(0 3 15W * ? *)", Fraction(1)),
        ("cron(0 3 LW * ? *)", Fraction(1)),
        ("cron(0 3 31W * ? *)", Fraction(7, 12)),
        ("cron(0 3 1,15 * ? *)", Fraction(2)),
        ("cron(0 3 31 * ? *)", Fraction(7, 12)),
        ("cron(0 3 1 JAN ? *)", Fraction(1, 12)),
        ("cron(0 3 29 2 ? *)", Fraction(0)),
        ("cron(0 3 * * ? 2026)", Fraction(33, 12)),
        ("at(2026-12-01T03:00:00)", Fraction(0)),
    ],
)
def test_schedules_are_counted_over_a_year(expression: str, runs: Fraction) -> None:
    """From Sunday, 2026-11-29 on, 365 days: 52 of each weekday and a 53rd Sunday, no 29 February; a twelfth a month."""
    assert runs == runs_a_month(expression, since=MONTH)


@pytest.mark.parametrize(
    ("given_usd", "told"),
    [("0", "0.0000"), ("0.00001", "less than 0.0001"), ("0.99995", "1.0000"), ("1.005", "1.01"), ("4500", "4,500.00")],
)
def test_amounts_for_people(given_usd: str, told: str) -> None:
    """Cents, hundredths of cents below a dollar, and never a zero for what is something."""
    assert told == money(Decimal(given_usd))
