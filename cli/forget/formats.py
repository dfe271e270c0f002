"""Take users out of the files that a pipeline writes: whatever is not theirs stays as it is, byte for byte.

Each function reads a file and writes another one, a record at a time, and returns how many records, or parts of one, it
took out. Where that is 0 the other file says nothing new.
"""

from __future__ import annotations

import csv
import io
import json
import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any

import polars as pl

from definition.plan.tables import USER
from lambdas.report.page import escaped
from transform.raw.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.forget.naming import Users

    Taking = Callable[[Path, Path, Users], int]

GONE = "[forgotten]"
"""Stands in messages where an id was."""

_DATASET = Dialect(",", '"', escape="\\")
"""How the CSV that Personalize imports is cut: a line is a record."""

_QUOTED = ("reason", "cause", "error", "first_error", "message")
"""Names of texts in documents that quote what a service or a row says."""

_REPORT = re.compile(rb'(<script type="application/json" id="report">)(.*?)(</script>)', re.DOTALL)


def dataset(source: Path, target: Path, users: Users) -> int:
    """Take the rows of users out of a dataset's CSV; one without USER_ID has none."""
    gone = 0
    with source.open("rb") as given, target.open("wb") as kept:
        header = given.readline()
        kept.write(header)
        names = _DATASET.fields(header.decode())
        if "USER_ID" not in names:
            return 0
        place = names.index("USER_ID")
        for line in given:
            if _DATASET.fields(line.decode())[place] in users:
                gone += 1
            else:
                kept.write(line)
    return gone


def csv_table(source: Path, target: Path, users: Users, column: str = USER) -> int:
    """Take the rows of users out of CSV with a header in UTF-8; a record may have several lines."""
    gone = 0
    with source.open("rb") as given, target.open("wb") as kept:
        records = _csv_records(given)
        header = next(records, b"")
        kept.write(header)
        names = _csv_fields(header.removeprefix(BOM_UTF8))
        if column not in names:
            return 0
        place = names.index(column)
        for record in records:
            fields = _csv_fields(record)
            if place < len(fields) and fields[place] in users:
                gone += 1
            else:
                kept.write(record)
    return gone


def _csv_records(lines: io.BufferedReader) -> Iterator[bytes]:
    waiting = b""
    for line in lines:
        waiting += line
        # Each quote of a text is doubled, so a record ends where their number is even.
        if waiting.count(b'"') % 2 == 0:
            yield waiting
            waiting = b""
    if waiting:
        yield waiting


def _csv_fields(record: bytes) -> list[str]:
    return next(csv.reader(io.StringIO(record.decode(), newline="")), [])


def json_lines(source: Path, target: Path, users: Users) -> int:
    """Take users out of JSON Lines: input and output of batch jobs, tables, rejected rows and lines."""
    gone = 0
    with source.open("rb") as given, target.open("wb") as kept:
        for line in given:
            found = _line(line, users)
            gone += found is not line
            if found is not None:
                kept.write(found)
    return gone


def _line(line: bytes, users: Users) -> bytes | None:
    """Return a line without users: itself where it names none, None where it is about one."""
    try:
        row = json.loads(line)
    except ValueError:
        return None if users.are_named_in(line.decode("utf-8", "replace")) else line
    if not isinstance(row, dict):
        return line
    asked = row.get("input", row)
    if row.get(USER) in users or (isinstance(asked, dict) and asked.get("userId") in users):
        return None
    changed = _without_found(row, users)
    if isinstance(raw := row.get("raw"), str) and users.are_named_in(raw):
        # Where it stands and why it was rejected are kept: so the rows still add up.
        changed, row["raw"] = True, None
    for name in _QUOTED:
        if isinstance(text := row.get(name), str) and users.are_named_in(text):
            changed, row[name] = True, users.taken_out_of(text, GONE)
    if not changed:
        return line
    end = b"\n" if line.endswith(b"\n") else b""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + end


