"""The grammar of filter expressions, and the tree that a text of it becomes."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters.tree import (
    EVERY_EVENT,
    SOURCES,
    Condition,
    Conditions,
    CurrentItem,
    Expression,
    Filter,
    Operator,
    Placeholder,
    Target,
    Value,
)

LITERALS: Final = r"""
    NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?/i
    TEXT: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
    %ignore /\s+/
"""
"""How values are written, in Lark's notation."""

_GRAMMAR: Final = rf"""
    filter: expression ("|" expression)*
    expression: _action _target "WHERE"i alternatives ["IF"i together]
    _action: INCLUDE | EXCLUDE
    _target: ITEM_ID | ACTION_ID | USER_ID
    alternatives: together ("OR"i together)*
    together: _condition ("AND"i _condition)*
    _condition: membership | comparison
    membership: field [NOT] _IN (current_item | "(" value ("," value)* ")")
    comparison: field OPERATOR (value | "(" value ")")
    field: NAME "." NAME
    value: TEXT | NUMBER | PLACEHOLDER | current_item
    current_item: NAME "." NAME

    INCLUDE: "INCLUDE"i
    EXCLUDE: "EXCLUDE"i
    ITEM_ID: "ItemID"i
    ACTION_ID: "ActionID"i
    USER_ID: "UserID"i
    NOT: "NOT"i
    _IN: "IN"i
    OPERATOR: "!=" | "<=" | ">=" | "=" | "<" | ">"
    NAME: /[a-z_][a-z0-9_]*/i
    PLACEHOLDER: /\$[a-z0-9_]{{1,50}}/i
    {LITERALS}
"""

_CURRENT_USER: Final = "CURRENT_USER"
_DATASETS: Final = {
    "currentuser": _CURRENT_USER,
    "items": "ITEMS",
    "interactions": "INTERACTIONS",
    "users": "USERS",
    "actions": "ACTIONS",
    "action": "ACTIONS",  # one of the Developer Guide's own examples has the singular
    "action_interactions": "ACTION_INTERACTIONS",
}
_NAMES: Final = "Items, Interactions, Users, Actions, Action_Interactions or CurrentUser"
_TARGETS: Final = {target.value.lower(): target for target in Target}
_WORDS: Final = {
    "ITEM_ID": "ItemID",
    "ACTION_ID": "ActionID",
    "USER_ID": "UserID",
    "_IN": "IN",
    "OPERATOR": "one of = != < <= > >=",
    "EQUAL": "=",
    "NAME": "a name",
    "PLACEHOLDER": "a $placeholder",
    "NUMBER": "a number",
    "TEXT": "a quoted text",
    "VBAR": "|",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "DOT": ".",
    "$END": "the end",
}
"""Terminals in words, where their name is not the word itself."""


class ExpressionError(ValueError):
    """What is wrong with an expression, and where."""

    def __init__(self, problem: str, token: Token | None = None) -> None:
        place = None if token is None else token.start_pos
        super().__init__(problem if place is None else f"at character {place + 1}: {problem}")


@lru_cache(maxsize=256)
def parse_filter(text: str) -> Filter:
    """Return the filter in an expression.

    Keywords, and the names of datasets and fields, may be in any case; texts stand in double or single quotes, in
    which a backslash goes before a quote or a backslash.

    Raises:
        InvalidInputException: it is none; the text says where and what was expected.
    """
    try:
        found = cast("Filter", _Builder().transform(_FILTER.parse(text)))
        _check_together(found)
    except VisitError as error:
        raise InvalidInputException(f"Invalid filter expression, {error.orig_exc}") from error
    except UnexpectedInput as error:
        raise InvalidInputException(f"Invalid filter expression, {explain(error, text)}") from error
    except ExpressionError as error:
        raise InvalidInputException(f"Invalid filter expression, {error}") from error
    return found


def explain(error: UnexpectedInput, text: str, words: Mapping[str, str] = _WORDS) -> str:
    """Say where a text stops making sense and what would have."""
    match error:
        case UnexpectedToken(accepts=accepts):
            expected = set(accepts or error.expected)
        case UnexpectedCharacters(allowed=allowed):
            expected = set(allowed or ())
        case _:
            expected = set()
    names = " or ".join(sorted(words.get(name, name.lstrip("_")) for name in expected))
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return f"at its end: expected {names}"
    position = error.pos_in_stream or 0
    found = text[position:].split(maxsplit=1)[0] if text[position:].strip() else ""
    return f"at character {position + 1} ({found[:30]}): expected {names}"


