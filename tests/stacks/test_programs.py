"""The programs of the state machine, each evaluated by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from definition.contract.events import TablePublished
from definition.contract.pointers import LatestTable, LatestVersion
from stacks.states.events import of_tables
from stacks.states.point import tables
from stacks.states.program import program
from tests.stacks.evaluation import evaluate

GIVEN = {"given": "$states.input"}
KNOWN = [
    {"name": "for-you", "jobs": [{"name": "top"}, {"name": "few"}]},
    {"name": "buyers", "jobs": [{"name": "top"}]},
    {"name": "live", "jobs": []},
]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (None, "no cause was given"),
        ("The job failed", "The job failed"),
        (json.dumps({"errorMessage": "no column", "stackTrace": []}), "no column"),
        (json.dumps({"JobRunState": "FAILED", "ErrorMessage": "no memory"}), "no memory"),
        (json.dumps({"QueryExecutionId": "q", "Status": {"StateChangeReason": "no table"}}), "no table"),
        (json.dumps({"QueryExecution": {"Status": {"StateChangeReason": "no table"}}}), "no table"),
        (json.dumps({"StateChangeReason": "elsewhere"}), '{"StateChangeReason": "elsewhere"}'),
        (json.dumps({"message": "as it is"}), '{"message": "as it is"}'),
        ('{"errorMessage": cut off', '{"errorMessage": cut off'),
    ],
)
def test_people_read_the_message_of_an_error(cause: str | None, expected: str) -> None:
    """Of the JSON of a function, a Spark job or a query its message, of anything else the cause as it is."""
    output = {"Error": "E"} | ({} if cause is None else {"Cause": cause})

    assert expected == evaluate(program("reason"), states={"errorOutput": output})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"for-you": ["top", "few"], "buyers": ["top"], "live": []}),
        ({"solutions": ["live", "buyers"]}, {"buyers": ["top"], "live": []}),
        ({"jobs": ["for-you/few"]}, {"for-you": ["few"]}),
        ({"jobs": []}, {"for-you": [], "buyers": [], "live": []}),
        ({"solutions": ["for-you"], "jobs": []}, {"for-you": []}),
        ({"solutions": ["for-you", "live"], "jobs": ["for-you/top", "buyers/top"]}, {"for-you": ["top"], "live": []}),
    ],
)
def test_an_input_chooses_solutions_and_jobs(given: dict[str, Any], expected: dict[str, list[str]]) -> None:
    """Solutions by name, jobs as solution/job; jobs alone choose their solutions, an empty list all of them."""
    plans = evaluate(program("chosen_plans", **GIVEN), known=KNOWN, states={"input": given})

    assert expected == {plan["name"]: [job["name"] for job in plan["jobs"]] for plan in plans}


def test_tables_and_new_versions_are_pointed_to() -> None:
    """Jobs that succeeded have their place in the catalog's description; a version that was kept is not named anew."""
    table = {"Name": "t", "StorageDescriptor": {"InputFormat": "parquet"}}
    jobs = [{"name": "top", "kind": "inference", "table": table}, {"name": "top", "kind": "segment"}]
    job = {"name": "top", "kind": "inference", "status": "SUCCEEDED", "published": {"location": "s3://b/t/"}}
    trained = {"name": "a", "arn": "arn:a", "version_arn": "arn:a/1", "metrics": {"coverage": 0.5}, "batch_segment": []}
    results = [
        trained | {"status": "SUCCEEDED", "batch_inference": [job], "quality": {"kept_version": False}},
        trained | {"name": "b", "status": "SUCCEEDED", "batch_inference": [], "quality": {"kept_version": True}},
        trained | {"name": "c", "status": "FAILED", "batch_inference": [job | {"status": "FAILED"}]},
    ]
    items = tables(with_catalog=True, next_state="n", on_failure="f")["Items"]
    known = {"importMode": "full", "report": {"fingerprint": "print"}}
    pointers = evaluate(items, solutions=results, plans=[{"name": "a", "jobs": jobs}], run="r", **known)

    located = {"Name": "t", "StorageDescriptor": {"InputFormat": "parquet", "Location": "s3://b/t/"}}
    body = {"run": "r", "solution_arn": "arn:a", "version_arn": "arn:a/1", "metrics": {"coverage": 0.5}}
    assert [
        {"key": "curated/a/top/latest.json", "body": {"run": "r", "location": "s3://b/t/"}, "table": located},
        {"key": "curated/a/latest.json", "body": {**body, "data": "print"}},
    ] == pointers
    assert "s3://b/t/" == LatestTable.model_validate(pointers[0]["body"]).location
    assert {"coverage": 0.5} == LatestVersion.model_validate(pointers[1]["body"]).metrics


