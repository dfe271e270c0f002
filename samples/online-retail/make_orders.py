#!/usr/bin/env python3
"""Make orders/orders.parquet: order lines of a gift shop that does not exist, with what real ones have.

Customers have two favourite kinds of product, buy more of what is popular, and buy pairs together, so there is
something to learn. Beside good lines there are unknown customers (number 0), returns, gifts without price, postage,
repeated lines, and texts with quotes, blanks at their ends and spellings that change.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

SEED = 20_240_601
CUSTOMERS, ORDERS = 150, 900
FIRST_DAY = datetime(2023, 1, 2)  # noqa: DTZ001  # the shop's own clock, as its till prints it
DAYS = 360

KINDS = ("BAG", "MUG", "CANDLE", "CUSHION", "NECKLACE", "CARD", "FLOWER POT", "CLOCK")
COLOURS = ("AMBER", "COBALT", "CORAL", "MINT", "PLUM", "SLATE")
MOTIFS = ("FOX", "HERON", "LEMON", "SAILBOAT")
UNKNOWN_CUSTOMER, FAVOURITE, TOGETHER = 0.2, 0.85, 0.3
RETURN, GIFT, OTHER_TEXT, OTHER_CODE = 0.02, 0.03, 0.95, 0.97
"""Shares, the second line as bounds of one number between 0 and 1."""

COUNTRIES = ("United Kingdom", "Ireland", "Portugal", "Germany")
POSTAGE = {"StockCode": "POST", "Description": "POSTAGE", "Quantity": 1, "UnitPrice": 4.0}


def products(random: np.random.Generator) -> list[dict[str, Any]]:
    """Return the shop's products: code, text, price, and the kind that customers like or do not."""
    names = [(kind, f"{colour} {motif} {kind}") for kind in KINDS for colour in COLOURS for motif in MOTIFS]
    return [
        {
            "StockCode": f"{30_000 + number}{'AB'[number % 2] if number % 5 == 0 else ''}",
            "Description": f' {name} 12" ' if number % 17 == 0 else name,
            "UnitPrice": round(float(random.uniform(0.4, 14)), 2),
            "kind": kind,
        }
        for number, (kind, name) in enumerate(names)
    ]


def order_lines(random: np.random.Generator) -> list[dict[str, Any]]:
    """Return all order lines in the order in which they were made."""
    shelf = products(random)
    by_kind = [[product for product in shelf if product["kind"] == kind] for kind in KINDS]
    popularity = 1 / np.arange(1, len(by_kind[0]) + 1)
    popularity /= popularity.sum()
    tastes = [random.choice(len(KINDS), size=2, replace=False) for _ in range(CUSTOMERS)]
    lines: list[dict[str, Any]] = []
    for number, minutes in enumerate(np.sort(random.integers(0, DAYS * 24 * 60, ORDERS))):
        customer = int(random.integers(CUSTOMERS))
        head = {
            "InvoiceNo": 700_000 + number,
            "InvoiceDate": f"{FIRST_DAY + timedelta(minutes=int(minutes)):%Y-%m-%d %H:%M:%S}",
            "CustomerID": 0.0 if random.random() < UNKNOWN_CUSTOMER else 20_000.0 + customer,
            "Country": COUNTRIES[customer % len(COUNTRIES)],
        }
        bought = []
        for _ in range(int(random.integers(2, 7))):
            kind = random.choice(tastes[customer]) if random.random() < FAVOURITE else random.integers(len(KINDS))
            place = int(random.choice(len(popularity), p=popularity))
            bought.append(by_kind[kind][place])
            if random.random() < TOGETHER:
                # What stands at the same place of the next kind goes with it.
                bought.append(by_kind[(kind + 1) % len(KINDS)][place])
        lines += [head | _line(random, product) for product in bought]
        lines += [lines[-1]] if number % 40 == 0 else []
        lines += [head | POSTAGE] if number % 10 == 0 else []
    return lines


def _line(random: np.random.Generator, product: dict[str, Any]) -> dict[str, Any]:
    quantity = int(random.choice([1, 2, 3, 6, 12]))
    chance = random.random()
    return {
        "StockCode": product["StockCode"].lower() if chance > OTHER_CODE else product["StockCode"],
        "Description": product["Description"].title() if chance > OTHER_TEXT else product["Description"],
        "Quantity": -quantity if chance < RETURN else quantity,
        "UnitPrice": 0.0 if RETURN <= chance < GIFT else product["UnitPrice"],
    }


if __name__ == "__main__":
    orders = Path(__file__).parent / "orders"
    orders.mkdir(exist_ok=True)
    columns = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
    pl.DataFrame(order_lines(np.random.default_rng(SEED))).select(columns).write_parquet(orders / "orders.parquet")
