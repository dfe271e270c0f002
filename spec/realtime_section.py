"""What answers in real time, and filters: the parts of the pipeline file that say so."""

from __future__ import annotations

from pydantic import Field

from spec.limits import MAX_FILTER_EXPRESSION
from spec.values import LowerName, Strict


class Filter(Strict):
    """A filter of the dataset group, for batch jobs and for whoever asks in real time."""

    name: LowerName
    expression: str = Field(
        min_length=1,
        max_length=MAX_FILTER_EXPRESSION,
        description="as CreateFilter takes it, with placeholders such as $GENRE",
        examples=['EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'],
    )
