"""Random pipeline files and random raw data for them, out of everything that the spec allows."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from definition.load import parse
from definition.mapping.mapping import UNITS_PER_SECOND
from definition.plan.mappings import dataset_mapping
from definition.problems import SpecError

if TYPE_CHECKING:
    from random import Random

    from definition.mapping.mapping import DatasetMapping

ROWS = 160
RAW = ("user", "item", "at", "when", "x", "y", "z.w")
TEXTS = [
    "", "", "a", "A", "b", "é", "É", "ß", "İ", "\u0131", "Σ", "ΑΣ", "ΑΣ.", "ŉ", "ﬁ", "ǅ", "支付",
    "😀", "a😀b", "a b",
    " a", "a ", "  ", "a,b", "x|y", "|", "a||b", ", ,", "a\x09b", "a\x00b", "\x7f", "\x1f", "\x85", "\u2028",
    "\xa0a", "\ufeff", "\u0301", "a%b", "a_b", "%", "a.b..c", "a/b/c", "/b", "a//", "-", "\x0b", "u" * 256,
    "u" * 257, "😀" * 256, "v" * 1000, "v" * 1001, "NULL", "null", "true", "a-b",
]  # fmt: skip
QUOTED = ['"', 'q"q', '""', "\\", 'a\\"b', "a\rb", "\r"]
NUMBERS = [
    "0", "-0", "0.0", "-0.0", "1", "+1", "4.5", "2.5", "1e3", "1E+3", "1e400", "1e-400", "NaN", "inf", "-Infinity",
    "0x10", "1_000", " 4.0", "4.0 ", "4.0f", "4d", "+5", "-.5", "5.", ".", "1e", "٤", "999999999999999999",
    "9999999999999999999", "99999999999999999999", "-2147483648", "2147483647", "2147483648", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "1.0", "1.50", "1.005", "0.1", "1e0003", "3.5e38", "1e39",
    "1.7976931348623157e308", "1.7976931348623159e308", "123456789012345678901234567890", "-3.5", "1e15",
    "9007199254740993", "00012", "1e22",
]  # fmt: skip
EPOCHS = [
    "1700000000", "1700000000000", "1700000000000000", "1700000000000000000", "1700000000.9", "1700000000123.", "-1",
    "0", "31535999", "31536000", "4102444799", "4102444800", "1500000000", "01500000000", "+1500000000", "1.5e9",
    "15", "never", "9223372036854775807", "1500000001",
]  # fmt: skip
CLOCKS = [
    "2024-02-29", "2023-02-29", "2021-03-14 02:30:00", "2021-11-07 01:30:00", "2021-11-07T01:30-05:00",
    "2024-01-31T23:59:59Z", "1986-05-04 01:59:59", "2021-03-28 02:00:00", "2021-10-31 02:59:59",
    "1970-12-31 23:59:59", "2099-12-31 23:59:59", "2100-01-01", "0000-01-01", "0000-03-01", "1582-10-10",
    "1900-02-29", "2000-02-29", "9999-12-31", "2024-1-2", "2024-02-29 24:00:00", "2024-02-29 23:59:60",
    "2011-12-30 12:00:00", "2024-06-30 00:30:00", "3/7/2021 8:26 AM", "12/31/1999 12:00 pm", "13/1/2021 1:00 AM",
    "2/29/2023 1:00 AM", "07 Mar 21 02:30", "7 mar 68 0:0", "07 MAR 69 23:59", "31 Apr 20 1:1", "20240229",
    "2024229", "2024-060", "2023-366", "2024-366 11", "٢٠٢٤-02-29",
]  # fmt: skip
FORMATS = ["iso8601", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M %p", "%d %b %y %H:%M", "%Y%m%d", "%Y-%j", "%F"]
ZONES = [
    "UTC", "America/New_York", "Europe/Lisbon", "Asia/Shanghai", "Pacific/Apia", "Australia/Lord_Howe",
    "Africa/Casablanca", "America/Sao_Paulo", "Asia/Kolkata", "Europe/Dublin", "Antarctica/Troll",
    "America/St_Johns",
]  # fmt: skip
LITERALS = ["a", "b", "", "-", ".", "/", "支", "A", "null", "a b"]


@dataclass(frozen=True)
class Table:
    """A mapping and raw objects for it by their keys."""

    document: dict[str, Any]
    mapping: DatasetMapping
    contents: dict[str, bytes]


def table(dice: Random) -> Table:
    """Return a random table; documents that the spec refuses are thrown again."""
    while True:
        maker = _Maker(dice)
        document = maker.document()
        try:
            mapping = dataset_mapping(parse(json.dumps(document, ensure_ascii=False)), maker.dataset)
        except SpecError:
            continue
        return Table(document, mapping, maker.contents())


class _Maker:
    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.dataset: Any = dice.choice(["interactions"] * 4 + ["items", "users"])
        self.format = dice.choice(["csv"] * 4 + ["jsonl"])
        self.encoding = dice.choice(["utf-8"] * 5 + ["latin-1", "gb18030", "utf-16"])
        self.delimiter = dice.choice([",", ",", ";", "\t", "|", " ", "¦"])
        self.unit = dice.choice(["s", "s", "ms", "us", "ns"])
        self.form = dice.choice(FORMATS)
        self.ordered = False
        self.quote = dice.choice(['"', '"', "none"])
        self.header = self.format == "csv" and dice.random() < 0.2

    def document(self) -> dict[str, Any]:
        """Return a pipeline file with a section for the dataset."""
        plain = {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": {"from": "at", "unit": "s"}}
        datasets = {"interactions": {"source": {"path": "none/"}, "columns": plain}, self.dataset: self._section()}
        solution = {"name": "s", "recipe": "aws-user-personalization-v2", "batch_inference": [{"name": "j"}]}
        return {"name": "random", "datasets": datasets, "solutions": [solution]}

    def contents(self) -> dict[str, bytes]:
        """Return raw objects; folders give the column ``when`` to some."""
        found = {}
        count = 1 if self.ordered else self.dice.choice([1, 2, 3])
        for index in range(count):
            order = list(RAW)
            if not self.header:
                self.dice.shuffle(order)
            lines = [self._line(order) for _ in range(ROWS // count)]
            if self.format == "csv" and not self.header:
                lines.insert(0, self.delimiter.join(order).encode(self._codec))
            end = self.dice.choice([b"\n", b"\r\n"]).decode().encode(self._codec)
            body = end.join(lines) + (end if self.dice.random() < 0.5 else b"")
            if self.encoding == "utf-16":
                body = b"\xff\xfe" + body
            elif self.encoding == "utf-8" and self.format == "csv" and self.dice.random() < 0.2:
                body = b"\xef\xbb\xbf" + body
            packed = self.dice.random() < 0.2
            name = f"raw/data/{index}.{self.format}{'.gz' if packed else ''}"
            found[name] = gzip.compress(body) if packed else body
        return found

    @property
    def _codec(self) -> str:
        return "utf-16-le" if self.encoding == "utf-16" else self.encoding

    def _section(self) -> dict[str, Any]:
        source: dict[str, Any] = {"path": "data/", "format": self.format, "encoding": self.encoding}
        if self.format == "csv":
            source |= {"delimiter": self.delimiter, "quote": self.quote}
        if self.header:
            source["header"] = list(RAW)
        section: dict[str, Any] = {"source": source, "columns": self._columns()}
        if self.dice.random() < 0.6:
            section["keep"] = self._condition(2)
        by_events = self.dataset == "interactions" and self.dice.random() < 0.25
        if by_events:
            section["events"] = [
                {
                    "when": self._condition(1),
                    "columns": {"EVENT_TYPE": {"value": name}, "EVENT_VALUE": self._number_column()},
                }
                for name in ("click", "buy")
            ]
        elif self.dice.random() < 0.5:
            keep = self.dice.choice(["first", "latest"])
            pairs = {"interactions": ["USER_ID", "ITEM_ID"], "items": ["ITEM_ID"], "users": ["USER_ID"]}[self.dataset]
            forms: list[Any] = [keep, {"keep": keep, "by": pairs}, "all"]
            if self.dataset != "interactions":
                forms += [{"order_by": self.dice.choice([name for name in section["columns"] if name not in pairs])}]
            section["duplicates"] = self.dice.choice(forms)
        if self.dice.random() < 0.3:
            name = self.dice.choice(["user", "item", "x", "y"])
            source["explode"] = {"from": name, "split": self.dice.choice(["|", ",", " ", "-", ".", "b"])}
            if self.dataset == "interactions":
                section["columns"]["IMPRESSION"] = f"{name}[*]"
        # The function reads objects with undecodable bytes before the others, which "first" and "latest" show.
        self.ordered = section.get("duplicates") != "all" and (
            self.dataset != "interactions" or "duplicates" in section
        )
        return section

    def _columns(self) -> dict[str, Any]:
        user, item = self._text_column(("user",)), self._text_column(("item",))
        if self.dataset == "interactions":
            columns: dict[str, Any] = {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": self._time()}
        else:
            columns = {"ITEM_ID": item} if self.dataset == "items" else {"USER_ID": user}
            columns["KIND"] = self._text_column() | {"type": "categorical"}
        kinds = ["string", "categorical", "int", "long", "float", "double"]
        if self.dataset == "items":
            columns["ABOUT"] = {"from": self.dice.choice(["x", "y"]), "type": "textual"}
        for index in range(self.dice.randrange(3)):
            kind = self.dice.choice(kinds)
            made = self._text_column() if kind in {"string", "categorical"} else self._number_column()
            if kind == "long" and self.dice.random() < 0.3:
                made = self._time()
            if kind == "categorical" and "map" not in made and self.dice.random() < 0.5:
                made["split"] = self.dice.choice([",", "|", "/", "-"])
            columns[f"M{index}"] = made | {"type": kind, "nullable": self.dice.random() < 0.7}
        return columns

    def _time(self) -> dict[str, Any]:
        if self.dice.random() < 0.5:
            made: dict[str, Any] = {"from": "at", "unit": self.unit}
            if self.dice.random() < 0.3:
                made = {"expression": f"at + {self._number(1)}", "unit": made["unit"]}
            return made
        return {"from": "when", "format": self.form, "timezone": self.dice.choice(ZONES)}

    def _text_column(self, names: tuple[str, ...] = ("x", "y", "user", "z.w")) -> dict[str, Any]:
        chance = self.dice.random()
        if chance < 0.5:
            return {"from": self.dice.choice(names)}
        if chance < 0.75:
            return {"expression": self._text(2)}
        mapped = {
            cell: self.dice.choice(["one", "two"]) for cell in self.dice.sample(["a", "A", "支付", "1", "null"], 3)
        }
        return {
            "from": self.dice.choice(names),
            "map": mapped,
            "otherwise": self.dice.choice(["reject", "keep", "other"]),
        }

    def _number_column(self) -> dict[str, Any]:
        chance = self.dice.random()
        if chance < 0.4:
            return {"from": self.dice.choice(["x", "y", "at"])}
        if chance < 0.8:
            return {"expression": self._number(2) if self.dice.random() < 0.7 else self._text(1)}
        return {
            "from": "x",
            "map": {"a": 1, "b": 2, "1": self.dice.choice([7, None])},
            "otherwise": self.dice.choice(["reject", "keep", None, 5]),
        }

    def _text(self, depth: int) -> str:
        if depth <= 0 or self.dice.random() < 0.2:
            return self.dice.choice(["x", "y", "item", '"z.w"', self._literal()])
        inner = self._text(depth - 1)
        literal = self.dice.choice(["'a'", "'.'", "'/'", "'||'", "'支'", "' '"])
        start, count = self.dice.randrange(1, 4), self.dice.randrange(4)
        return self.dice.choice(
            [f"lower({inner})", f"upper({inner})", f"trim({inner})", f"substr({inner}, {start}, {count})",
             f"replace({inner}, {literal}, {self._literal()})", f"split_part({inner}, {literal}, {start})",
             f"{inner} || {self._text(depth - 1)}", f"coalesce({inner}, {self._text(depth - 1)})",
             f"nullif({inner}, {self._literal()})",
             f"CASE WHEN {self._condition(depth - 1)} THEN {inner} ELSE {self._text(depth - 1)} END",
             f"CASE WHEN {self._condition(depth - 1)} THEN {inner} END"]
        )  # fmt: skip

    def _number(self, depth: int) -> str:
        if depth <= 0 or self.dice.random() < 0.2:
            return self.dice.choice(["x", "y", "at", "0", "1.5", "-2", "1e300", "1700000000"])
        inner, other = self._number(depth - 1), self._number(depth - 1)
        return self.dice.choice(
            [f"({inner} {self.dice.choice('+-*/')} {other})", f"abs({inner})", f"floor({inner})", f"ceil({inner})",
             f"round({inner}, {self.dice.randrange(7)})", f"length({self._text(depth - 1)})",
             f"coalesce({inner}, {other})",
             f"nullif({inner}, {other})", f"CASE WHEN {self._condition(depth - 1)} THEN {inner} ELSE {other} END"]
        )  # fmt: skip

    def _condition(self, depth: int) -> str:
        if depth <= 0 or self.dice.random() < 0.3:
            column, operator = self.dice.choice(["x", "y", "user"]), self.dice.choice(["=", "<>", "<", "<=", ">", ">="])
            return self.dice.choice(
                [f"{column} {operator} {self._literal()}", f"y {operator} {self.dice.choice(['0', '1', '4.5', '-3'])}",
                 f"{column} IN ('a', 'A', '支付')", "y IN (0, 1, 4.5)", f"y IN ({', '.join(map(str, range(12)))})",
                 f"{column} IS NULL", f"{column} IS NOT NULL",
                 f"{column} LIKE '{self.dice.choice(['a%', '%a', '_', 'a_b', '%', '%b%', '支_'])}'",
                 f"{self._number(0)} {operator} {self._number(0)}", f"{self._text(0)} {operator} {self._literal()}"]
            )  # fmt: skip
        left, right = self._condition(depth - 1), self._condition(depth - 1)
        return self.dice.choice([f"({left} AND {right})", f"({left} OR {right})", f"NOT ({left})"])

    def _literal(self) -> str:
        return f"'{self.dice.choice(LITERALS)}'"

    def _line(self, order: list[str]) -> bytes:
        chance = self.dice.random()
        if chance < 0.02:
            return b""
        cells = {name: self._cell(name) for name in RAW}
        text = self._json(cells) if self.format == "jsonl" else self._csv(cells, order)
        body = text.encode(self._codec, "replace" if self.encoding == "latin-1" else "strict")
        if self.dice.random() < 0.02 and self.encoding != "latin-1":
            wrong = {
                "utf-8": [b"\xff", b"\xe6\x94", b"\xed\xa0\x80", b"\xc0\x80"],
                "gb18030": [b"\xff"],
                "utf-16": [b"\x00\xdc"],
            }
            place = len(body) // 4 * 2 if self.encoding == "utf-16" else len(body)
            body = body[:place] + self.dice.choice(wrong[self.encoding]) + body[place:]
        return body

    def _cell(self, name: str) -> str:
        chance = self.dice.random()
        if chance < 0.04:
            odd = QUOTED if self.quote == "none" or self.format == "jsonl" else []
            return self.dice.choice(TEXTS + NUMBERS + odd)
        moment = datetime.fromtimestamp(self.dice.randrange(10**9, 2 * 10**9), UTC)
        if name == "at":
            count = str(int(moment.timestamp()) * UNITS_PER_SECOND[self.unit])
            return self.dice.choice(EPOCHS) if chance < 0.25 else count
        if name == "when":
            form = "%Y-%m-%dT%H:%M:%S" if self.form == "iso8601" else self.form
            return self.dice.choice(CLOCKS) if chance < 0.4 else moment.strftime(form)
        if name in {"user", "item"}:
            return f"{name[0]}{self.dice.randrange(5)}"
        if chance < 0.3:
            return self.dice.choice(NUMBERS if name == "y" else TEXTS)
        return self.dice.choice(
            ["0", "1", "2.5", "4.5", "-3", "10", ""] if name == "y" else ["a", "b", "A", "支付", "7", ""]
        )

    def _csv(self, cells: dict[str, str], order: list[str]) -> str:
        fields = []
        for name in order:
            cell = cells[name]
            if self.quote == '"' and (self.delimiter in cell or self.dice.random() < 0.05):
                cell = '"{}"'.format(cell.replace('"', '""')) if self.dice.random() < 0.95 else f'"{cell}'
            elif self.quote == '"' and self.dice.random() < 0.03:
                cell = self.dice.choice([f'{cell}"', f'"{cell}"x', f'a"{cell}', '""', f'"{cell}""'])
            fields.append(cell)
        if self.dice.random() < 0.03:
            fields = self.dice.choice([fields[:-1], [*fields, "more"], fields[:1]])
        return self.delimiter.join(fields).replace("\n", "")

    def _json(self, cells: dict[str, str]) -> str:
        document: dict[str, Any] = {name: cell for name, cell in cells.items() if cell or self.dice.random() < 0.5}
        if self.dice.random() < 0.5:
            document["z"] = {"w": document.pop("z.w", None)}
        if self.dice.random() < 0.1:
            document["x"] = self.dice.choice(
                [["a", "b", None, ""], ["a|b"], [], {}, [["a"]], True, None, 12, 1.5, "\ud83d"]
            )
        text = json.dumps(document, ensure_ascii=self.dice.random() < 0.5 or "\ud83d" in str(document.get("x")))
        numbers = [
            cell for cell in cells.values() if cell in {"1.50", "1e3", "9007199254740993", "1700000000000000000"}
        ]
        for cell in numbers:
            text = text.replace(f'"{cell}"', cell)
        return self.dice.choice(
            [text] * 40 + [text[:-1], f"[{text}]", f" {text} ", f"\ufeff{text}", text.replace(":", " : ")]
        )
