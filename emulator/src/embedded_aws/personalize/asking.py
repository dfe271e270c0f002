"""Questions to a trained model, as requests in real time and batch jobs ask them.

Rules: Developer Guide, how-new-data-influences-recommendations (events of Put operations count at once, bulk imports
after training do not), filter and promoting-items, contextual-metadata, ECOMMERCE-use-cases and
VIDEO_ON_DEMAND-use-cases (what a use case leaves out). The values of `context` are checked and have no effect here.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, cast

import numpy as np
import polars as pl

from embedded_aws.personalize.exceptions import InvalidInputException
from embedded_aws.personalize.filters import Asker, Filter, bind, parse_filter
from embedded_aws.personalize.filters.tree import Target
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.recipes.base import Answer, Asks, Model, Questions, Recipe, Segmenter, Settings
from embedded_aws.personalize.recipes.interactions import Interactions, Ints, Mask
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.selection import selected_events
from embedded_aws.personalize.training import Trained
from embedded_aws.personalize.views import Records, Snapshot, look, view_of

_NEEDS: Final = {
    Asks.USER: ("userId",),
    Asks.ITEM: ("itemId",),
    Asks.USER_AND_ITEM: ("userId", "itemId"),
    Asks.NOTHING: (),
    Asks.RANKING: ("userId", "itemList"),
    Asks.ACTIONS: ("userId",),
}
"""What a question must hold, by the names that batch input has for it."""

_NO_FILTER: Final = "filterValues need a filter"
_WEIGHT: Final = "weight of the event"


@dataclass(frozen=True)
class Asked:
    """A question; None and () are what it does not hold."""

    user_id: str | None = None
    item_id: str | None = None
    item_list: tuple[str, ...] = ()
    filter_values: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def asker(self) -> Asker:
        """Who asks, as filters know it."""
        return Asker(self.user_id or "", self.item_id or "")


@dataclass(frozen=True)
class Problem:
    """Why a question has no answer."""

    text: str


def ask(  # noqa: PLR0917  # what a request has, in its order
    backend: PersonalizeBackend,
    deployed: Resource,
    asked: Sequence[Asked],
    k: int,
    settings: Settings,
    filter_resource: Resource | None = None,
    *,
    until: datetime | None = None,
) -> list[Answer | Problem]:
    """Answer questions; each gets an answer or what is wrong with it, in their order.

    Memory grows with the number of questions times the size of the catalogue: ask in blocks.

    Args:
        backend: of the account and region.
        deployed: a solution version or a recommender that is trained, of any recipe but those of user segments.
        asked: the questions.
        k: the most IDs in an answer; a ranking always has all of its list.
        settings: of the campaign, recommender or job.
        filter_resource: the filter to apply; see `check_filter`.
        until: leave out what Put operations brought after that embedded time.
    """
    trained: Trained = deployed.result
    sessions = [one.asker.user_id for one in asked]
    snapshot = look(backend, deployed.members["datasetGroupArn"], sessions, until)
    found = None if filter_resource is None else parse_filter(filter_resource.members["filterExpression"])
    data = _Data(trained, snapshot, deployed.members, found)
    problems = [_problem(one, data) for one in asked]
    good = [one for one, problem in zip(asked, problems, strict=True) if problem is None]
    answers = iter(_answers(data, good, k, settings) if good else ())
    return [next(answers) if problem is None else problem for problem in problems]


@dataclass(frozen=True)
class _Data:
    """What questions are answered from: `solution` has the members that select events."""

    trained: Trained
    snapshot: Snapshot
    solution: Mapping[str, Any]
    filter: Filter | None

    @property
    def recipe(self) -> Recipe:
        return self.trained.recipe

    @cached_property
    def context_fields(self) -> frozenset[str]:
        known = self.snapshot["INTERACTIONS"].schema.metadata if "INTERACTIONS" in self.snapshot else []
        return frozenset(name.upper() for name in known)


def check_filter(filter_resource: Resource, recipe: Recipe, group_arn: str) -> None:
    """Check that a filter fits a recipe in a dataset group.

    Raises:
        InvalidInputException: it is another dataset group's, filters something else than the recipe answers with, or
            compares with an item that the recipe does not ask for.
    """
    name, found = filter_resource.members["name"], parse_filter(filter_resource.members["filterExpression"])
    if filter_resource.members["datasetGroupArn"] != group_arn:
        raise InvalidInputException(f"The filter {name} belongs to another dataset group")
    if found.target is not _target(recipe):
        raise InvalidInputException(f"The filter {name} is for {found.target}, not for {_target(recipe)}")
    if found.needs_item and recipe.asks not in {Asks.ITEM, Asks.USER_AND_ITEM}:
        raise InvalidInputException(f"The filter {name} needs a recipe or use case of related items")


def user_filter(
    backend: PersonalizeBackend, trained: Trained, group_arn: str, filter_resource: Resource | None
) -> Callable[[Mapping[str, str]], Mask | None]:
    """Return what says, for the `filterValues` of a segment's query, which users of the model may be in it.

    None lets everybody through. What is returned raises InvalidInputException where the values are not those that
    the filter needs.
    """
    if filter_resource is None:
        return _without_filter
    found = parse_filter(filter_resource.members["filterExpression"])
    users = cast("Segmenter", trained.model).user_ids
    view = view_of(look(backend, group_arn), Target.USER, users, None)

    def allowed(filter_values: Mapping[str, str]) -> Mask:
        mask: Mask = bind(found, filter_values).allowed(view, [Asker()])[0]
        return mask

    return allowed


def _without_filter(filter_values: Mapping[str, str]) -> None:
    if filter_values:
        raise InvalidInputException(_NO_FILTER)


def _target(recipe: Recipe) -> Target:
    if recipe.segments:
        return Target.USER
    return Target.ACTION if recipe.asks is Asks.ACTIONS else Target.ITEM


def _problem(one: Asked, data: _Data) -> Problem | None:
    given = {"userId": one.user_id, "itemId": one.item_id, "itemList": one.item_list}
    needed = _NEEDS[data.recipe.asks]
    if not all(given[name] for name in needed):
        return Problem(f"Required fields for the provided recipe are {', '.join(needed)}")
    for name in one.context:
        if name.upper() not in data.context_fields:
            return Problem(f"context: {name} is no metadata field of the interactions dataset")
    if data.filter is None:
        return Problem(_NO_FILTER) if one.filter_values else None
    if data.filter.needs_user and not one.user_id:
        return Problem("The filter needs a userId")
    return None


def _answers(data: _Data, asked: Sequence[Asked], k: int, settings: Settings) -> list[Answer | Problem]:
    model = cast("Model", data.trained.model)
    lists = [list(one.item_list) for one in asked]
    catalogue = _listed(model.catalogue, lists) if data.filter is not None else model.catalogue
    allowed, problems = _allowed(data, catalogue, asked)
    if allowed is not None and data.recipe.asks is Asks.RANKING:
        places = {item: place for place, item in enumerate(catalogue)}
        lists = [[item for item in items if row[places[item]]] for items, row in zip(lists, allowed, strict=True)]
        allowed = None
    questions = Questions(
        histories(data.trained, data.snapshot, [one.asker.user_id for one in asked], data.solution),
        [one.asker.item_id for one in asked],
        lists if data.recipe.asks is Asks.RANKING else (),
        allowed,
    )
    answers = model.answer(questions, k, settings)
    return [problems.get(row, answer) for row, answer in enumerate(answers)]


def _listed(catalogue: Sequence[str], lists: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return a catalogue with what else is in the lists: filters decide about unknown items, too."""
    extra = sorted({item for items in lists for item in items} - set(catalogue)) if any(lists) else []
    return [*catalogue, *extra] if extra else catalogue


