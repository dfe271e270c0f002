"""Expressions of Athena's SQL, rewritten for DuckDB one by one (see `translation`)."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlglot import exp

from embedded_aws import clock
from embedded_aws.athena.comparisons import between, compared, one_of
from embedded_aws.athena.exceptions import not_emulated
from embedded_aws.athena.functions import (
    AGGREGATES,
    EXTRACTS,
    FORMATS,
    NO_DECIMALS,
    SCALARS,
    UNITS,
    WINDOWS,
    WITHIN_A_DAY,
    Function,
)
from embedded_aws.athena.parsing import offset_of
from embedded_aws.athena.statements import place

_INTEGERS: Final = {"TINYINT", "SMALLINT", "INT", "BIGINT"}
_PLAIN: Final = {"BOOLEAN": "BOOLEAN", "DOUBLE": "DOUBLE", "FLOAT": "FLOAT", "DATE": "DATE"}
_LARGEST_PRECISION: Final = 38
_MILLISECONDS: Final = 3
_SPECIFIER: Final = re.compile(r"%.", re.DOTALL)
_OPTIONAL: Final = re.compile(r"\)[?*{]|[|]")
_JSON_PATH: Final = re.compile(r"[$]([.][A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*")
_COUNT: Final = re.compile(r"-?\d{1,9}")


def rewritten(tree: exp.Expr, query: str) -> Any:
    """Return a tree in which every expression means in DuckDB what it meant in Athena.

    Raises:
        QueryFailedError: something is not emulated, or has the wrong number of arguments.
    """
    for node in reversed(list(tree.walk(bfs=True))):
        rewrite = _REWRITES.get(type(node))
        if rewrite is None:
            continue
        try:
            new = rewrite(node)
        except _RefusedError as refusal:
            where = place(query, offset_of(node))
            raise not_emulated(f"{where}: {refusal}") from refusal
        if new is not node:
            node.replace(new)
    return tree


class _RefusedError(Exception):
    """What is not emulated."""


def _call(name: str, *arguments: Any) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[each.copy() for each in arguments])


def _text(value: str) -> exp.Literal:
    return exp.Literal.string(value)


def _number(node: exp.Literal) -> exp.Expr:
    """Write a number with a point as what it is in Athena, a double."""
    text = node.name
    if node.is_string or not re.search(r"[.eE]", text):
        return node
    if "e" not in text.lower():
        text = f"{text}0e0" if text.endswith(".") else f"{text}e0"
    return exp.Literal(this=text, is_string=False)


def _bare(node: Any) -> Any:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _guarded(name: str, node: Any) -> Any:
    """Return an operand in a guard, if what it is can only be told when the query runs."""
    return _call(name, node) if isinstance(_bare(node), exp.Column | exp.Anonymous | exp.Case | exp.Cast) else node


def _divided(node: exp.Expr) -> exp.Expr:
    for part in ("this", "expression"):
        node.set(part, _guarded("trino_no_decimal", node.args[part]))
    return node


def _moved(node: exp.Expr) -> exp.Expr:
    """Add or take: of a date and an interval comes a date again."""
    left, right = node.this, node.expression
    interval = next((each for each in (left, right) if isinstance(_bare(each), exp.Interval)), None)
    if interval is None:
        if isinstance(node, exp.Sub):
            node.set("expression", _guarded("trino_no_date", right))
        return node
    other = left if interval is right else right
    if isinstance(_bare(other), exp.Interval) or (isinstance(node, exp.Sub) and interval is left):
        raise _RefusedError("arithmetic of intervals alone")
    if _bare(interval).args["unit"].name.lower() in WITHIN_A_DAY:
        other = _call("trino_no_date", other)
    made = type(node)(this=exp.paren(other.copy()), expression=interval.copy())
    return _call("trino_keep", made, other)


def _interval(node: exp.Interval) -> exp.Expr:
    unit = node.args.get("unit")
    if not isinstance(unit, exp.Var) or unit.name.lower() not in UNITS or not _COUNT.fullmatch(node.name):
        raise _RefusedError(f"the interval {node.sql('trino')}")
    outer = node.parent
    while isinstance(outer, exp.Paren):
        outer = outer.parent
    if not isinstance(outer, exp.Add | exp.Sub | exp.WindowSpec):
        raise _RefusedError(f"the interval {node.sql('trino')}, which is neither added nor taken,")
    return node


def _joined(node: exp.DPipe) -> exp.Expr:
    """Join texts, or arrays; DuckDB would also join what is neither."""
    for part in ("this", "expression"):
        operand = _bare(node.args[part])
        text = isinstance(operand, exp.DPipe | exp.Null) or (isinstance(operand, exp.Literal) and operand.is_string)
        if not text:
            node.set(part, _call("trino_joined", operand))
    return node


def _cast(node: Any) -> exp.Expr:
    """Cast as Trino does; a cast that may fail gives NULL instead."""
    kind, safe = node.to.this.name, isinstance(node, exp.TryCast)
    maker = exp.TryCast if safe else exp.Cast
    value = node.this
    sizes = [int(each.name) for each in node.to.expressions if isinstance(each, exp.DataTypeParam)]
    if isinstance(_bare(value), exp.Null) and kind in {*_INTEGERS, *_PLAIN, "VARCHAR", "TEXT"}:
        return exp.Cast(this=exp.null(), to=node.to.copy())
    if kind in _INTEGERS:
        return maker(this=_call("trino_try_whole" if safe else "trino_whole", value), to=exp.DataType.build(kind))
    if kind in _PLAIN:
        return maker(this=value.copy(), to=exp.DataType.build(_PLAIN[kind]))
    if kind in {"VARCHAR", "TEXT"}:
        text = _call("trino_text", value)
        return _call("substring", text, exp.Literal.number(1), exp.Literal.number(sizes[0])) if sizes else text
    if kind == "DECIMAL":
        precision, scale = (*sizes, *(_LARGEST_PRECISION, 0)[len(sizes) :])
        return maker(this=value.copy(), to=exp.DataType.build(f"DECIMAL({precision}, {scale})"))
    if kind == "TIMESTAMP" and all(size <= _MILLISECONDS for size in sizes):
        return _call("trino_milliseconds", maker(this=value.copy(), to=exp.DataType.build("TIMESTAMP")))
    if kind == "TIMESTAMPTZ" and not safe:
        return exp.Cast(this=_call("trino_utc", value), to=exp.DataType.build("TIMESTAMPTZ", dialect="duckdb"))
    raise _RefusedError(f"a cast to {node.to.sql('trino')}")


def _now(node: exp.Expr) -> exp.Expr:
    del node
    moment = clock.now().isoformat(sep=" ", timespec="milliseconds")
    return exp.Cast(this=_text(moment), to=exp.DataType.build("TIMESTAMPTZ", dialect="duckdb"))


def _today(node: exp.Expr) -> exp.Expr:
    del node
    return exp.Cast(this=_text(clock.now().date().isoformat()), to=exp.DataType.build("DATE"))


def _extract(node: exp.Extract) -> exp.Expr:
    name = node.name.upper()
    if name not in EXTRACTS:
        raise _RefusedError(f"EXTRACT of {name}")
    return _call(SCALARS[EXTRACTS[name]].target, node.expression)


def _subscript(node: exp.Bracket) -> exp.Expr:
    if len(node.expressions) != 1:
        raise _RefusedError("a subscript of several values")
    return _call("trino_subscript", node.this, node.expressions[0])


def _substring(node: exp.Expr) -> exp.Expr:
    length = node.args.get("length")
    arguments = [node.this, node.args["start"], *([length] if length is not None else [])]
    return _from_text(arguments)


def _from_text(arguments: Sequence[Any]) -> exp.Expr:
    return _call("trino_from" if len(arguments) == 2 else "trino_from_for", *arguments)  # noqa: PLR2004  # text, start


def _without_nulls(node: exp.IgnoreNulls) -> exp.Expr:
    """Return a window function that leaves NULL out, of a class for which sqlglot writes that down."""
    function = node.this
    kind = _MAY_IGNORE_NULLS.get(str(function.this).lower()) if isinstance(function, exp.Anonymous) else None
    if kind is None:
        raise _RefusedError("IGNORE NULLS of this function")
    names = ("this", "offset", "default")
    arguments: Any = {name: each.copy() for name, each in zip(names, function.expressions, strict=False)}
    return exp.IgnoreNulls(this=kind(**arguments))


def _function(node: exp.Anonymous) -> exp.Expr:
    name = str(node.this).lower()
    arguments = node.expressions
    if name in _SPECIAL:
        least, most, special = _SPECIAL[name]
        _count(name, arguments, Function(name, least, most))
        return special(arguments)
    over = node.find_ancestor(exp.Window, exp.Select)
    known = SCALARS.get(name) or AGGREGATES.get(name) or (WINDOWS.get(name) if isinstance(over, exp.Window) else None)
    if known is None:
        raise _RefusedError(f"the function {name}")
    if name in AGGREGATES:
        return _aggregate(name, arguments, known)
    if any(isinstance(each, exp.Distinct | exp.Order | exp.Star) for each in arguments):
        raise _RefusedError(f"the function {name} with DISTINCT, ORDER BY or *")
    _count(name, arguments, known)
    if name in NO_DECIMALS:
        arguments = [_guarded("trino_no_decimal", each) for each in arguments]
    return _call(known.target, *arguments)


def _count(name: str, arguments: Sequence[Any], known: Function) -> None:
    if len(arguments) < known.least or (known.most is not None and len(arguments) > known.most):
        takes = f"{known.least}" if known.least == known.most else f"{known.least} to {known.most or 'any number'}"
        raise _RefusedError(f"the function {name} with {len(arguments)} arguments; it takes {takes}")


def _aggregate(name: str, arguments: Sequence[Any], known: Function) -> exp.Expr:
    inner = [part for each in arguments for part in (each.expressions if isinstance(each, exp.Distinct) else [each])]
    _count(name, inner, known)
    if any(isinstance(each, exp.Star) for each in inner) and (name != "count" or len(inner) > 1):
        raise _RefusedError(f"{name}(*)")
    if any(isinstance(each, exp.Order) for each in inner) and name != "array_agg":
        raise _RefusedError(f"{name} with ORDER BY")
    if name == "approx_distinct":
        # An exact count is within any error that the approximate one may have.
        return _call("count", exp.Distinct(expressions=[each.copy() for each in inner]))
    if name in {"sum", "avg"}:
        inner = [_guarded("trino_no_real", each) for each in inner]
    if name in NO_DECIMALS:
        inner = [_guarded("trino_no_decimal", each) for each in inner]
    if arguments and isinstance(arguments[0], exp.Distinct):
        inner = [exp.Distinct(expressions=[each.copy() for each in inner])]
    return _call(known.target, *inner)


def _unit(node: Any) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string or node.name.lower() not in UNITS:
        raise _RefusedError(f"the unit of time {node.sql('trino')}")
    return node.name.lower()


def _date_trunc(arguments: Sequence[Any]) -> exp.Expr:
    unit = _unit(arguments[0])
    value = _call("trino_no_date", arguments[1]) if unit in WITHIN_A_DAY else arguments[1]
    return _call("trino_date_trunc", _text(unit), value)


def _date_diff(arguments: Sequence[Any]) -> exp.Expr:
    return _call("datesub", _text(_unit(arguments[0])), *arguments[1:])


def _date_add(arguments: Sequence[Any]) -> exp.Expr:
    unit, count, value = _unit(arguments[0]), arguments[1], arguments[2]
    if unit in WITHIN_A_DAY:
        value = _call("trino_no_date", value)
    span = _call(UNITS[unit], exp.Cast(this=count.copy(), to=exp.DataType.build("INT")))
    return _call("trino_keep", exp.Add(this=exp.paren(value.copy()), expression=span), value)


def _format(node: Any) -> exp.Literal:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise _RefusedError("a format of times that is no text")
    unknown = sorted(set(_SPECIFIER.findall(node.name)) - FORMATS.keys())
    if unknown:
        raise _RefusedError(f"the specifier {unknown[0]} in a format of times")
    return _text(_SPECIFIER.sub(lambda found: FORMATS[found[0]], node.name))


def _if(arguments: Sequence[Any]) -> exp.Expr:
    condition, true, *other = (each.copy() for each in arguments)
    case = exp.Case(ifs=[exp.If(this=condition, true=true)])
    if other:
        case.set("default", other[0])
    return case


def _concat(arguments: Sequence[Any]) -> exp.Expr:
    made = arguments[0].copy()
    for each in arguments[1:]:
        made = _joined(exp.DPipe(this=made, expression=each.copy()))
    return exp.paren(made)


def _round(arguments: Sequence[Any]) -> exp.Expr:
    value = _guarded("trino_no_decimal", arguments[0])
    return _call("trino_round", value, *(arguments[1:] or [exp.Literal.number(0)]))


def _regexp_replace(arguments: Sequence[Any]) -> exp.Expr:
    text, pattern, *rest = arguments
    _pattern(pattern)
    replacement = rest[0] if rest else _text("")
    if not isinstance(replacement, exp.Literal) or re.search(r"[$]\{|\\", replacement.name):
        raise _RefusedError("regexp_replace with a replacement that is no plain text with $1")
    with_groups = re.sub(r"[$](\d)", r"\\\1", replacement.name)
    return _call("regexp_replace", text, pattern, _text(with_groups), _text("g"))


def _pattern(node: exp.Expr) -> None:
    if isinstance(node, exp.Literal) and "(?" in node.name.replace("(?i)", "").replace("(?:", ""):
        raise _RefusedError("a regular expression with (?")


def _regexp_extract(arguments: Sequence[Any]) -> exp.Expr:
    _pattern(arguments[1])
    if arguments[2:] and (not isinstance(arguments[1], exp.Literal) or _OPTIONAL.search(arguments[1].name)):
        raise _RefusedError("regexp_extract of a group that may be left out")
    return _call("trino_regexp_extract", *arguments, *([] if arguments[2:] else [exp.Literal.number(0)]))


def _regexp_like(arguments: Sequence[Any]) -> exp.Expr:
    _pattern(arguments[1])
    return _call("trino_regexp_like", *arguments)


def _json_extract_scalar(arguments: Sequence[Any]) -> exp.Expr:
    path = arguments[1]
    if not isinstance(path, exp.Literal) or not _JSON_PATH.fullmatch(path.name):
        raise _RefusedError(f"the JSON path {path.sql('trino')}; $.name[0].name and its like")
    return _call("trino_json_extract_scalar", *arguments)


def _replace(arguments: Sequence[Any]) -> exp.Expr:
    return _call("trino_replace", *arguments, *([] if arguments[2:] else [_text("")]))


def _split(arguments: Sequence[Any]) -> exp.Expr:
    if len(arguments) > 2:  # noqa: PLR2004  # text, delimiter
        raise _RefusedError("split with a limit")
    return _call("trino_split", *arguments)


_MAY_IGNORE_NULLS: Final[dict[str, type[exp.Expr]]] = {
    "lag": exp.Lag,
    "lead": exp.Lead,
    "first_value": exp.FirstValue,
    "last_value": exp.LastValue,
    "nth_value": exp.NthValue,
}
_Special = Callable[[Sequence[Any]], exp.Expr]
_SPECIAL: Final[dict[str, tuple[int, int | None, _Special]]] = {
    "date_trunc": (2, 2, _date_trunc),
    "date_diff": (3, 3, _date_diff),
    "date_add": (3, 3, _date_add),
    "date_format": (2, 2, lambda given: _call("strftime", given[0], _format(given[1]))),
    "date_parse": (2, 2, lambda given: _call("strptime", given[0], _format(given[1]))),
    "now": (0, 0, lambda _: _now(exp.null())),
    "current_timestamp": (0, 1, lambda _: _now(exp.null())),
    "if": (2, 3, _if),
    "concat": (2, None, _concat),
    "substr": (2, 3, _from_text),
    "substring": (2, 3, _from_text),
    "replace": (2, 3, _replace),
    "round": (1, 2, _round),
    "split": (2, 3, _split),
    "json_extract_scalar": (2, 2, _json_extract_scalar),
    "regexp_like": (2, 2, _regexp_like),
    "regexp_replace": (2, 3, _regexp_replace),
    "regexp_extract": (2, 3, _regexp_extract),
}
_REWRITES: Final[dict[type[exp.Expr], Callable[[Any], exp.Expr]]] = {
    exp.Literal: _number,
    exp.Div: _divided,
    exp.Mod: _divided,
    exp.Add: _moved,
    exp.Sub: _moved,
    exp.Interval: _interval,
    exp.DPipe: _joined,
    exp.IgnoreNulls: _without_nulls,
    exp.RespectNulls: lambda node: node.this.copy(),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), compared),
    exp.Between: between,
    exp.In: one_of,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: _now,
    exp.Extract: _extract,
    exp.Bracket: _subscript,
    exp.Substring: _substring,
    exp.Trim: lambda node: _call("trino_trim", node.this),
    exp.StrPosition: lambda node: _call("strpos", node.this, node.args["substr"]),
    exp.Anonymous: _function,
}
