"""Rewrite text objects into few staged ones that the engine reads in one scan.

Many small objects cost the engine more to open than to read, other encodings than UTF-8 it cannot decode, and at
bytes that cannot be decoded it gives up. Here such objects are read as streams, and each line is staged in UTF-8 as

    <index of its object> <its number> <the line>

Where fields may be quoted, records of several lines are staged as one, with marks instead of their line feeds.
"""

from __future__ import annotations

import io
import re
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

import polars as pl

from lambdas.transform.columns import LINE, LINE_NUMBER, Origin
from lambdas.transform.text import lines as lines_of
from transform import reasons
from transform.raw import text
from transform.raw.objects import partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from definition.mapping.source import SourceMapping
    from transform.contract import RawObject
    from transform.raw.cutting import Cutter
    from transform.raw.records import Batch
    from transform.raw.store import Store

SMALL = 4 * 1024 * 1024
"""Bytes up to which objects are fetched whole, several at once."""

_FETCHES = 10
"""Objects fetched at once: as many connections as botocore keeps by default."""

_STAGED = 16 * 1024 * 1024

_OURS = re.compile(f"[{text.LINE_FEED}{text.GIVEN_UP}]")

Header = tuple[str, ...]


@dataclass
class Packed:
    """Staged objects whose lines have the same fields.

    Attributes:
        first: key of the first raw object.
        header: names of the fields, empty where lines carry their names.
        given: raw columns that folders in the raw objects' keys give.
        keys: the staged objects.
    """

    first: str
    header: Header
    given: frozenset[str]
    keys: list[str] = field(default_factory=list)
    buffer: io.BytesIO = field(default_factory=io.BytesIO)


class Packer:
    """Stages objects.

    Args:
        store: where they lie.
        staging: prefix of staged objects.
        encoding: of the raw text.
        columns: names of raw columns.
        header: returns the names of an object's fields from its first line; None where no line is a header.
        names: the header of every object, if ``header`` is None.
        cut: cuts the lines of an object into records.
    """

    def __init__(
        self,
        store: Store,
        staging: str,
        encoding: str,
        columns: Sequence[str],
        *,
        cut: Cutter,
        header: Callable[[RawObject, str], Sequence[str]] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._staging = staging
        self._encoding = encoding
        self._columns = frozenset(columns)
        self._header = header
        self._names = tuple(names)
        self._cut = cut
        self._groups: dict[tuple[Header, frozenset[str]], Packed] = {}
        self._count = 0

    def pack(self, objects: Sequence[RawObject]) -> list[Packed]:
        """Stage all lines of the objects but their headers, in groups of the same fields.

        Raises:
            TransformError: what ``header`` raises; or an object is damaged, or not text in the encoding at all.
        """
        for index, (item, stream) in enumerate(self._streams(objects)):
            with stream:
                lines = lines_of(item.key, stream, self._encoding)
                self._pack_one(index, item, self._cut(item.key, lines))
        for group in self._groups.values():
            self._flush(group)
        return list(self._groups.values())

    def _pack_one(self, index: int, item: RawObject, batches: Iterator[Batch]) -> None:
        names = self._names
        if self._header:
            first = next(batches, None)
            if first is None:
                return
            names = tuple(self._header(item, first.texts[0]))
            batches = chain([first.without_first()], batches)
        given = self._columns.intersection(partitions(item.key))
        group = self._groups.setdefault((names, given), Packed(item.key, names, given))
        for batch in batches:
            lines = zip(batch.numbers, _on_one_line(batch), strict=True)
            staged = "".join([f"{index} {number} {line}" for number, line in lines])
            group.buffer.write(staged.encode("utf-8", text.MARK))
            if staged and not staged.endswith("\n"):
                group.buffer.write(b"\n")
            if group.buffer.tell() >= _STAGED:
                self._flush(group)

    def _flush(self, group: Packed) -> None:
        if group.buffer.tell():
            group.keys.append(f"{self._staging}packed-{self._count:05}.txt")
            self._count += 1
            self._store.write(group.keys[-1], group.buffer.getvalue())
            group.buffer = io.BytesIO()

    def _streams(self, objects: Sequence[RawObject]) -> Iterator[tuple[RawObject, io.BufferedReader]]:
        """Open the objects in turn; small ones are fetched ahead."""
        waiting = iter(objects)
        ahead: deque[tuple[RawObject, Future[bytes] | None]] = deque()
        with ThreadPoolExecutor(_FETCHES) as pool:
            while True:
                for item in islice(waiting, 2 * _FETCHES - len(ahead)):
                    ahead.append((item, pool.submit(self._fetch, item.key) if item.size <= SMALL else None))
                if not ahead:
                    return
                opened, content = ahead.popleft()
                yield (
                    opened,
                    io.BufferedReader(io.BytesIO(content.result())) if content else self._store.read(opened.key),
                )

    def _fetch(self, key: str) -> bytes:
        with self._store.read(key) as stream:
            return stream.read()


def _on_one_line(batch: Batch) -> Sequence[str]:
    """Return the records of a batch as a line each; what looks like one of our marks is not text."""
    texts = batch.texts
    whole = "".join(texts)
    if text.LINE_FEED in whole or text.GIVEN_UP in whole:
        texts = [_OURS.sub(text.UNDECODABLE, each) for each in texts]
    # The last line of an object may have no end.
    if whole.count("\n") + (not whole.endswith("\n")) > len(texts):
        texts = [each[:-1].replace("\n", text.LINE_FEED) + each[-1:] for each in texts]
    if batch.given_up:
        marks = [text.GIVEN_UP if at in batch.given_up else "" for at in range(len(texts))]
        texts = [mark + each for mark, each in zip(marks, texts, strict=True)]
    return texts


def unpack(
    store: Store, packed: Packed, objects: Sequence[RawObject], mapping: SourceMapping
) -> tuple[pl.LazyFrame, Origin]:
    """Return the frame of LINE_NUMBER and LINE of staged lines, and where they come from."""
    staged = pl.scan_lines([store.root + key for key in packed.keys], name="packed", glob=False)
    parts = pl.col("packed").str.splitn(" ", 3).struct
    index_type = pl.get_index_type()
    lines = staged.select(
        parts[0].cast(index_type).alias("index"),
        parts[1].cast(index_type).alias(LINE_NUMBER),
        parts[2].str.contains(text.UNDECODABLE, literal=True).alias("damaged"),
        parts[2].str.starts_with(text.GIVEN_UP).alias("given up"),
        parts[2]
        .str.replace_all(f"{text.UNDECODABLE}|{text.GIVEN_UP}", "")
        .str.replace_all(text.LINE_FEED, "\n", literal=True)
        .alias(LINE),
    )
    values = [partitions(item.key) for item in objects]
    origin = Origin(
        _gather([item.key for item in objects]),
        {name: _gather([of.get(name) for of in values]) for name in packed.given},
        pl.when("damaged")
        .then(pl.lit(reasons.undecodable(mapping.encoding)))
        .when("given up")
        .then(pl.lit(reasons.given_up(mapping.format))),
    )
    return lines, origin


def _gather(values: Sequence[str | None]) -> pl.Expr:
    found = pl.Series(values, dtype=pl.String)
    return pl.col("index").map_batches(found.gather, return_dtype=pl.String, is_elementwise=True)
