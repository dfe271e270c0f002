"""From Athena's SQL to DuckDB's: what is known to mean the same passes, what differs is rewritten, the rest is refused.

Each node of the tree must be of a kind, and have no other parts than those, that are listed here; each function must
be in `functions`. So what DuckDB would read in its own way, such as files or its own words, does not reach it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from embedded_aws.athena import expressions
from embedded_aws.athena.exceptions import QueryFailedError, not_emulated
from embedded_aws.athena.parsing import offset_of
from embedded_aws.athena.statements import place

SCHEMA: Final = "source"
_CATALOG: Final = "awsdatacatalog"
_QUERY: Final = {"with_", "order", "limit", "offset", "alias"}
_OPERANDS: Final = {"this", "expression"}
_PARTS: Final[dict[type[exp.Expr], set[str]]] = {
    exp.Select: {"expressions", "from_", "joins", "where", "group", "having", "distinct", "windows", *_QUERY},
    exp.Union: {"distinct", *_OPERANDS, *_QUERY},
    exp.Intersect: {"distinct", *_OPERANDS, *_QUERY},
    exp.Except: {"distinct", *_OPERANDS, *_QUERY},
    exp.Subquery: {"this", *_QUERY},
    exp.Values: {"expressions", *_QUERY},
    exp.With: {"expressions"},
    exp.CTE: {"this", "alias"},
    exp.TableAlias: {"this", "columns"},
    exp.Table: {"this", "db", "catalog", "alias", "joins"},
    exp.From: {"this"},
    exp.Join: {"this", "side", "kind", "on", "using"},
    exp.Unnest: {"expressions", "alias", "offset"},
    exp.Where: {"this"},
    exp.Having: {"this"},
    exp.Group: {"expressions"},
    exp.Cube: {"expressions"},
    exp.Rollup: {"expressions"},
    exp.GroupingSets: {"expressions"},
    exp.Order: {"this", "expressions"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Limit: {"expression"},
    exp.Fetch: {"direction", "count", "limit_options"},
    exp.LimitOptions: {"rows"},
    exp.Offset: {"expression"},
    exp.Distinct: {"expressions"},
    exp.Star: set(),
    exp.Window: {"this", "partition_by", "order", "spec", "over", "alias"},
    exp.WindowSpec: {"kind", "start", "start_side", "end", "end_side"},
    exp.IgnoreNulls: {"this"},
    exp.RespectNulls: {"this"},
    exp.Filter: _OPERANDS,
    exp.Alias: {"this", "alias"},
    exp.Column: {"this", "table", "db", "catalog"},
    exp.Identifier: {"this", "quoted"},
    exp.Dot: _OPERANDS,
    exp.Literal: {"this", "is_string"},
    exp.Boolean: {"this"},
    exp.Null: set(),
    exp.Var: {"this"},
    exp.Paren: {"this"},
    exp.Tuple: {"expressions"},
    exp.Case: {"this", "ifs", "default"},
    exp.If: {"this", "true"},
    exp.Exists: {"this"},
    exp.In: {"this", "expressions", "query"},
    exp.Any: {"this"},
    exp.All: {"this"},
    exp.Between: {"this", "low", "high"},
    exp.Like: {"negate", *_OPERANDS},
    exp.Escape: _OPERANDS,
    exp.Is: _OPERANDS,
    exp.Not: {"this"},
    exp.Neg: {"this"},
    exp.Div: {"typed", *_OPERANDS},
    exp.DPipe: {"safe", *_OPERANDS},
    exp.Interval: {"this", "unit"},
    exp.Cast: {"this", "to"},
    exp.TryCast: {"this", "to", "safe"},
    exp.DataType: {"this", "expressions", "nested"},
    exp.DataTypeParam: {"this"},
    exp.Extract: _OPERANDS,
    exp.Trim: {"this"},
    exp.StrPosition: {"this", "substr"},
    exp.Substring: {"this", "start", "length"},
    exp.Bracket: {"this", "expressions"},
    exp.Array: {"expressions"},
    exp.CurrentDate: set(),
    exp.CurrentTimestamp: set(),
    exp.Anonymous: {"this", "expressions"},
    **dict.fromkeys(
        (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
         exp.Add, exp.Sub, exp.Mul, exp.Mod),
        _OPERANDS,
    ),
}  # fmt: skip
_SIDES: Final = {"", "LEFT", "RIGHT", "FULL"}
_KINDS: Final = {"", "INNER", "OUTER", "CROSS"}


@dataclass(frozen=True)
class Source:
    """A table that a query reads.

    Attributes:
        database: its name.
        table: its name.
        name: what it is called in the translated query, in the schema SCHEMA.
        offset: where it stands in the query's text.
        conditions: what the rows that the query can need from it fulfil, as DuckDB's SQL over its columns: each is a
            text and the names of its columns.
    """

    database: str
    table: str
    name: str
    offset: int
    conditions: tuple[tuple[str, frozenset[str]], ...] = field(default=())


@dataclass(frozen=True)
class Translated:
    """A query in DuckDB's SQL.

    Attributes:
        sql: the query.
        sources: the tables that it reads.
        columns: the names of columns that it mentions and where they stand in its text.
        rows: the same for those that must be columns of a source, since they are also called like it: DuckDB would
            take a name that is no column for the whole row. Each is a column, the name of its source, and a place.
    """

    sql: str
    sources: tuple[Source, ...]
    columns: tuple[tuple[str, int], ...] = ()
    rows: tuple[tuple[str, str, int], ...] = ()


def translated(tree: exp.Query, query: str, database: str) -> Translated:
    """Return a query in DuckDB's SQL.

    Args:
        tree: what `parsing.parsed` made of it.
        query: its text, for the places in errors.
        database: of tables that are named without one, "" for none.

    Raises:
        QueryFailedError: it has what is not emulated, or no table could be meant.
    """
    _check(tree, query)
    _lower_names(tree)
    columns = tuple((node.name, offset_of(node)) for node in tree.find_all(exp.Column) if node.name)
    sources = _sources(tree, query, database)
    rows = tuple(_rows(tree, query))
    tree = expressions.rewritten(tree, query)
    _name_columns(tree)
    conditions = {name: tuple(_conditions(node)) for name, node in _tables(tree)}
    found = [
        Source(each.database, each.table, each.name, each.offset, conditions.get(each.name, ())) for each in sources
    ]
    return Translated(_written(tree), tuple(found), columns, rows)


def _written(tree: exp.Expr) -> str:
    """Return a tree as DuckDB's SQL; what sqlglot would leave out because DuckDB lacks it is refused."""
    try:
        return tree.sql("duckdb", comments=False, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise not_emulated(f"line 1:1: what DuckDB lacks ({str(error).splitlines()[0]})") from error


def _check(tree: exp.Expr, query: str) -> None:
    """Refuse what is not listed."""
    for node in tree.walk():
        parts = _PARTS.get(type(node))
        where = place(query, offset_of(node))
        if parts is None:
            raise not_emulated(f"{where}: {type(node).__name__} ({node.sql('trino')[:100]})")
        others = sorted(name.rstrip("_") for name, value in node.args.items() if value and name not in parts)
        if others:
            raise not_emulated(f"{where}: {type(node).__name__} with {', '.join(others)}")
        if isinstance(node, exp.Join):
            _check_join(node, where)
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Anonymous):
            select = node.find_ancestor(exp.Select)
            joins = select.args.get("joins") or [] if select is not None else []
            if any(join.args.get("using") for join in joins):
                raise not_emulated(f"{where}: * of a join with USING, whose columns have another order,")
        if isinstance(node, exp.Unnest):
            columns = node.args["alias"].args.get("columns") or () if node.args.get("alias") else ()
            if len(node.expressions) != 1 or len(columns) != 1:
                raise not_emulated(f"{where}: UNNEST of anything but one array with a name for its elements")
        if isinstance(node, exp.Identifier) and "$" in node.name and isinstance(node.parent, exp.Table):
            raise not_emulated(f"{where}: the table {node.name}")


