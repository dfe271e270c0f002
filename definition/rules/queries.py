"""Rules of sources that Athena reads: what it can have found, and where the queries run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.mapping.query import QueryError, columns_of
from definition.rules.exploding import explode_of
from definition.rules.findings import Finding, mapping
from definition.rules.reading import read_by_dataset
from definition.rules.sources import is_queried

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from definition.rules.findings import Path


def check_queries(document: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of queries."""
    queried = False
    for name, given in mapping(document.get("datasets")).items():
        dataset = mapping(given)
        queried |= _is_queried(dataset)
        yield from _check_columns(("datasets", name), dataset)
    athena = mapping(document.get("athena"))
    if "athena" in document and not queried:
        yield Finding(("athena",), "has no meaning: no source is a table or a query", "Remove it")
    if "results" in athena and "workgroup" not in athena:
        found = "has no meaning for the workgroup that the deployment makes, which writes into the pipeline's bucket"
        yield Finding(("athena", "results"), found, "Remove it; it belongs to a workgroup of yours")
    if "workgroup" in athena and "max_scanned" in athena:
        found = "has no meaning for a workgroup of yours, which has its own limit"
        yield Finding(("athena", "max_scanned"), found, "Remove it, or set the limit in the workgroup")


def _is_queried(dataset: dict[str, Any]) -> bool:
    lookups = mapping(dataset.get("lookups")).values()
    return any(is_queried(mapping(each.get("source"))) for each in (dataset, *map(mapping, lookups)))


def _check_columns(path: Path, dataset: dict[str, Any]) -> Iterator[Finding]:
    """Yield the raw columns that Athena cannot have found: its names have small letters."""
    read, lookups = read_by_dataset(dataset), mapping(dataset.get("lookups"))
    foreign = {each for name in lookups for each in read if each.startswith(f"{name}.")}
    for name, given in lookups.items():
        lookup = mapping(given)
        theirs = [each.removeprefix(f"{name}.") for each in foreign if each.startswith(f"{name}.")]
        place = (*path, "lookups", name, "source")
        yield from _check_names(place, mapping(lookup.get("source")), [*sorted(theirs), lookup.get("key")])
    source = mapping(dataset.get("source"))
    keys = [mapping(each).get("on", mapping(each).get("key")) for each in lookups.values()]
    exploded = explode_of(source).get("from")
    yield from _check_names(
        (*path, "source"), source, [*(each for each in read if each not in foreign), *keys, exploded]
    )


def _check_names(path: Path, source: dict[str, Any], names: Iterable[Any]) -> Iterator[Finding]:
    if not is_queried(source):
        return
    names = [name for name in names if isinstance(name, str)]
    yield from _check_found((*path, "query"), source.get("query"), names)
    for name in dict.fromkeys(names):
        column = name.partition(".")[0]
        if column != column.lower():
            found = f"has no column {column}: in what Athena finds, names have small letters"
            yield Finding(path, found, f"Read {column.lower()} where {column} is read")


def _check_found(path: Path, query: Any, names: list[str]) -> Iterator[Finding]:
    """Yield that what a query finds has no name, or one twice, or lacks a raw column that is read."""
    try:
        found = columns_of(query) if isinstance(query, str) else None
    except QueryError:
        return
    if found is None:
        return
    if "" in found:
        yield Finding(path, f"finds a column without a name, number {found.index('') + 1}", "Name it with AS")
    for name in dict.fromkeys(each for each in found if each and found.count(each) > 1):
        yield Finding(path, f"finds {name} twice", "Give each column a name of its own with AS")
    for name in dict.fromkeys(each.partition(".")[0] for each in names):
        if name.lower() not in found:
            yield Finding(path, f"finds no {name}, which is read", f"It finds {', '.join(filter(None, found))}; add it")
