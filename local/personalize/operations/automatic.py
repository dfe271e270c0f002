"""What the service does by itself: automatic training of solutions, automatic retraining of recommenders.

Rules: Developer Guide, solution-config-auto-training (every 7 days or as scheduled, the first within an hour after
the solution or its update is ACTIVE unless somebody trained meanwhile, only when interactions arrived since) and
creating-recommenders (every 7 days). Nothing runs between requests: each request first catches up on what the embedded
clock has made due.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from local import clock
from local.personalize.kinds import DATASET, RECOMMENDER, SOLUTION, SOLUTION_VERSION, Status
from local.personalize.models import PersonalizeBackend
from local.personalize.operations.deployments import retrain
from local.personalize.operations.solutions import start_training
from local.personalize.resources import Resource

FIRST: Final = timedelta(hours=1)
EVERY: Final = timedelta(days=7)
_DAYS: Final = re.compile(r"\d+")


def catch_up(backend: PersonalizeBackend) -> None:
    """Begin every training that is due."""
    for solution in backend.all(SOLUTION):
        if solution.is_at(Status.ACTIVE) and solution.members["performAutoTraining"] and _is_due(backend, solution):
            start_training(backend, solution, {"trainingMode": "FULL"}, training_type="AUTOMATIC")
    for recommender in backend.all(RECOMMENDER):
        if recommender.is_at(Status.ACTIVE) and not recommender.updating and _is_old(backend, recommender):
            retrain(backend, recommender)


def _is_due(backend: PersonalizeBackend, solution: Resource) -> bool:
    versions = backend.all(SOLUTION_VERSION, solutionArn=solution.arn)
    since = _automatic_since(solution)
    now = clock.now()
    last = versions[-1].created if versions else None
    if last is None or last < since:
        return now >= since + FIRST and _has_news(backend, solution, last)
    return now >= last + _interval(solution) and _has_news(backend, solution, last)


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


def _has_news(backend: PersonalizeBackend, solution: Resource, last: datetime | None) -> bool:
    """Return whether interactions arrived since the last training."""
    group_arn = solution.members["datasetGroupArn"]
    changes = [
        dataset.result.changed
        for dataset in backend.all(DATASET, datasetGroupArn=group_arn)
        if dataset.members["datasetType"] in {"INTERACTIONS", "ACTION_INTERACTIONS"}
    ]
    return any(changed is not None and (last is None or changed > last) for changed in changes)


def _is_old(backend: PersonalizeBackend, recommender: Resource) -> bool:
    trained: datetime = recommender.members["trainedAt"]
    return clock.now() >= trained + EVERY and _has_news(backend, recommender, trained)
