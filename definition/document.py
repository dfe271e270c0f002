"""What all documents between parts of the project have in common; a module of its own, for it loads at once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A document between two parts of the project: nothing unknown in it, and never changed."""

    # Deferred: a command needs few of the validators, and building all of them takes longer than what it does.
    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)
