"""How many examples a generator of a test makes."""

from __future__ import annotations

from hypothesis import settings

_DEFAULT = 100
"""What Hypothesis makes where nothing is said."""


def examples(count: int) -> int:
    """Return `count`, or as many fewer as the profile makes: a tenth with `--hypothesis-profile=quick`."""
    profile = settings.default
    return max(1, count * profile.max_examples // _DEFAULT) if profile else count
