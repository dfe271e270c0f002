"""Read prices from the AWS Price List API, and say what of them could not be matched.

How the API describes Amazon Personalize is documented nowhere, so nothing of it is taken for granted: service codes are
looked up, products are found by words, and a price is taken only if one product alone fits, if its unit can be told,
and if it is near the price that others wrote. The rest is shown for people, and stays as it was in the table.

API: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from pricing.reckoning.rates import ITEMS, Step
from pricing.tables.load import DEFAULT_REGION, bundled
from pricing.tables.table import Price

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from pricing.reckoning.rates import ItemName
    from pricing.tables.table import PriceTable

API_REGION = "us-east-1"
"""Where the API is; it knows the prices of every region (page API_pricing_GetProducts)."""

_PLAUSIBLE = 5
"""Factor by which a price may differ from the bundled one; a unit that is read wrongly is a thousand off."""

_REGION = "regionCode"
_SCALES = {"": 1, "k": 10**3, "thousand": 10**3, "m": 10**6, "million": 10**6}
_PER = re.compile(r"\$?\s*(\d[\d.]*)\s*(?:usd)?\s*(?:per|/)\s*(\d[\d,]*)?\s*(k|thousand|m|million)?\b", re.IGNORECASE)
_BLOCK = re.compile(r"^\s*(\d[\d,]*)\s*(k|thousand|m|million)?\b", re.IGNORECASE)


class _Words(NamedTuple):
    """How a product of an item is recognised: words of its service's code, words it has, and words it has not."""

    service: str
    has: tuple[str, ...]
    lacks: str | None = None


_WORDS: dict[ItemName, _Words] = {
    "ingestion": _Words("personalize", ("ingest",)),
    "training_v2": _Words("personalize", ("train", "v2|interaction"), "hour"),
    "training_hour": _Words("personalize", ("train", "hour"), "v2"),
    "inference_v2": _Words("personalize", ("v2", "request|recommend|inference"), "train|theme|segment|metadata"),
    "real_time": _Words(
        "personalize", ("real.?time|tps", "request|recommend|inference"), "v2|batch|recommender|train|metadata"
    ),
    "recommender_hour": _Words("personalize", ("recommender", "hour|hrs"), "additional|further|next|request|train"),
    "recommender_users": _Words("personalize", ("recommender", "additional|further|next", "users"), "request|train"),
    "recommender_requests": _Words("personalize", ("recommender", "requests"), "train"),
    "batch_inference": _Words("personalize", ("batch", "inference|recommend"), "v2|segment|theme"),
    "batch_segment": _Words("personalize", ("segment",), "train"),
    "themes": _Words("personalize", ("theme|content generat",)),
    "metadata": _Words("personalize", ("metadata",)),
    "lambda_duration": _Words("lambda", ("lambda-gb-second-arm",), "provisioned|edge|durable|managed"),
    "table_writes": _Words("dynamodb", ("write.?request.?unit",), "infrequent|ia-|repl|transact|global"),
    "glue_hour": _Words("glue", ("etl-dpu-hour",), "flex|memory|devendpoint|interactive"),
}


@dataclass(frozen=True)
class Unmatched:
    """Something for people to look at: what it is, and why no price was taken from it."""

    what: str
    why: str


@dataclass(frozen=True)
class Refreshed:
    """What came of a look at the price list.

    Attributes:
        table: the table with what was matched.
        matched: items whose price is AWS's now.
        unmatched: items without one, and products that fit none.
    """

    table: PriceTable
    matched: list[ItemName]
    unmatched: list[Unmatched]


@dataclass(frozen=True)
class _Product:
    """A product of the price list, with a text of all that describes it."""

    name: str
    text: str
    dimensions: list[dict[str, Any]]


class _UnreadableError(ValueError):
    """A product whose price cannot be told; the message says why."""


def refresh(pricing: Any, table: PriceTable, region: str, *, today: dt.date) -> Refreshed:
    """Return a table with AWS's prices of a region where they can be told.

    Args:
        pricing: a boto3 client of the service pricing, in ``API_REGION``.
        table: with the prices so far.
        region: whose prices are wanted.
        today: the day that new prices bear.

    Raises:
        botocore.exceptions.ClientError: a call was refused.
    """
    services = [
        service for page in pricing.get_paginator("describe_services").paginate() for service in page["Services"]
    ]
    prices: dict[ItemName, Price] = {}
    unmatched: list[Unmatched] = []
    for word in dict.fromkeys(words.service for words in _WORDS.values()):
        codes = [service for service in services if word in service["ServiceCode"].lower()]
        if not codes:
            unmatched.append(Unmatched(f"services named {word}", "the Price List API lists none"))
        products = [product for service in codes for product in _products(pricing, service, region)]
        found, left = _matched(word, products, today)
        prices |= found
        unmatched += left
    return Refreshed(table.with_prices(region, prices), list(prices), unmatched)


