"""A run with all three datasets and every kind of batch job."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.documents import shop
from tests.pipeline.data import csv, planted
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

ROWS = planted()
ITEMS = sorted({row.split(",")[1] for row in ROWS})
USERS = sorted({row.split(",")[0] for row in ROWS})
NEVER_DESCRIBED = ITEMS[-1]


def document() -> dict[str, Any]:
    """Return the pipeline file of a catalogue with items and users."""
    source = shop(schedule=...)
    datasets = source["datasets"] | {
        "items": {
            "source": {"path": "items.csv"},
            "columns": {
                "ITEM_ID": "item",
                "GROUP": {"from": "group", "type": "categorical", "split": ";"},
                "PRICE": {"expression": "cents / 100", "type": "float"},
                "ABOUT": {"from": "about", "type": "textual"},
                "TITLE": {"expression": "UPPER(item)", "type": "string"},
            },
        },
        "users": {
            "source": {"path": "users.jsonl", "format": "jsonl"},
            "columns": {"USER_ID": "user", "SIDE": {"from": "profile.side", "type": "categorical"}},
        },
    }
    inference = [
        ("similar", "aws-similar-items", {"items": [ITEMS[0], ITEMS[-2]], "num_results": 5}),
        ("ranked", "aws-personalized-ranking-v2", {"users": {"active": "1d"}, "items": ["B00", "A00", "B01", "A01"]}),
        ("listed", "aws-popularity-count", {"users": {"file": "vips.csv", "column": "vip"}, "num_results": 3}),
    ]
    segments = [
        ("audience", "aws-item-affinity", {"items": ["A00", "B00"], "num_results": 10}),
        ("by-side", "aws-item-attribute-affinity", {"attributes": ['ITEMS.GROUP = "A"', 'ITEMS.GROUP = "B"']}),
    ]
    solutions: list[dict[str, Any]] = [
        {"name": name, "recipe": recipe, kind: [{"name": "job", **options}]}
        for kind, jobs in (("batch_inference", inference), ("batch_segment", segments))
        for name, recipe, options in jobs
    ]
    themed = {"name": "themed", "items": [ITEMS[0]], "num_results": 4, "themes_from": "TITLE"}
    solutions[0]["batch_inference"].append(themed)
    return source | {"name": "catalogue", "datasets": datasets, "solutions": solutions}


def raw() -> dict[str, str]:
    """Return the raw objects; one item is not described, one user was active long before the others."""
    old = "old,A00,1600000000"
    items = [
        f'{item},{item[0]};all,{number + 99},"Says ""hi"" \\ to {item}, twice"'
        for number, item in enumerate(ITEMS)
        if item != NEVER_DESCRIBED
    ]
    users = [json.dumps({"user": user, "profile": {"side": user[0].upper()}}) for user in USERS]
    return {
        "events/part.csv": csv([*ROWS, old]),
        "items.csv": "\n".join(["item,group,cents,about", *items, "broken,A,many,x"]) + "\n",
        "users.jsonl": "\n".join(users) + "\n",
        "vips.csv": f"vip,name\n{USERS[0]},x\n{USERS[1]},y\n{USERS[0]},z\n",
    }


@pytest.fixture(scope="module")
def catalogue(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """The deployed pipeline with its raw data."""
    rig = Rig.deploy(aws, document(), tmp_path_factory.mktemp("catalogue"))
    for key, text in raw().items():
        rig.add_raw(key, text)
    return rig


@pytest.fixture(scope="module")
def run(catalogue: Rig) -> Run:
    """One run of everything."""
    return catalogue.run()


def table(rig: Rig, run: Run, solution: str, job: str = "job") -> pl.DataFrame:
    """Return the published table of a solution's job."""
    return pl.read_parquet(io.BytesIO(rig.read(f"curated/{solution}/{job}/run={run.id}/part-00000.parquet")))


def test_every_dataset_is_accounted_for_and_imported(catalogue: Rig, run: Run) -> None:
    """Rows of each dataset add up in the manifest, and each has its own import job."""
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert run.manifest is not None
    found = {dataset["dataset"]: dataset for dataset in run.manifest["datasets"]}
    counts = {name: [dataset[f"rows_{fate}"] for fate in ("in", "out", "rejected")] for name, dataset in found.items()}
    described = len(ITEMS) - 1
    assert {
        "items": [described + 1, described, 1],
        "users": [len(USERS), len(USERS), 0],
        "interactions": [len(ROWS) + 1, len(ROWS) + 1, 0],
    } == counts
    arns = [dataset["import_job_arn"] for dataset in found.values()]
    assert 3 == len(set(arns) & set(catalogue.import_jobs()))


