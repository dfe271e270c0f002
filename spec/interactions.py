"""The fields of an Item interactions dataset, and its Avro schema.

Source: https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html, table of required and
reserved fields for custom dataset groups.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from spec.limits import MAX_ID_LENGTH, MAX_STRING_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

AvroType = Literal["string", "long", "float"]


@dataclass(frozen=True)
class Field:
    """A field of the schema: its Avro type, whether rows need a value, longest string in characters."""

    name: str
    type: AvroType
    nullable: bool = False
    required: bool = False
    max_length: int | None = None

    def avro(self) -> dict[str, object]:
        """Return the field as Avro JSON; a nullable field is a union with null."""
        return {"name": self.name, "type": [self.type, "null"] if self.nullable else self.type}


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("USER_ID", "string", required=True, max_length=MAX_ID_LENGTH),
        Field("ITEM_ID", "string", required=True, max_length=MAX_ID_LENGTH),
        Field("TIMESTAMP", "long", required=True),
        Field("EVENT_TYPE", "string", max_length=MAX_STRING_LENGTH),
        Field("EVENT_VALUE", "float", nullable=True),
        Field("IMPRESSION", "string", nullable=True, max_length=MAX_STRING_LENGTH),
        Field("RECOMMENDATION_ID", "string", nullable=True, max_length=MAX_STRING_LENGTH),
        Field("EVENT_ATTRIBUTION_SOURCE", "string", nullable=True, max_length=MAX_STRING_LENGTH),
    )
}

REQUIRED = tuple(field.name for field in FIELDS.values() if field.required)


def avro_schema(columns: Iterable[str]) -> str:
    """Return the schema document for ``columns``, in their order, as JSON text.

    The CSV header must have the order of these fields (page how-it-works-dataset-schema), so both follow the
    order in the pipeline file.
    """
    document = {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [FIELDS[name].avro() for name in columns],
        "version": "1.0",
    }
    return json.dumps(document)


def schema_hash(schema: str) -> str:
    """Return 8 hex digits that change whenever the schema does; they go into the schema's name."""
    return hashlib.sha256(schema.encode()).hexdigest()[:8]
