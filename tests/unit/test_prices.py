"""The table of prices: the bundled one, the user's own, and AWS's Price List API."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import validate
from typer.testing import CliRunner

from cli.cost.prices import write_refreshed
from cli.cost.region import chosen_prices
from cli.errors import CommandError
from cli.main import app
from cli.terminal import Terminal
from cli.view import View
from pricing.reckoning.rates import ITEMS
from pricing.tables import load, page
from pricing.tables.load import BUNDLED, PricesError, bundled, price_table, read
from pricing.tables.price_list import refresh
from pricing.tables.table import PriceTable, json_schema
from stacks.states.run import definition
from tests.documents import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TODAY = dt.date(2026, 12, 24)
OWN = """
currency: USD
regions:
  eu-west-1:
    inference_v2: {usd: 0.12, date: 2026-12-01, grade: own, source: our contract}
    real_time:
      usd: "0.06"
      then: [{beyond: 72000000, usd: 0.03}]
      date: 2026-12-01
      grade: own
      source: our contract
"""


def own(folder: Path, text: str = OWN) -> Path:
    """Write a table of one's own."""
    file = folder / "prices.yaml"
    file.write_text(text, "utf-8")
    return file


def test_the_bundled_table_has_every_item() -> None:
    """Each item of the bundled region has a price or says that it is unknown, which is no price of zero."""
    prices = bundled().regions["us-east-1"]

    assert set(ITEMS) == set(prices)
    assert {"recommender_requests", "batch_inference", "batch_segment", "themes", "metadata"} == {
        item for item, price in prices.items() if price.usd is None
    }
    assert all(price.usd is None or price.usd > 0 for price in prices.values())
    validate(json.loads(BUNDLED.read_text("utf-8")), json_schema())


def test_a_table_of_ones_own_is_yaml_or_json(tmp_path: Path) -> None:
    """Numbers and texts are read to the digit, and what the table lacks is unknown."""
    rates = read(own(tmp_path)).rates("eu-west-1")
    again = own(tmp_path, read(own(tmp_path)).model_dump_json())

    assert Decimal("0.12") == rates["inference_v2"].usd
    assert Decimal("0.03") == rates["real_time"].then[0].usd
    assert "ingestion" not in rates
    assert rates == price_table(again)[0].rates("eu-west-1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("currency: EUR\nregions: {}", "currency"),
        (OWN.replace("0.12", "-1"), "regions.eu-west-1.inference_v2.usd"),
        (OWN.replace("0.12", "null"), "a price that is null is unknown"),
        (OWN.replace("inference_v2", "inference_v3"), "regions.eu-west-1.inference_v3"),
        (OWN.replace("0.12", ".nan"), "regions.eu-west-1.inference_v2.usd"),
        ("[" * 60, "neither YAML nor JSON"),
        ("a: [", "neither YAML nor JSON"),
        ("", "no table of prices"),
    ],
)
def test_mistakes_in_a_table_are_told(tmp_path: Path, text: str, told: str) -> None:
    """What is wrong is named with its place, and where a right table is."""
    with pytest.raises(PricesError, match=r"prices\.yaml") as caught:
        read(own(tmp_path, text))
    assert told in str(caught.value)
    assert "pipelines schema prices" in caught.value.remedy


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    """A file that is not there is no quiet success with the bundled prices."""
    with pytest.raises(PricesError, match="cannot be read"):
        price_table(tmp_path / "no.yaml")


def test_steps_must_rise(tmp_path: Path) -> None:
    """Of two steps the second begins later."""
    with pytest.raises(PricesError, match="do not rise"):
        read(own(tmp_path, OWN.replace("then: [", "then: [{beyond: 80000000, usd: 0.1}, ")))


def test_the_regions_of_the_environment_may_be_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A region of the environment without prices takes us-east-1's and says so; one that is asked for is refused."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    chosen = chosen_prices(None, None)

    assert ("us-east-1", "eu-west-1") == (chosen.region, chosen.wanted)
    assert "--refresh --region eu-west-1" in str(chosen.remark)
    with pytest.raises(CommandError, match="no prices of eu-west-1"):
        chosen_prices(None, "eu-west-1")


def test_prices_are_shown_with_where_they_come_from(tmp_path: Path) -> None:
    """The command shows unknown as such, steps, grade and day; as JSON it is a table that can be read again."""
    shown = CliRunner().invoke(app, ["prices"], env={"COLUMNS": "200", "AWS_REGION": ""}).output
    printed = CliRunner().invoke(app, ["prices", "--json"]).output

    for told in ("unknown", "0.0556; 0.0278 beyond 72,000,000", "secondary", "2026-11-28", "1,000 interactions"):
        assert told in shown
    assert PriceTable.model_validate_json(printed) == bundled()
    mine = CliRunner().invoke(app, ["prices", "--prices", str(own(tmp_path)), "--region", "eu-west-1"]).output
    assert "0.12" in mine