def test_the_report_warns_of_items_that_nobody_describes(catalogue: Rig, run: Run) -> None:
    """Item ids of interactions that the items lack are counted and told, in the manifest and in the data report."""
    assert run.manifest is not None
    (facts,) = [dataset["interactions"] for dataset in run.manifest["datasets"] if dataset["dataset"] == "interactions"]

    assert 1 == facts["unknown_items"]
    assert sum(f",{NEVER_DESCRIBED}," in row for row in ROWS) == facts["unknown_item_rows"]
    (report,) = [json.loads(catalogue.read(f"runs/{run.id}/data-report.json"))]
    assert any(text.startswith("1 items with ") for text in report["warnings"])
    assert report["warnings"] == run.manifest["warnings"]


def test_texts_and_categories_arrive_as_they_were(catalogue: Rig, run: Run) -> None:
    """Quotes, backslashes and commas of a textual column survive the import, and several categories stay several."""
    personalize = catalogue.aws.client("personalize")
    group = next(
        dataset["datasetArn"]
        for dataset in personalize.list_datasets()["datasets"]
        if dataset["name"].startswith("catalogue-test--items")
    )
    written = catalogue.read(f"transformed/{run.id}/items/items.csv").decode()

    assert f'{ITEMS[0]},A|all,0.99,"Says \\"hi\\" \\\\ to {ITEMS[0]}, twice",{ITEMS[0]}\n' in written
    assert "ACTIVE" == personalize.describe_dataset(datasetArn=group)["dataset"]["status"]


def test_related_items_are_published_by_item(catalogue: Rig, run: Run) -> None:
    """The two items of the list get five others each, of their own group."""
    found = table(catalogue, run, "similar")

    assert ["item_id", "rank", "related_item_id", "score"] == found.columns
    assert {ITEMS[0]: 5, ITEMS[-2]: 5} == dict(found.group_by("item_id").len().iter_rows())
    assert all(item[0] == related[0] for item, _, related, _ in found.rows())


def test_related_items_have_a_theme(catalogue: Rig, run: Run) -> None:
    """A job with themes names one for its list, and scores the items by it; the catalog knows the column."""
    found = table(catalogue, run, "similar", "themed")

    assert ["item_id", "rank", "related_item_id", "score", "theme"] == found.columns
    assert (4, 1) == (len(found), found["theme"].n_unique())
    assert found["score"].null_count() == 0
    described = catalogue.aws.client("glue").get_table(DatabaseName="catalogue_test", Name="similar_themed")["Table"]
    assert found.columns == [column["Name"] for column in described["StorageDescriptor"]["Columns"]]


def test_only_active_users_get_the_ranking(catalogue: Rig, run: Run) -> None:
    """Who was not active within a day of the newest interaction is left out; the others get their own items first."""
    found = table(catalogue, run, "ranked")
    newest = max(int(row.split(",")[2]) for row in ROWS)
    active = {row.split(",")[0] for row in ROWS if int(row.split(",")[2]) >= newest - 86_400}

    assert active == set(found["user_id"])
    assert "old" not in set(found["user_id"])
    for user, items in found.sort("rank").group_by("user_id", maintain_order=True).agg("item_id").iter_rows():
        assert {"A00", "A01", "B00", "B01"} == set(items)
        assert {user[0].upper()} == {item[0] for item in items[:2]}


def test_users_of_a_file_are_scored_once(catalogue: Rig, run: Run) -> None:
    """A file's ids are read once each, and nobody else is scored."""
    assert {USERS[0]: 3, USERS[1]: 3} == dict(table(catalogue, run, "listed").group_by("user_id").len().iter_rows())


@pytest.mark.parametrize(("solution", "column"), [("audience", "item_id"), ("by-side", "item_attributes")])
def test_segments_are_users_of_the_group(catalogue: Rig, run: Run, solution: str, column: str) -> None:
    """Ads and attributes of a group find users of that group."""
    found = table(catalogue, run, solution)

    assert [column, "rank", "user_id", "score"] == found.columns
    assert 2 == found[column].n_unique()
    first = found.filter((pl.col("rank") <= 5) & (pl.col("user_id") != "old"))
    named = {"audience": lambda text: text[0], "by-side": lambda text: text[-2]}[solution]
    assert all(named(asked) == user[0].upper() for asked, _, user, _ in first.rows())
