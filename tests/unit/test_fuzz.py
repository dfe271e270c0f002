"""Files with bytes in the wrong places: each line is a row with one fate, or the run ends with an error that says why.

Lines are counted here, in plain Python, and not by what is tested. ``FUZZ_CASES`` sets the number of files of each
format, ``FUZZ_SEED`` another beginning.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from definition.plan.mappings import dataset_mapping
from lambdas.transform.attempts import REJECTS
from lambdas.transform.execute import DATASET, execute
from lambdas.transform.reader import FEW
from tests.documents import parsed
from tests.unit.raw import Folder, fill, table
from transform.errors import RowsLostError, TransformError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from definition.mapping.mapping import DatasetMapping

CASES = int(os.environ.get("FUZZ_CASES", "20"))
BATCH = 8
SEED = int(os.environ.get("FUZZ_SEED", "3"))

AT = 1_700_000_000
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
FRAME = b"\x00\x58"
CSV = (
    f'user,item,at\nu1,"i, 1",{AT}\n"u ""2""",i2,{AT}\r\n支付,é,{AT}.0\n\n,i3,{AT}\nu4,i4\n'
    f"u5,i5,never\nu6,i6,{AT},x\nu1,i7,{AT}"
)
JSON = "\n".join(
    json.dumps({"user": user, "item": {"id": item}, "at": AT + item}, ensure_ascii=item % 2 == 0)
    for item, user in enumerate(["u1", "支付", 'a "b"', "\U0001f600", "", "u\\n", 3, None, ["x"]])
)
LATIN = CSV.replace("支付", "ü")
PIECES = [
    b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b'"', b'""', b",", b"\t", b"\\", b"{", b"}", b"[", b"\xff", b"\xfe", b"\x80",
    b"\xe6\x94", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xef\xb7\x90", b"\x81", b"\x00\xd8", b"\x0a\x00", b"\x00\x0a",
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"x\x01", b"x\x9c", b"\xc2\x85", b"\xe2\x80\xa8", b"\x0b", b"\x0c", b"\x1c",
    b"9" * 40, b"1e999", b"-0", b" ", b"a" * 3000, b"\\ud800", b"null", b"NaN", b"\x1a",
]  # fmt: skip


@dataclass(frozen=True)
class Format:
    """How raw objects are written and read.

    Attributes:
        content: of an object before anything is wrong with it.
        source: keys of the pipeline file.
        columns: that are other than those of the shop.
        header: whether the first line names the fields.
        encoding: in which lines are counted.
        pack: what happens to content after it is mangled.
        mangle_packed: whether packed content is mangled instead.
        many: whether more objects than a few whole ones accompany it, so that all are packed.
    """

    content: bytes
    source: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    header: bool = True
    encoding: str = "utf-8"
    pack: Callable[[bytes], bytes] = bytes
    mangle_packed: bool = False
    many: bool = False

    def mapping(self) -> DatasetMapping:
        """Return the mapping of the shop's interactions with this source."""
        changes = {f"datasets__interactions__columns__{name}": form for name, form in self.columns.items()}
        document = parsed(datasets__interactions__source={"path": "events/"} | self.source, **changes)
        return dataset_mapping(document, "interactions")


def zstd(content: bytes) -> bytes:
    """Return content as a zstd frame of raw blocks (RFC 8878, 3.1.1), which need no compressor."""
    blocks = [content[at : at + 1000] for at in range(0, len(content), 1000)] or [b""]
    frame = ZSTD + FRAME
    for number, block in enumerate(blocks):
        frame += (len(block) << 3 | (number == len(blocks) - 1)).to_bytes(3, "little") + block
    return frame


def unzstd(content: bytes) -> bytes | None:
    """Return what a frame of ``zstd`` holds, None for anything else."""
    found, at, last = b"", 6, False
    while not last and len(content) >= at + 3:
        header = int.from_bytes(content[at : at + 3], "little")
        last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        if kind:
            return None
        found += content[at + 3 : at + 3 + size]
        at += 3 + size
    return found if last and at == len(content) and content[4:6] == FRAME else None


