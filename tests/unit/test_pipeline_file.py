"""Pipeline files: what is accepted, and what is said of mistakes."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from definition.file.pipeline import Pipeline
from definition.load import load, parse
from definition.mapping.mapping import DatasetMapping
from definition.paths import PIPELINES
from definition.plan.mappings import dataset_mapping
from definition.problems import SpecError
from tests.documents import LIVE, parsed, shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = "datasets__interactions__columns"
FIRST = "solutions__0"
TUNED = {"name": "t", "recipe": "aws-user-personalization", "batch_inference": [{"name": "top"}]}
CLICK = {"event_type": "click"}
SOURCE = "datasets__interactions__source"


def problems(**changes: Any) -> dict[str, str]:
    """Return what is wrong with a changed document, by place."""
    with pytest.raises(SpecError) as caught:
        parsed(**changes)
    return {problem.place: f"{problem.what}. {problem.remedy}" for problem in caught.value.problems}


def test_the_bundled_pipeline_is_right() -> None:
    """The film pipeline that ships loads without a mistake."""
    pipeline = load(PIPELINES / "movielens.yaml")

    assert "movielens" == pipeline.name
    assert "rating >= 3.5" == pipeline.datasets.interactions.keep


def test_every_column_form_is_read() -> None:
    """Raw column, constant, map with otherwise, epoch unit and zoned format all load."""
    columns = parsed(
        **{
            f"{COLUMNS}__TIMESTAMP": {"from": "at", "format": "%Y-%m-%d %H-%M-%S", "timezone": "Asia/Shanghai"},
            f"{COLUMNS}__EVENT_VALUE": {"from": "event", "map": {"支付": 4, "创建订单": 3}, "otherwise": "reject"},
        }
    ).datasets.interactions.columns

    assert "user" == columns["USER_ID"].from_
    assert "click" == columns["EVENT_TYPE"].value
    assert {"支付": 4, "创建订单": 3} == columns["EVENT_VALUE"].map
    assert "Asia/Shanghai" == columns["TIMESTAMP"].timezone


@pytest.mark.parametrize(
    "source",
    [
        {"path": "events/2024-*/part-*.csv.gz", "delimiter": "|", "encoding": "gb18030"},
        {"path": "events/", "delimiter": "\x01", "quote": "none", "header": ["user", "item", "at"]},
        {"path": "events/**/*.jsonl", "format": "jsonl", "encoding": "utf-16"},
        {"path": "events.parquet", "format": "parquet"},
    ],
)
def test_every_raw_format_reaches_the_transform(source: dict[str, Any]) -> None:
    """What a source says is what the compiled mapping carries, and JSON keeps it."""
    mapping = dataset_mapping(parsed(**{SOURCE: source}), "interactions")

    carried = mapping.model_dump()
    assert {**source, "quote": None if "quote" in source else '"'} == {key: carried[key] for key in {*source, "quote"}}
    assert mapping == DatasetMapping.model_validate_json(mapping.model_dump_json())


def test_the_schema_shows_raw_formats() -> None:
    """Editors are told the formats and encodings, and what each key of a source is for."""
    source = Pipeline.model_json_schema()["$defs"]["Source"]["properties"]

    assert ["csv", "jsonl", "json", "parquet"] == source["format"]["enum"]
    windows = ["windows-1252", "windows-1251", "shift_jis", "euc-kr", "big5"]
    assert ["utf-8", "latin-1", *windows, "gb18030", "utf-16"] == source["encoding"]["anyOf"][0]["enum"]
    assert all(key["description"] for key in source.values())


def test_flow_style_cron_is_yaml() -> None:
    """A cron expression with its question mark needs no quotes inside braces."""
    text = json.dumps(shop(schedule=...))[:-1] + ", schedule: {expression: cron(0 3 * * ? *), timezone: UTC}}"

    schedule = parse(text).schedule

    assert schedule is not None
    assert "cron(0 3 * * ? *)" == schedule.expression


def test_all_mistakes_are_told_at_once_with_line_place_and_remedy(tmp_path: Path) -> None:
    """Five mistakes of different kinds come in one error, in the file's order."""
    file = tmp_path / "bad.yaml"
    file.write_text(
        "name: shop\n"
        "schedule: {expression: cron(0 3 * * *), timezone: Europe/Lissabon}\n"
        "datasets:\n"
        "  interactions:\n"
        "    source: {path: events/}\n"
        "    columns:\n"
        "      USER_ID: user\n"
        "      TIMESTAMP: at\n"
        "solutions:\n"
        "  - name: for-you\n"
        "    recipe: aws-user-personalisation-v2\n"
        "    batch_inference:\n"
        "      - {name: top, num_result: 25}\n"
    )

    with pytest.raises(SpecError) as caught:
        load(file)

    assert [
        (2, "schedule.expression"),
        (2, "schedule.timezone"),
        (6, "datasets.interactions.columns"),
        (8, "datasets.interactions.columns.TIMESTAMP"),
        (11, "solutions[0].recipe"),
        (13, "solutions[0].batch_inference[0].num_result"),
    ] == [(problem.line, problem.place) for problem in caught.value.problems]
    told = str(caught.value)
    assert "6 mistakes" in told
    assert "Did you mean num_results?" in told
    assert "did you mean aws-user-personalization-v2?" in told.lower()
    assert "ITEM_ID is missing" in told