def _check_join(node: exp.Join, where: str) -> None:
    side, kind = str(node.args.get("side") or ""), str(node.args.get("kind") or "")
    if side not in _SIDES or kind not in _KINDS:
        raise not_emulated(f"{where}: {side} {kind} JOIN")


def _lower_names(tree: exp.Expr) -> None:
    """Write names in small letters, as Trino reads them; those in quotes name columns of results as they are."""
    for node in tree.find_all(exp.Identifier):
        if not node.args.get("quoted"):
            node.set("this", node.name.lower())
            node.set("quoted", True)  # noqa: FBT003  # sqlglot's signature


def _common(node: exp.Expr) -> Iterator[str]:
    """Yield the names of the WITH queries that a table may mean: of one, those that stand before it."""
    inner, common = node, None
    while (outer := inner.parent) is not None:
        if isinstance(inner, exp.CTE):
            common = inner
        scope = outer.args.get("with_")
        for each in scope.expressions if scope is not None else ():
            if inner is scope and each is common:
                break
            yield each.alias.lower()
        inner = outer


def _sources(tree: exp.Expr, query: str, database: str) -> list[Source]:
    """Return the tables of a query, and give each the name that it has in DuckDB."""
    found: dict[tuple[str, str], Source] = {}
    for node in list(tree.find_all(exp.Table)):
        if not isinstance(node.this, exp.Identifier):
            name = node.this.name if isinstance(node.this, exp.Anonymous) else node.this.sql("trino")
            raise not_emulated(f"{place(query, offset_of(node))}: the table function {name}")
        if not node.db and node.name.lower() in set(_common(node)):
            continue
        source = _source(node, query, database, found)
        if not node.alias:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name.lower(), quoted=True)))
        _unqualify(node, source)
        for part in ("catalog", "db", "this"):
            node.set(part, None)
        node.set("db", exp.to_identifier(SCHEMA))
        node.set("this", exp.to_identifier(source.name))
    return list(found.values())


