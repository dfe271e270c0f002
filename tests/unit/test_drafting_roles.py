"""What pipelines are drafted from raw data: who, what, when, and what describes them."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.drafting import FIRST, KINDS, events, lines, read, title, when
from tests.unit.raw import table

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = lines("user,item,at", lambda event: f"u{event.user},i{event.item},{event.at}")


def test_three_tables_without_headers(tmp_path: Path) -> None:
    """Numbers that stand for users and items alike are told apart by the tables whose keys they are."""
    dice = Random(1)
    found = read(
        tmp_path,
        {
            "u.data": lines(
                None, lambda event: f"{event.user + 1}\t{event.item + 1}\t{dice.randint(1, 5)}\t{event.at}"
            ),
            "u.item": "".join(f"{item + 1}|{title(item)}|{dice.choice(KINDS)}|é\n" for item in range(90)).encode(
                "latin-1"
            ),
            "u.user": "".join(f"{user + 1}|{dice.randint(18, 70)}|{dice.choice('MF')}\n" for user in range(60)),
            "README": "Ratings: by people, of things",
        },
    )

    assert {
        "path": "u.data",
        "delimiter": "\t",
        "header": ["user", "item", "value", "at"],
    }.items() <= found.source().items()
    assert found.columns() == {
        "USER_ID": "user",
        "ITEM_ID": "item",
        "TIMESTAMP": {"from": "at", "unit": "s"},
        "EVENT_VALUE": "value",
    }
    assert {"path": "u.item", "encoding": "latin-1", "delimiter": "|"}.items() <= found.source("items").items()
    assert found.columns("items")["FIELD_2"] == {"from": "field_2", "type": "textual"}
    assert found.source("users")["path"] == "u.user"
    assert found.columns("users")["FIELD_3"] == {"from": "field_3", "type": "categorical"}
    assert "# - README: " in found.text


@pytest.mark.slow
def test_a_wide_table_without_header_is_written_on_several_lines(tmp_path: Path) -> None:
    """Names of many fields are wrapped, and the first hundred flags that items can have are taken."""
    dice = Random(9)
    flags = "".join(f"{item}|{title(item)}|{'|'.join(dice.choice('01') for _ in range(110))}\n" for item in range(90))
    log = lines(None, lambda event: f"{event.user}|{event.item}|{event.at}")

    found = read(tmp_path, {"log.txt": log, "things.txt": flags})

    assert len(found.source("items")["header"]) == 112
    assert len(found.columns("items")) == 101
    assert "# FIELD_112: " in found.text
    assert all(len(line) <= 120 for line in found.text.splitlines() if "field_" in line)


@pytest.mark.slow
def test_a_schema_takes_as_many_columns_as_fit(tmp_path: Path) -> None:
    """Long names make a schema longer than CloudFormation takes: what is beyond becomes a comment."""
    dice = Random(10)
    names = [f"name_of_a_property_that_is_longer_than_most_others_{at}" for at in range(90)]
    rows = "".join(f"i{item},{','.join(dice.choice(KINDS) for _ in names)}\n" for item in range(90))

    found = read(tmp_path, {"log.csv": PLAIN, "things.csv": f"item,{','.join(names)}\n{rows}"})

    assert 50 < len(found.columns("items")) < 90
    assert "# more than the dataset takes" in found.text


def test_names_do_not_decide_where_values_do(tmp_path: Path) -> None:
    """Columns called a to d in an unusual order: users come and go, items stay, ratings are few."""
    dice = Random(2)
    text = lines("a,b,c,d", lambda event: f"{event.at},{event.item},{event.user},{dice.randint(1, 5)}")

    columns = read(tmp_path, {"log.csv": text}).columns()

    assert columns == {
        "USER_ID": "c",
        "ITEM_ID": "b",
        "TIMESTAMP": {"from": "a", "unit": "s"},
        "EVENT_VALUE": "d",
    }


def test_event_types_and_foreign_words(tmp_path: Path) -> None:
    """Events are known by their words, a decimal comma is read, and what a product is called describes it."""
    dice = Random(3)
    text = lines(
        "Beleg;Datum;Kunde;Artikel;Bezeichnung;Aktion;Preis",
        lambda event: (
            f"{dice.randrange(10**6)};{when(event.at, '%d.%m.%Y %H:%M')};{event.user + 100};{event.item + 500};"
            f"{title(event.item)} für €;{dice.choice(['view', 'purchase'])};{event.item},{dice.randrange(100):02d}"
        ),
    )

    found = read(tmp_path, {"Umsatz.csv": text.encode("windows-1252")})

    assert {"encoding": "windows-1252", "delimiter": ";"}.items() <= found.source().items()
    columns = found.columns()
    assert (columns["USER_ID"], columns["ITEM_ID"], columns["EVENT_TYPE"]) == ("Kunde", "Artikel", "Aktion")
    assert columns["TIMESTAMP"] == {"from": "Datum", "format": "%d.%m.%Y %H:%M"}
    assert found.columns("items")["BEZEICHNUNG"] == {"from": "Bezeichnung", "type": "textual"}
    assert "names no time zone" in found.text
    assert found.facts()["rows_rejected"] == 0


def test_lists_of_orders_are_exploded(tmp_path: Path) -> None:
    """The products of an order stand in one field: each becomes a record, and the order's number is no user."""
    text = lines(
        "order_id,customer,skus,at",
        lambda event: f"{event.at % 10**7},c{event.user},s{event.item}|s{event.at % 90},{event.at}",
    )

    found = read(tmp_path, {"orders/1.csv": text})

    assert found.source() == {"path": "orders/", "format": "csv", "explode": {"from": "skus", "split": "|"}}
    assert (found.columns()["USER_ID"], found.columns()["ITEM_ID"]) == ("customer", "skus")
    assert found.facts()["records"] == 2 * 1_200