JSONL: dict[str, Any] = {"source": {"format": "jsonl"}, "columns": {"ITEM_ID": "item.id"}, "header": False}
DOCUMENTS: dict[str, Any] = {**JSONL, "source": {"format": "json"}}
FORMATS = {
    "csv with quotes": Format(CSV.encode()),
    "csv without quotes": Format(
        CSV.replace(",", "\t").encode(), {"quote": "none", "delimiter": "\t"}
    ),
    "csv without header": Format(CSV.encode(), {"header": ["user", "item", "at"]}, header=False),
    "csv with the delimiter of Hive": Format(CSV.replace(",", "\x01").encode(), {"quote": "none", "delimiter": "\x01"}),
    "many csv": Format(CSV.encode(), many=True),
    "jsonl": Format(JSON.encode(), **JSONL),
    "many jsonl": Format(JSON.encode(), **JSONL, many=True),
    "json": Format(JSON.encode(), **DOCUMENTS),
    "json on one line": Format(JSON.replace("\n", "").encode(), **DOCUMENTS),
    "csv in latin-1": Format(LATIN.encode("latin-1"), {"encoding": "latin-1"}, encoding="latin-1"),
    "csv in gb18030": Format(CSV.encode("gb18030"), {"encoding": "gb18030"}, encoding="gb18030"),
    "csv in utf-16": Format(CSV.encode("utf-16"), {"encoding": "utf-16"}, encoding="utf-16"),
    "csv in gzip": Format(CSV.encode(), pack=gzip.compress),
    "jsonl in gzip": Format(JSON.encode(), **JSONL, pack=gzip.compress),
    "csv in zstd": Format(CSV.encode(), pack=zstd),
    "many csv in zstd": Format(CSV.encode(), pack=zstd, many=True),
    "gzip": Format(gzip.compress(CSV.encode()), mangle_packed=True),
    "many gzip": Format(gzip.compress(CSV.encode()), mangle_packed=True, many=True),
    "zstd": Format(zstd(CSV.encode()), mangle_packed=True),
    "parquet": Format(
        table({"user": ["u1", "支付", None, 'a"b'], "item": [1.0, 2.5, 3.0, None], "at": [AT, AT, None, -1]}),
        {"format": "parquet"},
        header=False,
        mangle_packed=True,
    ),
}  # fmt: skip


def mangled(chance: random.Random, content: bytes, start: int) -> bytes:
    """Return content with one to three things wrong with it, seldom before ``start``."""
    for _ in range(chance.choice([1, 1, 2, 3])):
        first = 0 if chance.random() < 0.05 else min(start, len(content))
        at = chance.randint(first, len(content))
        end = min(len(content), at + chance.randint(1, 12))
        before, inside, after = content[:at], content[at:end], content[end:]
        kind = chance.randrange(6)
        if kind == 0:
            content = before + bytes([chance.randrange(256)]) + content[at + 1 :]
        elif kind == 1:
            content = before + chance.choice(PIECES) + content[at:]
        elif kind == 2:
            content = before + after
        elif kind == 3:
            content = before + inside * chance.randint(2, 5) + after
        elif kind == 4:
            content = before
        else:
            content = before + chance.choice(PIECES) + after
    return content


def line_count(content: bytes, encoding: str) -> int:
    """Count lines by line feeds; what follows the last one is a line if it is there."""
    if encoding == "utf-16":
        feed = "\n".encode("utf-16-be" if content.startswith(b"\xfe\xff") else "utf-16-le")
        body = content[2:] if content.startswith((b"\xfe\xff", b"\xff\xfe")) else content
        feeds = [at for at in range(0, len(body) - 1, 2) if body[at : at + 2] == feed]
        return len(feeds) + (len(body) > (feeds[-1] + 2 if feeds else 0))
    return content.count(b"\n") + (not content.endswith(b"\n") if content else 0)


def unpacked(content: bytes) -> bytes | None:
    """Return what stored content holds, None for zstd that has become other than ``zstd`` makes.

    Raises:
        EOFError, OSError, zlib.error: gzip that is damaged.
    """
    if content.startswith(ZSTD):
        return unzstd(content)
    return gzip.decompress(content) if content.startswith(GZIP) else content


