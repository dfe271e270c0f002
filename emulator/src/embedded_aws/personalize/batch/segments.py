"""Batch segment jobs: for each item, or each set of item attributes, the users with the most affinity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np

from embedded_aws.personalize.asking import user_filter
from embedded_aws.personalize.batch.lines import Answering, Output, RecordError
from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters import parse_attributes
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.recipes.base import Asks, Segmenter
from embedded_aws.personalize.recipes.interactions import Ints, Mask
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.training import Trained

MOST_QUERIES: Final = {Asks.SEGMENT_OF_ITEM: 500, Asks.SEGMENT_OF_ATTRIBUTES: 10}
"""Queries of one input file (Developer Guide, limits)."""
_KEYS: Final = {Asks.SEGMENT_OF_ITEM: "itemId", Asks.SEGMENT_OF_ATTRIBUTES: "itemAttributes"}


def answering(backend: PersonalizeBackend, job: Resource, version: Resource, found: Resource | None) -> Answering:
    """Return how the records of a batch segment job are answered."""
    trained: Trained = version.result
    asks = trained.recipe.asks
    key = _KEYS[asks]
    group_of = _item_group(trained) if asks is Asks.SEGMENT_OF_ITEM else _attribute_group(trained)
    allowed = user_filter(backend, trained, version.members["datasetGroupArn"], found)

    def answer(records: Sequence[dict[str, Any]]) -> list[Output | RecordError]:
        queries = [_query(record, key, group_of, allowed) for record in records]
        return _answers(trained, queries, job.members["numResults"])

    return Answering((key,), answer, {"usersList": []}, MOST_QUERIES[asks])


@dataclass(frozen=True)
class _Query:
    """The items asked about, and the values of the filter with the users whom it lets through."""

    group: Ints
    values: tuple[tuple[str, str], ...]
    allowed: Mask | None


def _query(
    record: dict[str, Any],
    key: str,
    group_of: Callable[[str], Ints],
    allowed: Callable[[dict[str, str]], Mask | None],
) -> _Query | RecordError:
    values = record.get("filterValues") or {}
    try:
        return _Query(group_of(record[key]), tuple(sorted(values.items())), allowed(values))
    except InvalidInputException as error:
        return RecordError(f"User error: {error.message}")


def _answers(trained: Trained, queries: Sequence[_Query | RecordError], k: int) -> list[Output | RecordError]:
    """Answer together what asks for the same users: scores are computed for all users anyway."""
    segmenter = cast("Segmenter", trained.model)
    outputs: list[Output | RecordError] = [query if isinstance(query, RecordError) else {} for query in queries]
    together: dict[tuple[tuple[str, str], ...], list[tuple[int, _Query]]] = {}
    for row, query in enumerate(queries):
        if not isinstance(query, RecordError):
            together.setdefault(query.values, []).append((row, query))
    for asked in together.values():
        answers = segmenter.segment([query.group for _, query in asked], k, asked[0][1].allowed)
        for (row, _), answer in zip(asked, answers, strict=True):
            outputs[row] = {"usersList": answer.ids}
    return outputs


def _item_group(trained: Trained) -> Callable[[str], Ints]:
    """Items must have been there when the solution version was trained (item-affinity-recipe)."""
    places = {item: place for place, item in enumerate(trained.model.catalogue)}

    def group(item: str) -> Ints:
        if item not in places:
            raise InvalidInputException(f"The item {item} was not in the data when the solution version was trained")
        return np.asarray([places[item]], dtype=np.int64)

    return group


def _attribute_group(trained: Trained) -> Callable[[str], Ints]:
    """Attributes are those that items had when the solution version was trained."""

    def group(attributes: str) -> Ints:
        places: Ints = np.flatnonzero(parse_attributes(attributes).matching(trained.data.items))
        if not len(places):
            raise InvalidInputException(
                f"No item had these attributes when the solution version was trained: {attributes}"
            )
        return places

    return group
