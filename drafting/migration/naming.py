"""Names of a pipeline file from those of an account, which may have capitals and underscores."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from definition.plan import names
from definition.service.limits import MAX_NAME_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable


LONGEST_JOB = "all-99"
"""The longest name that a moved batch job gets."""

_ROOM = 6
"""Characters that are left for names of solutions, however long the pipeline's is."""


def small_name(name: str, taken: Iterable[str] = (), *, otherwise: str, most: int = MAX_NAME_LENGTH) -> str:
    """Return a name in small letters, digits and single hyphens that is none of those taken.

    Args:
        name: as it is in the account.
        taken: names that are used already.
        otherwise: what the name begins with where it would begin with a digit.
        most: characters that it may have.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"{otherwise}-{plain}".rstrip("-")
    others = set(taken)
    ends = ("" if number == 1 else f"-{number}" for number in count(1))
    names_in_turn = (plain[: most - len(end)].rstrip("-") + end for end in ends)
    return next(each for each in names_in_turn if each not in others)


def pipeline_name(name: str) -> str:
    """Return the name of the pipeline of a dataset group."""
    most = MAX_NAME_LENGTH - names.longest_job("", "", LONGEST_JOB) - _ROOM
    return small_name(name, otherwise="pipeline", most=most)


def solution_name(name: str, taken: Iterable[str], pipeline: str) -> str:
    """Return the name of a solution, with which those of its jobs still fit (see ``definition.plan.names``)."""
    longest = max(
        names.longest_job(pipeline, "", LONGEST_JOB), names.longest_solution(pipeline, ""), names.longest_version("")
    )
    return small_name(name, taken, otherwise="solution", most=MAX_NAME_LENGTH - longest)


def recommender_name(name: str, taken: Iterable[str], pipeline: str) -> str:
    """Return the name of a recommender of the pipeline."""
    most = MAX_NAME_LENGTH - names.longest_recommender(pipeline, "")
    return small_name(name, taken, otherwise="recommender", most=most)


def filter_name(name: str, taken: Iterable[str], pipeline: str) -> str:
    """Return the name of a filter of the pipeline."""
    return small_name(name, taken, otherwise="filter", most=MAX_NAME_LENGTH - names.longest_filter(pipeline, ""))
