"""Raw data in the shapes that people bring, through the pipeline files that they would write.

Expected rows come from plain Python over the same raw data, or are written out by hand.
"""

from __future__ import annotations

import csv
import io
import json
import random
import runpy
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from definition.load import load, parse
from definition.paths import PIPELINES, ROOT
from definition.plan.mappings import dataset_mapping
from definition.service.limits import MIN_INTERACTIONS
from lambdas.transform.attempts import REJECTS
from lambdas.transform.execute import DATASET, execute
from tests.corpus.case import written
from tests.unit.raw import Folder, fill, table
from transform.raw.objects import matches

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from definition.file.pipeline import Pipeline
    from definition.service.dataset_types import DatasetName

SAMPLES = ROOT / "samples"
SOLUTIONS = """
solutions:
  - name: for-you
    recipe: aws-user-personalization-v2
    batch_inference: [{name: top25}]
"""


class Found(NamedTuple):
    """What became of the raw rows of a dataset: its records, reasons by line, and facts."""

    records: list[tuple[Any, ...]]
    rejected: dict[int, str]
    facts: dict[str, Any]
    users: set[str]


def transformed(folder: Path, pipeline: Pipeline, dataset: DatasetName, raw: Mapping[str, bytes | str]) -> Found:
    """Transform raw objects, named as under ``raw/``, into a dataset of the pipeline."""
    mapping = dataset_mapping(pipeline, dataset)
    objects = fill(folder, {f"raw/{key}": content for key, content in raw.items()})
    taken = [item for item in objects if matches(item.key.removeprefix("raw/"), mapping.path)]
    staging = folder / "staging" / dataset
    staging.mkdir(parents=True)
    outcome = execute(mapping, Folder(folder), taken, staging=f"staging/{dataset}/", started=0)
    rejected = [json.loads(line) for line in (staging / REJECTS).read_text("utf-8").splitlines()]
    return Found(
        written((staging / DATASET).read_text("utf-8"), mapping),
        {row["line"]: row["reason"] for row in rejected},
        outcome.facts,
        set(outcome.users["USER_ID"]) if dataset == "interactions" else set(),
    )


MOVIELENS_100K = parse(
    """
name: movielens-100k
datasets:
  interactions:
    source: {path: u.data, delimiter: "\\t", quote: none, header: [user, item, rating, at]}
    columns:
      USER_ID: user
      ITEM_ID: item
      TIMESTAMP: {from: at, unit: s}
      EVENT_TYPE: {expression: CASE WHEN rating >= 4 THEN 'like' ELSE 'watch' END}
      EVENT_VALUE: rating
  items:
    source:
      path: u.item
      delimiter: "|"
      quote: none
      encoding: latin-1
      header: [id, title, released, video, url, action, comedy, drama]
    columns:
      ITEM_ID: id
      TITLE: {from: title, type: textual}
      RELEASED: {from: released, type: long, format: "%d-%b-%Y"}
      GENRES:
        type: categorical
        split: "|"
        expression: >-
          CASE WHEN action = 1 THEN 'Action|' ELSE '' END || CASE WHEN comedy = 1 THEN 'Comedy|' ELSE '' END ||
          CASE WHEN drama = 1 THEN 'Drama' ELSE '' END
  users:
    source: {path: u.user, delimiter: "|", quote: none, header: [id, age, gender, occupation, zip]}
    columns:
      USER_ID: id
      AGE: {from: age, type: int}
      GENDER: {from: gender, type: categorical, map: {M: male, F: female}}
      OCCUPATION: {from: occupation, type: categorical}
"""
    + SOLUTIONS
)


def test_movielens_100k_ratings(tmp_path: Path) -> None:
    """Tabs without a header: the names given cut each line, the first one too."""
    chance = random.Random(1)
    rows = [
        (chance.randint(1, 943), chance.randint(1, 1682), chance.randint(1, 5), 874_724_710 + 977 * n)
        for n in range(300)
    ]
    found = transformed(
        tmp_path, MOVIELENS_100K, "interactions", {"u.data": "".join("\t".join(map(str, row)) + "\n" for row in rows)}
    )

    expected = [
        (str(user), str(item), at, "like" if rating > 3 else "watch", float(rating)) for user, item, rating, at in rows
    ]
    assert expected == found.records
    assert {} == found.rejected


