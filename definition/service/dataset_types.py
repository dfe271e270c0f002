"""The dataset types of Amazon Personalize: their fields, and the Avro schema of a dataset.

Sources, pages of https://docs.aws.amazon.com/personalize/latest/dg/: custom-datasets-and-schemas,
ECOMMERCE-datasets-and-schemas, VIDEO-ON-DEMAND-datasets-and-schemas, items-datasets, limits.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from definition.service.limits import MAX_ID_LENGTH, MAX_STRING_LENGTH, MAX_TEXTUAL_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

AvroType = Literal["string", "int", "long", "float", "double"]
DatasetName = Literal["interactions", "items", "users"]
Domain = Literal["ECOMMERCE", "VIDEO_ON_DEMAND"]
ColumnType = Literal["string", "categorical", "textual", "int", "long", "float", "double"]
"""What the pipeline file calls the type of a metadata column."""

NAMESPACE = "com.amazonaws.personalize.schema"


@dataclass(frozen=True)
class Field:
    """A field of a schema.

    Attributes:
        type: its Avro type.
        nullable: whether a row goes without a value.
        required: whether every schema of its dataset type has it.
        max_length: longest string in characters, None for numbers.
        categorical: a string of categories, several of them joined by ``|``.
        textual: a text in human language.
        several: a string that may join several values by ``|``.
        time: a number of seconds since 1970.
    """

    name: str
    type: AvroType
    nullable: bool = False
    required: bool = False
    max_length: int | None = None
    categorical: bool = False
    textual: bool = False
    several: bool = False
    time: bool = False

    def avro(self) -> dict[str, object]:
        """Return the field as Avro JSON; a nullable field is a union with null."""
        document: dict[str, object] = {"name": self.name, "type": [self.type, "null"] if self.nullable else self.type}
        for mark in ("categorical", "textual"):
            if getattr(self, mark):
                document[mark] = True
        return document


@dataclass(frozen=True)
class DatasetType:
    """A type of dataset.

    Attributes:
        name: as the pipeline file has it.
        api_name: as CreateDataset and the schema have it.
        fields: required and reserved fields by name.
        keys: fields that make two rows the same one.
        max_metadata: columns beside required and reserved ones.
    """

    name: DatasetName
    api_name: str
    keys: tuple[str, ...]
    max_metadata: int
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def required(self) -> list[str]:
        """Names of the fields that every schema has."""
        return [each.name for each in self.fields.values() if each.required]


def _id(name: str) -> Field:
    return Field(name, "string", required=True, max_length=MAX_ID_LENGTH)


def _text(name: str, *, nullable: bool = True) -> Field:
    return Field(name, "string", nullable=nullable, max_length=MAX_STRING_LENGTH)


def _category(name: str, *, required: bool = False) -> Field:
    return Field(
        name,
        "string",
        nullable=not required,
        required=required,
        max_length=MAX_STRING_LENGTH,
        categorical=True,
        several=True,
    )


def _textual(name: str) -> Field:
    return Field(name, "string", nullable=True, max_length=MAX_TEXTUAL_LENGTH, textual=True)


def _time(name: str, *, required: bool = False) -> Field:
    return Field(name, "long", required=required, time=True)


def _by_name(*fields: Field) -> dict[str, Field]:
    return {each.name: each for each in fields}


_CUSTOM: dict[DatasetName, DatasetType] = {
    "interactions": DatasetType(
        "interactions",
        "Interactions",
        keys=("USER_ID", "ITEM_ID", "TIMESTAMP"),
        max_metadata=5,
        fields=_by_name(
            _id("USER_ID"),
            _id("ITEM_ID"),
            _time("TIMESTAMP", required=True),
            _text("EVENT_TYPE", nullable=False),
            Field("EVENT_VALUE", "float", nullable=True),
            replace(_text("IMPRESSION"), several=True),
            _text("RECOMMENDATION_ID"),
            _text("EVENT_ATTRIBUTION_SOURCE"),
        ),
    ),
    "items": DatasetType(
        "items",
        "Items",
        keys=("ITEM_ID",),
        max_metadata=100,
        fields=_by_name(_id("ITEM_ID"), _time("CREATION_TIMESTAMP")),
    ),
    "users": DatasetType("users", "Users", keys=("USER_ID",), max_metadata=25, fields=_by_name(_id("USER_ID"))),
}

_ADDED: dict[Domain, dict[DatasetName, dict[str, Field]]] = {
    "ECOMMERCE": {
        "interactions": _by_name(replace(_text("EVENT_TYPE", nullable=False), required=True)),
        "items": _by_name(
            Field("PRICE", "float", required=True),
            _category("CATEGORY_L1", required=True),
            *(_category(name) for name in ("CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER")),
            _textual("PRODUCT_DESCRIPTION"),
        ),
    },
    "VIDEO_ON_DEMAND": {
        "interactions": _by_name(replace(_text("EVENT_TYPE", nullable=False), required=True)),
        "items": _by_name(
            _time("CREATION_TIMESTAMP", required=True),
            _category("GENRES", required=True),
            *(Field(name, "float", nullable=True) for name in ("PRICE", "DURATION", "AVERAGE_RATING")),
            *(_category(name) for name in ("GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION")),
            _textual("PRODUCT_DESCRIPTION"),
        ),
        "users": _by_name(_category("SUBSCRIPTION_MODEL")),
    },
}


def dataset_type(name: DatasetName, domain: Domain | None = None) -> DatasetType:
    """Return a dataset type with the fields that a domain adds."""
    custom = _CUSTOM[name]
    added = _ADDED[domain].get(name, {}) if domain else {}
    return replace(custom, fields=custom.fields | added)


def metadata_field(name: str, kind: ColumnType, *, nullable: bool) -> Field:
    """Return the field of a metadata column."""
    if kind == "categorical":
        return replace(_category(name), nullable=nullable)
    if kind == "textual":
        return replace(_textual(name), nullable=nullable)
    if kind == "string":
        return _text(name, nullable=nullable)
    return Field(name, kind, nullable=nullable)


def avro_schema(dataset: DatasetType, fields: Iterable[Field]) -> str:
    """Return the schema document for ``fields``, in their order, as JSON text.

    The CSV header must have the order of these fields (page how-it-works-dataset-schema), so both follow the
    order in the pipeline file.
    """
    document = {
        "type": "record",
        "name": dataset.api_name,
        "namespace": NAMESPACE,
        "fields": [each.avro() for each in fields],
        "version": "1.0",
    }
    return json.dumps(document)


def schema_hash(schema: str) -> str:
    """Return 8 hex digits that change whenever the schema does; they go into the schema's name."""
    return hashlib.sha256(schema.encode()).hexdigest()[:8]
