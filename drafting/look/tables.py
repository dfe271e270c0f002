"""Tables: files of one kind, with how they are read and what the transform's reader then finds in them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from definition import layout
from definition.mapping.expressions import RawColumn
from definition.mapping.mapping import ColumnMapping, DatasetMapping, RecordMapping
from drafting.look.dialects import cut_of
from drafting.look.nested import Paths, paths_of_lines, paths_of_schema
from drafting.look.samples import MOST_LOOKED_AT, Sample, Useless, take
from lambdas.transform.columns import ELEMENTS, SHAPE
from lambdas.transform.reader import read
from transform.errors import TransformError
from transform.meaning.names import raw
from transform.raw.dialect import Dialect
from transform.raw.objects import matches, partitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from definition.mapping.source import Explode, SourceFormat
    from drafting.look.places import Place
    from drafting.look.samples import SampleFolder

_MOST_LINES = 5_000
"""Lines of JSON in which columns are looked for."""

FIELD = "field_"
"""What fields without names are called until it is known what they are."""

_EVALUATED = re.compile(r"\$\{|\{%")


@dataclass(frozen=True)
class Source:
    """How a table is read: what ``source`` of a dataset says.

    Attributes:
        path: object, prefix or glob.
        header: names of the fields where no line gives them.
        lists: raw columns that are lists of texts and numbers.
    """

    path: str
    format: SourceFormat
    encoding: str = "utf-8"
    dialect: Dialect = field(default_factory=lambda: Dialect(",", '"'))
    header: tuple[str, ...] | None = None
    lists: tuple[str, ...] = ()
    explode: Explode | None = None

    def mapping(self, columns: Sequence[str]) -> DatasetMapping:
        """Return a mapping that reads these raw columns."""
        records = [
            ColumnMapping(name=f"C{at}", type="string", nullable=True, value=RawColumn(name=name))
            for at, name in enumerate(columns)
        ]
        return DatasetMapping(
            dataset="items",
            path=self.path,
            format=self.format,
            encoding=self.encoding,
            delimiter=self.dialect.delimiter,
            quote=self.dialect.quote,
            header=list(self.header) if self.header else None,
            escape=self.dialect.escape,
            comment=self.dialect.comment,
            skip_lines=self.dialect.skip_lines,
            lists=list(self.lists),
            explode=self.explode,
            records=[RecordMapping(columns=records)],
        )


@dataclass(frozen=True)
class LookedUp:
    """A table beside the rows of another: the name before its columns, its key, and the rows' column that holds it."""

    name: str
    key: str
    on: str
    source: Source


@dataclass(frozen=True)
class Table:
    """Files of one kind, and what stands in the beginnings that were looked at.

    Attributes:
        files: names of all of them.
        source: how they are read.
        frame: a text column for each raw column, null where it is empty.
        broken: rows that no record can be made of.
        whole: whether all rows were looked at.
        lookups: where columns of the frame come from that the files do not have.
    """

    files: tuple[str, ...]
    source: Source
    frame: pl.DataFrame
    broken: int
    whole: bool
    lookups: tuple[LookedUp, ...] = ()

    @property
    def label(self) -> str:
        """What people know it by."""
        return self.files[0] if len(self.files) == 1 else self.source.path


@dataclass(frozen=True)
class Found:
    """What lies in a place: tables, the largest first, and files of no use."""

    tables: list[Table]
    useless: list[Useless]


@dataclass(frozen=True)
class _Kind:
    """What files of one table have in common; ``listed`` says that no line of theirs gives the names."""

    format: SourceFormat
    encoding: str
    dialect: Dialect | None
    names: tuple[str, ...]
    pattern: str
    listed: bool = False