def _allowed(data: _Data, catalogue: Sequence[str], asked: Sequence[Asked]) -> tuple[Mask | None, dict[int, Problem]]:
    """Return what may be answered, questions by catalogue, and the questions whose filter values do not fit."""
    exclusions = [bind(_excluding(kind), {}) for kind in data.recipe.event_types_excluded]
    problems: dict[int, Problem] = {}
    if data.filter is None and not exclusions:
        return None, problems
    askers = [one.asker for one in asked]
    view = view_of(data.snapshot, _target(data.recipe), catalogue, [asker.user_id for asker in askers])
    allowed = np.ones((len(asked), len(catalogue)), dtype=bool)
    for exclusion in exclusions:
        allowed &= exclusion.allowed(view, askers)
    if data.filter is None:
        return allowed, problems
    for values, rows in _by_values(asked).items():
        try:
            bound = bind(data.filter, dict(values))
            allowed[rows] &= bound.allowed(view, [askers[row] for row in rows])
        except InvalidInputException as error:
            problems.update(dict.fromkeys(rows, Problem(error.message)))
    return allowed, problems


def _excluding(event_type: str) -> Filter:
    return parse_filter(f'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("{event_type}")')


def _by_values(asked: Sequence[Asked]) -> dict[tuple[tuple[str, str], ...], list[int]]:
    """Return the rows of the questions with the same filter values, by those."""
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for row, one in enumerate(asked):
        groups.setdefault(tuple(sorted(one.filter_values.items())), []).append(row)
    return groups


