"""The users that are to be forgotten: their records are left out of every dataset, whatever the raw data says.

The list holds no id, but a digest of each, salted so that lists of two pipelines cannot be compared. Who may read it
can find out whether an id that he has, or guesses, is on it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from definition import layout
from definition.document import Contract
from transform.errors import ForgottenUnreadableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from transform.raw.store import Store

SALT = "[0-9a-f]{32}"


class ForgottenList(Contract):
    """The object ``layout.FORGOTTEN``.

    Attributes:
        version: of this document.
        salt: 32 hex digits that stand before each id when its digest is computed; made once, and never changed.
        digests: SHA-256 of salt and id, each in 64 hex digits, in their order.
    """

    version: int = Field(default=1, ge=1, le=1)
    salt: str = Field(pattern=f"^{SALT}$")
    digests: list[str]


@dataclass(frozen=True)
class Forgotten:
    """Users that are left out; none of them, if nothing else is said.

    Attributes:
        salt: as in the list.
        digests: as in the list.
    """

    salt: str = ""
    digests: frozenset[str] = field(default=frozenset(), repr=False)

    def __bool__(self) -> bool:
        """Say whether anybody is left out."""
        return bool(self.digests)

    def digest(self, user: str) -> str:
        """Return the digest that the list has of a user's id."""
        return hashlib.sha256(f"{self.salt}{user}".encode()).hexdigest()

    def holds(self, user: str) -> bool:
        """Say whether a user is left out."""
        return self.digest(user) in self.digests

    def among(self, users: Iterable[str]) -> list[str]:
        """Return those of some users who are left out."""
        return [user for user in users if self.holds(user)] if self else []

    def others(self, users: Collection[str]) -> list[str]:
        """Return those of some users who are not."""
        return [user for user in users if not self.holds(user)] if self else list(users)

    @property
    def mark(self) -> str | None:
        """16 hex digits that change with whoever is left out, None if nobody is."""
        return hashlib.sha256(" ".join([self.salt, *sorted(self.digests)]).encode()).hexdigest()[:16] if self else None


NOBODY = Forgotten()


def forgotten_in(store: Store) -> Forgotten:
    """Read the list of a bucket; a run does so once, so that all of it leaves out the same users.

    Raises:
        ForgottenUnreadableError: it is not what `pipelines forget` writes: to go on would bring users back.
    """
    content = store.find(layout.FORGOTTEN.key())
    return NOBODY if content is None else parsed(content)


def parsed(content: bytes) -> Forgotten:
    """Return the users of a list.

    Raises:
        ForgottenUnreadableError: it is none.
    """
    try:
        found = ForgottenList.model_validate_json(content)
    except ValidationError as error:
        what = error.errors(include_input=False)[0]["msg"]
        raise ForgottenUnreadableError(
            f"{layout.FORGOTTEN.key()} is no list of users to leave out: {what}. "
            "Restore its last version that `pipelines forget` wrote; without it users would come back."
        ) from error
    return Forgotten(found.salt, frozenset(found.digests))