@pytest.mark.parametrize(
    ("changes", "place", "told"),
    [
        ({"name": "Shop"}, "name", "small letters"),
        ({"name": "a-name-that-is-far-too-long"}, "name", "63 characters"),
        ({"solutions__0__name": "a-solution-whose-name-is-too-l"}, "solutions[0].name", "63 characters"),
        ({"solutions": [{**TUNED, "name": f"t{n}"} for n in range(11)]}, "solutions", "at most 10"),
        (
            {"solutions": [{**TUNED, "name": f"t{n}", "campaign": {}} for n in range(6)]},
            "solutions[5].campaign",
            "makes 6 campaigns, and a dataset group has at most 5",
        ),
        ({"extra": 1}, "extra", "unknown key"),
        ({"datasets": ...}, "datasets", "is missing"),
        ({"max_rejected": 5}, "max_rejected", "less than or equal to 1"),
        ({"max_cost": 50}, "max_cost", "'50' is no amount. Write 50 USD"),
        ({"max_cost": "50 EUR"}, "max_cost", "'50 EUR' is no amount"),
        ({"max_cost": "-1 USD"}, "max_cost", "'-1 USD' is no amount"),
        ({"max_cost": "0.00 USD"}, "max_cost", "0 USD would refuse every run. Write the most"),
        ({"schedule__timezone": "CET+1"}, "schedule.timezone", "not a time zone"),
        ({"solutions": []}, "solutions", "nothing would be trained"),
        ({"tags": {"pipeline": "x"}}, "tags.pipeline", "is set to what it says"),
        ({"tags": {"Run": "x"}}, "tags.Run", "is set to what it says"),
        ({"tags": {"Team": "a", "team": "b"}}, "tags", "differ by case only"),
        ({"tags": {" ": "a"}}, "tags. ", "cannot be blank"),
        ({"tags": {"team": "a "}}, "tags.team", "begins or ends with a blank"),
        ({"trigger": {"arrival": "a\\b*"}}, "trigger.arrival", "no pattern that EventBridge takes"),
        ({"trigger": {"arrival": "a/**"}}, "trigger.arrival", "no pattern that EventBridge takes"),
        ({"trigger": {"arrival": "s3://bucket/a"}}, "trigger.arrival", "raw/"),
        ({"tags": {"AWS:x": "y"}}, "tags.AWS:x", "which AWS keeps for itself"),
        ({"tags": {"team": "a;b"}}, "tags.team", "holds what no tag can"),
        ({"tags": {"team": 12}}, "tags.team", "is no text as YAML reads it"),
        ({"tags": {f"t{number}": "x" for number in range(48)}}, "tags", "at most 47"),
        ({"solutions__0__recipe": "aws-similar-items"}, "solutions[0].batch_inference[0].users", "its input is items"),
        (
            {"datasets__interactions__import_mode": "incremental", "datasets__interactions__duplicates": "latest"},
            "datasets.interactions.import_mode",
            "keep all duplicates",
        ),
        (
            {
                "datasets__interactions__import_mode": "incremental",
                "solutions__0": {"name": "s", "recipe": "aws-item-affinity", "batch_segment": [{"name": "j"}]},
            },
            "datasets.interactions.import_mode",
            "aws-item-affinity does not see",
        ),
        (
            {"solutions__0__batch_inference__0__themes_from": "TITLE"},
            "solutions[0].batch_inference[0].themes_from",
            "aws-user-personalization-v2 gives no themes",
        ),
        (
            {
                "solutions__0": {
                    "name": "s",
                    "recipe": "aws-similar-items",
                    "batch_inference": [{"name": "j", "themes_from": "TITLE"}],
                }
            },
            "solutions[0].batch_inference[0].themes_from",
            "'TITLE' is no column of items",
        ),
        (
            {"event_tracker": True, "solutions__0__unchanged_data": "skip"},
            "solutions[0].unchanged_data",
            "go without event_tracker",
        ),
        ({"solutions__0__recipe": "aws-trending-now"}, "solutions[0].recipe", "no batch jobs"),
        ({"solutions__0__event_value_threshold": 2}, "solutions[0].event_value_threshold", "EVENT_VALUE"),
        ({"solutions__0__hyperparameters": {"bptt": 3}}, "solutions[0].hyperparameters.bptt", "apply_recency_bias"),
        ({f"{FIRST}__feature_transformation": {"x": 3}}, "solutions[0].feature_transformation.x", "It has: none"),
        ({f"{FIRST}__hpo": {}}, "solutions[0].hpo", "aws-personalized-ranking and aws-similar-items"),
        ({FIRST: {**TUNED, "hpo": {"integer": {"x": [1, 2]}}}}, "solutions[0].hpo.integer.x", "bptt, hidden_dimension"),
        ({FIRST: {**TUNED, "hpo": {"integer": {"bptt": [9, 2]}}}}, "solutions[0].hpo.integer.bptt", "least, largest"),
        ({FIRST: {**TUNED, "event_weights": [{"event_type": "a"}]}}, "solutions[0].event_weights", "does not weigh"),
        ({f"{FIRST}__event_weights": [CLICK, CLICK]}, "solutions[0].event_weights[1].event_type", "once"),
        ({f"{FIRST}__objective": {"item_attribute": "P"}}, "solutions[0].objective", "takes no objective"),
        ({FIRST: {**TUNED, "objective": {"item_attribute": "P"}}}, "solutions[0].objective.item_attribute", "numeric"),
        ({f"{FIRST}__excluded_columns": {"interactions": ["X"]}}, "solutions[0].excluded_columns.interactions[0]", "X"),
        (
            {f"{FIRST}__excluded_columns": {"interactions": ["USER_ID"]}},
            "solutions[0].excluded_columns.interactions[0]",
            "training needs USER_ID",
        ),
        ({f"{FIRST}__training_mode": "update"}, "solutions[0].training_mode", "Only aws-user-personalization has"),
        ({f"{FIRST}__auto_training": {"every": "36h"}}, "solutions[0].auto_training.every", "every 1 to 30 days"),
        ({f"{FIRST}__quality": {"floors": {"ndcg": 1}}}, "solutions[0].quality.floors.ndcg", "is no metric"),
        ({"timeouts": {"training": "2 days"}}, "timeouts.training", "2d"),
        ({"datasets__interactions__source__path": "raw/events/"}, "datasets.interactions.source.path", "relative"),
        ({"datasets__interactions__keep": "md5(a) = 'x'"}, "datasets.interactions.keep", "UPPER, TRIM"),
        ({"datasets__interactions__keep": "'x' = 'y'"}, "datasets.interactions.keep", "column on one side"),
        ({"datasets__interactions__keep": "USER_ID = 'x'"}, "datasets.interactions.keep", "raw column"),
        (
            {"solutions__0__recipe": "aws-hrnn"},
            "solutions[0].recipe",
            "legacy recipe, which AWS no longer offers. Use aws-",
        ),
        (
            {"solutions__0__campaign": True},
            "solutions[0].campaign",
            "Write campaign: {}, or with some of its keys: min_",
        ),
        ({"schedule": True}, "schedule", "Write its keys below it: expression, timezone"),
        ({f"{SOURCE}__format": "xml"}, f"{SOURCE}.format", "'csv', 'jsonl', 'json' or 'parquet'"),
        ({f"{SOURCE}__encoding": "windows-1352"}, f"{SOURCE}.encoding", "Did you mean windows-1252"),
        ({f"{SOURCE}__encoding": "klingon"}, f"{SOURCE}.encoding", "euc-kr, big5, gb18030 or utf-16, or another"),
        ({f"{SOURCE}__encoding": "base64"}, f"{SOURCE}.encoding", "no encoding of text"),
        ({f"{SOURCE}__encoding": "idna"}, f"{SOURCE}.encoding", "no encoding of text"),
        ({f"{SOURCE}__header": []}, f"{SOURCE}.header", "at least one"),
        ({f"{SOURCE}__header": ["user", ""]}, f"{SOURCE}.header[1]", "at least 1 character"),
        ({f"{SOURCE}__header": ["user", "item", "user"]}, f"{SOURCE}.header[2]", "stands twice"),
        ({f"{SOURCE}__header": "user,item"}, f"{SOURCE}.header", "valid list"),
        ({f"{SOURCE}__delimiter": "::" * 5}, f"{SOURCE}.delimiter", "at most 8 character"),
        ({f"{SOURCE}__delimiter": '|"'}, f"{SOURCE}.delimiter", "cannot cut"),
        ({f"{SOURCE}__skip_lines": -1}, f"{SOURCE}.skip_lines", "greater than or equal to 0"),
        ({f"{SOURCE}__skip_lines": 1001}, f"{SOURCE}.skip_lines", "less than or equal to 1000"),
        ({f"{SOURCE}__comment": '"'}, f"{SOURCE}.comment", "cannot begin a comment"),
        ({f"{SOURCE}__comment": ",,"}, f"{SOURCE}.comment", "first field is empty"),
        ({SOURCE: {"path": "a", "delimiter": "::", "comment": ":"}}, f"{SOURCE}.comment", "Use other signs"),
        ({SOURCE: {"path": "a", "escape": "\\", "comment": "\\#"}}, f"{SOURCE}.comment", "begins with an escape"),
        ({f"{SOURCE}__escape": ","}, f"{SOURCE}.escape", "stands in the delimiter"),
        ({SOURCE: {"path": "a", "delimiter": "|\\", "escape": "\\"}}, f"{SOURCE}.escape", "stands in the delimiter"),
        ({f"{SOURCE}__escape": '"'}, f"{SOURCE}.escape", "cannot escape. Use a sign"),
        ({f"{SOURCE}__escape": "N"}, f"{SOURCE}.escape", "cannot escape. Use a sign"),
        ({f"{SOURCE}__escape": "\\\\"}, f"{SOURCE}.escape", "at most 1 character"),
        ({SOURCE: {"path": "a", "format": "jsonl", "escape": "\\"}}, f"{SOURCE}.escape", "no meaning for jsonl"),
        ({SOURCE: {"path": "a", "format": "parquet", "comment": "#"}}, f"{SOURCE}.comment", "no meaning for parquet"),
        ({SOURCE: {"path": "a", "format": "jsonl", "skip_lines": 1}}, f"{SOURCE}.skip_lines", "format: csv"),
        ({f"{SOURCE}__delimiter": "\n"}, f"{SOURCE}.delimiter", "cannot cut"),
        ({SOURCE: {"path": "a", "format": "jsonl", "delimiter": ";"}}, f"{SOURCE}.delimiter", "no meaning for jsonl"),
        ({SOURCE: {"path": "a", "format": "jsonl", "header": ["a"]}}, f"{SOURCE}.header", "format: csv"),
        ({SOURCE: {"path": "a", "format": "parquet", "quote": "none"}}, f"{SOURCE}.quote", "no meaning for parquet"),
        (
            {SOURCE: {"path": "a", "format": "parquet", "encoding": "utf-8"}},
            f"{SOURCE}.encoding",
            "csv, jsonl and json",
        ),
        ({f"{SOURCE}__compression": "gzip"}, f"{SOURCE}.compression", "Known here: path, format, encoding"),
        ({f"{COLUMNS}__USER_ID": {"value": "a", "from": "b"}}, f"{COLUMNS}.USER_ID", "one of from, expression and"),
        ({f"{COLUMNS}__TIMESTAMP": {"from": "at"}}, f"{COLUMNS}.TIMESTAMP", "unit or format"),
        (
            {f"{COLUMNS}__TIMESTAMP": {"value": 1_500_000_000, "unit": "s"}},
            f"{COLUMNS}.TIMESTAMP",
            "goes without unit. Remove them, or use from; a constant time is in seconds since 1970",
        ),
        ({f"{COLUMNS}__TIMESTAMP": {"value": 1_500_000_000_000}}, f"{COLUMNS}.TIMESTAMP.value", "seconds since 1970"),
        ({f"{COLUMNS}__TIMESTAMP": {"value": "2017"}}, f"{COLUMNS}.TIMESTAMP.value", "not a number"),
        (
            {f"{COLUMNS}__TIMESTAMP": {"from": "at", "format": "%d.%m"}},
            f"{COLUMNS}.TIMESTAMP.format",
            "such as %Y-%m-%d",
        ),
        ({f"{COLUMNS}__TIMESTAMP": {"from": "at", "format": "%c"}}, f"{COLUMNS}.TIMESTAMP.format", "%c"),
        ({f"{COLUMNS}__EVENT_VALUE": {"value": "four"}}, f"{COLUMNS}.EVENT_VALUE.value", "not a number"),
        ({f"{COLUMNS}__EVENT_TYPE": {"value": 4}}, f"{COLUMNS}.EVENT_TYPE.value", "quotes"),
        ({f"{COLUMNS}__EVENT_TYPE": {"from": "a", "otherwise": "x"}}, f"{COLUMNS}.EVENT_TYPE.otherwise", "map"),
        (
            {f"{COLUMNS}__EVENT_TYPE": {"from": "a", "map": {"b": "c"}, "otherwise": None}},
            f"{COLUMNS}.EVENT_TYPE.otherwise",
            "must not be null",
        ),
        ({f"{COLUMNS}__EVENT_TIPE": "rating"}, f"{COLUMNS}.EVENT_TIPE", "Did you mean EVENT_TYPE"),
        ({f"{COLUMNS}__EVENT_TYPE": {"value": "{% $run %}"}}, f"{COLUMNS}.EVENT_TYPE.value", "meaning of their own"),
        ({f"{COLUMNS}__EVENT_TYPE": {"value": 'a"b'}}, f"{COLUMNS}.EVENT_TYPE.value", "quote or a backslash"),
        ({f"{COLUMNS}__EVENT_TYPE": {"value": "x" * 1001}}, f"{COLUMNS}.EVENT_TYPE.value", "longer than 1000"),
        ({"datasets__interactions__source__delimiter": '"'}, "datasets.interactions.source.delimiter", "cannot cut"),
        ({"datasets__interactions__keep": "x > 1e400"}, "datasets.interactions.keep", "smaller"),
        ({"datasets__interactions__keep": "NOT " * 1500 + "x = 1"}, "datasets.interactions.keep", "too deep"),
        ({f"{COLUMNS}__TIMESTAMP": {"from": "at", "format": "%Y-%m-%d %H"}}, f"{COLUMNS}.TIMESTAMP.format", "half a"),
        ({"schedule__timezone": "localtime"}, "schedule.timezone", "not a time zone"),
        ({"timeouts": {"training": "99999d"}}, "timeouts.training", "up to 30d"),
    ],
)
def test_each_mistake_names_its_place_and_remedy(changes: dict[str, Any], place: str, told: str) -> None:
    """A single mistake is found at its place, and the text says what would be right."""
    found = problems(**changes)

    place = place.replace("__", ".")
    assert place in found
    assert told in found[place]


