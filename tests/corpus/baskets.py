"""Random rows with a list each, written in several forms, and what becomes of them by a computation of its own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl
from hypothesis import strategies as st

from tests.corpus.case import AT, Case

if TYPE_CHECKING:
    from collections.abc import Sequence

Form = Literal["objects", "pairs", "parquet"]


class Element(NamedTuple):
    """An element: an id, and a label of which only those above 0 are kept."""

    id: str
    label: str


class Basket(NamedTuple):
    """A row: a user, and a list that may be missing."""

    user: str
    elements: Sequence[Element] | None


_ELEMENTS = st.builds(
    Element, st.sampled_from(["a", "b-1", "支付", ""]), st.sampled_from(["1", "1", "2.5", "0", "", "x"])
)
_GOOD = st.builds(Element, st.sampled_from(["a", "b-1", "支付"]), st.sampled_from(["1", "0", "1e1"]))
_LISTS = st.one_of(st.none(), st.lists(_GOOD, max_size=4), st.lists(_GOOD, max_size=4), st.lists(_ELEMENTS, max_size=3))
_BASKETS = st.builds(Basket, st.sampled_from(["u", "u", "v", "w", ""]), _LISTS)


@dataclass(frozen=True)
class Rows:
    """Rows in objects, the form they are written in, and whether the first of the same user and item stays alone."""

    objects: Sequence[Sequence[Basket]]
    form: Form
    distinct: bool

    def case(self) -> Case:
        """Return the rows as raw objects with what must come of them."""
        explode: Any = {"from": "list", "split": " ", "fields": ["id", "label"], "between": "-"}
        source = {"format": {"objects": "jsonl", "pairs": "csv", "parquet": "parquet"}[self.form]}
        section = {
            "source": source | {"explode": explode if self.form == "pairs" else "list"},
            "keep": "list.label > 0",
            "columns": {"USER_ID": "user", "ITEM_ID": "list.id", "TIMESTAMP": {"from": "at", "unit": "s"}},
            "duplicates": {"keep": "first", "by": ["USER_ID", "ITEM_ID"]} if self.distinct else "all",
        }
        raw = {f"{index}.{self.form}": self._written(rows) for index, rows in enumerate(self.objects)}
        return Case("baskets", section, raw, **self._expected())

    def _written(self, rows: Sequence[Basket]) -> str | bytes:
        if self.form == "parquet":
            schema = {
                "user": pl.String,
                "at": pl.Int64,
                "list": pl.List(pl.Struct({"id": pl.String, "label": pl.String})),
            }
            lists = [None if row.elements is None else [each._asdict() for each in row.elements] for row in rows]
            columns = {"user": [row.user for row in rows], "at": [AT + at for at in range(len(rows))], "list": lists}
            buffer = io.BytesIO()
            pl.DataFrame(columns, schema=schema).write_parquet(buffer)
            return buffer.getvalue()
        if self.form == "pairs":
            cells = [" ".join(map("-".join, row.elements or ())) for row in rows]
            return "user,list,at\n" + "".join(
                f"{row.user},{cell},{AT + at}\n" for at, (row, cell) in enumerate(zip(rows, cells, strict=True))
            )
        lists = [row.elements and [each._asdict() for each in row.elements] for row in rows]
        documents = [
            {"user": row.user, "at": AT + at, "list": found}
            for at, (row, found) in enumerate(zip(rows, lists, strict=True))
        ]
        return "".join(json.dumps(document) + "\n" for document in documents)

    def _expected(self) -> dict[str, Any]:
        records, rejected, seen = [], [], set()
        total = out = lost = without = filtered = 0
        for index, rows in enumerate(self.objects):
            for at, row in enumerate(rows):
                elements = row.elements or ()
                total, without = total + len(elements), without + (not elements)
                wrong = next(
                    ((place, told) for place, each in enumerate(elements, 1) if (told := _wrong(row, each))), None
                )
                if wrong:
                    line = None if self.form == "parquet" else at + 1 + (self.form == "pairs")
                    rejected.append((f"{index}.{self.form}", line, wrong[1], wrong[0]))
                    lost += len(elements)
                    continue
                pairs = [(row.user, each.id) for each in elements if each.label and float(each.label) > 0]
                if self.distinct:
                    pairs = [pair for pair in dict.fromkeys(pairs) if pair not in seen]
                    seen.update(pairs)
                records += [(*pair, AT + at) for pair in pairs]
                out, filtered = out + len(pairs), filtered + (not pairs)
        elements_counted = (total, out, total - out - lost, lost, without)
        return {"records": records, "rejected": rejected, "filtered": filtered, "elements": elements_counted}


def _wrong(row: Basket, element: Element) -> str | None:
    if element.label == "x":
        return "keep: list.label is not a number"
    if not element.label or float(element.label) <= 0:
        return None
    return "USER_ID is empty" if not row.user else None if element.id else "ITEM_ID is empty"


ROWS = st.builds(
    Rows,
    st.lists(st.lists(_BASKETS, min_size=1, max_size=8), min_size=1, max_size=3),
    st.sampled_from(["objects", "pairs", "parquet"]),
    st.booleans(),
)
