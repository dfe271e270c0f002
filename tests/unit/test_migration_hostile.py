"""What may stand in a configuration that is moved in: texts, types and amounts that nobody expects."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definition.load import parse
from drafting.errors import DraftError
from drafting.migration.configuration import read_configuration
from drafting.migration.pipeline import moved
from tests.generated import examples
from tests.unit.test_migration import (
    CONFIGURATION,
    FILTER,
    INTERACTIONS,
    ITEMS,
    JOB,
    dataset,
    from_configuration,
    nightly,
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no JSON"),
        ("[]", "no configuration of that solution"),
        ("{}", "the key 'datasetGroup' is missing"),
        (json.dumps({"datasetGroup": {"serviceConfig": {"name": "a"}}}), "no Interactions dataset"),
        (json.dumps(CONFIGURATION | {"solutions": []}), "neither a solution that a run could train nor a recommender"),
    ],
)
def test_what_no_pipeline_can_be_made_of_is_told(text: str, told: str) -> None:
    """The error says what is missing, and how to go on."""
    with pytest.raises(DraftError, match=told) as error:
        moved(read_configuration(text), name=None, origin="config.json")
    assert error.value.remedy


TEXTS = ["", "yes", "null", "# x", "a: b", "a\nb", "? k", "{", "&b", "12", "商品", "a" * 500, "\u202e", "rate(1 day)"]


ODD = st.sampled_from([*TEXTS, None, [], {}, 12, -1, 1.5, True, [None], {"x": None}, 10**40])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value of a document, but for the document itself."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inner for found in [(*path, key), *places(each, (*path, key))]]


@settings(max_examples=examples(80), deadline=None)
@given(st.sampled_from(places(CONFIGURATION)), ODD)
def test_whatever_stands_in_a_configuration_is_moved_or_told(place: tuple[Any, ...], odd: Any) -> None:
    """A value in the place of any other gives a file that means what was checked, or an error with a remedy."""
    config = copy.deepcopy(CONFIGURATION)
    *path, last = place
    owner: Any = config
    for step in path:
        owner = owner[step]
    owner[last] = odd
    try:
        found = moved(read_configuration(json.dumps(config)), name=None, origin="config.json")
    except DraftError:
        return
    assert found.pipeline == parse(found.text)


@pytest.mark.parametrize("name", ["# x", "a: b", "a\nb", "? k", "null", "~", "yes", "12", "&b", '"', "{x}", "- z"])
def test_no_column_goes_without_a_word(name: str) -> None:
    """A schema's field whose name YAML reads as something else is a column, or told to be none."""
    fields = [*ITEMS, {"name": name, "type": ["null", "string"]}]
    found = from_configuration(datasets={"interactions": dataset(INTERACTIONS), "items": dataset(fields)})

    assert found.pipeline.datasets.items
    assert name in found.pipeline.datasets.items.columns or any(
        "columns" in note and "left out" in note for note in found.notes
    )


def test_too_many_parts_lose_the_last_ones() -> None:
    """Of 32 filters a dataset group takes 30: the first ones stay, and the others are told."""
    filters = [{"serviceConfig": {"name": f"f{number}", "filterExpression": FILTER}} for number in range(32)]
    found = from_configuration(filters=filters)

    assert [f"f{number}" for number in range(30)] == [each.name for each in found.pipeline.filters]
    assert 2 == sum("is left out: come to" in note for note in found.notes)


def test_what_is_there_is_not_dropped_for_being_nothing() -> None:
    """An exploration of 0, given as a number, is one; a domain that is none, keys and other jobs are told."""
    solution = nightly(
        "a",
        "aws-user-personalization",
        campaigns=[
            {"serviceConfig": {"name": "c", "campaignConfig": {"itemExplorationConfig": {"explorationWeight": 0}}}}
        ],
        batchSegmentJobs=[JOB],
    )
    group = {"serviceConfig": {"name": "films", "domain": "films", "kmsKeyArn": "arn:key"}}
    found = from_configuration(solutions=[solution], datasetGroup=group, eventTracker=None, filters=[])

    (moved_to,) = found.pipeline.solutions
    assert moved_to.campaign
    assert moved_to.campaign.exploration
    assert 0 == moved_to.campaign.exploration.weight
    assert not found.pipeline.event_tracker
    for words in (
        "domain films: it is none of",
        "datasetGroup.kmsKeyArn",
        "a batch job that aws-user-personalization has",
    ):
        assert any(words in note for note in found.notes), words