def test_names_used_twice_are_told() -> None:
    """Two solutions, and two jobs of a solution, need different names."""
    twice = [shop()["solutions"][0]] * 2

    assert "used twice" in problems(solutions=twice)["solutions[1].name"]
    jobs = [{"name": "top"}, {"name": "top"}]
    assert "used twice" in problems(solutions__0__batch_inference=jobs)["solutions[0].batch_inference[1].name"]


def test_jobs_that_would_share_a_name_are_told() -> None:
    """Solution p with job b-c and solution p-b with job c would both be p-b-c in Personalize."""
    solutions = [
        {**shop()["solutions"][0], "name": name, "batch_inference": [{"name": job}]}
        for name, job in (("p", "b-c"), ("p-b", "c"))
    ]

    assert "that of p/b-c" in problems(solutions=solutions)["solutions[1].batch_inference[0].name"]


def test_durations_are_read() -> None:
    """Minutes, hours and days are understood."""
    timeouts = parsed(timeouts={"import": "90m", "training": "2d"}).timeouts

    assert timedelta(minutes=90) == timeouts.import_
    assert timedelta(days=2) == timeouts.training


@pytest.mark.parametrize(
    "expression",
    ["rate(1 day)", "rate(12 hours)", "at(2026-12-24T18:00:00)", "cron(0/15 8-18 ? * MON-FRI *)", "cron(0 3 L * ? *)",
     "cron(30 2 ? * 2#1 2027)", "cron(0 2 ? * SAT#3 *)", "cron(0 0 1,15 JAN-MAR ? *)"],
)  # fmt: skip
def test_schedules_that_eventbridge_takes(expression: str) -> None:
    """Examples of each form in the service's user guide are accepted."""
    schedule = parsed(schedule={"expression": expression}).schedule

    assert schedule is not None
    assert "UTC" == schedule.timezone