def test_movielens_100k_films_and_users(tmp_path: Path) -> None:
    """Bars, Latin-1, dates with English months and before 1970, flags that become categories, and a map."""
    films = (
        "1|Toy Story (1995)|01-Jan-1995||http://example.org/1|0|1|0\n"
        '2|Misérables, Les "1995"|20-Oct-1935||http://example.org/2|1|0|1\n'
        "267|unknown||||0|0|0\n"
        "3|Broken|31-Feb-1995|||0|0|0\n"
    ).encode("latin-1")
    users = "1|24|M|technician|85711\n2|53|F|other|94043\n3|?|F|other|94043\n"
    raw: dict[str, bytes | str] = {"u.item": films, "u.user": users}
    items = transformed(tmp_path, MOVIELENS_100K, "items", raw)
    people = transformed(tmp_path, MOVIELENS_100K, "users", raw)

    before_1970 = int(datetime(1935, 10, 20, tzinfo=UTC).timestamp())
    assert [
        ("1", "Toy Story (1995)", int(datetime(1995, 1, 1, tzinfo=UTC).timestamp()), "Comedy"),
        ("2", 'Misérables, Les "1995"', before_1970, "Action|Drama"),
        ("267", "unknown", None, None),
    ] == items.records
    assert {4: "RELEASED is not a time of the form %d-%b-%Y"} == items.rejected
    assert [("1", 24, "male", "technician"), ("2", 53, "female", "other")] == people.records
    assert {3: "AGE is not a whole number that int can hold"} == people.rejected


def test_movielens_ratings(tmp_path: Path) -> None:
    """The bundled film pipeline keeps the likes and scores the other users too."""
    chance = random.Random(2)
    rows = [(n % 90 + 1, chance.randint(1, 900), chance.randint(1, 10) / 2, 964_982_703 + n) for n in range(400)]
    text = "userId,movieId,rating,timestamp\r\n" + "".join(",".join(map(str, row)) + "\r\n" for row in rows)
    found = transformed(tmp_path, load(PIPELINES / "movielens.yaml"), "interactions", {"ratings/ratings.csv": text})

    likes = [(str(user), str(item), at, "watch") for user, item, rating, at in rows if rating >= 3.5]
    assert likes == found.records
    assert len(rows) - len(likes) == found.facts["rows_filtered"]
    assert {str(user) for user, *_ in rows} == found.users


HETREC = parse(
    """
name: hetrec
datasets:
  interactions:
    source: {path: hetrec/, delimiter: "\\t", quote: none}
    keep: rating >= 3.5
    columns:
      ITEM_ID: movieID
      USER_ID: userID
      TIMESTAMP: {from: timestamp, unit: ms}
"""
    + SOLUTIONS
)