@pytest.mark.parametrize(("jobs", "parts"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (30, [10, 10, 10])])
def test_the_bus_is_told_of_ten_tables_at_once(jobs: int, parts: list[int]) -> None:
    """Each table once, in the order of the solutions; what failed is no table."""
    published = {"location": "s3://b/t/", "rows": 5}
    done = [
        {"name": f"j{number}", "kind": "inference", "status": "SUCCEEDED", "published": published}
        for number in range(jobs)
    ]
    failed = {"name": "no", "kind": "inference", "status": "FAILED"}
    results = [
        {"name": "a", "batch_inference": [*done[:4], failed], "batch_segment": []},
        {"name": "b", "batch_inference": [], "batch_segment": done[4:]},
    ]
    items = evaluate(of_tables(next_state="n")["Items"], solutions=results, run="r")

    assert parts == [len(part["entries"]) for part in items]
    details = [entry["Detail"] for part in items for entry in part["entries"]]
    assert [job["name"] for job in done] == [detail["job"] for detail in details]
    assert all("r" == TablePublished.model_validate(detail).run for detail in details)


DESCRIBED = {"Status": "ACTIVE", "MinProvisionedTPS": 1, "Config": {"Columns": ["b", "a"]}}


@pytest.mark.parametrize(
    ("latest", "attempt", "wanted", "expected"),
    [
        (None, {"updating": False}, {"MinProvisionedTPS": 1}, ("ACTIVE", "none", False)),
        (None, {"updating": False}, {"MinProvisionedTPS": 2}, ("ACTIVE", "none", True)),
        (None, {"updating": False}, {"Config": {"Columns": ["a", "b"]}}, ("ACTIVE", "none", False)),
        (None, {"updating": False}, {"Config": {"Columns": ["a"]}}, ("ACTIVE", "none", True)),
        (None, {"updating": False}, {"Config": {"More": 1}}, ("ACTIVE", "none", True)),
        (("UPDATE PENDING", "t1"), {"updating": False}, {}, ("UPDATE PENDING", "t1", False)),
        (("CREATE FAILED", "t1"), {"updating": False}, {}, ("ACTIVE", "t1", False)),
        (("CREATE FAILED", "t1"), {"updating": True, "before": "t1"}, {}, ("CREATE PENDING", "t1", False)),
        (("CREATE FAILED", "t2"), {"updating": True, "before": "t1"}, {}, ("CREATE FAILED", "t1", False)),
    ],
)
def test_an_update_is_told_from_the_one_before_it(
    latest: tuple[str, str] | None,
    attempt: dict[str, Any],
    wanted: dict[str, Any],
    expected: tuple[str, str, bool],
) -> None:
    """Status, time of the update before, whether it differs: not by the order of a list, nor by what is not wanted."""
    update = {} if latest is None else {"Latest": {"Status": latest[0], "CreationDateTime": latest[1]}}
    text = program(
        "news_of_update",
        described="$it",
        latest="$it.Latest",
        attempt="$attempt_",
        wanted=json.dumps(wanted),
        ended="['ACTIVE', 'CREATE FAILED']",
    )
    news = evaluate(text, it=DESCRIBED | update, attempt_=attempt)

    assert expected == (news["status"], news["before"], news["differs"])


def test_what_a_program_takes_is_given() -> None:
    """A variable that is misspelt or forgotten ends the synthesis and not a run."""
    with pytest.raises(TypeError, match=r"chosen_plans takes \['given'\], and is given \['input'\]"):
        program("chosen_plans", input="$states.input")


NDCG = "normalized_discounted_cumulative_gain_at_10"


def compared(*candidates: dict[str, Any], by: str | None = NDCG, order: str = "abc") -> dict[str, Any]:
    """Return what the program says of candidates with a recipe of one letter; the file has them in this order."""
    recipes = [
        f"arn:aws:personalize:::recipe/{name}" for name in order if name in {each["name"] for each in candidates}
    ]
    plan = {"candidates": [{"config": {"RecipeArn": recipe}} for recipe in recipes], **({"by": by} if by else {})}
    results = [
        {"recipe": f"arn:aws:personalize:::recipe/{each['name']}", "deleted": [], **each["result"]}
        for each in candidates
    ]
    found: dict[str, Any] = evaluate(program("best_candidate"), plan=plan, candidates=results)
    return found


