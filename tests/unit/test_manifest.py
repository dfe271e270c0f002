"""Manifests and failure records as the command line reads them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import validate

from cli import results
from cli.execution import remedy_of, show_results
from cli.terminal import Terminal
from cli.view import View
from definition import layout
from definition.contract.manifest import (
    FailureRecord,
    Manifest,
    UnreadableDocumentError,
    json_schema,
    read_document,
)
from tests.documents import parsed
from tests.manifests import DELIVERY, REPORT, manifest
from transform.contract import TransformReport

if TYPE_CHECKING:
    from pathlib import Path


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a document without some of its fields."""
    return {name: value for name, value in document.items() if name not in names}


def test_a_manifest_without_a_version_is_of_the_first() -> None:
    """Runs from before there was a version left what version 1 is, without fields that came with features."""
    earlier = without(manifest(), "version", "unchanged_since", "recommenders")
    earlier["solutions"] = [without(solution, "campaign", "quality") for solution in earlier["solutions"]]
    earlier["datasets"] = [without(dataset, "imports", "import_job_arn") for dataset in earlier["datasets"]]
    read = read_document(Manifest, json.dumps(earlier))

    assert (1, "20261122T030000-1ebdeb", []) == (read.version, read.run, read.recommenders)
    validate(earlier, json_schema())


def test_fields_that_came_later_are_passed_over() -> None:
    """A manifest of the same version may say more than is known here, at every depth."""
    later = manifest() | {"weather": "fine"}
    later["solutions"][0]["batch_inference"][0]["published"]["colour"] = "red"

    assert read_document(Manifest, json.dumps(manifest())) == read_document(Manifest, json.dumps(later))
    validate(later, json_schema())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (json.dumps({"version": 2}), "This is no Manifest of a run that is known here: version 2, later than 1. Use"),
        ("{", "This is no Manifest of a run, for it is no JSON: Expecting property name"),
        (b"\xff\xfe\xff", "This is no Manifest of a run, for it is no JSON"),
        ("[]", "This is no Manifest of a run: the document: Input should be"),
        (json.dumps(manifest() | {"solutions": [{}]}), "a run: solutions.0.name: Field required. Use the checkout"),
    ],
)
def test_what_is_no_manifest_says_so(content: str | bytes, told: str) -> None:
    """The first thing wrong is told with its place, and what to do."""
    with pytest.raises(UnreadableDocumentError) as caught:
        read_document(Manifest, content)
    assert told in str(caught.value)


def test_documents_are_read_from_the_folder_of_a_run(tmp_path: Path) -> None:
    """Manifest, data report and failure record are found under their names; what a run did not write is None."""
    assert results.document(Manifest, tmp_path, layout.MANIFEST) is None
    failure = {"state": "Train?", "error": "NothingTrained", "reason": "no version"}
    record = {
        **{name: manifest()[name] for name in ("run", "pipeline", "stage", "execution")},
        "cause": "Run r failed.",
        "remedy": "Train.",
        "failures": [failure],
    }
    for name, body in (("manifest", manifest()), ("data-report", REPORT), ("failure", record)):
        (tmp_path / f"{name}.json").write_text(json.dumps(body))

    assert results.document(Manifest, tmp_path, layout.MANIFEST) == Manifest(**manifest())
    assert results.document(TransformReport, tmp_path, layout.DATA_REPORT) == TransformReport(**REPORT)
    assert results.document(FailureRecord, tmp_path, layout.FAILURE) == FailureRecord(**record)


def shown(folder: Path) -> str:
    """Return what is shown of the shop's run in a folder, without the layout of tables."""
    out = io.StringIO()
    show_results(parsed(), folder, {}, View(console=Terminal(file=out, width=160)))
    return " ".join(out.getvalue().split())


def test_a_run_without_a_manifest_shows_its_data(tmp_path: Path) -> None:
    """What stopped a run may be seen in its data; of a run that came to nothing there is nothing to show."""
    assert not shown(tmp_path)
    (tmp_path / "data-report.json").write_text(json.dumps(REPORT))

    assert "interactions │ 1,200 │ 1,100 │ 60 │ 40 │ 1,100 │ full" in shown(tmp_path)
    assert "Training" not in shown(tmp_path)


