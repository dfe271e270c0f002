"""Definitions before a linter that is not ours, and what the benchmark of them reckons.

asl-validator holds them against a schema of the language's JSONata half, and parses every expression with JSONata's
own parser.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from bench.orchestration_figures import figures, mean
from definition.load import load
from definition.paths import PIPELINES, ROOT
from stacks.states import alert
from stacks.states.run import definition
from tests.documents import BEST_OF, LIVE, QUERIED, RECOMMENDERS_ONLY, parsed, shop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_EVERYTHING: dict[str, Any] = {
    "datasets": {
        "interactions": {
            "source": {"path": "events/"},
            "keep": "value > 0 AND NOT item LIKE '%\"test\"%'",
            "columns": {
                "USER_ID": "user",
                "ITEM_ID": "item",
                "TIMESTAMP": {"from": "at", "format": "%Y-%m-%d %H:%M:%S", "timezone": "Asia/Shanghai"},
                "EVENT_TYPE": {"from": "kind", "map": {"支付": "buy", "'look'": "view"}, "otherwise": "reject"},
                "EVENT_VALUE": "value",
            },
        },
        "items": {
            "source": {"path": "items/", "format": "jsonl"},
            "columns": {"ITEM_ID": "item", "PRICE": {"from": "price", "type": "float"}},
        },
        "users": {
            "source": {"path": "users/", "format": "parquet"},
            "columns": {"USER_ID": "user", "COUNTRY": {"from": "country", "type": "categorical"}},
        },
    },
    "solutions": [
        {
            "name": "for-you",
            "recipe": "aws-user-personalization",
            "event_type": "buy",
            "event_value_threshold": 2.5,
            "hyperparameters": {"bptt": 16},
            "hpo": {"integer": {"hidden_dimension": [32, 64]}, "categorical": {"recency_mask": ["true", "false"]}},
            "objective": {"item_attribute": "PRICE"},
            "excluded_columns": {"items": ["PRICE"]},
            "training_mode": "update",
            "quality": {"floors": {"coverage": 0.1}, "max_drop": {"coverage": 0.2}, "on_miss": "previous"},
            "batch_inference": [
                {"name": "active", "users": {"active": "30d"}},
                {"name": "some", "users": {"file": "some's/users.csv", "column": "user"}},
            ],
        },
        {
            "name": "weighted",
            "recipe": "aws-user-personalization-v2",
            "event_weights": [{"event_type": "buy", "weight": 0.5}],
            "auto_training": {"every": "2d"},
            "batch_inference": [{"name": "top"}],
        },
        {"name": "buyers", "recipe": "aws-item-affinity", "batch_segment": [{"name": "likely"}]},
    ],
}


def machine(**changes: Any) -> dict[str, Any]:
    """Return the definition of the changed shop pipeline."""
    return definition(parsed(**changes), "dev", spec_hash="0")


def _right() -> dict[str, dict[str, Any]]:
    ten = [{**shop()["solutions"][0], "name": f"s{number}"} for number in range(10)]
    return {
        **{file.stem: definition(load(file), "dev", spec_hash="0") for file in sorted(PIPELINES.glob("*.yaml"))},
        "everything": machine(**_EVERYTHING),
        "glue": machine(engine="glue"),
        "auto": machine(engine="auto"),
        "ten solutions": machine(solutions=ten),
        "alert": alert.definition(parsed()),
        "alert with budget and link": alert.definition(parsed(budget="300 USD", report_link="2h")),
        "real time": machine(**LIVE),
        "best of several": machine(**LIVE, solutions__0__recipe=BEST_OF, max_cost="5 USD"),
        "recommenders only": machine(**RECOMMENDERS_ONLY),
        "queries": machine(**QUERIED),
        "arrival": machine(trigger={"arrival": "events/"}),
        "delivered": machine(**LIVE, max_cost="5 USD", solutions__0__batch_inference__0__deliver="dynamodb"),
        "filtered": machine(
            **LIVE, solutions__0__batch_inference=[{"name": "a"}, {"name": "b", "filter": "not-bought"}]
        ),
    }


RIGHT = _right()


def _no_such_target(states: dict[str, Any]) -> None:
    states["Data refused"]["Next"] = "Nowhere"


def _broken_expression(states: dict[str, Any]) -> None:
    states["Data refused"]["Assign"]["failure"] = "{% $count( %}"


def _broken_condition(states: dict[str, Any]) -> None:
    states["Data gate"]["Choices"][0]["Condition"] = "{% $count($report.refusals) > %}"


def _broken_argument(states: dict[str, Any]) -> None:
    states["Transform"]["Arguments"]["Payload"] = "{% $merge([ %}"


def _items_without_a_list(states: dict[str, Any]) -> None:
    states["Solutions"]["Items"] = 3


def _field_of_the_other_language(states: dict[str, Any]) -> None:
    states["Import datasets"]["ItemsPath"] = "$.datasets"


def _assign_without_names(states: dict[str, Any]) -> None:
    states["Data refused"]["Assign"] = "failure"


def _misspelt_field(states: dict[str, Any]) -> None:
    states["Data refused"]["Asign"] = states["Data refused"].pop("Assign")


def _wait_of_text(states: dict[str, Any]) -> None:
    states["Import datasets"]["ItemProcessor"]["States"]["Wait for import job"]["Seconds"] = "10"


def _name_twice(states: dict[str, Any]) -> None:
    inner = states["Import datasets"]["ItemProcessor"]["States"]
    inner["Data gate"] = {"Type": "Succeed"}
    inner["Imported"] = {"Type": "Pass", "Next": "Data gate"}


def _unreachable_state(states: dict[str, Any]) -> None:
    states["Orphan"] = {"Type": "Succeed"}


BREAKS: tuple[Callable[[dict[str, Any]], None], ...] = (
    _no_such_target,
    _broken_expression,
    _broken_condition,
    _broken_argument,
    _items_without_a_list,
    _field_of_the_other_language,
    _assign_without_names,
    _misspelt_field,
    _wait_of_text,
    _name_twice,
    _unreachable_state,
)


def _broken(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    changed = copy.deepcopy(RIGHT["movielens"])
    change(changed["States"])
    return changed


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the linter, started once, says of each definition; nothing if it is right."""
    folder: Path = tmp_path_factory.mktemp("asl")
    definitions = {**RIGHT, **{change.__name__: _broken(change) for change in BREAKS}}
    command = [str(ROOT / "node_modules" / ".bin" / "asl-validator")]
    for name, document in definitions.items():
        file = folder / f"{name}.asl.json"
        file.write_text(json.dumps(document))
        command += ["--json-path", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert {f'"{folder / name}.asl.json"' in ended.stdout + ended.stderr for name in definitions} == {True}
    found = {block.split(".asl.json", 1)[0]: block for block in ended.stderr.split(f'"{folder}/')[1:]}
    return {name: found.get(name, "") for name in definitions}


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_a_definition_is_right(name: str, complaints: dict[str, str]) -> None:
    """The linter has nothing against what is made of a pipeline file, whatever it asks for."""
    assert not complaints[name]


@pytest.mark.slow
@pytest.mark.parametrize("change", BREAKS, ids=lambda change: change.__name__.strip("_"))
def test_a_broken_definition_is_found(change: Callable[[dict[str, Any]], None], complaints: dict[str, str]) -> None:
    """The linter finds each mistake, so its silence above says something."""
    assert "is invalid" in complaints[change.__name__]


def at(second: int) -> dt.datetime:
    """Return a moment of an invented run."""
    return dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)


