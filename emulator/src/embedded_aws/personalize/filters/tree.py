"""What a filter expression means: a small typed tree, and the rules that do not depend on how it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.schemas import Field, Schema

MOST_FIELDS: Final = 10
"""Distinct fields of one filter (Developer Guide, limits)."""

EVERY_EVENT: Final = "*"


class Target(StrEnum):
    """What is kept or left out."""

    ITEM = "ItemID"
    ACTION = "ActionID"
    USER = "UserID"


SOURCES: Final = {
    Target.ITEM: ("ITEMS", "INTERACTIONS"),
    Target.ACTION: ("ACTIONS", "ACTION_INTERACTIONS"),
    Target.USER: ("USERS", "INTERACTIONS"),
}
"""Per target: the dataset that describes it, and the one that connects it with users or items."""

Operator = Literal["IN", "NOT IN", "=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Placeholder:
    """A value that the request gives: `$name`, case sensitive."""

    name: str


@dataclass(frozen=True)
class CurrentItem:
    """The value that the item of the question has in a field."""

    field: str


Value = str | float | Placeholder | CurrentItem


@dataclass(frozen=True)
class Condition:
    """A field compared with values: one, or several for IN and NOT IN. `dataset` is a type in upper case."""

    dataset: str
    field: str
    operator: Operator
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.dataset}.{self.field} {self.operator}"


@dataclass(frozen=True)
class Conditions:
    """Conditions of which all of one alternative must hold: `AND` binds tighter than `OR`."""

    alternatives: tuple[tuple[Condition, ...], ...]

    def __iter__(self) -> Iterator[Condition]:
        return (condition for together in self.alternatives for condition in together)


@dataclass(frozen=True)
class Expression:
    """One expression: what to include or exclude, and the users for whom (None: for all)."""

    include: bool
    target: Target
    where: Conditions
    users: Conditions | None = None

    def __iter__(self) -> Iterator[Condition]:
        yield from self.where
        if self.users is not None:
            yield from self.users

    @property
    def dataset(self) -> str:
        """The dataset that its conditions are about."""
        return next(iter(self.where)).dataset

    @property
    def needs_item(self) -> bool:
        """Whether it compares with the item of the question."""
        return any(isinstance(value, CurrentItem) for one in self.where for value in one.values)

    @property
    def depends_on_asker(self) -> bool:
        """Whether its result differs between those who ask."""
        events = self.dataset.endswith("INTERACTIONS") and self.target is not Target.USER
        return events or self.users is not None or self.needs_item

    @property
    def placeholders(self) -> set[str]:
        """The names of its placeholders."""
        return {value.name for one in self for value in one.values if isinstance(value, Placeholder)}


@dataclass(frozen=True)
class Filter:
    """A whole filter: expressions that were joined by `|`, whose order means nothing."""

    expressions: tuple[Expression, ...]

    @property
    def target(self) -> Target:
        """What it keeps or leaves out."""
        return self.expressions[0].target

    @property
    def conditions(self) -> list[Condition]:
        """The conditions of all expressions."""
        return [condition for expression in self.expressions for condition in expression]

    @property
    def fields(self) -> frozenset[tuple[str, str]]:
        """The distinct fields, as dataset type and name in upper case: what the quotas count."""
        own = {(one.dataset, one.field.upper()) for one in self.conditions}
        values = [value for one in self.conditions for value in one.values]
        return frozenset(own | {("ITEMS", one.field.upper()) for one in values if isinstance(one, CurrentItem)})

    @property
    def placeholders(self) -> Mapping[str, bool]:
        """The placeholders, with True for those that a request must give: all those of INCLUDE expressions."""
        required = {name for expression in self.expressions if expression.include for name in expression.placeholders}
        names = {name for expression in self.expressions for name in expression.placeholders}
        return {name: name in required for name in sorted(names)}

    @property
    def needs_item(self) -> bool:
        """Whether it compares with the item of the question, as only related items have one."""
        return any(expression.needs_item for expression in self.expressions)

    @property
    def needs_user(self) -> bool:
        """Whether it looks at the user of the question: their events or their record."""
        return self.target is not Target.USER and any(
            one.dataset in {"USERS", "INTERACTIONS", "ACTION_INTERACTIONS"} for one in self.conditions
        )

    def check(self, schemas: Mapping[str, Schema]) -> None:
        """Hold the filter against the schemas of a dataset group, by dataset type.

        Raises:
            InvalidInputException: a dataset or field is missing, cannot be filtered by (textual, boolean) or not
                like that (text with `<`, numbers with `IN`), or there are more than 10 distinct fields.
        """
        if len(self.fields) > MOST_FIELDS:
            raise InvalidInputException(
                f"The filter has {len(self.fields)} distinct fields; there can be at most {MOST_FIELDS}"
            )
        for condition in self.conditions:
            _check(condition, schemas)


def find_field(schemas: Mapping[str, Schema], dataset: str, name: str) -> Field:
    """Return the field of that name, whose case is ignored.

    Raises:
        InvalidInputException: there is no such dataset or field.
    """
    if dataset not in schemas:
        raise InvalidInputException(f"The dataset group has no dataset of type {dataset}")
    for field in schemas[dataset].fields:
        if field.name.upper() == name.upper():
            return field
    raise InvalidInputException(f"The {dataset} dataset has no field {name}")


def _check(condition: Condition, schemas: Mapping[str, Schema]) -> None:
    field = _usable(schemas, condition.dataset, condition.field)
    several = condition.operator in {"IN", "NOT IN"}
    if several and field.numeric:
        raise InvalidInputException(f"{condition}: {field.name} is a number, and IN is for text: use = or !=")
    if not several and not field.numeric and condition.operator not in {"=", "!="}:
        raise InvalidInputException(f"{condition}: {field.name} is text, which has no order: use IN")
    for value in condition.values:
        if isinstance(value, CurrentItem):
            if _usable(schemas, "ITEMS", value.field).numeric != field.numeric:
                raise InvalidInputException(f"{condition}: {field.name} and CurrentItem.{value.field} differ in type")
        elif not isinstance(value, Placeholder) and isinstance(value, str) == field.numeric:
            kind = "a number" if field.numeric else "text in quotes"
            raise InvalidInputException(f"{condition}: {value!r} is not {kind}, as {field.name} is")


def _usable(schemas: Mapping[str, Schema], dataset: str, name: str) -> Field:
    field = find_field(schemas, dataset, name)
    if field.textual or field.kind == "boolean":
        kind = "textual" if field.textual else "boolean"
        raise InvalidInputException(f"{dataset}.{field.name} is {kind}: such fields cannot be filtered by")
    return field
