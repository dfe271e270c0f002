"""Batch inference jobs: recommendations for users, related items, rankings."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from embedded_aws import clock
from embedded_aws.personalize.asking import Asked, ask
from embedded_aws.personalize.batch.lines import Answering, Output, RecordError
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.recipes.base import Answer, Asks
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.settings import settings_of

if TYPE_CHECKING:
    from embedded_aws.personalize.training import Trained

MOST_RECORDS: Final = 50_000_000
_FRESH: Final = timedelta(minutes=15)
"""Records that came later than this before a job's start are not seen by it (getting-batch-recommendations)."""

_KEYS: Final = {
    Asks.USER: ("userId",),
    Asks.NOTHING: ("userId",),
    Asks.ITEM: ("itemId",),
    Asks.RANKING: ("userId", "itemList"),
}


def answering(backend: PersonalizeBackend, job: Resource, version: Resource, found: Resource | None) -> Answering:
    """Return how the records of a batch inference job are answered."""
    trained: Trained = version.result
    settings = settings_of(job.members.get("batchInferenceJobConfig", {}), trained.recipe)
    keys = _KEYS[trained.recipe.asks]
    seen = clock.now() - _FRESH

    def answer(records: Sequence[dict[str, Any]]) -> list[Output | RecordError]:
        asked = [_asked(record, keys) for record in records]
        answers = ask(backend, version, asked, job.members["numResults"], settings, found, until=seen)
        return [_output(one) if isinstance(one, Answer) else RecordError(f"User error: {one.text}") for one in answers]

    return Answering(keys, answer, {"recommendedItems": []}, MOST_RECORDS, frozenset({"itemList"}))


def _asked(record: dict[str, Any], keys: Sequence[str]) -> Asked:
    """Return the question in a record; what the recipe does not ask for is only taken along where it can be used."""
    return Asked(
        user_id=record["userId"] if "userId" in keys else _text(record.get("userId")),
        item_id=record["itemId"] if "itemId" in keys else None,
        item_list=tuple(record["itemList"]) if "itemList" in keys else (),
        filter_values=record.get("filterValues") or {},
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _output(answer: Answer) -> Output:
    """Return an answer as the service writes it; items without a score come behind those with one, and have none."""
    output: Output = {"recommendedItems": answer.ids}
    if answer.scores is not None:
        output["scores"] = [score for score in answer.scores if score is not None]
    return output