class PriceList:
    """A Price List API with some services and products."""

    def __init__(self, services: dict[str, Sequence[str]], products: dict[str, list[dict[str, Any]]]) -> None:
        self.services = services
        self.products = products
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Pages:
        """Return pages of an operation."""
        return Pages(self, operation)


class Pages:
    """Answers of an operation, one thing a page."""

    def __init__(self, api: PriceList, operation: str) -> None:
        self.api, self.operation = api, operation

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Yield pages."""
        if self.operation == "describe_services":
            for code, attributes in self.api.services.items():
                yield {"Services": [{"ServiceCode": code, "AttributeNames": list(attributes)}]}
            return
        self.api.asked.append(arguments)
        for product in self.api.products.get(arguments["ServiceCode"], []):
            yield {"PriceList": [json.dumps(product)]}


def product(usage: str, *prices: tuple[str, str, str], region: str = "eu-west-1", **more: str) -> dict[str, Any]:
    """Return a product: its usage type, and for each price the unit, USD, and where it begins."""
    dimensions = {
        str(index): {
            "unit": unit,
            "pricePerUnit": {"USD": usd},
            "beginRange": begin,
            "description": more.get("told", ""),
        }
        for index, (unit, usd, begin) in enumerate(prices)
    }
    attributes = {"usagetype": usage, "regionCode": region, "group": more.get("group", "")}
    return {
        "product": {"sku": usage, "attributes": attributes},
        "terms": {"OnDemand": {"t": {"priceDimensions": dimensions}}},
    }


def listed(*products: dict[str, Any], attributes: Sequence[str] = ("regionCode",)) -> PriceList:
    """Return an API whose Amazon Personalize has some products."""
    return PriceList({"AmazonEC2": (), "AmazonPersonalize": attributes}, {"AmazonPersonalize": list(products)})


@pytest.mark.parametrize(
    ("found", "item", "usd"),
    [
        (product("EU-DataIngestion", ("GB", "0.06", "0")), "ingestion", "0.06"),
        (product("EU-Training-v2", ("Interactions", "0.0000025", "0")), "training_v2", "0.0025"),
        (product("EU-Training-v2", ("1K Interactions", "0.0025", "0")), "training_v2", "0.0025"),
        (
            product("EU-Training-v2", ("Count", "0.0000025", "0"), told="$0.0025 per 1,000 interactions"),
            "training_v2",
            "0.0025",
        ),
        (
            product("EU-Training-v2", ("Count", "0.0025", "0"), told="$0.0025 per thousand interactions"),
            "training_v2",
            "0.0025",
        ),
        (product("EU-TrainingHour", ("Hours", "0.26", "0")), "training_hour", "0.26"),
        (product("EU-v2-Recommendations", ("1000 requests", "0.16", "0")), "inference_v2", "0.16"),
    ],
)
def test_a_price_is_taken_whichever_way_it_is_listed(found: dict[str, Any], item: Any, usd: str) -> None:
    """Per one, per thousand, or per what the description says: the same price for as many as the table's is for."""
    done = refresh(listed(found), bundled(), "eu-west-1", today=TODAY)
    price = done.table.regions["eu-west-1"][item]

    assert ([item], Decimal(usd), "price list", TODAY) == (done.matched, price.usd, price.grade, price.date)
    assert found["product"]["attributes"]["usagetype"] in price.source


def test_steps_of_a_price_begin_where_the_list_says() -> None:
    """Ranges in thousands of requests become requests."""
    prices = (("1K Requests", "0.0278", "72000"), ("1K Requests", "0.0556", "0"))
    api = listed(product("EU-RealTime-Recommendations", *prices))
    price = refresh(api, bundled(), "eu-west-1", today=TODAY).table.regions["eu-west-1"]["real_time"]

    assert Decimal("0.0556") == price.usd
    assert [(72_000_000, Decimal("0.0278"))] == [(step.beyond, step.usd) for step in price.then]


@pytest.mark.parametrize(
    ("products", "told"),
    [
        (
            [product("EU-DataIngestion", ("GB", "0.05", "0")), product("EU-Ingest", ("GB", "0.07", "0"))],
            "2 products fit",
        ),
        ([product("EU-DataIngestion", ("KB", "0.00000005", "0"))], "more than 5 times off the bundled 0.05"),
        ([product("EU-DataIngestion")], "it has no price on demand"),
        ([product("EU-DataIngestion", ("GB", "0.05", "0"), told="$0.07 per GB")], "its description says $0.07 per"),
        ([product("EU-DataIngestion", ("GB", "x", "0"))], "it has no price in USD"),
        ([product("EU-DataIngestion", ("GB", "0.05", "7"))], "its prices begin at 7"),
        ([product("EU-Something", ("GB", "0.05", "0"))], "it fits no item: 0.05 per GB"),
        ([product("EU-DataIngestion", ("GB", "0.05", "0"), region="us-east-1")], "no product fits"),
        ([], "no product fits"),
    ],
)
def test_what_is_not_beyond_doubt_is_shown_and_not_taken(products: list[dict[str, Any]], told: str) -> None:
    """Several products, an implausible unit, contradictions: they stand among what was not matched."""
    done = refresh(listed(*products), bundled(), "eu-west-1", today=TODAY)

    assert [] == done.matched
    assert told in " ".join(f"{each.what} {each.why}" for each in done.unmatched)
    assert {} == done.table.regions["eu-west-1"]