def test_sessions_and_labels(tmp_path: Path) -> None:
    """Of what was shown the chosen ones count; the others go into the impression."""
    dice = Random(8)
    lists = [[dice.randrange(90), event.item, dice.randrange(90)] for event in events()]

    text = "".join(
        f"{row}\tU{event.user}\t{when(event.at, '%m/%d/%Y %I:%M:%S %p')}\t"
        f"{' '.join(f'N{item}-{int(place == 1)}' for place, item in enumerate(lists[row]))}\n"
        for row, event in enumerate(events())
    )

    found = read(tmp_path, {"behaviors.tsv": text})

    explode = {"from": "shown", "split": " ", "fields": ["id", "label"], "between": "-"}
    assert found.source()["explode"] == explode
    assert found.columns()["USER_ID"] == "user"
    assert found.columns()["ITEM_ID"] == "shown.id"
    assert found.columns()["IMPRESSION"] == "shown[*].id"
    assert found.keep() == "shown.label = 1"
    assert found.facts()["records"] == 1_200
    first = events()[0]
    assert found.first()[0] == [
        f"U{first.user}",
        f"N{first.item}",
        str(first.at),
        "|".join(f"N{item}" for item in lists[0]),
    ]


def nested(event: Any) -> dict[str, Any]:
    """Return an event of analytics, with a list of items."""
    items = [{"item_id": f"SKU{(event.item + step) % 90}", "price": 2.5 + step} for step in range(1 + event.item % 3)]
    return {
        "event_name": "purchase" if event.at % 3 else "view_item",
        "event_date": when(event.at, "%Y%m%d"),
        "event_timestamp": event.at * 10**6,
        "user": {"id": f"{event.user}.16", "country": "PT"},
        "items": items,
    }


@pytest.mark.parametrize("packed", ["jsonl", "parquet"])
def test_nested_events(tmp_path: Path, packed: str) -> None:
    """Users are found in objects and items in lists of them, in JSON Lines and in Parquet."""
    rows = [nested(event) for event in events()]
    if packed == "jsonl":
        files: dict[str, bytes | str] = {"events.jsonl": "".join(json.dumps(row) + "\n" for row in rows)}
    else:
        files = {"events.parquet": table({name: [row[name] for row in rows] for name in rows[0]})}

    found = read(tmp_path, files)

    assert found.source() == {"path": f"events.{packed}", "format": packed, "explode": {"from": "items"}}
    columns = found.columns()
    assert (columns["USER_ID"], columns["ITEM_ID"]) == ("user.id", "items.item_id")
    assert columns["TIMESTAMP"] == {"from": "event_timestamp", "unit": "us"}
    assert columns["EVENT_TYPE"] == "event_name"
    assert found.facts()["records"] == sum(1 + event.item % 3 for event in events())