def histories(
    trained: Trained, snapshot: Snapshot, user_ids: Sequence[str], solution: Mapping[str, Any]
) -> Interactions:
    """Return what users did as a model takes it: what it learned from, and what Put operations brought since."""
    actions = trained.recipe.asks is Asks.ACTIONS
    known = trained.data.action_interactions if actions else trained.data.interactions
    assert known is not None
    before = known.of_users(user_ids)
    records = snapshot.get("ACTION_INTERACTIONS" if actions else "INTERACTIONS")
    if records is None or not (records.streamed or records.anonymous):
        return before
    rows = _late_rows(records, user_ids, trained.recipe, solution)
    return _merged(before, rows, "ACTION_ID" if actions else "ITEM_ID") if rows.height else before


def _late_rows(records: Records, user_ids: Sequence[str], recipe: Recipe, solution: Mapping[str, Any]) -> pl.DataFrame:
    rows = records.of("USER_ID", user_ids, late_only=True)
    if recipe.asks is Asks.ACTIONS:
        kinds = pl.col("EVENT_TYPE").str.to_lowercase().str.replace_all(r"[ _-]", "")
        return rows.with_columns((kinds == "taken").cast(pl.Float64).alias(_WEIGHT))
    return selected_events(recipe, solution, rows)


def _merged(before: Interactions, rows: pl.DataFrame, column: str) -> Interactions:
    """Return histories with later events; those that training saw already count once."""
    seen = set(zip(before.users.tolist(), before.items.tolist(), before.times.tolist(), strict=True))
    places: dict[str, list[int]] = {}
    for place, user in enumerate(before.user_ids):
        places.setdefault(user, []).append(place)
    weights = rows.get_column(_WEIGHT).to_list() if _WEIGHT in rows.columns else [1.0] * rows.height
    late: list[tuple[int, int, int, float]] = []
    names = zip(*(rows.get_column(name).to_list() for name in ("USER_ID", column, "TIMESTAMP")), weights, strict=True)
    for user, name, time, weight in names:
        item = bisect_left(before.item_ids, name)
        if item < len(before.item_ids) and before.item_ids[item] == name:
            late += [(place, item, time, weight) for place in places[user] if (place, item, time) not in seen]
    return _appended(before, late) if late else before


def _appended(before: Interactions, late: Sequence[tuple[int, int, int, float]]) -> Interactions:
    def joined(known: Ints, position: int) -> Ints:
        return np.concatenate([known, np.asarray([one[position] for one in late], dtype=np.int64)])

    users, items, times = joined(before.users, 0), joined(before.items, 1), joined(before.times, 2)
    own = np.ones(len(before)) if before.weights is None else before.weights
    heavy = np.concatenate([own, [weight for *_, weight in late]])
    order = np.lexsort((times, users))
    weights = None if before.weights is None and (heavy == 1).all() else heavy[order]
    return Interactions(users[order], items[order], times[order], before.user_ids, before.item_ids, weights)
