"""What a run imports when only some of the raw data is new, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.documents import popular, shop
from tests.pipeline.data import START, csv, planted
from tests.pipeline.rig import Rig, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.server import EmbeddedAWS

ITEMS = "sku,kind\n" + "".join(f"{group}{number:02},{group}\n" for group in "AB" for number in range(40))


@pytest.fixture(scope="module")
def deployed(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A pipeline whose interactions may grow, and whose solution waits for new data."""
    interactions = shop()["datasets"]["interactions"] | {"import_mode": "incremental"}
    items = {
        "source": {"path": "items/"},
        "columns": {"ITEM_ID": "sku", "KIND": {"from": "kind", "type": "categorical"}},
    }
    datasets = {"interactions": interactions, "items": items}
    document = shop(name="growing", datasets=datasets, solutions=[popular(100, unchanged_data="skip")], schedule=...)
    return Rig.deploy(aws, document, tmp_path_factory.mktemp("growing"))


@pytest.fixture
def rig(deployed: Rig) -> Iterator[Rig]:
    """The pipeline with one day of interactions and the items, and nothing else."""
    deployed.put_raw("events/day-1.csv", csv(planted()))
    deployed.add_raw("items/items.csv", ITEMS)
    deployed.messages()
    yield deployed
    deployed.disarm()


def day(number: int, *, users: int) -> str:
    """Return ten interactions of new users with one new item for each ten users, on a later day."""
    rows = [
        f"d{number}u{user},D{number}{user // 10:03},{START + 86400 * (100 + number) + 60 * event}"
        for user in range(users)
        for event in range(10)
    ]
    return csv(rows)


def succeeded(rig: Rig, execution_input: dict[str, Any] | None = None) -> tuple[Run, dict[str, Any]]:
    """Run; return the run and its manifest."""
    run = rig.run(execution_input)
    assert ("SUCCEEDED", "") == (run.status, run.cause)
    assert run.manifest is not None
    return run, run.manifest


def modes(manifest: dict[str, Any]) -> dict[str, str]:
    """Return how each dataset was imported."""
    return {dataset["dataset"]: dataset["imports"]["mode"] for dataset in manifest["datasets"]}


def scored(rig: Rig, run: Run) -> set[str]:
    """Return the items in a run's table of the popular ones, which has all there are."""
    (key,) = [key for key in rig.keys(f"batch/{run.id}/popular/top/output/") if key.endswith(".out")]
    return {item for line in rig.lines(key) for item in line["output"]["recommendedItems"]}


def test_only_what_is_new_is_imported(rig: Rig) -> None:
    """Everything at first, then nothing, then only the objects that came: each time the whole is scored."""
    first, manifest = succeeded(rig, {"import": "full"})
    assert {"interactions": "FULL", "items": "FULL"} == modes(manifest)
    assert 80 == len(scored(rig, first))
    jobs, versions = rig.import_jobs(), rig.versions()

    same, again = succeeded(rig)
    assert {"interactions": "NONE", "items": "NONE"} == modes(again)
    assert (first.id, manifest["fingerprint"]) == (again["unchanged_since"], again["fingerprint"])
    assert jobs == rig.import_jobs()
    assert versions == rig.versions()
    assert again["solutions"][0]["quality"]["kept_version"]
    for dataset, before in zip(again["datasets"], manifest["datasets"], strict=True):
        assert before["import_job_arn"] == dataset["import_job_arn"]
    inputs = [rig.read(f"batch/{run.id}/popular/top/input/users-00000.json") for run in (first, same)]
    assert inputs[0] == inputs[1]
    assert scored(rig, first) == scored(rig, same)

    rig.add_raw("events/day-2.csv", day(2, users=100))
    grown, manifest = succeeded(rig)
    assert {"interactions": "INCREMENTAL", "items": "NONE"} == modes(manifest)
    (job,) = set(rig.import_jobs()) - set(jobs)
    described = rig.aws.client("personalize").describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"]
    assert "INCREMENTAL" == described["importMode"]
    folder = described["dataSource"]["dataLocation"].removeprefix(f"s3://{rig.deployment.bucket}/")
    lines = b"".join(rig.read(key) for key in rig.keys(folder)).decode().splitlines()
    assert 1 + 1000 == len(lines)
    assert 2800 == next(each["records"] for each in manifest["datasets"] if each["dataset"] == "interactions")
    assert len(versions) + 1 == len(rig.versions())
    assert 90 == len(scored(rig, grown))
    assert 160 == manifest["batch_inputs"][0]["lines"]


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        (
            "events/day-3.csv",
            day(3, users=5),
            "their 50 interactions are fewer than an incremental import takes (1000)",
        ),
        ("events/day-1.csv", csv(planted()[:-1]), "1 raw object changed or vanished"),
    ],
    ids=["few", "changed"],
)
def test_what_cannot_be_added_is_imported_in_full(rig: Rig, key: str, text: str, told: str) -> None:
    """Too few new interactions for the service, or an object that changed: all is imported, with the reason."""
    succeeded(rig)
    rig.add_raw(key, text)
    _, manifest = succeeded(rig)
    assert {"interactions": "FULL", "items": "NONE"} == modes(manifest)
    (reason,) = [each["imports"]["reason"] for each in manifest["datasets"] if each["dataset"] == "interactions"]
    assert told in reason


def test_what_an_import_left_behind_is_not_trusted(rig: Rig) -> None:
    """After an import that failed the dataset is imported again, although the raw data is what it was before."""
    succeeded(rig)
    rig.add_raw("events/day-4.csv", day(4, users=100))
    rig.arm(job="DatasetImportJob", outcome="CREATE FAILED", reason="The ore was barren")
    failed = rig.run()
    assert "The ore was barren" in failed.cause
    rig.disarm()
    rig.put_raw("events/day-1.csv", csv(planted()))
    rig.add_raw("items/items.csv", ITEMS)
    _, manifest = succeeded(rig)
    assert {"interactions": "FULL", "items": "NONE"} == modes(manifest)


def test_the_input_imports_everything(rig: Rig) -> None:
    """With import: full nothing counts as known; the version is kept, since the data is the same."""
    succeeded(rig)
    versions = rig.versions()
    _, manifest = succeeded(rig, {"import": "full"})
    assert {"interactions": "FULL", "items": "FULL"} == modes(manifest)
    assert manifest["unchanged_since"] is None
    assert versions == rig.versions()
