"""Lines that look up their orders, through the state machine: imported, left out, added, and refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.documents import popular, shop
from tests.functions.reporting import inside
from tests.pipeline.data import planted
from tests.pipeline.rig import Rig, Run

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS

SECTION = {
    "source": {"path": "lines/"},
    "lookups": {"orders": {"source": {"path": "orders/", "format": "jsonl"}, "key": "id", "on": "order"}},
    "columns": {
        "USER_ID": "orders.customer.id",
        "ITEM_ID": "product",
        "TIMESTAMP": {"from": "orders.at", "unit": "s"},
    },
    "import_mode": "incremental",
}


@pytest.fixture(scope="module")
def rig(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline whose solution waits for new data."""
    solution = popular(unchanged_data="skip")
    document = shop(name="lines", datasets={"interactions": SECTION}, solutions=[solution], schedule=...)
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("lines"))


def put(rig: Rig, key: str, lines: list[str]) -> None:
    """Put lines as a raw object."""
    rig.add_raw(key, "".join(f"{line}\n" for line in lines))


def order(number: int, customer: str, at: str) -> str:
    """Return an order as a line of JSON."""
    return json.dumps({"id": number, "customer": {"id": customer}, "at": at})


def ran(rig: Rig) -> tuple[Run, dict[str, Any]]:
    """Run; return the run and what it says of the interactions."""
    run = rig.run()
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert run.manifest is not None
    return run, run.manifest["datasets"][0]


def scored(rig: Rig, run: Run) -> set[str]:
    """Return the users in a run's batch output."""
    (key,) = [key for key in rig.keys(f"batch/{run.id}/popular/top/output/") if key.endswith(".out")]
    return {line["input"]["userId"] for line in rig.lines(key)}


def test_lines_are_imported_with_the_customers_of_their_orders(rig: Rig) -> None:
    """A changed order is new data although no line has changed; new lines are added; a repeated key ends the run."""
    rows = [row.split(",") for row in planted()]
    orders = [order(number, user, at) for number, (user, _, at) in enumerate(rows)]
    lines = [f"{number},{item}" for number, (_, item, _) in enumerate(rows)]
    put(rig, "lines/a.csv", ["order,product", *lines, "x,A01"])
    put(rig, "orders/a.jsonl", [*orders, '{"customer": {"id": "nobody"}, "at": 1}'])

    first, interactions = ran(rig)
    assert ("FULL", 1800) == (interactions["imports"]["mode"], interactions["imports"]["records"])
    assert [{"reason": "no row of orders has this order", "rows": 1}] == interactions["reasons"]
    (lookup,) = interactions["lookups"]
    assert (1801, 1800, 1) == (lookup["rows_in"], lookup["rows_out"], lookup["rows_rejected"])
    (reject,) = rig.lines(f"rejects/{first.id}/interactions.orders.jsonl")
    assert ("raw/orders/a.jsonl", 1801, "id is empty") == (reject["object"], reject["line"], reject["reason"])
    page = inside(rig.read(f"runs/{first.id}/report.html").decode())
    (told,) = [each for each in page.reasons if each.lookup == "orders"]
    assert told.example is not None
    assert ("raw/orders/a.jsonl", 1801) == (told.example.object, told.example.line)
    users = {user for user, _, _ in rows}
    assert users == scored(rig, first)
    versions = rig.versions()

    same, interactions = ran(rig)
    assert "NONE" == interactions["imports"]["mode"]
    assert versions == rig.versions()

    put(rig, "orders/a.jsonl", [order(0, "somebody-new", rows[0][2]), *orders[1:]])
    changed, interactions = ran(rig)
    assert "FULL" == interactions["imports"]["mode"]
    assert f"the raw data of the look-up orders has changed since run {same.id}" == interactions["imports"]["reason"]
    assert len(versions) + 1 == len(rig.versions())
    assert users | {"somebody-new"} == scored(rig, changed)

    put(rig, "lines/b.csv", ["order,product", *(f"{number},B01" for number in range(1000))])
    added, interactions = ran(rig)
    assert ("INCREMENTAL", 1000) == (interactions["imports"]["mode"], interactions["imports"]["records"])
    (part,) = rig.keys(f"transformed/{added.id}/interactions-increment/")
    imported = rig.read(part).decode().splitlines()
    assert f"somebody-new,B01,{rows[0][2]}" in imported
    assert 1 + 1000 == len(imported)

    put(rig, "orders/b.jsonl", [orders[7]])
    failed = rig.run()
    assert "FAILED" == failed.status
    told = "The same id stands twice in the look-up orders: in raw/orders/a.jsonl, line 8 and in raw/orders/b.jsonl"
    assert told in failed.cause