@pytest.mark.parametrize(
    "expression",
    ["rate(1 days)", "rate(0 days)", "cron(60 3 * * ? *)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "at(tomorrow)",
     "daily", "cron(0 3 * 13 ? *)", "at(2026-02-30T00:00:00)", "cron(0/0 3 * * ? *)"],
)  # fmt: skip
def test_schedules_that_eventbridge_refuses(expression: str) -> None:
    """Expressions that would fail at deployment are found in the file."""
    assert "schedule.expression" in problems(schedule__expression=expression)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in list(children):
        yield node, key
        yield from _places(child)


@pytest.mark.parametrize("wrong", [None, [], {}, [{"a": [1]}], {"from": None}], ids=json.dumps)
def test_whatever_stands_in_a_place_is_right_or_reported(wrong: Any) -> None:
    """A list, a mapping or nothing in any place of a file leads to mistakes with remedies, or to a pipeline."""
    document = shop(**LIVE, datasets__interactions__columns__EVENT_VALUE={"from": "price"})
    for number in range(len(list(_places(document)))):
        changed = copy.deepcopy(document)
        node, key = list(_places(changed))[number]
        node[key] = wrong
        try:
            parse(json.dumps(changed))
        except SpecError as error:
            told = error.problems
            assert all(problem.what and problem.remedy for problem in told)


def test_a_key_without_a_value_is_not_given() -> None:
    """YAML reads `from:` with nothing behind it as null: the column then says not where it comes from."""
    with pytest.raises(SpecError, match="needs one of from, expression and value"):
        parsed(datasets__interactions__columns__EVENT_TYPE={"from": None})
