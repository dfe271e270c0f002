"""Random orders and their lines, and what comes of them by a few lines of Python with dictionaries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.corpus.case import AT, Case

_KEYS = st.sampled_from(["1", "01", "1.0", "2", "ä", "a b", "A", "a", ""])
_TEXT = st.sampled_from(["c1", "c2", "é", ""])


@dataclass(frozen=True)
class Order:
    """An order as it stands in the raw data; ``broken`` has a field too much."""

    key: str
    customer: str
    kind: str
    at: str
    broken: bool


@dataclass(frozen=True)
class Orders:
    """Lines with keys of orders, orders in two objects, and how they are looked up."""

    lines: list[str]
    orders: tuple[list[Order], list[Order]]
    in_json: bool
    duplicates: str | None
    missing: str
    keep: bool

    def case(self) -> Case:
        """Return the case with all that must come of it."""
        known, duplicate, wrong = self._known()
        lookup: dict[str, Any] = {"key": "id", "on": "order", "missing": self.missing}
        lookup |= {"source": {"format": "jsonl"}} if self.in_json else {}
        lookup |= {"duplicates": self.duplicates} if self.duplicates else {}
        section: dict[str, Any] = {
            "lookups": {"orders": lookup},
            "columns": {
                "USER_ID": "orders.customer",
                "ITEM_ID": "line",
                "TIMESTAMP": {"from": "orders.at", "unit": "s"},
                "KIND": {"from": "orders.kind", "type": "string"},
            },
        }
        if self.keep:
            section["keep"] = "orders.kind <> 'x'"
        records, rejected, filtered = self._made(known)
        end = "jsonl" if self.in_json else "csv"
        return Case(
            "",
            section,
            {"a.csv": "line,order\n" + "".join(f"i{at},{key}\n" for at, key in enumerate(self.lines))},
            records,
            rejected,
            filtered,
            beside={
                "orders": {f"{name}.{end}": self._written(part) for name, part in zip("ab", self.orders, strict=True)}
            },
            lookups={"orders": (len(known), duplicate, wrong)},
        )

    def _known(self) -> tuple[dict[str, Order], int, list[tuple[Any, ...]]]:
        known: dict[str, Order] = {}
        wrong: list[tuple[Any, ...]] = []
        duplicate = 0
        for name, part in zip("ab", self.orders, strict=True):
            for at, order in enumerate(part):
                if order.broken or not order.key:
                    broken = "not JSON" if self.in_json else "more than 4 fields"
                    place = (f"{name}.jsonl", at + 1) if self.in_json else (f"{name}.csv", at + 2)
                    wrong.append((*place, broken if order.broken else "id is empty"))
                    continue
                duplicate += order.key in known
                if order.key not in known or self.duplicates == "latest":
                    known[order.key] = order
        return known, duplicate, sorted(wrong, key=str)

    def _made(self, known: dict[str, Order]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], int]:
        records: list[tuple[Any, ...]] = []
        rejected: list[tuple[Any, ...]] = []
        for at, key in enumerate(self.lines):
            order = known.get(key)
            if order is None and self.missing == "reject":
                empty = "order is empty, so nothing is found in orders"
                rejected.append(("a.csv", at + 2, "no row of orders has this order" if key else empty))
            elif self.keep and (order is None or order.kind in {"x", ""}):
                continue
            elif order is None or not order.customer:
                rejected.append(("a.csv", at + 2, "USER_ID is empty"))
            elif order.at == "never":
                rejected.append(("a.csv", at + 2, "TIMESTAMP is not an epoch time"))
            else:
                records.append((order.customer, f"i{at}", int(order.at), order.kind or None))
        return records, rejected, len(self.lines) - len(records) - len(rejected)

    def _written(self, part: list[Order]) -> str:
        if self.in_json:
            documents = [
                {"id": each.key or None, "customer": each.customer, "kind": each.kind, "at": each.at} for each in part
            ]
            lines = [json.dumps(document, ensure_ascii=False) for document in documents]
            return "".join(f"{line}{',' * each.broken}\n" for line, each in zip(lines, part, strict=True))
        rows = (f"{each.at},{each.kind},{each.customer},{each.key}{',' * each.broken}\n" for each in part)
        return "".join(["at,kind,customer,id\n", *rows])


@st.composite
def _orders(draw: st.DrawFn) -> Orders:
    duplicates = draw(st.sampled_from([None, "first", "latest"]))
    order = st.builds(
        Order,
        _KEYS,
        _TEXT,
        st.sampled_from(["x", "y", ""]),
        st.sampled_from([str(AT), str(AT + 1), "never"]),
        st.sampled_from([False, False, False, True]),
    )
    found = draw(st.lists(order, min_size=1, max_size=8))
    if duplicates is None:
        first = {each.key: at for at, each in reversed(list(enumerate(found))) if not each.broken}
        found = [each for at, each in enumerate(found) if each.broken or not each.key or first[each.key] == at]
    cut = draw(st.integers(0, len(found)))
    return Orders(
        lines=draw(st.lists(_KEYS, max_size=12)),
        orders=(found[:cut], found[cut:]),
        in_json=draw(st.booleans()) and 0 < cut < len(found),
        duplicates=duplicates,
        missing=draw(st.sampled_from(["reject", "empty"])),
        keep=draw(st.booleans()),
    )


ORDERS = _orders()
