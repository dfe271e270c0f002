#!/usr/bin/env python3
"""Make events/*.csv: what people did with the advertisements of a shop that does not exist, as such tables are.

Each person acts on advertisements of one kind, so there is something to learn. Views say little: some people look at
one advertisement all day and never act. Chinese names of events, times of Shanghai and labels that are spelled in
several ways stand in GB18030, and a few rows are broken.
"""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

SEED = 20_211_218
ENCODING = "gb18030"
HEADER = ("event_track", "user_id", "ad_label", "event_time")
VIEW, CART, ORDER, PAY = "浏览", "加购", "创建订单", "支付"

KINDS, ADS_OF_A_KIND = 5, "ABCDEFGH"
ACTORS, LOOKERS, CAREFUL = 210, 20, 30
"""People who act, people who only look, and those among the former who never go beyond the cart."""
FIRST_DAY, DAYS = datetime(2021, 11, 1), 61  # noqa: DTZ001  # the shop's own clock

OF_THEIR_KIND = 0.4
"""Share of the advertisements that people are shown which are of the kind that they act on."""
ACTS, ACTS_ELSEWHERE, ORDERS, PAYS = 0.6, 0.02, 0.6, 0.7
STARES = 45
"""Times that somebody who only looks looks at one advertisement."""

BROKEN = (
    "收藏,u{n:03},Label1A,{at}",  # a name that nobody has given a weight
    "支付,,Label2B,{at}",
    "加购,u{n:03},Label3C,2021-12-18",
    "浏览,u{n:03},Label",
)
BROKEN_OF_EACH = 4
SPOILT = b"\xff\xff,u001,Label1A,2021-12-18 03-16-24\n"
"""A line that is not GB18030."""


class Event(NamedTuple):
    """A row of the table; the time is that of Shanghai."""

    event: str
    user: str
    label: str
    at: datetime


def tastes(dice: random.Random) -> dict[str, int]:
    """Return, by user, the number of the kind of advertisement that the user acts on; 0 for who only looks."""
    numbers = dice.sample(range(1, 1000), ACTORS + LOOKERS)
    return {f"u{number:03}": place % KINDS + 1 if place < ACTORS else 0 for place, number in enumerate(numbers)}


def events(dice: random.Random, kinds: dict[str, int]) -> list[Event]:
    """Return what everybody did, in the order of time."""
    done: list[Event] = []
    for place, (user, kind) in enumerate(kinds.items()):
        if kind:
            for _ in range(dice.randrange(6, 26)):
                shown = kind if dice.random() < OF_THEIR_KIND else dice.randrange(1, KINDS + 1)
                done += _visit(dice, user, _label(dice, shown), own=shown == kind, careful=place < CAREFUL)
        else:
            label = f"Label{place % KINDS + 1}{ADS_OF_A_KIND[place % len(ADS_OF_A_KIND)]}"
            done += [Event(VIEW, user, label, _moment(dice)) for _ in range(STARES)]
    return sorted(done, key=lambda event: event.at)


def _visit(dice: random.Random, user: str, label: str, *, own: bool, careful: bool) -> list[Event]:
    """Return a view and what follows from it, each a few minutes after the other."""
    steps = [VIEW]
    if dice.random() < (ACTS if own else ACTS_ELSEWHERE):
        steps.append(CART)
        if not careful and dice.random() < ORDERS:
            steps.append(ORDER)
            if dice.random() < PAYS:
                steps.append(PAY)
    at = _moment(dice)
    return [Event(step, user, label, at + timedelta(minutes=4 * number)) for number, step in enumerate(steps)]


def _label(dice: random.Random, kind: int) -> str:
    """Return one of the labels of a kind, now and then in another spelling."""
    label = f"Label{kind}{dice.choice(ADS_OF_A_KIND)}"
    return dice.choices([label, label.upper(), f" {label.lower()} "], weights=[90, 5, 5])[0]


def _moment(dice: random.Random) -> datetime:
    return FIRST_DAY + timedelta(minutes=dice.randrange(DAYS * 24 * 60 - 60), seconds=dice.randrange(60))


def files(dice: random.Random) -> dict[str, bytes]:
    """Return a table a month by its name, with the broken rows spread over the last one."""
    months: dict[str, list[str]] = defaultdict(list)
    for event, user, label, at in events(dice, tastes(dice)):
        months[f"{at:%Y-%m}.csv"].append(_line(event, user, label, f"{at:%Y-%m-%d %H-%M-%S}"))
    last = months[max(months)]
    for text in BROKEN * BROKEN_OF_EACH:
        spoilt = text.format(n=dice.randrange(1000), at="2021-12-18 03-16-24")
        last.insert(dice.randrange(len(last)), f"{spoilt}\n")
    head = _line(*HEADER)
    tables = {name: "".join([head, *lines]).encode(ENCODING) for name, lines in months.items()}
    tables[max(tables)] += SPOILT
    return tables


def _line(*fields: str) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(fields)
    return stream.getvalue()


if __name__ == "__main__":
    folder = Path(__file__).parent / "events"
    folder.mkdir(exist_ok=True)
    for name, content in files(random.Random(SEED)).items():  # noqa: S311  # no secret
        (folder / name).write_bytes(content)