def test_a_row_for_each_property_of_an_item(tmp_path: Path) -> None:
    """A catalogue of changes over several files: the newest row of the property that groups counts."""
    dice = Random(4)
    parts = {}
    for part in (1, 2):
        rows = [
            (FIRST - dice.randrange(5) * 604_800, item, name, value)
            for item in range(90)
            for name, value in [
                ("categoryid", dice.randint(1, 9)),
                ("available", dice.randrange(2)),
                ("790", f"n{dice.randrange(10**6)}.000"),
            ]
        ]
        text = "".join(f"{at * 1000},{item},{name},{value}\n" for at, item, name, value in rows)
        parts[f"properties_part{part}.csv"] = f"timestamp,itemid,property,value\n{text}"
    log = lines("timestamp,visitorid,event,itemid", lambda event: f"{event.at * 1000},{event.user},view,{event.item}")

    found = read(tmp_path, {"events.csv": log, **parts})

    items = found.dataset("items")
    assert items is not None
    assert (items.source.path, items.keep) == ("properties_part*.csv", "property = 'categoryid'")
    assert items.duplicates is not None
    assert items.duplicates.order_by == "UPDATED"
    assert found.columns("items")["CATEGORYID"] == {"from": "value", "type": "categorical"}
    assert found.facts("items")["records"] == 90
    assert found.dataset("users") is None


def test_without_a_time_the_file_says_so(tmp_path: Path) -> None:
    """Personalize needs a time: one is made up, beside what it cannot do, and the file still runs."""
    dice = Random(6)
    text = lines(
        '"User-ID";"ISBN";"Book-Rating"', lambda event: f'"{event.user}";"{event.item:09d}X";"{dice.randint(1, 10)}"'
    )

    found = read(tmp_path, {"ratings.csv": text})

    assert found.columns()["TIMESTAMP"] == {"value": 1_500_000_000}
    assert "No column says when" in found.text
    assert any("There is no time in the data" in each for each in found.drafted.unsure)
    assert {row[2] for row in found.first()} == {"1500000000"}


def order_lines(orders: str, lines: str) -> dict[str, bytes | str]:
    """Return a file of orders, each with its customer and a time, and one of their lines, under these headers."""
    found = [f"o{row:05},c{event.user},{when(event.at)},{event.user % 3}x\n" for row, event in enumerate(events())]
    rows = [(row, item) for row, event in enumerate(events()) for item in (event.item, (event.item * 3 + 1) % 90)]
    return {
        "orders.csv": orders + "".join(found),
        "order_items.csv": lines + "".join(f"o{row:05},p{item}\n" for row, item in rows),
    }


def test_lines_look_up_their_orders(tmp_path: Path) -> None:
    """Lines of orders name no customer and no time: both come from the orders, and so do the users."""
    found = read(tmp_path, order_lines("order_id,customer_id,purchased_at,plan\n", "order_ref,product_id\n"))

    for part in (found.dataset("interactions"), found.dataset("users")):
        assert part is not None
        (lookup,) = part.lookups.values()
        assert ("orders.csv", "order_id", "order_ref") == (lookup.source.path, lookup.key, lookup.on)
    columns = found.columns()
    assert ("orders.customer_id", "product_id") == (columns["USER_ID"], columns["ITEM_ID"])
    assert "orders.purchased_at" == columns["TIMESTAMP"]["from"]
    assert {"from": "orders.plan", "type": "categorical"} == found.columns("users")["PLAN"]
    assert (2 * len(events()), 0) == (found.facts()["records"], found.facts()["rows_rejected"])
    told = "order_items.csv names no user: order_ref is looked up in orders.csv, where order_id is the key"
    assert any(told in text for text in found.drafted.unsure)


def test_orders_whose_name_is_taken_must_be_joined(tmp_path: Path) -> None:
    """Where the lines have a field of the look-up's name, the draft says what to join."""
    found = read(tmp_path, order_lines("order_id,customer_id,purchased_at,plan\n", "orders,product_id\n"))

    told = " ".join(found.drafted.unsure)
    assert "is the key of orders.csv, which says more: customer_id, purchased_at. Join the two" in told
    assert found.dataset("users") is None


def test_nobody_is_no_user(tmp_path: Path) -> None:
    """A customer 0 who has a fifth of the orders is filtered, and gets no recommendations."""
    text = lines(
        "customer,product,at,country", lambda e: f"{e.user if e.item % 5 else 0},p{e.item},{e.at},{e.user % 3}x"
    )

    found = read(tmp_path, {"orders.csv": text})

    assert found.columns()["USER_ID"] == {"expression": "NULLIF(customer, '0')"}
    assert found.keep() == "customer <> '0'"
    assert found.columns("users") == {
        "USER_ID": {"expression": "NULLIF(customer, '0')"},
        "COUNTRY": {"from": "country", "type": "categorical"},
    }
    assert found.facts()["rows_rejected"] == 0
    assert all(row[0] != "0" for row in found.first())