def test_a_price_list_without_the_service_says_so() -> None:
    """No service code is taken for granted: where none is listed, that is told, and nothing of the table is lost."""
    done = refresh(PriceList({"AmazonEC2": ()}, {}), bundled(), "us-east-1", today=TODAY)

    assert "services named personalize: the Price List API lists none" in [
        f"{each.what}: {each.why}" for each in done.unmatched
    ]
    assert bundled() == done.table


@pytest.mark.parametrize("attributes", [("regionCode", "usagetype"), ("usagetype",)])
def test_the_region_is_asked_for_where_the_service_knows_it(attributes: Sequence[str]) -> None:
    """A filter by an attribute that the service lacks would find nothing; other regions' products never count."""
    elsewhere = product("US-DataIngestion", ("GB", "0.05", "0"), region="us-east-1")
    api = listed(product("EU-DataIngestion", ("GB", "0.06", "0")), elsewhere, attributes=attributes)
    done = refresh(api, bundled(), "eu-west-1", today=TODAY)

    wanted = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"}] if "regionCode" in attributes else []
    assert [wanted] == [each["Filters"] for each in api.asked]
    assert Decimal("0.06") == done.table.regions["eu-west-1"]["ingestion"].usd


def test_functions_and_spark_jobs_are_looked_up_too() -> None:
    """Lambda's arm64 duration and Glue's DPU-hour have usage types of their own; the hundreds of others stay silent."""
    api = PriceList(
        {"AWSLambda": ("regionCode",), "AWSGlue": ("regionCode",)},
        {
            "AWSLambda": [
                product("EU-Lambda-GB-Second-ARM", ("Lambda-GB-Second", "0.0000133334", "0")),
                product("EU-Lambda-GB-Second", ("Lambda-GB-Second", "0.0000166667", "0")),
            ],
            "AWSGlue": [product("EU-ETL-DPU-Hour", ("DPU-Hour", "0.44", "0"))],
        },
    )
    done = refresh(api, bundled(), "eu-west-1", today=TODAY)

    assert ["lambda_duration", "glue_hour"] == done.matched
    assert not [each for each in done.unmatched if "Lambda-GB-Second" in each.what]


def test_what_was_matched_is_written_and_the_rest_is_shown(tmp_path: Path) -> None:
    """The file is a table that can be read, with the prices of before beside AWS's; without any none is written."""
    products = (product("EU-DataIngestion", ("GB", "0.06", "0")), product("EU-Odd", ("GB", "1", "0")))
    out, target = io.StringIO(), tmp_path / "prices.json"
    view = View(console=Terminal(file=out, width=160))
    write_refreshed(view, refresh(listed(*products), bundled(), "eu-west-1", today=TODAY), "eu-west-1", target)
    written = read(target)

    assert Decimal("0.06") == written.regions["eu-west-1"]["ingestion"].usd
    assert bundled().regions["us-east-1"] == written.regions["us-east-1"]
    assert "EU-Odd" in out.getvalue()
    with pytest.raises(CommandError, match="no price of eu-west-1 was matched"):
        write_refreshed(view, refresh(listed(), bundled(), "eu-west-1", today=TODAY), "eu-west-1", tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_the_documented_prices_are_the_bundled_ones() -> None:
    """The table of docs/cost.md is that of the data; `python -m pricing.tables.page` writes it there."""
    text = page.PAGE.read_text("utf-8")

    assert page.page(text) == text
    assert "| us-east-1 | training, v2 recipes | 0.002 | 1,000 interactions | secondary | 2026-11-28 |" in text


def test_the_documented_table_can_be_read(tmp_path: Path) -> None:
    """What docs/cost.md shows as a table of one's own is one."""
    (shown,) = re.findall(r"```json\n(.*?)```", page.PAGE.read_text("utf-8"), flags=re.DOTALL)

    assert Decimal("0.06") == read(own(tmp_path, shown)).rates("eu-west-1")["real_time"].usd


def test_a_table_in_the_project_counts_before_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands and deployments take prices.json of the project where it is there, but for one that is given."""
    monkeypatch.setattr(load, "OWN", own(tmp_path))
    rates = definition(parsed(max_cost="1 USD"), "dev", spec_hash="0")["States"]["Describe transform"]["Assign"]

    assert ({"eu-west-1"}, tmp_path / "prices.yaml") == (set(price_table()[0].regions), price_table()[1])
    assert {"eu-west-1"} == set(rates["request"]["budget"]["rates"])
    assert BUNDLED == price_table(BUNDLED)[1]
