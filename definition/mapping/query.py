"""SQL that Athena runs for a source: which tables it reads, and how it is put together from a table.

Only statements that read are taken, and only tables that are named with their database: the roles of a deployment may
read these, and no others. The text itself is never rebuilt: what Athena gets is what stands in the pipeline file.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

if TYPE_CHECKING:
    from collections.abc import Iterable

DIALECT = "athena"
MOST_CHARACTERS = 60_000
"""A query travels through the state machine, whose definition has 1 MB; Athena itself takes 262,144 bytes."""

_CATALOG = "awsdatacatalog"
_NAME = r"[^\s\"'`*?/:\\.$]+"
"""A name that a grant can hold; with a dollar sign Athena means what it knows of a table itself."""

_UNABLE: tuple[type[sql.Expr], ...] = (
    sql.Into, sql.Lock, sql.Placeholder, sql.Parameter, sql.Insert, sql.Update, sql.Delete, sql.Merge
)  # fmt: skip
"""What a query may not hold: it writes, or waits for a value that nobody gives."""
_BEGINNINGS = frozenset({sqlglot.TokenType.SELECT, sqlglot.TokenType.WITH, sqlglot.TokenType.L_PAREN})
_ONE_QUERY = "Write a single SELECT, which may begin with WITH"


class QueryError(ValueError):
    """A query that cannot be taken; holds what is wrong with it and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


class Table(NamedTuple):
    """A table of the Glue Data Catalog, both names in small letters, as the catalog has them."""

    database: str
    name: str


def tables_of(text: str) -> list[Table]:
    """Return the tables that a query reads, in the order of their names.

    Raises:
        QueryError: it is no single query, or names tables that no grant can be made of.
    """
    found: set[Table] = set()
    tree = _parsed(text)
    if wrong := next(iter(tree.find_all(*_UNABLE)), None):
        raise QueryError(
            f"holds {wrong.sql()[:60] or wrong.key.upper()}", "Write a SELECT that reads, with its values in place"
        )
    for table in tree.find_all(sql.Table):
        if table.db or not _is_common(table):
            found.add(_table(table))
    if not found:
        raise QueryError("reads no table", "Name one after FROM: database.table")
    return sorted(found)


def of_table(table: Table, columns: Iterable[str], condition: str | None) -> str:
    """Return the query that reads some columns of a table.

    Args:
        table: the table.
        columns: their names.
        condition: SQL on the table's columns, those of its partitions among them; None for all rows.
    """
    names = ", ".join(map(_quoted, columns))
    where = f"\nWHERE {condition}" if condition else ""
    return f"SELECT {names}\nFROM {_quoted(table.database)}.{_quoted(table.name)}{where}"


def table_named(text: str) -> Table | None:
    """Return the table that a text such as ``sales.orders`` names, None if it names none."""
    form = re.fullmatch(rf"({_NAME})\.({_NAME})", text)
    return None if form is None else Table(form[1].lower(), form[2].lower())


def columns_of(text: str) -> list[str] | None:
    """Return the names of the columns that a query finds, empty for one without a name; None where it does not say.

    Raises:
        QueryError: it is no single query.
    """
    tree = _parsed(text)
    if any(isinstance(each, sql.Star) or each.is_star for each in tree.selects):
        return None
    return [each.alias_or_name.lower() for each in tree.selects]


def check_condition(text: str) -> None:
    """Check that a text is one condition, and reads no table of its own.

    Raises:
        QueryError: it is not.
    """
    if ";" in text:
        raise QueryError("holds a semicolon", "Remove it: a condition is a part of a query")
    tree = _parsed(f"SELECT 1 FROM a.b WHERE {text}")  # noqa: S608  # parsed only
    where = tree.args.get("where")
    clauses = {name for name, part in tree.args.items() if part} - {"expressions", "from", "from_", "where", "kind"}
    more = len(list(tree.find_all(sql.Table))) != 1 or any(tree.find_all(*_UNABLE, sql.AggFunc))
    if not isinstance(tree, sql.Select) or where is None or clauses or more:
        raise QueryError("is no condition", "Write one on columns of the table: day >= '2026-01-01'")


def without_end(text: str) -> str:
    """Return a query without semicolons at its end."""
    return text.strip().rstrip("; \t\r\n")


@lru_cache(maxsize=64)  # Rules, grants and states ask for the same query, and a long one takes some tenths of a second.
def _parsed(text: str) -> sql.Query:
    """Return the tree of a query, which callers share and leave as it is."""
    if len(text) > MOST_CHARACTERS:
        what = f"has {len(text):,} characters, and a pipeline takes {MOST_CHARACTERS:,}"
        raise QueryError(what, "Make a view of it, and read that as a table")
    if template := re.search(r"\{\{|\{#|\{%", text):
        raise QueryError(f"holds {template[0]}, which Athena does not fill in", "Write the query itself")
    try:
        # The parser warns of other statements on the terminal, and takes them for something that it does not know.
        tokens = sqlglot.tokenize(text, read=DIALECT)
        if not tokens or tokens[0].token_type not in _BEGINNINGS:
            raise QueryError("is not one query", _ONE_QUERY)
        found = sqlglot.parse(without_end(text), read=DIALECT)
    except (SqlglotError, RecursionError) as error:
        raise QueryError(f"is not SQL of Athena ({_told(error)})", "Mend it; Athena's console shows where") from error
    if len(found) != 1 or not isinstance(tree := found[0], sql.Query):
        raise QueryError("is not one query", f"{_ONE_QUERY}, and nothing after a semicolon")
    return tree


def _is_common(table: sql.Table) -> bool:
    """Say whether a name means a common table expression (WITH) that it can see."""
    place: sql.Expr | None = table
    while place is not None:
        given = place.args.get("with") or place.args.get("with_")
        if given and any(each.alias.lower() == table.name.lower() for each in given.expressions):
            return True
        place = place.parent
    return False


def _table(table: sql.Table) -> Table:
    whole = ".".join(part.name for part in table.parts)
    if not table.db:
        raise QueryError(f"names the table {whole} without its database", f"Write database.{whole}")
    if table.catalog and table.catalog.lower() != _CATALOG:
        remedy = "Read tables of AwsDataCatalog; data of federated sources has to be copied first"
        raise QueryError(f"reads {whole}, which is of another catalog", remedy)
    if table.db.lower() == "information_schema" or "$" in table.name:
        raise QueryError(f"reads {whole}, which is no table of the catalog", "Read the tables themselves")
    for part in (table.db, table.name):
        if not re.fullmatch(_NAME, part):
            remedy = "Rename it, or make a view with a plain name"
            raise QueryError(f"reads {whole}, a name that no grant can hold", remedy)
    return Table(table.db.lower(), table.name.lower())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _told(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
