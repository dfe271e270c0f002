"""Batch inference with themes: related items that go together, under a title of what they have in common.

Rules: Developer Guide, themed-batch-recommendations. The service's titles come from a language model. Here a theme is
made of the words that most of the items have and most of the catalogue has not, and an item's relevance is the cosine
of its words (TF-IDF, see `features`) with the mean of all of them.
"""

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np

from local.personalize.batch.lines import Answering, Output, RecordError
from local.personalize.recipes.base import Model, Questions, Settings
from local.personalize.recipes.features import Terms, find_terms
from local.personalize.resources import Resource
from local.personalize.training import Trained

MOST_RECORDS: Final = 100
_WORDS: Final = 3


def answering(trained: Trained, job: Resource) -> Answering:
    """Return how the records of a batch inference job with themes are answered."""
    texts = find_terms(trained.data.items, categorical=False)
    places = {item: place for place, item in enumerate(trained.model.catalogue)}

    def answer(records: Sequence[dict[str, Any]]) -> list[Output | RecordError]:
        histories = trained.data.interactions.of_users([""] * len(records))
        questions = Questions(histories, [record["itemId"] for record in records])
        found = cast("Model", trained.model).answer(questions, job.members["numResults"], Settings())
        return [_themed(one.ids, [places[item] for item in one.ids], texts) for one in found]

    return Answering(("itemId",), answer, {"recommendedItems": []}, MOST_RECORDS)


def _themed(items: list[str], places: Sequence[int], texts: Terms) -> Output:
    rows = texts.table[places]
    mean = np.asarray(rows.mean(axis=0)).ravel()
    length = float(np.linalg.norm(mean))
    relevance = rows @ (mean / length) if length else np.zeros(len(places))
    best = np.argsort(-mean, kind="stable")[:_WORDS]
    words = [texts.names[term] for term in best if mean[term] > 0]
    return {
        "recommendedItems": items,
        "theme": " ".join(words).capitalize(),
        "itemsThemeRelevanceScores": [round(float(score), 6) for score in relevance],
    }
