"""What all documents between parts of the project have in common; a module of its own, for it loads at once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A document between two parts of the project: nothing unknown in it, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
