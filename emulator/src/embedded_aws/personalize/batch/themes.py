"""Batch inference with themes: related items that go together, under a title of what they have in common.

Rules: Developer Guide, themed-batch-recommendations. The service's titles come from a language model. Here a theme is
made of the words that most of the items have and most of the catalogue has not, and an item's relevance is the cosine
of its words (TF-IDF, see `features`) with the mean of all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedded_aws.personalize.batch.lines import Answering, Output, RecordError
from embedded_aws.personalize.recipes.features import Terms, find_terms
from embedded_aws.personalize.resources import Resource

if TYPE_CHECKING:
    from embedded_aws.personalize.training import Trained

MOST_RECORDS: Final = 100
_WORDS: Final = 3


def answering(plain: Answering, version: Resource) -> Answering:
    """Return how the records of a batch inference job with themes are answered: as without, and with a theme."""
    trained: Trained = version.result
    texts = find_terms(trained.data.items, categorical=False)
    places = {item: place for place, item in enumerate(trained.model.catalogue)}

    def answer(records: Sequence[dict[str, Any]]) -> list[Output | RecordError]:
        return [one if isinstance(one, RecordError) else _themed(one, places, texts) for one in plain.answer(records)]

    return replace(plain, answer=answer, most_records=MOST_RECORDS)


def _themed(output: Output, places: Mapping[str, int], texts: Terms) -> Output:
    items = output["recommendedItems"]
    rows = texts.table[[places[item] for item in items]]
    if not items or not rows.shape[1]:
        return {**output, "theme": "", "itemsThemeRelevanceScores": [0.0] * len(items)}
    mean = np.asarray(rows.mean(axis=0)).ravel()
    length = float(np.linalg.norm(mean)) or 1.0
    best = np.argsort(-mean, kind="stable")[:_WORDS]
    return {
        **output,
        "theme": " ".join(texts.names[term] for term in best if mean[term] > 0).capitalize(),
        "itemsThemeRelevanceScores": [round(float(score), 6) for score in rows @ (mean / length)],
    }