def tried(name: str, value: float | None, **metrics: float) -> dict[str, Any]:
    """Return a candidate with its metric, None where the service gave none."""
    measured = metrics | ({} if value is None else {NDCG: value})
    return {"name": name, "result": {"arn": f"arn:{name}", "version_arn": f"arn:{name}/1", "metrics": measured}}


def broke(name: str, reason: str) -> dict[str, Any]:
    """Return a candidate that could not be trained."""
    failure = {"state": "Describe solution version", "error": "JobFailed", "reason": reason, "arn": f"arn:{name}/1"}
    return {"name": name, "result": {"failure": failure}}


def test_the_best_candidate_is_taken_and_said_why() -> None:
    """The highest metric wins, in whichever order the candidates have ended; all of them are told in the file's."""
    found = compared(tried("c", 0.05), tried("b", 0.214312345), tried("a", 0.1))

    assert "arn:b/1" == found["best"]["version_arn"]
    assert f"b is the best by {NDCG}: a has 0.1, b has 0.214312, c has 0.05" == found["told"]
    assert ["a", "b", "c"] == [each["recipe"].rpartition("/")[2] for each in found["candidates"]]
    assert not [each for each in found["candidates"] if "deleted" in each]
    assert "failure" not in found


def test_of_equal_candidates_the_first_in_the_file_is_taken() -> None:
    """Not the first that has ended; and it is said."""
    found = compared(tried("b", 0.2), tried("c", 0.1), tried("a", 0.2))

    assert "arn:a/1" == found["best"]["version_arn"]
    assert found["told"].endswith("c has 0.1; of equal ones the first in the pipeline file is taken")


def test_none_is_chosen_where_one_could_not_be_trained() -> None:
    """The failure of the first, in the order of the file, with the reasons of all that failed."""
    found = compared(broke("c", "too few items"), tried("b", 0.2), broke("a", "no capacity"))

    assert "best" not in found
    assert ("JobFailed", "arn:a/1") == (found["failure"]["error"], found["failure"]["arn"])
    assert "a: no capacity; c: too few items" == found["failure"]["reason"]
    assert "none was chosen: a, c could not be trained" == found["told"]


def test_none_is_chosen_where_one_has_not_the_metric() -> None:
    """The error says of which it was not reported, and what all of them have."""
    found = compared(tried("a", 0.2, coverage=0.5, precision_at_5=0.1), tried("b", None, coverage=0.4))

    assert "best" not in found
    assert ("MetricMissing", "arn:b/1") == (found["failure"]["error"], found["failure"]["arn"])
    assert f"{NDCG} was not reported of b; of all recipes there are: coverage" == found["failure"]["reason"]
    assert f"none was chosen: b has no {NDCG}" == found["told"]


def test_a_single_candidate_needs_no_metric() -> None:
    """A solution of one recipe beside one of several: its version is taken, its failure is its own, nothing is told."""
    alone, failed = compared(tried("a", None), by=None), compared(broke("a", "no capacity"), by=None)

    assert "arn:a/1" == alone["best"]["version_arn"]
    assert "told" not in alone
    assert ("no capacity", "best" in failed) == (failed["failure"]["reason"], False)


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({}, None),
        ({"solution_arn": "arn:p:solution/shop-dev--a-123456"}, "shop-dev--a-123456"),
        ({"solution_arn": "arn:p:solution/shop-dev--a-abcdef-2"}, "shop-dev--a-abcdef"),
        ({"solution_arn": "arn:p:solution/shop-dev--a-ffffff"}, None),
    ],
)
def test_what_was_published_is_found_among_the_candidates(published: dict[str, str], expected: str | None) -> None:
    """By the name of its solution, also with the number of an attempt; another configuration is none of them."""
    candidates = [{"resource": "shop-dev--a-123456"}, {"resource": "shop-dev--a-abcdef"}]
    text = program("published_candidate", before="'arn:p:solution/'")
    found = evaluate(f"{{'it': {text}}}", plan={"candidates": candidates}, published=published)

    assert expected == found.get("it", {}).get("resource")