def _products(pricing: Any, service: dict[str, Any], region: str) -> Iterator[_Product]:
    """Yield the products of a service in a region; those that name no region may be of any."""
    code, knows_region = service["ServiceCode"], _REGION in service.get("AttributeNames", ())
    filters = [{"Type": "TERM_MATCH", "Field": _REGION, "Value": region}] if knows_region else []
    pages = pricing.get_paginator("get_products").paginate(ServiceCode=code, Filters=filters)
    for text in (text for page in pages for text in page["PriceList"]):
        document = json.loads(text) if isinstance(text, str) else text
        product = document.get("product", {})
        attributes = {key: str(value) for key, value in product.get("attributes", {}).items()}
        if attributes.get(_REGION, region) != region:
            continue
        terms = document.get("terms", {}).get("OnDemand", {}).values()
        dimensions = [each for term in terms for each in term.get("priceDimensions", {}).values()]
        words = [product.get("productFamily", ""), *attributes.values()]
        words += [f"{each.get('unit', '')} {each.get('description', '')}" for each in dimensions]
        name = attributes.get("usagetype") or product.get("sku", "a product without a name")
        yield _Product(f"{code} {name}", " ".join(words).lower(), dimensions)


def _matched(service: str, products: list[_Product], today: dt.date) -> tuple[dict[ItemName, Price], list[Unmatched]]:
    """Return the prices of the items of a service, and what fits none of them or several."""
    wanted = {item: words for item, words in _WORDS.items() if words.service == service}
    fitting = {product.name: [item for item in wanted if _fits(product, wanted[item])] for product in products}
    prices: dict[ItemName, Price] = {}
    unmatched = []
    for item in wanted:
        own = [product for product in products if fitting[product.name] == [item]]
        label = ITEMS[item].label
        if len(own) != 1:
            names = f"{len(own)} products fit: {', '.join(each.name for each in own)}" if own else "no product fits"
            unmatched.append(Unmatched(label, names))
            continue
        try:
            prices[item] = _price(item, own[0], today)
        except _UnreadableError as error:
            unmatched.append(Unmatched(label, f"{own[0].name}: {error}"))
    if service == "personalize":  # the others have hundreds of products that no pipeline uses
        for product in products:
            if len(items := fitting[product.name]) != 1:
                several = f"it fits {', '.join(ITEMS[item].label for item in items)}" if items else "it fits no item"
                unmatched.append(Unmatched(product.name, f"{several}: {_described(product)}"))
    return prices, unmatched


def _fits(product: _Product, words: _Words) -> bool:
    return all(re.search(word, product.text) for word in words.has) and not (
        words.lacks and re.search(words.lacks, product.text)
    )


def _price(item: ItemName, product: _Product, today: dt.date) -> Price:
    """Return the price of a product, with its steps.

    Raises:
        _UnreadableError: it cannot be told, or is far from the bundled one.
    """
    singles = sorted((_single(dimension) for dimension in product.dimensions), key=lambda each: each[0])
    if not singles:
        raise _UnreadableError("it has no price on demand")
    starts = [start for start, _ in singles]
    if starts[0] != 0 or len(set(starts)) != len(starts):
        raise _UnreadableError(f"its prices begin at {', '.join(map(str, starts))}")
    per = ITEMS[item].per
    (_, first), *rest = ((start, (usd * per).normalize()) for start, usd in singles)
    known = bundled().rates(DEFAULT_REGION)[item].usd
    if known and not known / _PLAUSIBLE <= first <= known * _PLAUSIBLE:
        raise _UnreadableError(
            f"{first:f} USD per {ITEMS[item].told} is more than {_PLAUSIBLE} times off the bundled {known:f}, as if "
            f"its unit were another: {_described(product)}"
        )
    steps = [Step(beyond=int(start), usd=usd) for start, usd in rest]
    source = f"AWS Price List API, {product.name}"
    return Price(usd=first, then=steps, date=today, grade="price list", source=source)


def _single(dimension: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Return where a price begins, and what one unit costs: one interaction, one request, one hour.

    Raises:
        _UnreadableError: description and price contradict each other, or there is no price in USD.
    """
    try:
        price = Decimal(dimension["pricePerUnit"]["USD"])
        begin = Decimal(dimension.get("beginRange") or 0)
    except (KeyError, TypeError, InvalidOperation) as error:
        raise _UnreadableError("it has no price in USD") from error
    block = _size(_BLOCK.search(str(dimension.get("unit", ""))))
    if told := _PER.search(str(dimension.get("description", ""))):
        said, of = Decimal(told[1].rstrip(".")), _number(told[2], told[3])
        if price not in {said, said / of}:
            raise _UnreadableError(f"its price is {price}, but its description says {told[0].strip()}")
        # Either the unit is the block that the description names, or one of it.
        block = of if price == said else 1
    return begin * block, price / block


def _size(found: re.Match[str] | None) -> int:
    return _number(found[1], found[2]) if found else 1


def _number(digits: str | None, scale: str | None) -> int:
    return int((digits or "1").replace(",", "")) * _SCALES[(scale or "").lower()]


def _described(product: _Product) -> str:
    return "; ".join(_told(product.dimensions)) or "without a price"


def _told(dimensions: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"{each.get('pricePerUnit', {}).get('USD', '?')} per {each.get('unit', '?')} ({each.get('description', '')})"
        for each in dimensions
    ]