def unquote(token: str) -> str:
    """Return what a quoted text says."""
    said, escaped = [], False
    for letter in token[1:-1]:
        if escaped and letter not in "\\\"'":
            said.append("\\")
        escaped = letter == "\\" and not escaped
        if not escaped:
            said.append(letter)
    return "".join(said)


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Makes the tree, and refuses what the grammar cannot."""

    def filter(self, *expressions: Expression) -> Filter:
        return Filter(expressions)

    def expression(
        self, action: Token, target: Token, where: Conditions, users: tuple[Condition, ...] | None = None
    ) -> Expression:
        aim = _TARGETS[target.lower()]
        _check_where(aim, where, target)
        if users is None:
            return Expression(action.upper() == "INCLUDE", aim, where)
        _check_users(aim, users, target)
        known = tuple(replace(condition, dataset="USERS") for condition in users)
        return Expression(action.upper() == "INCLUDE", aim, where, Conditions((known,)))

    def alternatives(self, *together: tuple[Condition, ...]) -> Conditions:
        return Conditions(together)

    def together(self, *conditions: Condition) -> tuple[Condition, ...]:
        return conditions

    def membership(self, field: tuple[Token, str, str], negation: Token | None, *values: Value) -> Condition:
        operator: Operator = "IN" if negation is None else "NOT IN"
        if negation is not None and any(isinstance(value, Placeholder) for value in values):
            raise ExpressionError("a placeholder cannot stand behind NOT IN", negation)
        return self._condition(field, operator, values)

    def comparison(self, field: tuple[Token, str, str], operator: Token, value: Value) -> Condition:
        return self._condition(field, cast("Operator", str(operator)), (value,))

    def _condition(self, field: tuple[Token, str, str], operator: Operator, values: tuple[Value, ...]) -> Condition:
        token, dataset, name = field
        if EVERY_EVENT in values and not (name.upper() == "EVENT_TYPE" and dataset.endswith("INTERACTIONS")):
            raise ExpressionError("* is only for the EVENT_TYPE of interactions", token)
        return Condition(dataset, name, operator, values)

    def field(self, dataset: Token, name: Token) -> tuple[Token, str, str]:
        if dataset.lower() not in _DATASETS:
            raise ExpressionError(f"{dataset} is no dataset: expected {_NAMES}", dataset)
        return dataset, _DATASETS[dataset.lower()], str(name)

    def value(self, value: Token | CurrentItem) -> Value:
        if isinstance(value, CurrentItem):
            return value
        match value.type:
            case "TEXT":
                return unquote(value)
            case "NUMBER":
                return float(value)
            case _:
                return Placeholder(value[1:])

    def current_item(self, owner: Token, name: Token) -> CurrentItem:
        if owner.lower() != "currentitem":
            raise ExpressionError(f"{owner}.{name} is no value; only CurrentItem's fields are", owner)
        return CurrentItem(str(name))


def _check_where(target: Target, where: Conditions, token: Token) -> None:
    """Refuse datasets that the target has not, and several in one expression."""
    sources = SOURCES[target]
    dataset = next(iter(where)).dataset
    for condition in where:
        if condition.dataset == _CURRENT_USER:
            raise ExpressionError("CurrentUser can only stand behind IF", token)
        if condition.dataset not in sources:
            known = " or ".join(sources)
            raise ExpressionError(f"{token} can be filtered by {known}, not by {condition.dataset}", token)
        if condition.dataset != dataset:
            raise ExpressionError(
                f"{dataset} and {condition.dataset} cannot stand in one expression: chain two with |", token
            )
        if dataset != "ITEMS" and any(isinstance(value, CurrentItem) for value in condition.values):
            raise ExpressionError("CurrentItem can only be compared with fields of Items", token)


def _check_users(target: Target, users: tuple[Condition, ...], token: Token) -> None:
    if target is Target.USER:
        raise ExpressionError("IF asks for the current user, and user segments have none", token)
    if any(condition.dataset != _CURRENT_USER for condition in users):
        raise ExpressionError("IF is only for conditions on CurrentUser", token)
    if any(isinstance(value, CurrentItem) for condition in users for value in condition.values):
        raise ExpressionError("CurrentItem can only be compared with fields of Items", token)


def _check_together(found: Filter) -> None:
    if len({expression.target for expression in found.expressions}) > 1:
        raise ExpressionError("all expressions must be about the same one of ItemID, ActionID and UserID")


_FILTER: Final = Lark(_GRAMMAR, start="filter", parser="lalr", maybe_placeholders=True)