def test_hetrec_ratings(tmp_path: Path) -> None:
    """Tabs with a header and milliseconds, columns in the order of the pipeline file; seconds are told from them."""
    chance = random.Random(3)
    rows = [
        (75, chance.randint(1, 65_000), chance.randint(1, 10) / 2, 1_162_160_236_000 + 61_500 * n) for n in range(200)
    ]
    lines = ["userID\tmovieID\trating\ttimestamp", *("\t".join(map(str, row)) for row in rows)]
    lines += ["75\t7\t4.5\t1162160236", "75\t7\t4.5", "75\t7\tgood\t1162160236000"]
    found = transformed(tmp_path, HETREC, "interactions", {"hetrec/user_ratedmovies.dat": "\n".join(lines)})

    assert [(str(item), "75", at // 1000) for _, item, rating, at in rows if rating >= 3.5] == found.records
    assert {
        202: "TIMESTAMP is outside 1971 to 2099 in ms, but not in s: set unit: s",
        203: "fewer than 4 fields",
        204: "keep: rating is not a number",
    } == found.rejected


AD_EVENTS = parse(
    """
name: ad-events
datasets:
  interactions:
    source: {path: events/, encoding: gb18030}
    columns:
      USER_ID: user_id
      ITEM_ID: {expression: "'ad-' || LOWER(TRIM(ad_label))"}
      TIMESTAMP: {from: event_time, format: "%Y-%m-%d %H-%M-%S", timezone: Asia/Shanghai}
      EVENT_TYPE: {from: event_track, map: {支付: pay, 创建订单: order, 加购: cart, 浏览: view}}
      EVENT_VALUE: {from: event_track, map: {支付: 4, 创建订单: 3, 加购: 2, 浏览: 1}}
  users:
    source: {path: users.csv}
    columns:
      USER_ID: user_id
      CITY: {from: city, type: categorical}
      AGE: {from: age, type: int}
      INTERESTS: {from: interests, type: categorical, split: "、"}
"""
    + SOLUTIONS
)
WEIGHTS = {"支付": ("pay", 4.0), "创建订单": ("order", 3.0), "加购": ("cart", 2.0), "浏览": ("view", 1.0)}


def test_advertisement_events(tmp_path: Path) -> None:
    """Chinese names of events become types and weights, times of Shanghai seconds; unknown names are rejected."""
    chance = random.Random(4)
    labels = ["Label1B", " label1c ", "LABEL2A"]
    rows = [
        (
            f"u{chance.randint(1, 60)}",
            chance.choice(labels),
            chance.choice([*WEIGHTS]),
            f"2021-12-{day:02} 03-16-{n % 60:02}",
        )
        for n in range(250)
        for day in [n % 28 + 1]
    ]
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows([("event_track", "user_id", "ad_label", "event_time"), *((e, u, i, t) for u, i, e, t in rows)])
    writer.writerow(("收藏", "u1", "Label1B", "2021-12-18 03-16-24"))
    found = transformed(tmp_path, AD_EVENTS, "interactions", {"events/a.csv": stream.getvalue().encode("gb18030")})

    def seconds(text: str) -> int:
        local = datetime.strptime(text, "%Y-%m-%d %H-%M-%S").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        return int(local.timestamp())

    assert 1_639_768_584 == seconds("2021-12-18 03-16-24")
    assert [
        (user, f"ad-{label.strip().lower()}", seconds(at), *WEIGHTS[event]) for user, label, event, at in rows
    ] == found.records
    assert {252: "EVENT_TYPE: its value is not in the map"} == found.rejected


def test_the_bundled_advertisements(tmp_path: Path) -> None:
    """The bundled events give what plain Python takes from them, and broken rows are rejected for what is wrong."""
    raw = {f"events/{file.name}": file.read_bytes() for file in (SAMPLES / "ad-audience" / "events").iterdir()}
    found = transformed(tmp_path, load(PIPELINES / "ad-audience.yaml"), "interactions", raw)

    def record(row: dict[str, str]) -> tuple[Any, ...]:
        local = datetime.strptime(row["event_time"], "%Y-%m-%d %H-%M-%S").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        ad = f"ad-{row['ad_label'].strip().lower()}"
        return (row["user_id"], ad, int(local.timestamp()), *WEIGHTS[row["event_track"]])

    expected, broken = [], 0
    for _, content in sorted(raw.items()):
        for row in csv.DictReader(io.StringIO(content.decode("gb18030", errors="replace"))):
            try:
                assert row["user_id"]
                expected.append(record(row))
            except (AssertionError, KeyError, TypeError, ValueError):
                broken += 1
    assert expected == found.records
    assert broken == len(found.rejected)
    assert {
        "EVENT_TYPE: its value is not in the map": 4,
        "USER_ID is empty": 4,
        "TIMESTAMP is not a time of the form %Y-%m-%d %H-%M-%S": 4,
        "fewer than 4 fields": 4,
        "bytes that are not gb18030": 1,
    } == Counter(found.rejected.values())
    assert MIN_INTERACTIONS < sum(value >= 2 for *_, value in expected)


def test_the_bundled_advertisements_are_what_their_script_makes() -> None:
    """Whoever runs the script beside the sample gets the sample, byte by byte."""
    folder = SAMPLES / "ad-audience"
    script = runpy.run_path(str(folder / "make_events.py"))
    made = script["files"](random.Random(script["SEED"]))

    assert {file.name: file.read_bytes() for file in (folder / "events").iterdir()} == made


def test_features_of_the_users_of_advertisements(tmp_path: Path) -> None:
    """Several interests of one field are joined by bars; of a user that stands twice the later line counts."""
    raw = {"users.csv": "user_id,city,age,interests\nu1,上海,31,音乐、 旅行、\nu2,,,\nu1,北京,32,读书\n"}
    found = transformed(tmp_path, AD_EVENTS, "users", raw)

    assert [("u2", None, None, None), ("u1", "北京", 32, "读书")] == sorted(found.records, reverse=True)
    assert {} == found.rejected


RETAIL = load(PIPELINES / "online-retail.yaml")
ORDERS: dict[str, list[Any]] = {
    "InvoiceNo": [1, 1, 1, 2, 2, 3, 4, 5],
    "StockCode": ["10A", "10a", "20", "POST", "30", "20", "40", "10A"],
    "Description": [
        "RED TOTE BAG", "Red Tote Bag", ' GLASS LANTERN 4" ', "POSTAGE", "", "LANTERN", "SPOON", "RED CHRISTMAS BAG",
    ],
    "Quantity": [2, 1, 6, 1, 1, -1, 1, 3],
    "InvoiceDate": ["2011-01-10 09:00:00"] * 3 + ["2011-07-10 09:00:00"] * 5,
    "UnitPrice": [2.5, 2.5, 1.25, 18.0, 0.0, 1.25, 0.1, 3.33],
    "CustomerID": [17850.0, 17850.0, 17850.0, 12583.0, 12583.0, 17850.0, 0.0, 17850.0],
    "Country": ["United Kingdom"] * 3 + ["France"] * 2 + ["United Kingdom"] * 2 + ["EIRE"],
}  # fmt: skip
WINTER, SUMMER = 1_294_650_000, 1_310_284_800


def test_orders_become_interactions(tmp_path: Path) -> None:
    """Returns, gifts, postage and unknown customers are filtered; known customers of such rows are scored."""
    found = transformed(tmp_path, RETAIL, "interactions", {"orders/a.parquet": table(ORDERS)})

    assert [
        ("17850", "10A", WINTER, "Purchase", 5.0),
        ("17850", "10A", WINTER, "Purchase", 2.5),
        ("17850", "20", WINTER, "Purchase", 7.5),
        ("17850", "10A", SUMMER, "Purchase", 9.99),
    ] == found.records
    assert (8, 4, 4, 0) == tuple(found.facts[f"rows_{kind}"] for kind in ("in", "out", "filtered", "rejected"))
    assert {"17850", "12583"} == found.users


def test_orders_become_items_and_users(tmp_path: Path) -> None:
    """The same table gives each product with its last price, text and category, and each customer with a country."""
    raw = {"orders/a.parquet": table(ORDERS)}
    items = transformed(tmp_path, RETAIL, "items", raw)
    users = transformed(tmp_path, RETAIL, "users", raw)

    assert [
        ("20", 1.25, "Lights", 'GLASS LANTERN 4"'),
        ("40", 0.1, "Other", "SPOON"),
        ("10A", 3.33, "Christmas", "RED CHRISTMAS BAG"),
    ] == items.records
    assert [("12583", "France"), ("17850", "EIRE")] == sorted(users.records)


def test_the_bundled_orders(tmp_path: Path) -> None:
    """The bundled sample gives what plain Python takes from it, nothing is rejected, and it is enough to train on."""
    content = (SAMPLES / "online-retail" / "orders" / "orders.parquet").read_bytes()
    found = transformed(tmp_path, RETAIL, "interactions", {"orders/orders.parquet": content})

    def seconds(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London")).timestamp())

    expected = [
        (
            f"{row['CustomerID']:.0f}",
            row["StockCode"].upper(),
            seconds(row["InvoiceDate"]),
            "Purchase",
            pytest.approx(row["UnitPrice"] * row["Quantity"], abs=0.0051),
        )
        for row in pl.read_parquet(content).to_dicts()
        if row["Quantity"] > 0 and row["UnitPrice"] > 0 and row["CustomerID"] and row["StockCode"][0].isdigit()
    ]
    assert expected == found.records
    assert 0 == found.facts["rows_rejected"]
    assert 2 * MIN_INTERACTIONS < len(found.records)


def test_the_bundled_orders_are_what_their_script_makes() -> None:
    """Whoever runs the script beside the sample gets the sample."""
    folder = SAMPLES / "online-retail"
    script = runpy.run_path(str(folder / "make_orders.py"))
    made = pl.DataFrame(script["order_lines"](np.random.default_rng(script["SEED"])))
    bundled = pl.read_parquet(folder / "orders" / "orders.parquet")

    assert_frame_equal(made.select(bundled.columns), bundled)
