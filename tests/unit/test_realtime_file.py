"""Filters, campaigns, recommenders, event tracker and metric attribution in pipeline files."""

from __future__ import annotations

from typing import Any

import pytest

from definition.plan.filters import all_filters
from definition.problems import SpecError
from tests.documents import parsed

FIRST = "solutions__0"
JOB = "solutions__0__batch_inference__0"
BATCH = "solutions[0].batch_inference[0]"
ITEMS = {
    "source": {"path": "items/"},
    "columns": {"ITEM_ID": "sku", "GENRE": {"from": "genre", "type": "categorical"}},
}
BOUGHT = {"name": "not-bought", "expression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'}
GENRE = {"name": "of-genre", "expression": "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"}
AUDIENCE = {"name": "us", "expression": 'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click")'}


VIEWED = {"name": "viewed", "recipe": "aws-ecomm-popular-items-by-views"}
BEST = {"name": "best", "recipe": "aws-ecomm-popular-items-by-purchases"}
SALES = {"name": "sales", "event_type": "click", "expression": "SAMPLECOUNT()"}


def problems(**changes: Any) -> dict[str, str]:
    """Return what is wrong with a changed document, by place."""
    with pytest.raises(SpecError) as caught:
        parsed(**changes)
    return {problem.place: f"{problem.what}. {problem.remedy}" for problem in caught.value.problems}


def with_expression(expression: str) -> dict[str, Any]:
    """Return the change that declares one filter."""
    return {"filters": [{"name": "f", "expression": expression}]}


def with_fields(*counts: int) -> dict[str, Any]:
    """Return the change that declares filters of so many fields, each field once."""
    names = iter(f"F{number}" for number in range(sum(counts)))
    named = [[next(names) for _ in range(count)] for count in counts]
    conditions = [" AND ".join(f"Items.{name} = 1" for name in fields) for fields in named]
    columns = {name: {"from": name, "type": "int"} for fields in named for name in fields}
    return {
        "datasets__items": {"source": {"path": "items/"}, "columns": {"ITEM_ID": "sku", **columns}},
        "filters": [
            {"name": f"f{number}", "expression": f"INCLUDE ItemID WHERE {condition}"}
            for number, condition in enumerate(conditions)
        ],
    }


def with_job(**keys: Any) -> dict[str, Any]:
    """Return the change that declares filters and gives keys to the first batch job."""
    return {
        "filters": [BOUGHT, GENRE, AUDIENCE],
        "datasets__items": ITEMS,
        JOB: {"name": "top", **keys},
    }


@pytest.mark.parametrize(
    ("changes", "place", "told"),
    [
        (with_expression("WHERE Items.GENRE = 1"), "filters[0].expression", "Write INCLUDE or EXCLUDE"),
        (with_expression("EXCLUDE ItemID WHERE Items.PRICE < 5"), "filters[0].expression", "Add datasets.items"),
        (with_expression("EXCLUDE ItemID WHERE Interactions.COLOUR IN ('a')"), "filters[0].expression", "EVENT_TYPE"),
        (with_expression("EXCLUDE ItemID WHERE Films.GENRE IN ('a')"), "filters[0].expression", "names no dataset"),
        (with_expression("INCLUDE ItemID WHERE " + "x" * 2500), "filters[0].expression", "2500"),
        ({"filters": [BOUGHT, BOUGHT]}, "filters[1].name", "used twice"),
        ({"filters": [{**BOUGHT, "name": "f" * 45}]}, "filters[0].name", "63 characters"),
        ({"filters": [{**BOUGHT, "name": f"f{n}"} for n in range(31)]}, "filters", "at most 30"),
        (with_fields(11), "filters[0].expression", "names 11 distinct fields, and a filter has at most 10"),
        (with_fields(10, 10, 1), "filters", "name 21 distinct fields, and all filters of a dataset group at most 20"),
        (with_job(filter="bought"), f"{BATCH}.filter", "use one of: not-bought, of-genre"),
        (with_job(filter="of-genre"), f"{BATCH}.filter", "Add filter_values: {GENRE: …}"),
        (with_job(filter="us"), f"{BATCH}.filter", "batch_inference finds no UserID"),
        (with_job(filter_values={"GENRE": "a"}), f"{BATCH}.filter_values", "Add filter: <name>"),
        (
            with_job(filter="of-genre", filter_values={"GENRE": "a", "YEAR": 1}),
            f"{BATCH}.filter_values.YEAR",
            "It has: GENRE",
        ),
        (with_job(filter="of-genre", filter_values={"GENRE": ['"']}), f"{BATCH}.filter_values.GENRE", "a quote"),
        (
            with_job(filter="of-genre", filter_values={"GENRE": ["x" * 2500]}),
            f"{BATCH}.filter_values",
            "longer than 2500",
        ),
    ],
)
def test_a_mistake_in_a_filter_is_told_with_its_remedy(changes: dict[str, Any], place: str, told: str) -> None:
    """What a filter refers to and what a job gives it are checked before anything is made."""
    assert told in problems(**changes)[place]


def test_fields_in_texts_and_of_events_are_no_mistake() -> None:
    """A text that looks like a field is a text, and columns that only events have are columns; case means nothing."""
    expression = 'EXCLUDE ItemID WHERE interactions.event_value IN ("Films.GENRE", "$none")'
    events = [{"when": "price > 0", "columns": {"EVENT_VALUE": "price"}}]

    assert parsed(filters=[{"name": "f", "expression": expression}], datasets__interactions__events=events).filters


def test_values_of_a_job_make_a_filter_of_their_own() -> None:
    """Batch jobs get their values by a filter that holds them; what several jobs share is made once."""
    job = {"filter": "of-genre", "filter_values": {"GENRE": ["Crime", "Noir"]}}
    jobs = [{"name": "a", **job}, {"name": "b", **job}, {"name": "c", "filter": "not-bought"}]
    pipeline = parsed(filters=[BOUGHT, GENRE], datasets__items=ITEMS, solutions__0__batch_inference=jobs)

    assert [
        ("not-bought", BOUGHT["expression"]),
        ("of-genre", "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"),
        ("of-genre", 'INCLUDE ItemID WHERE Items.GENRE IN ("Crime", "Noir")'),
    ] == list(all_filters(pipeline))


def test_numbers_are_put_in_without_quotes() -> None:
    """A number stays a number: fields that hold some are compared with nothing else."""
    cheap = {"name": "cheap", "expression": "INCLUDE ItemID WHERE Items.PRICE <= $MOST"}
    items = {"source": {"path": "items/"}, "columns": {"ITEM_ID": "sku", "PRICE": {"from": "p", "type": "float"}}}
    job = {"name": "a", "filter": "cheap", "filter_values": {"MOST": 9.5}}
    pipeline = parsed(filters=[cheap], datasets__items=items, solutions__0__batch_inference=[job])

    assert ("cheap", "INCLUDE ItemID WHERE Items.PRICE <= 9.5") in set(all_filters(pipeline))


def with_campaign(recipe: str = "aws-user-personalization-v2", **campaign: Any) -> dict[str, Any]:
    """Return the change that makes the first solution one with a campaign and no batch job."""
    return {FIRST: {"name": "live", "recipe": recipe, "campaign": campaign}}


def in_shop(*recommenders: dict[str, Any], event_type: Any = None) -> dict[str, Any]:
    """Return the change to a shop with recommenders, whose events are purchases if nothing else is said."""
    form = {"value": "Purchase"} if event_type is None else event_type
    column = "datasets__interactions__columns__EVENT_TYPE"
    return {"domain": "ECOMMERCE", "recommenders": list(recommenders), column: form}


def attributed(expression: str) -> dict[str, Any]:
    """Return the change that measures one thing."""
    return {"metric_attribution": {"metrics": [{**SALES, "expression": expression}]}}


@pytest.mark.parametrize(
    ("changes", "place", "told"),
    [
        (with_campaign(min_provisioned_tps=0), "solutions[0].campaign.min_provisioned_tps", "greater than or equal"),
        (with_campaign(tps=1), "solutions[0].campaign.tps", "min_provisioned_tps"),
        (with_campaign("aws-item-affinity"), "solutions[0].campaign", "in batch only"),
        (with_campaign(exploration={"weight": 1}), "solutions[0].campaign.exploration", "aws-user-personalization has"),
        (
            with_campaign(ranking_influence={"freshness": 1}),
            "solutions[0].campaign.ranking_influence",
            "aws-semantic-similarity has",
        ),
        (
            {f"{FIRST}__batch_inference__0__exploration": {"weight": 1}},
            "solutions[0].batch_inference[0].exploration",
            "aws-user-personalization has",
        ),
        (
            {f"{FIRST}__batch_inference__0__ranking_influence": {"freshness": 1}},
            "solutions[0].batch_inference[0].ranking_influence",
            "aws-semantic-similarity has",
        ),
        ({f"{FIRST}__incremental_updates": True}, "solutions[0].incremental_updates", "only aws-semantic-similarity"),
        (with_campaign(metadata=True), "solutions[0].campaign.metadata", "Add datasets.items"),
        (
            {
                f"{FIRST}__campaign": {"sync_with_latest": True},
                f"{FIRST}__quality": {"floors": {"coverage": 0.5}},
            },
            "solutions[0].campaign.sync_with_latest",
            "on_miss: warn",
        ),
        ({f"{FIRST}__recipe": "aws-trending-now"}, "solutions[0].recipe", "Add a campaign"),
        (with_campaign("aws-next-best-action"), "solutions[0].recipe", "trains on actions"),
        ({"recommenders": [BEST]}, "recommenders", "Add domain: ECOMMERCE"),
        (in_shop(BEST, BEST), "recommenders[1].name", "used twice"),
        (in_shop(*({**BEST, "name": f"b{n}"} for n in range(6))), "recommenders", "at most 5"),
        (in_shop({**BEST, "name": "b" * 45}), "recommenders[0].name", "63 characters"),
        (in_shop({**BEST, "recipe": "aws-ecom-recommended-for-you"}), "recommenders[0].recipe", "recommended-for-you?"),
        (in_shop({**BEST, "recipe": "aws-vod-top-picks"}), "recommenders[0].recipe", "of the domain VIDEO_ON_DEMAND"),
        (in_shop({**BEST, "exploration": {"weight": 1}}), "recommenders[0].exploration", "recommended-for-you and"),
        (in_shop({**BEST, "metadata": True}), "recommenders[0].metadata", "Add datasets.items"),
        (
            in_shop({**BEST, "excluded_columns": {"interactions": ["COLOUR"]}}),
            "recommenders[0].excluded_columns.interactions[0]",
            "no column COLOUR",
        ),
        (in_shop(VIEWED), "recommenders[0].recipe", "EVENT_TYPE will be Purchase"),
        (in_shop(VIEWED, event_type={"value": "view"}), "recommenders[0].recipe", "spelled like this"),
        (
            in_shop(VIEWED, event_type={"from": "kind", "map": {"v": "view"}, "otherwise": "Purchase"}),
            "recommenders[0].recipe",
            "EVENT_TYPE will be Purchase, view",
        ),
        (attributed("AVG(Items.PRICE)"), "metric_attribution.metrics[0].expression", "SAMPLECOUNT()"),
        (attributed("SUM(Items.PRICE)"), "metric_attribution.metrics[0].expression", "no numeric column of items"),
        (attributed("SUM(Interactions.USER_ID)"), "metric_attribution.metrics[0].expression", "no numeric column"),
        ({"metric_attribution": {"metrics": [SALES, SALES]}}, "metric_attribution.metrics[1].name", "used twice"),
        ({"metric_attribution": {"metrics": []}}, "metric_attribution.metrics", "empty"),
        ({"metric_attribution": {"metrics": [SALES], "report": "s3://b/"}}, "metric_attribution.report", "hyphens"),
    ],
)
def test_a_mistake_in_real_time_is_told_with_its_remedy(changes: dict[str, Any], place: str, told: str) -> None:
    """What a recipe or use case does not offer, and what the data cannot carry, is found in the file."""
    assert told in problems(**changes)[place]


@pytest.mark.parametrize(
    "changes",
    [
        with_campaign(),
        with_campaign("aws-trending-now"),
        with_campaign("aws-user-personalization", exploration={"weight": 0.5, "item_age_cut_off": 7}),
        {f"{FIRST}__campaign": {"sync_with_latest": True}},
        in_shop(BEST, {"name": "for-you", "recipe": "aws-ecomm-recommended-for-you", "exploration": {"weight": 0}}),
        in_shop(VIEWED, event_type="kind"),
        in_shop(VIEWED, event_type={"from": "kind", "map": {"v": "View"}}),
        in_shop(VIEWED, event_type={"from": "kind", "map": {"b": "Purchase"}, "otherwise": "keep"}),
        {
            **in_shop(VIEWED),
            "datasets__interactions__events": [
                {"when": "paid > 0", "columns": {"ITEM_ID": "item"}},
                {"when": "paid = 0", "columns": {"EVENT_TYPE": {"value": "View"}}},
            ],
        },
        {**attributed("SUM(Interactions.EVENT_VALUE)"), "datasets__interactions__columns__EVENT_VALUE": "paid"},
    ],
)
def test_what_can_be_is_read(changes: dict[str, Any]) -> None:
    """Solutions may answer in real time only, and event types that the raw data decides on are the service's matter."""
    parsed(**changes)


def test_what_is_not_used_leaves_no_trace() -> None:
    """A file without real time is, as JSON and so in its hash, what it was before there was any."""
    text = parsed().model_dump_json(by_alias=True)

    for key in ("filter", "campaign", "recommender", "event_tracker", "metric_attribution"):
        assert key not in text