def _source(node: exp.Table, query: str, database: str, found: dict[tuple[str, str], Source]) -> Source:
    where = place(query, offset_of(node))
    catalog, name = (node.catalog or _CATALOG).lower(), node.name.lower()
    schema = (node.db or database).lower()
    if catalog != _CATALOG:
        raise not_emulated(f"{where}: the catalog {catalog}, which is not the Glue Data Catalog,")
    if not schema:
        raise QueryFailedError(f"MISSING_SCHEMA_NAME: {where}: Schema must be specified when session schema is not set")
    if schema == "information_schema":
        raise not_emulated(f"{where}: information_schema")
    # Each mention is a table of its own: what one of them can leave out, another may need.
    source = Source(schema, name, f"t{len(found)}", offset_of(node))
    found[schema, f"{name}/{len(found)}"] = source
    return source


def _unqualify(table: exp.Table, source: Source) -> None:
    """Take database and catalog from columns that name the table with them."""
    select = table.find_ancestor(exp.Select)
    for column in select.find_all(exp.Column) if select is not None else ():
        if column.db.lower() == source.database and column.table.lower() == source.table:
            column.set("db", None)
            column.set("catalog", None)


def _rows(tree: exp.Expr, query: str) -> Iterator[tuple[str, str, int]]:
    """Yield the columns that are called like the table of the catalog that they must come from (see `Translated`)."""
    for column in tree.find_all(exp.Column):
        select = column.find_ancestor(exp.Select)
        if column.table or select is None or isinstance(column.this, exp.Star):
            continue
        joins = select.args.get("joins") or []
        for each in [part.this for part in (select.args.get("from_"), *joins) if part is not None]:
            if each.alias_or_name.lower() != column.name.lower():
                continue
            named = {name.lower() for name in each.alias_column_names}
            if isinstance(each, exp.Subquery):
                named |= {name.lower() for name in each.named_selects}
            if isinstance(each, exp.Table) and each.db == SCHEMA:
                yield column.name.lower(), each.name, offset_of(column)
            elif column.name.lower() not in named:
                where = place(query, offset_of(column))
                raise not_emulated(f"{where}: the name {column.name} of a column that is also that of its table")


def _tables(tree: exp.Expr) -> Iterator[tuple[str, exp.Table]]:
    for node in tree.find_all(exp.Table):
        if node.db == SCHEMA:
            yield node.name, node


def _conditions(table: exp.Table) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a row of a table must fulfil by the WHERE of its SELECT, as far as that is plain."""
    if not isinstance(table.parent, exp.From | exp.Join):
        return
    select = table.parent.parent
    if not isinstance(select, exp.Select) or select.args.get("where") is None:
        return
    joins = select.args.get("joins") or []
    if any(join.args.get("side") for join in joins):
        return
    for each in (
        select.args["where"].this.flatten()
        if isinstance(select.args["where"].this, exp.And)
        else (select.args["where"].this,)
    ):
        columns = list(each.find_all(exp.Column))
        if not columns or each.find(exp.Query):
            continue
        own = all(column.table == table.alias or (not column.table and not joins) for column in columns)
        if own:
            free: Any = each.copy()
            for column in free.find_all(exp.Column):
                column.set("table", None)
            yield _written(free), frozenset(column.name for column in columns)


def _name_columns(tree: exp.Expr) -> None:
    """Name the columns that have no name as Athena does: `_col0`, by their places."""
    for select in tree.find_all(exp.Select):
        named: list[exp.Expr] = []
        for at, each in enumerate(select.expressions):
            bare = isinstance(each, exp.Column | exp.Alias | exp.Star | exp.Dot)
            named.append(each if bare else exp.alias_(each, f"_col{at}", quoted=True))
        select.set("expressions", named)