def test_samples_of_many_jobs_leave_room_for_the_tables(tmp_path: Path) -> None:
    """Those of four jobs are shown, and the others are named with the folder."""
    jobs = [{"name": f"job{number}"} for number in range(6)]
    solutions = [{"name": "for-you", "recipe": "aws-user-personalization-v2", "batch_inference": jobs}]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    for job in jobs:
        file = tmp_path / "for-you" / job["name"] / "a.json.out"
        file.parent.mkdir(parents=True)
        file.write_text('{"input": {"userId": "u"}, "output": {"recommendedItems": ["i"]}, "error": null}\n')
    out = io.StringIO()
    show_results(parsed(solutions=solutions), tmp_path, {}, View(console=Terminal(file=out, width=160)))

    assert 4 == out.getvalue().count("a sample")
    assert f"More in {tmp_path}: for-you/job4, for-you/job5" in out.getvalue()


def test_deliveries_are_shown(tmp_path: Path) -> None:
    """Each DynamoDB table stands with its counts and since when lists changed; one that failed with its error."""
    failure = {"state": "Is the part delivered?", "error": "ListTooLargeError", "reason": "too large"}
    failed = {**DELIVERY, "table": "shop-dev--for-you-all", "status": "FAILED", "since": None, "failure": failure}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest() | {"deliveries": [DELIVERY, failed]}))
    text = shown(tmp_path)

    assert "Lists in DynamoDB" in text
    assert "shop-dev--for-you-top │ 199 │ 11 │ 5 │ 188 │ 0 │ 20261121T030000-aaaaaa" in text
    assert "shop-dev--for-you-all │ 199 │ 11 │ 5 │ 188 │ 0 │ ListTooLargeError" in text


def test_a_later_manifest_spoils_no_run(tmp_path: Path) -> None:
    """What this checkout cannot show is told with what to do, and ends no command."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest() | {"version": 2}))

    assert "Look: This is no Manifest of a run that is known here: version 2" in shown(tmp_path)


def test_the_remedy_is_that_of_the_record(tmp_path: Path) -> None:
    """The remedy comes from the record; without a record there is none, and a record that is none says so."""
    assert not remedy_of(tmp_path)
    record = {name: manifest()[name] for name in ("run", "pipeline", "stage", "execution")}
    for body, told in (
        ({**record, "cause": "c", "remedy": "Redrive.", "failures": []}, "Redrive."),
        ({}, "This is no"),
    ):
        (tmp_path / "failure.json").write_text(json.dumps(body))
        assert remedy_of(tmp_path).startswith(told)


def test_the_summary_shows_the_figures(tmp_path: Path) -> None:
    """Rows, reasons, metrics, misses, tables and what answers in real time stand in the summary of a run."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    text = shown(tmp_path)

    for told in (
        "interactions │ 1,200 │ 1,100 │ 60 │ 40 │ 1,100 │ full",
        "user │ 200 │ 10 │ 4.0 │ 5.5 │ 9 │ 40",
        "interactions, full import: Personalize holds no import",
        "interactions │ fewer than 2 fields │ 40",
        "Look: all within an hour",
        "0.5000",
        "coverage is 0.5, below",
        "for-you/top │ 200 │ 1 │ 4,975 │ 90 │ 3 │ 2 │ 1",
        "best-sellers ACTIVE arn:recommender",
    ):
        assert told in text, text


def test_the_summary_shows_look_ups(tmp_path: Path) -> None:
    """Their rows add up on one line, and their reasons stand with those of the datasets."""
    document = manifest()
    counts = {"rows_in": 1200, "rows_out": 1100, "rows_duplicate": 60, "rows_rejected": 40}
    reasons = [{"reason": "no key", "rows": 40}]
    document["datasets"][0]["lookups"] = [
        {"name": "orders", "object_count": 1, "object_bytes": 9, **counts, "reasons": reasons}
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    text = shown(tmp_path)

    assert "look-up orders: 1,200 rows in, 1,100 to be found, 60 of the same key, 40 rejected" in text
    assert "interactions, orders │ no key │ 40" in text


def test_the_summary_of_recommenders_alone_has_their_metrics(tmp_path: Path) -> None:
    """No table of training or jobs is there, and the metrics are those of the manifest."""
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest(), "solutions": []}))
    text = shown(tmp_path)

    assert "best-sellers │ 0.2500" in text.replace("popular", "")
    assert "Batch jobs" not in text
    assert "Training" not in text