def test_words_for_no_value_are_listed(tmp_path: Path) -> None:
    """NULL, NaN and their like stand for nothing: numbers stay numbers, and no category is called so."""
    words = ["\\N", "NULL", "NaN", "9.5", "None", "7"]
    text = lines(
        "user,item,at,price,colour",
        lambda e: f"u{e.user},i{e.item},{e.at},{words[e.at % 6]},{['red', 'NULL', 'blue'][e.at // 7 % 3]}",
    )

    found = read(tmp_path, {"x.csv": text})

    assert set(found.source()["nulls"]) == {"\\N", "NULL", "NaN", "None"}
    assert found.columns()["EVENT_VALUE"] == "price"
    assert found.columns()["COLOUR"] == {"from": "colour", "type": "categorical"}
    assert found.facts()["rows_rejected"] == 0
    assert {row[3] for row in found.first()} <= {"9.5", "7.0", ""}


def test_parts_and_partitions_are_one_table(tmp_path: Path) -> None:
    """Files of days under folders of the form name=value are one source, whatever lies beside them."""
    parts: dict[str, bytes | str] = {"sales/_SUCCESS": "x", "notes.md": "# Notes"}
    every = events()
    for day in range(4):
        some = every[day * 300 : (day + 1) * 300]
        parts[f"sales/day=2020-10-0{day + 1}/part-{day:05}-3f1c9a2e-aaaa-4bbb-8ccc-123456789abc.parquet"] = table(
            {"account": [f"a{e.user}" for e in some], "sku": [f"s{e.item}" for e in some], "at": [e.at for e in some]}
        )

    found = read(tmp_path, parts)

    assert found.source() == {"path": "sales/", "format": "parquet"}
    assert found.facts()["rows_in"] == 1_200


def test_links_and_tags_are_neither_items_nor_users(tmp_path: Path) -> None:
    """A table of other ids says nothing to train on, and one of further events is no table of users."""
    dice = Random(7)
    found = read(
        tmp_path,
        {
            "ratings.csv": lines(
                "userId,movieId,rating,at", lambda e: f"{e.user},{e.item},{dice.randint(1, 5)},{e.at}"
            ),
            "movies.csv": "movieId,title,genres\n"
            + "".join(f'{i},"{title(i)}, The",{KINDS[i % 5]}|{KINDS[i % 3]}\n' for i in range(90)),
            "links.csv": "movieId,imdbId\n" + "".join(f"{i},{i + 114_000:07}\n" for i in range(90)),
            "tags.csv": lines(
                "userId,movieId,tag,at", lambda e: f"{e.user},{e.item},{dice.choice(KINDS)},{e.at}", count=300
            ),
        },
    )

    assert found.source()["path"] == "ratings.csv"
    assert found.source("items")["path"] == "movies.csv"
    assert found.columns("items")["TITLE"] == {"from": "title", "type": "textual"}
    assert found.columns("items")["GENRES"] == {"from": "genres", "type": "categorical"}
    assert found.dataset("users") is None
    assert "links.csv" in found.text
    assert "tags.csv" in found.text


def test_tables_that_have_the_columns_already(tmp_path: Path) -> None:
    """Personalize's own names are mapped to themselves."""
    text = lines(
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", lambda e: f"u{e.user},i{e.item},{e.at},{'buy' if e.at % 3 else 'click'}"
    )

    assert read(tmp_path, {"interactions.csv": text}).columns() == {
        "USER_ID": "USER_ID",
        "ITEM_ID": "ITEM_ID",
        "TIMESTAMP": {"from": "TIMESTAMP", "unit": "s"},
        "EVENT_TYPE": "EVENT_TYPE",
    }


def test_day_and_clock_become_one_time(tmp_path: Path) -> None:
    """A day in one column and the time of day in another are joined."""
    text = lines(None, lambda e: f"{when(e.at, '%d/%m/%Y')};{when(e.at, '%H:%M:%S')};C{e.user};{e.item}")

    found = read(tmp_path, {"till.txt": text})

    assert found.source()["header"] == ["day", "clock", "user", "item"]
    assert found.columns()["TIMESTAMP"] == {"expression": "day || ' ' || clock", "format": "%d/%m/%Y %H:%M:%S"}
    assert found.first()[0][2] == str(events()[0].at)