def history(*events: tuple[int, str]) -> list[dict[str, Any]]:
    """Return events of so many seconds after the start."""
    return [{"timestamp": at(second), "type": kind} for second, kind in events]


def test_idle_time_is_what_neither_jobs_nor_calls_take() -> None:
    """Of 100 s, a call takes 10 and two jobs 40 beside it; what a job takes after the run does not count."""
    events = history(
        (0, "ExecutionStarted"),
        (0, "TaskStateEntered"),
        (0, "TaskScheduled"),
        (10, "TaskSucceeded"),
        (10, "TaskStateExited"),
        (100, "ExecutionSucceeded"),
    )
    found = figures(events, [(at(5), at(20)), (at(70), at(115))])

    assert (100, 50) == (found.total, found.idle)
    assert 0.5 == found.idle_share


def test_retries_are_billed_as_transitions() -> None:
    """Two states, of which one calls three times, are four transitions; 1,000 of them cost 2.5 cents."""
    calls = [(second, kind) for second in (1, 3, 5) for kind in ("TaskScheduled", "TaskFailed")]
    events = history((0, "ExecutionStarted"), (0, "TaskStateEntered"), *calls, (9, "SucceedStateEntered"))
    found = figures(events, [])

    assert (4, 9) == (found.transitions, found.events)
    assert pytest.approx(0.0001) == found.dollars
    assert found == mean([found, found])
