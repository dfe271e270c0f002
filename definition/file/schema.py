"""The JSON Schema of pipeline files, for editors and for remedies."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from definition.file.pipeline import Pipeline
from definition.file.values import DURATION, duration_text

if TYPE_CHECKING:
    from pydantic_core import core_schema


class _Generator(GenerateJsonSchema):
    """Writes durations as the file has them; pydantic's own form, ISO 8601, is one that the file refuses."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> dict[str, Any]:  # noqa: ARG002  # of its base
        return {"type": "string", "pattern": f"^{DURATION}$", "examples": ["90m", "12h", "2d"]}

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, BaseModel):
            fields = type(dft).model_fields
            return {field.alias or name: self.encode_default(getattr(dft, name)) for name, field in fields.items()}
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


@cache
def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of pipeline files."""
    described = Pipeline.model_json_schema(by_alias=True, schema_generator=_Generator)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
