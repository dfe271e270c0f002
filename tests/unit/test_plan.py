"""The query as a whole: one scan, no detour through memory, and verdicts that agree with their reasons."""

from __future__ import annotations

import re
import subprocess
import sys
from math import isfinite
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from definition.mapping.mapping import EPOCH_PATTERN, NUMBER_PATTERN, DatasetMapping
from definition.paths import ROOT
from definition.plan.mappings import dataset_mapping
from lambdas.transform import plan
from lambdas.transform.columns import LINE, LINE_NUMBER, OBJECT, SHAPE
from lambdas.transform.engine import with_values
from lambdas.transform.reader import read
from tests.documents import parsed
from tests.generated import examples
from tests.unit.raw import Folder, fill
from transform.meaning.names import raw
from transform.records import Plan

COLUMNS = "datasets__interactions__columns"
# What engines write as \\z, Python writes as \\Z.
NUMBERS, EPOCHS = (re.compile(pattern.replace(r"\z", r"\Z")) for pattern in (NUMBER_PATTERN, EPOCH_PATTERN))
TEXTS = st.one_of(
    st.text("+-.0159eEinfaNty_ ,", max_size=8),
    st.from_regex(NUMBERS, fullmatch=True),
    st.from_regex(EPOCHS, fullmatch=True),
    st.text('ab"\\\x00\x7f支', max_size=4),
)


def mapping_of(**changes: Any) -> DatasetMapping:
    """Return the mapping of the changed shop document."""
    return dataset_mapping(parsed(**changes), "interactions")


def lines(mapping: DatasetMapping, cells: list[str | None], varied: str) -> pl.LazyFrame:
    """Return rows as a reader does, with these texts in one raw column; the others hold what every column takes."""
    others = {raw(name): pl.lit("1500000000") for name in mapping.raw_columns() if name != varied}
    frame = pl.LazyFrame({raw(varied): pl.Series(cells, dtype=pl.String)}).with_row_index(LINE_NUMBER, offset=1)
    nothing_wrong = pl.lit(None, dtype=pl.String)
    return frame.with_columns(**others, **{OBJECT: pl.lit("o"), LINE: pl.lit(""), SHAPE: nothing_wrong})


@pytest.mark.parametrize(
    ("varied", "changes"),
    [
        ("user", {}),
        ("at", {}),
        ("y", {"datasets__interactions__keep": "y >= 1"}),
        ("x", {f"{COLUMNS}__EVENT_VALUE": "x"}),
        ("x", {f"{COLUMNS}__EVENT_TYPE": {"from": "x", "map": {"a": "b"}, "otherwise": "keep"}}),
        ("x", {f"{COLUMNS}__EVENT_VALUE": {"from": "x", "map": {"1": 1, "a": 2}, "otherwise": "reject"}}),
    ],
)
@settings(max_examples=examples(40), deadline=None)
@given(cells=st.lists(st.one_of(st.none(), TEXTS.filter(bool)), min_size=1, max_size=40))
def test_rows_are_rejected_exactly_for_a_reason(varied: str, changes: dict[str, Any], cells: list[str | None]) -> None:
    """The short verdict on all rows and the long one on the rejected agree on every text."""
    mapping = mapping_of(**changes)
    ids = Plan.of(mapping)
    judged = plan.with_fate(lines(mapping, cells, varied), ids)
    # A row that is taken for rejected although nothing is wrong with it would have no reason.
    all_rejected = judged.with_columns(pl.lit("rejected", dtype=judged.collect_schema()[plan.FATE]).alias(plan.FATE))
    reasons = plan.with_reason(all_rejected, ids).collect()[plan.REASON]
    fates = judged.collect()[plan.FATE]

    wrong = reasons.is_not_null().to_list()
    rejected = (fates == "rejected").to_list()
    filtered = (fates == "filtered").to_list()
    assert [bad and not out for bad, out in zip(wrong, filtered, strict=True)] == rejected


@example(["1e0001", "1e-0001", "infinity", "nan", "+5", "-5", "-0", "0" * 19 + "1", "9" * 19, "964982703.75", "٤٥"])
@given(cells=st.lists(TEXTS.filter(bool), min_size=1, max_size=60))
@settings(deadline=None)
def test_numbers_and_times_are_what_the_patterns_say(cells: list[str]) -> None:
    """The engine's casts let nothing through that the patterns refuse, and lose nothing that they take."""
    mapping = mapping_of(**{f"{COLUMNS}__EVENT_VALUE": "x", f"{COLUMNS}__TIMESTAMP": {"from": "at", "unit": "s"}})
    columns = Plan.of(mapping).columns
    numbers_found = with_values(lines(mapping, list(cells), "x"), columns, []).collect()["number:x"].to_list()
    times_found = with_values(lines(mapping, list(cells), "at"), columns, []).collect()["epoch:TIMESTAMP"].to_list()

    numbers = [float(cell) if NUMBERS.match(cell) else None for cell in cells]
    assert [value if value is not None and isfinite(value) else None for value in numbers] == numbers_found
    times = [int(cell.partition(".")[0]) if EPOCHS.match(cell) else None for cell in cells]
    assert [time if time is not None and time < 2**63 else None for time in times] == times_found


def test_all_outputs_come_from_one_scan(tmp_path: Path) -> None:
    """The physical plan of all outputs reads the input once, and no node leaves the streaming engine."""
    mapping = mapping_of(**{f"{COLUMNS}__EVENT_VALUE": "x"})
    objects = fill(tmp_path, {"a.csv": "user,item,at,x\nu,i,964982703,1\n"})
    ids = Plan.of(mapping)
    source = read(Folder(tmp_path), objects, mapping, mapping.raw_columns(), staging="staging/")
    rows = plan.with_fate(source, ids).cache()
    out = plan.records(rows, ids).cache()
    rejected = plan.rejects(rows, ids).cache()
    outputs = [
        out,
        rejected,
        plan.counts(rows),
        plan.facts(out, ids, 0),
        plan.user_counts(rows, out, ids),
        plan.counted_by(out, "ITEM_ID"),
        plan.reasons(rejected),
    ]
    everything = pl.concat([output.select(pl.len()) for output in outputs])
    graph = everything.show_graph(engine="streaming", plan_stage="physical", raw_output=True) or ""

    nodes = re.findall(r'^\d+ \[label="([\w-]+)', graph, flags=re.MULTILINE)
    assert 1 == nodes.count("multi-scan")
    assert not {"columnar-function", "in-memory-map", "in-memory-source"} & set(nodes)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux tells what a process has read")
def test_the_input_is_read_once(tmp_path: Path) -> None:
    """The bytes that a process reads for all outputs are those of the raw object, and not a multiple of them."""
    raw_object = tmp_path / "a.csv"
    raw_object.write_text("user,item,at\n" + "".join(f"u{n % 999},i{n % 99},{964982703 + n}\n" for n in range(600_000)))
    (tmp_path / "staging").mkdir()
    (tmp_path / "mapping.json").write_text(mapping_of().model_dump_json())
    code = f"""
from pathlib import Path
from lambdas.transform.execute import execute
from definition.mapping.mapping import DatasetMapping
from transform.contract import RawObject
from tests.unit.raw import Folder

def read():
    return int(Path("/proc/self/io").read_text().split()[1])

folder = Path({str(tmp_path)!r})
mapping = DatasetMapping.model_validate_json((folder / "mapping.json").read_text())
before = read()
execute(mapping, Folder(folder), [RawObject(key="a.csv", size=1, etag="")], staging="staging/", started=0)
print(read() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    size = raw_object.stat().st_size
    assert size <= int(done.stdout) < 1.5 * size
