"""What the service does by itself: automatic training of solutions, automatic retraining of recommenders.

Rules: Developer Guide, solution-config-auto-training (every 7 days or as scheduled, the first within an hour after
the solution or its update is ACTIVE unless somebody trained meanwhile, only when interactions arrived since) and
creating-recommenders (every 7 days). Nothing runs between requests: each request first catches up on what the embedded
clock has made due.
"""

import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from embedded_aws import clock
from embedded_aws.personalize.exceptions import ServiceError
from embedded_aws.personalize.kinds import DATASET, RECOMMENDER, SOLUTION, SOLUTION_VERSION, Status
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.operations.deployments import retrain
from embedded_aws.personalize.operations.solutions import check_data, start_training
from embedded_aws.personalize.recipes import find_recipe
from embedded_aws.personalize.resources import Resource

_log = logging.getLogger(__name__)

FIRST: Final = timedelta(hours=1)
EVERY: Final = timedelta(days=7)
_DAYS: Final = re.compile(r"\d+")


def catch_up(backend: PersonalizeBackend) -> None:
    """Begin every training that is due; what cannot begin now is tried again by the next request."""
    for solution in backend.all(SOLUTION):
        if solution.is_at(Status.ACTIVE) and solution.members["performAutoTraining"] and _is_due(backend, solution):
            _try(solution, partial(_train, backend, solution))
    for recommender in backend.all(RECOMMENDER):
        if recommender.is_at(Status.ACTIVE) and not recommender.updating and _is_old(backend, recommender):
            _try(recommender, partial(retrain, backend, recommender))


def _try(resource: Resource, begin: Callable[[], None]) -> None:
    """Begin a training that nobody waits for: its failure is no failure of the request that comes by."""
    try:
        begin()
    except ServiceError as error:
        _log.info("%s is not trained now: %s", resource.arn, error)


def _train(backend: PersonalizeBackend, solution: Resource) -> None:
    check_data(backend, solution.members["datasetGroupArn"], find_recipe(solution.members["recipeArn"]))
    start_training(backend, solution, {"trainingMode": "FULL"}, training_type="AUTOMATIC")


def _is_due(backend: PersonalizeBackend, solution: Resource) -> bool:
    versions = backend.all(SOLUTION_VERSION, solutionArn=solution.arn)
    since = _automatic_since(solution)
    last = versions[-1].created if versions else None
    due = since + FIRST if last is None or last < since else last + _interval(solution)
    learned = [version.created for version in versions if version.is_at(Status.ACTIVE) or version.unfinished]
    return clock.now() >= due and _has_news(backend, solution, learned[-1] if learned else None)


def _automatic_since(solution: Resource) -> datetime:
    """Return when automatic training began to be on: with the solution, or with an update of it."""
    update = solution.update
    if update is not None and update.taken_over and update.shown.get("performAutoTraining"):
        return update.progress.entered
    return solution.progress.entered


def _interval(solution: Resource) -> timedelta:
    config = solution.members.get("solutionConfig", {}).get("autoTrainingConfig", {})
    found = _DAYS.search(config.get("schedulingExpression", ""))
    return timedelta(days=int(found[0])) if found else EVERY


def _has_news(backend: PersonalizeBackend, trained: Resource, last: datetime | None) -> bool:
    """Return whether interactions arrived since the last training that came to something."""
    group_arn = trained.members["datasetGroupArn"]
    changes = [
        dataset.result.changed
        for dataset in backend.all(DATASET, datasetGroupArn=group_arn)
        if dataset.members["datasetType"] in {"INTERACTIONS", "ACTION_INTERACTIONS"}
    ]
    return any(changed is not None and (last is None or changed > last) for changed in changes)


def _is_old(backend: PersonalizeBackend, recommender: Resource) -> bool:
    trained: datetime = recommender.members["trainedAt"]
    return clock.now() >= trained + EVERY and _has_news(backend, recommender, trained)