def expected_rows(kind: Format, content: bytes) -> int | None:
    """Return the rows of stored content, None where only the engine can tell."""
    plain = None if kind.source.get("format") in {"parquet", "json"} else unpacked(content)
    if plain is None:
        return None
    lines = line_count(plain, kind.encoding)
    return max(0, lines - 1) if kind.header else lines


def least_rows(kind: Format, content: bytes) -> int:
    """Return the rows if every quoted field goes as far as it can, by the csv module: one may hold line breaks.

    Where there are no quotes that is as many as there are lines.
    """
    plain = unpacked(content)
    of_csv = kind.source.get("format", "csv") == "csv" and kind.source.get("quote") != "none"
    if plain is None or not of_csv or b'"' not in plain:
        return expected_rows(kind, content) or 0
    records = csv.reader(io.StringIO(plain.decode(kind.encoding, "replace"), newline="\n"))
    count = 0
    while True:
        try:
            next(records)
        except StopIteration:
            return max(0, count - 1) if kind.header else count
        except csv.Error:
            pass  # a record all the same: the next one begins on the next line
        count += 1


def check(folder: Path, kind: Format, contents: dict[str, bytes]) -> bool:
    """Transform objects together; return False if the run ends with an error that says what is wrong.

    Raises:
        AssertionError: a row was lost, or made up.
    """
    objects = fill(folder, contents)
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    try:
        outcome = execute(kind.mapping(), Folder(folder), objects, staging="staging/", started=AT)
    except RowsLostError:
        raise
    except TransformError as error:
        if not any(name in str(error) for name in (*contents, "interactions")):
            pytest.fail(f"{error} does not say where")
        return False
    facts = outcome.facts
    assert facts["rows_in"] == facts["rows_out"] + facts["rows_filtered"] + facts["rows_rejected"]
    written = folder / outcome.staging
    rejects = (written / REJECTS).read_bytes().splitlines()
    records = (written / DATASET).read_bytes().count(b"\n") - 1
    assert (facts["rows_rejected"], facts["rows_out"]) == (len(rejects), records)
    assert all(json.loads(line)["reason"] for line in rejects)
    rows = [expected_rows(kind, content) for content in contents.values()]
    if None not in rows:
        least = sum(least_rows(kind, content) for content in contents.values())
        assert least <= facts["rows_in"] <= sum(row or 0 for row in rows)
    return True


def check_each(folder: Path, kind: Format, contents: dict[str, bytes]) -> None:
    """Transform objects together; where one of them ends the run for all, look at each half by itself."""
    company = {f"whole {number}": kind.pack(kind.content) for number in range(FEW if kind.many else 0)}
    if check(folder, kind, contents | company) or len(contents) == 1:
        return
    keys = list(contents)
    for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
        check_each(folder, kind, {key: contents[key] for key in half})


def objects_of(kind: Format, chance: random.Random, count: int) -> list[bytes]:
    """Return mangled objects as they would be stored; a bucket's empty ones are never listed."""
    newline = "\n".encode("utf-16-le" if kind.encoding == "utf-16" else kind.encoding)
    # What comes before it says what the object is.
    start = len(GZIP) if kind.mangle_packed else kind.content.index(newline) + len(newline) if kind.header else 0
    contents = [mangled(chance, kind.content, start) for _ in range(count)]
    return [kind.pack(content) for content in contents if content]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_no_row_is_lost_whatever_the_bytes(tmp_path: Path, name: str) -> None:
    """Rows in are the lines of the files; each is out, filtered or rejected; or an error says where and why."""
    kind = FORMATS[name]
    contents = objects_of(kind, random.Random(f"{SEED} {name}"), CASES)
    # Damaged compression ends nearly every run.
    together = 1 if kind.mangle_packed else BATCH
    for first in range(0, len(contents), together):
        batch = {f"broken {number}": content for number, content in enumerate(contents[first : first + together])}
        folder = tmp_path / str(first)
        check_each(folder, kind, batch)
        shutil.rmtree(folder)
