"""Raw data with traps, and what every engine must make of it: records, and rejected lines with their reasons.

Expected values are worked out by hand, times with Python's datetime and zoneinfo.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from definition.load import parse
from definition.plan.mappings import dataset_mapping
from transform.forgotten import Forgotten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from definition.mapping.mapping import DatasetMapping
    from definition.service.dataset_types import DatasetName

INTERACTIONS: DatasetName = "interactions"
COLUMNS = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": {"from": "at", "unit": "s"}}
AT = 1_700_000_000


@dataclass(frozen=True)
class Case:
    """A dataset's section, its raw objects, and what comes of them.

    Attributes:
        section: source without path, keep, columns, duplicates, events.
        raw: content of the objects by their names under ``data/``.
        records: the dataset's rows in the order of its columns; numbers as numbers, nothing as None.
        rejected: object, line (None in Parquet) and reason; where a list is exploded, the place of the element, too.
        filtered: rows that are in neither.
        elements: of lists that are exploded all, those out, filtered, rejected; and rows without any.
        beside: the same of each look-up, by its name, which is that of its folder.
        lookups: of each look-up, by its name, its rows out and duplicate, and those rejected as in ``rejected``.
        failed: object, line and check of each row that fails one; where a list is exploded, the place of the element.
        forget: ids of users that are to be forgotten.
        forgotten: rows among the filtered ones that are theirs.
        bare: object and line of each rejected row that is written without its text.
    """

    name: str
    section: dict[str, Any]
    raw: dict[str, str | bytes]
    records: list[tuple[Any, ...]]
    rejected: list[tuple[Any, ...]] = field(default_factory=list)
    filtered: int = 0
    elements: tuple[int, int, int, int, int] | None = None
    dataset: DatasetName = INTERACTIONS
    domain: str | None = None
    beside: dict[str, dict[str, str | bytes]] = field(default_factory=dict)
    lookups: dict[str, tuple[int, int, list[tuple[Any, ...]]]] = field(default_factory=dict)
    failed: list[tuple[Any, ...]] = field(default_factory=list)
    forget: tuple[str, ...] = ()
    forgotten: int = 0
    bare: list[tuple[str, int | None]] = field(default_factory=list)

    @property
    def left_out(self) -> Forgotten:
        """The users of ``forget``, as the bucket's list has them."""
        return Forgotten("5a17", frozenset(hashlib.sha256(f"5a17{user}".encode()).hexdigest() for user in self.forget))

    def failing(self, rows: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """Return what an engine has written of rows that fail a check, as ``failed`` has it and in an order."""
        found = []
        for row in rows:
            assert row["reason"].startswith(f"check {row['check']}: ")
            place = [row["element"]] if self.elements else []
            found.append((row["object"].rpartition("/")[2], row["line"], row["check"], *place))
        return sorted(found, key=str)

    def mapping(self) -> DatasetMapping:
        """Return the mapping that the pipeline file of the case compiles to."""
        return dataset_mapping(parse(json.dumps(self._document(), ensure_ascii=False)), self.dataset)

    def contents(self) -> dict[str, str | bytes]:
        """Return all raw objects by their keys."""
        folders = {"data": self.raw} | self.beside
        return {f"raw/{folder}/{name}": content for folder, found in folders.items() for name, content in found.items()}

    def _document(self) -> dict[str, Any]:
        source = {"path": "data/", **self.section.get("source", {})}
        others = {INTERACTIONS: {"source": {"path": "none/"}, "columns": {**COLUMNS, "EVENT_TYPE": {"value": "View"}}}}
        section = {**self.section, "source": source}
        for name, lookup in section.get("lookups", {}).items():
            of_lookup = {**lookup, "source": {"path": f"{name}/", **lookup.get("source", {})}}
            section["lookups"] = section["lookups"] | {name: of_lookup}
        datasets = others | {self.dataset: section}
        solution = {"name": "s", "recipe": "aws-user-personalization-v2", "batch_inference": [{"name": "j"}]}
        return {"name": "corpus", "domain": self.domain, "datasets": datasets, "solutions": [solution]}


def shop(**columns: Any) -> dict[str, Any]:
    """Return a section with the shop's three columns and more of them."""
    return {"columns": {**COLUMNS, **columns}}


def of_x(sql: str, kind: str, cells: list[tuple[str, Any]]) -> Case:
    """Return a case of one expression: raw text of ``x`` and what becomes of it; a reason begins with ``!``."""
    raw = "user,item,at,x,y\n" + "".join(f"u{row},i,{AT},{cell}\n" for row, (cell, _) in enumerate(cells))
    rejected = [
        ("a.csv", row + 2, str(value)[1:]) for row, (_, value) in enumerate(cells) if str(value).startswith("!")
    ]
    records = [(f"u{row}", "i", AT, value) for row, (_, value) in enumerate(cells) if not str(value).startswith("!")]
    section = shop(X={"expression": sql, "type": kind})
    return Case(f"expression {sql}", section, {"a.csv": raw}, records, rejected)


def of_time(form: dict[str, Any], cells: list[tuple[str, Any]]) -> Case:
    """Return a case of one form of times, of ``at`` or an expression: raw text, and seconds or a reason."""
    raw = "user;item;at\n" + "".join(f"u{row};i;{cell}\n" for row, (cell, _) in enumerate(cells))
    rejected = [("a.csv", row + 2, value) for row, (_, value) in enumerate(cells) if isinstance(value, str)]
    records = [(f"u{row}", "i", value) for row, (_, value) in enumerate(cells) if not isinstance(value, str)]
    section = {
        "source": {"delimiter": ";"},
        "columns": COLUMNS | {"TIMESTAMP": form if "expression" in form else {"from": "at", **form}},
    }
    return Case(f"times {form}", section, {"a.csv": raw}, records, rejected)


def written(text: str, mapping: DatasetMapping) -> list[tuple[Any, ...]]:
    """Read a dataset's CSV by the rules of Personalize: a backslash takes away what the next character means.

    Raises:
        AssertionError: the header is not that of the mapping.
    """
    header, *rows = csv.reader(io.StringIO(text, newline=""), escapechar="\\", doublequote=False, strict=True)
    assert mapping.column_names == header
    read = [float if column.type in {"float", "double"} else int for column in mapping.records[0].columns]
    texts = [column.type == "string" for column in mapping.records[0].columns]
    return [
        tuple(
            None if not cell else cell if text else number(cell)
            for cell, text, number in zip(row, texts, read, strict=True)
        )
        for row in rows
    ]