def look(place: Place, folder: SampleFolder) -> Found:
    """Look at all files of a place; the folder takes their beginnings."""
    groups: dict[str, list[str]] = defaultdict(list)
    files = {file.name: file for file in place.files() if not _hidden(file.name)}
    for name in files:
        groups[_pattern(name)].append(name)
    useless: list[Useless] = []
    kinds: dict[_Kind, list[str]] = defaultdict(list)
    shapes: dict[_Kind, Paths] = {}
    partly: set[_Kind] = set()
    for names in groups.values():
        chosen = names[:: max(1, len(names) // MOST_LOOKED_AT)][:MOST_LOOKED_AT]
        kind = None
        for name in chosen:
            sample = take(place, files[name], folder)
            found = _kind(sample, folder) if isinstance(sample, Sample) else sample
            if isinstance(found, Useless):
                useless.append(found)
                continue
            kind, paths = found
            kinds[kind].append(name)
            shapes[kind] = paths
            if isinstance(sample, Sample) and not sample.whole:
                partly.add(kind)
        if kind and (others := [name for name in names if name not in chosen]):
            kinds[kind] += others
            partly.add(kind)
    tables = []
    for kind, names in _joined(kinds).items():
        refused, shapes[kind] = _named(shapes[kind])
        useless += [Useless(names[0], f"has the column {each!r}, which no pipeline file can name") for each in refused]
        table = _table(kind, shapes[kind], sorted(names), list(files), folder, whole=kind not in partly)
        tables += [table] if isinstance(table, Table) else []
        useless += [table] if isinstance(table, Useless) else []
    return Found(sorted(tables, key=lambda table: -len(table.frame)), useless)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or (part.startswith("_") and "=" not in part) for part in name.split("/"))


def _pattern(name: str) -> str:
    """Return a name with what tells the parts of one table apart left out: numbers, and values of partitions."""
    folders, _, last = name.rpartition("/")
    folders = re.sub(r"=[^/]*", "=*", re.sub(r"\d+", "*", folders))
    stem, dot, end = last.partition(".")
    stem = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{18,}", "*", stem)
    return f"{folders}/{re.sub(r'[0-9]+', '*', stem)}{dot}{re.sub(r'[0-9]+', '*', end)}"


def _kind(sample: Sample, folder: SampleFolder) -> tuple[_Kind, Paths] | Useless:
    pattern = _pattern(sample.name)
    given = tuple(partitions(sample.name))
    if sample.format == "parquet":
        paths = paths_of_schema(pl.read_parquet_schema(f"{folder.root}{layout.RAW.key(path=sample.name)}"))
        return _Kind("parquet", "utf-8", None, tuple(sorted(paths.names)), ""), _with(paths, given)
    if sample.format in {"jsonl", "json"}:
        paths = paths_of_lines(sample.text.splitlines()[:_MOST_LINES])
        return _Kind(sample.format, sample.encoding, None, (), pattern), _with(paths, given)
    cut = cut_of(sample.text)
    if cut is None:
        return Useless(sample.name, "is no table: its lines have no fields in common")
    dialect, names = cut.dialect, cut.header or [f"{FIELD}{at}" for at in range(1, cut.width + 1)]
    listed = cut.header is None
    if len(set(names)) < len(names) and dialect.comment is None:
        # Which of two columns of one name is meant the file can say if it names them itself.
        dialect, names, listed = replace(dialect, skip_lines=dialect.skip_lines + 1), _told_apart(names), True
    # Without a header only the names of files tell which of them are the same.
    kind = _Kind("csv", sample.encoding, dialect, tuple(names), pattern if listed else "", listed)
    return kind, _with(Paths([name for name in names if name.strip() and names.count(name) == 1]), given)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return names of which none stands twice: user, user_2."""
    found: list[str] = []
    for at, name in enumerate(names, 1):
        found.append(f"{name}_{at}" if name in found or not name.strip() else name)
    return found


def _with(paths: Paths, given: Iterable[str]) -> Paths:
    return replace(paths, plain=[*dict.fromkeys([*paths.plain, *given])])


def _named(paths: Paths) -> tuple[list[str], Paths]:
    """Return names that a state machine would evaluate, which pipeline files refuse, and the paths without them."""

    def good(names: Iterable[str]) -> list[str]:
        return [name for name in names if not _EVALUATED.search(name)]

    records = {name: good(below) for name, below in paths.records.items() if good([name])}
    kept = Paths(good(paths.plain), good(paths.lists), records)
    return [name for name in paths.names if name not in kept.names], kept


def _joined(kinds: dict[_Kind, list[str]]) -> dict[_Kind, list[str]]:
    """Join kinds that differ only in encoding where one is ASCII so far, which every encoding is."""
    joined: dict[_Kind, list[str]] = {}
    for kind, names in sorted(kinds.items(), key=lambda each: each[0].encoding == "utf-8"):
        like = next(
            (
                other
                for other in joined
                if kind.encoding == "utf-8" != other.encoding and replace(kind, encoding=other.encoding) == other
            ),
            kind,
        )
        joined.setdefault(like, []).extend(names)
    return joined


def path_of(names: Sequence[str], every: Sequence[str]) -> str | None:
    """Return the path of a source that takes these names and none of the others, None if there is none."""
    if len(names) == 1 and not re.search(r"[*?\[]", names[0]):
        parent = names[0].rpartition("/")[0]
        alone = [name for name in every if parent and name.startswith(f"{parent}/")] == list(names)
        return _wider(f"{parent}/", names, every) if alone else names[0]
    folder = _wider(_common_folder(names), names, every)
    patterns = {re.sub(r"\*+", "*", _pattern(name).removeprefix("/")) for name in names}
    ends = {name[name.rfind(".") :] for name in names}
    begins = _common_beginning([name.removeprefix(folder) for name in names])
    candidates = [f"{folder}" if folder else "", *patterns, f"{folder}**/{begins}*" if "/" not in begins else ""]
    candidates += [f"{folder}{begins}*{end}" for end in ends] + [f"{folder}**/*{end}" for end in ends]
    for path in candidates:
        if path and {name for name in every if matches(name, path)} == set(names):
            return path
    return None


def _wider(folder: str, names: Sequence[str], every: Sequence[str]) -> str:
    """Return the folder above those that are numbers, such as days, as long as nothing else lies in it."""
    while (found := re.fullmatch(r"(.+/)\d+/", folder)) and all(
        name in names for name in every if name.startswith(found[1])
    ):
        folder = found[1]
    return folder


def _common_folder(names: Sequence[str]) -> str:
    parts = [name.split("/")[:-1] for name in names]
    common = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1 or "=" in level[0]:
            break
        common.append(level[0])
    return "".join(f"{part}/" for part in common)


def _common_beginning(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    at = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:at]


def _table(
    kind: _Kind, paths: Paths, names: list[str], every: list[str], folder: SampleFolder, *, whole: bool
) -> Table | Useless:
    path = path_of(names, every)
    if path is None:
        path = names[0]
        names = names[:1]
    source = Source(
        path,
        kind.format,
        kind.encoding,
        kind.dialect or Dialect(",", '"'),
        kind.names if kind.listed else None,
        tuple(paths.lists),
    )
    try:
        frame, broken = read_columns(source, [*paths.plain, *paths.lists], folder)
    except (TransformError, PolarsError) as error:
        return Useless(names[0], f"cannot be read: {error}")
    if frame.is_empty() or not frame.width:
        return Useless(names[0], "has no row that can be read" if broken else "has no rows")
    return Table(tuple(names), source, frame, broken, whole)


def exploded(table: Table, explode: Explode, below: Sequence[str], folder: SampleFolder) -> Table:
    """Return the table of the elements of a list, with the other columns of their rows.

    Args:
        table: the table of the rows.
        explode: the list.
        below: raw columns of an element.
        folder: with the samples.
    """
    source = replace(table.source, explode=explode, lists=tuple(set(table.source.lists) - {explode.path}))
    names = [name for name in table.frame.columns if name != explode.path]
    frame, broken = read_columns(source, [*names, *below], folder)
    return replace(table, source=source, frame=frame, broken=broken)


def read_columns(source: Source, names: Sequence[str], folder: SampleFolder) -> tuple[pl.DataFrame, int]:
    """Return raw columns as the transform reads them, and how many rows are broken.

    Raises:
        TransformError: they cannot be read.
        PolarsError: as above.
    """
    mapping = source.mapping(names)
    objects = folder.objects(source.path)
    row = mapping.raw_columns()
    # Read in turn, so that records of several lines and bytes of another encoding need no second look.
    broken = {item.key for item in objects} if source.format != "parquet" else set()
    lines = read(folder, objects, mapping, row, staging="looked-at/", broken=broken).collect()
    good = lines.filter(pl.col(SHAPE).is_null())
    cells = [pl.col(raw(name)).alias(name) for name in row]
    explode = source.explode
    if explode is None:
        return good.select(cells), len(lines) - len(good)
    if explode.split is not None:
        return _split(good.select(cells), explode), len(lines) - len(good)
    elements = [pl.col(ELEMENTS).list.get(at + 1).alias(name) for at, name in enumerate(mapping.element_columns())]
    found = good.filter(pl.col(ELEMENTS).list.len() > 0).explode(ELEMENTS).select(*cells, *elements)
    return found, len(lines) - len(good)


def _split(rows: pl.DataFrame, explode: Explode) -> pl.DataFrame:
    text = pl.col(explode.path)
    parts = rows.with_columns(text.str.split(explode.split or "")).explode(explode.path)
    parts = parts.with_columns(text.str.strip_chars(" \t")).filter(text != "")
    if not explode.fields:
        return parts
    groups = text.str.extract_groups(explode.parts_pattern)
    return parts.with_columns(
        groups.struct.field(str(at)).alias(f"{explode.path}.{name}") for at, name in enumerate(explode.fields, 1)
    )