def _without_found(row: dict[str, Any], users: Users) -> bool:
    """Take users out of the segment that a line of output has; say whether there were any."""
    output, changed = row.get("output"), False
    if not isinstance(output, dict):
        return False
    for name in ("usersList", "recommendedUsers"):
        found = output.get(name)
        if not isinstance(found, list) or not any(each in users for each in found):
            continue
        kept = [at for at, each in enumerate(found) if each not in users]
        scores = output.get("scores")
        if isinstance(scores, list) and len(scores) == len(found):
            output["scores"] = [scores[at] for at in kept]
        output[name], changed = [found[at] for at in kept], True
    return changed


def parquet(source: Path, target: Path, users: Users) -> int:
    """Take the rows of users out of a table; the others stay in their order, with the columns that they have.

    The file is written as the pipeline writes its own. Rows stream by: memory holds some row groups.
    """
    rows = pl.scan_parquet(source, glob=False, hive_partitioning=False)
    if USER not in rows.collect_schema():
        return 0
    theirs = pl.col(USER).is_in(pl.Series(sorted(users.ids), dtype=pl.String).implode())
    gone = int(rows.select(theirs.sum()).collect(engine="streaming").item() or 0)
    if gone:
        rows.filter(theirs.not_() | pl.col(USER).is_null()).sink_parquet(target, maintain_order=True)
    return gone


def document(source: Path, target: Path, users: Users) -> int:
    """Take users out of a JSON document about a run: lists of users, and what it quotes."""
    content = source.read_bytes()
    found = json.loads(content)
    gone = _out_of(found, users)
    if gone:
        # Indented as it was: by engines, or not at all by the state machine.
        indent = 1 if b"\n" in content.strip() else None
        separators = None if indent else (",", ":")
        target.write_text(json.dumps(found, ensure_ascii=False, indent=indent, separators=separators), "utf-8")
    return gone


def page(source: Path, target: Path, users: Users) -> int:
    """Take users out of the page of a run: their lines and histories, segments that hold them, examples of rows."""
    content = source.read_bytes()
    found = _REPORT.search(content)
    if found is None:
        return 0
    report = json.loads(found[2])
    gone = _out_of(report, users)
    for sample in report.get("samples", ()):
        named = sample.get("keyed_by") == "user"
        kept = [line for line in sample["lines"] if not (named and line["key"] in users)]
        gone += len(sample["lines"]) - len(kept)
        for line in kept if sample.get("finds") == "user" else ():
            others = [each for each in line["found"] if each not in users]
            gone += len(line["found"]) - len(others)
            line["found"] = others
        sample["lines"] = kept
    histories = report.get("histories", [])
    report["histories"] = [each for each in histories if each["user"] not in users]
    gone += len(histories) - len(report["histories"])
    for reason in report.get("reasons", ()):
        example = reason.get("example")
        if example and users.are_named_in(example["raw"]):
            example["raw"] = ""
            gone += 1
    if gone:
        embedded = escaped(json.dumps(report, ensure_ascii=False, separators=(",", ":"))).encode()
        target.write_bytes(content[: found.start(2)] + embedded + content[found.end(2) :])
    return gone


def _out_of(node: Any, users: Users) -> int:
    """Change a document in place; return how many users, and texts that name some, were in it."""
    gone = 0
    if isinstance(node, list):
        return sum(_out_of(inner, users) for inner in node)
    if not isinstance(node, dict):
        return 0
    for name, value in node.items():
        if name == "users" and isinstance(value, list):
            node[name] = [each for each in value if each not in users]
            gone += len(value) - len(node[name])
        elif name in _QUOTED and isinstance(value, str):
            if users.are_named_in(value):
                node[name] = users.taken_out_of(value, GONE)
                gone += 1
        elif name == "notes" and isinstance(value, list):
            named = [isinstance(each, str) and users.are_named_in(each) for each in value]
            node[name] = [
                users.taken_out_of(each, GONE) if is_named else each
                for each, is_named in zip(value, named, strict=True)
            ]
            gone += sum(named)
        else:
            gone += _out_of(value, users)
    return gone
