"""Pipelines in which something may be asked, for the tests of `pipelines ask` and `up`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.live.sources import Question, sources
from tests.documents import parsed

if TYPE_CHECKING:
    from cli.live.sources import Source


MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:shop-dev"
USER, ITEM = Question("u1"), Question(items=("i1",))
RANKING = Question("u1", ("i1", "i2"))


def solution(name: str, recipe: str, *, live: bool = False, **jobs: Any) -> dict[str, Any]:
    """Return a solution of the pipeline file."""
    return {"name": name, "recipe": f"aws-{recipe}", **({"campaign": {}} if live else {}), **jobs}


def tables(*names: str, **more: Any) -> dict[str, Any]:
    """Return batch inference jobs of a solution."""
    return {"batch_inference": [{"name": name, **more} for name in names]}


def shop(*solutions: dict[str, Any], **changes: Any) -> list[Source]:
    """Return what may answer in a shop with these solutions."""
    return sources(parsed(solutions=list(solutions), **changes), "dev")


FOR_YOU = solution("for-you", "user-personalization-v2", live=True, **tables("top"))
POPULAR = solution("popular", "popularity-count", **tables("top"))
SIMILAR = solution("similar", "similar-items", live=True, **tables("like"))
RANKED = solution("ranked", "personalized-ranking-v2", live=True, **tables("list", items=["i1", "i2"]))
TREND = solution("trend", "trending-now", live=True)
BUYERS = solution("buyers", "item-affinity", batch_segment=[{"name": "likely"}])


def at(seconds: int) -> datetime:
    """Return a time."""
    return datetime.fromtimestamp(seconds, UTC)
