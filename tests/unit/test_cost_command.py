"""`pipelines cost` with numbers that are given, or of a run whose results lie in a folder."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.cost.spent import tell_spent
from cli.main import app
from cli.terminal import Terminal
from cli.view import View
from tests.documents import parsed, shop
from tests.manifests import REPORT, RUN, manifest

PLAIN = {"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "COLUMNS": "200"}


def written(folder: Path, **changes: Any) -> Path:
    """Write the changed shop's pipeline file."""
    file = folder / "shop.yaml"
    file.write_text(json.dumps(shop(**changes)), "utf-8")
    return file


def answered(*arguments: object) -> dict[str, Any]:
    """Return what the command answers as JSON."""
    done = CliRunner().invoke(app, ["cost", *map(str, arguments), "--json"], env=PLAIN)
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def line(part: str, answer: dict[str, Any], of: str = "run") -> Fraction | None:
    """Return what a part comes to."""
    usd = next(each["usd"] for each in answer[of]["lines"] if each["part"] == part)
    return None if usd is None else Fraction(Decimal(usd))


def test_a_large_pipeline_is_reckoned_from_numbers(tmp_path: Path) -> None:
    """25 million interactions and a million users in 30 nights: 1,500.00 for training and 4,500.00 for scoring."""
    answer = answered(written(tmp_path), "--interactions", 25_000_000, "--users", 1_000_000, "--runs", 30)
    training, scoring = line("training of for-you", answer), line("for-you/top", answer)
    imported = Fraction(25_000_000 * 100, 10**9) * Fraction(5, 100)

    assert (Fraction(1500), Fraction(4500)) == (30 * (training or 0), 30 * (scoring or 0))
    assert 30 * (50 + 150 + imported) == Fraction(Decimal(answer["month"]["usd"]))
    assert ["transform"] == answer["month"]["unknown"]


def test_the_schedule_says_how_many_runs_a_month_has(tmp_path: Path) -> None:
    """Nightly is a twelfth of 365; without a schedule nobody knows, and the month says so."""
    assert pytest.approx(365 / 12) == answered(written(tmp_path), "--users", 1)["month"]["runs"]
    without = written(tmp_path, schedule=...)

    assert answered(without, "--users", 1)["month"] is None
    told = CliRunner().invoke(app, ["cost", str(without), "--users", "1"], env=PLAIN).output
    assert "give --runs" in told


def test_without_numbers_the_prices_of_each_part_are_shown(tmp_path: Path) -> None:
    """Nothing is reckoned, nothing is zero, and it is said what to give."""
    told = CliRunner().invoke(app, ["cost", str(written(tmp_path))], env=PLAIN).output

    assert "interactions are not known; 0.002 per 1,000 interactions" in told
    assert "users are not known; 0.15 per 1,000 requests" in told
    assert "Look: No numbers are known" in told


def test_a_run_tells_its_numbers(tmp_path: Path) -> None:
    """1,100 interactions and 200 users of the run's manifest, and what that run itself used."""
    folder = tmp_path / "out" / "shop" / RUN
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest()))
    answer = answered(written(tmp_path), "--run", RUN, "--out", tmp_path / "out")

    for of in ("run", "used"):
        assert Fraction(1100, 1000) * Fraction(2, 1000) == line("training of for-you", answer, of)
        assert Fraction(200, 1000) * Fraction(15, 100) == line("for-you/top", answer, of)


def test_a_run_that_trained_nothing_used_no_training(tmp_path: Path) -> None:
    """A version of before, data of before and a job that failed are not billed again."""
    document = manifest() | {"unchanged_since": "20261121T030000-aaaaaa"}
    document["datasets"][0]["imports"] |= {"mode": "NONE", "records": 0, "location": None}
    document["solutions"][0] |= {"training_hours": None}
    document["solutions"][0]["batch_inference"][0] |= {"status": "FAILED", "published": None}
    folder = tmp_path / "out" / "shop" / RUN
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(document))
    answer = answered(written(tmp_path), "--run", RUN, "--out", tmp_path / "out")

    assert ["transform"] == [each["part"] for each in answer["used"]["lines"]]
    assert "0" == answer["used"]["usd"]
    assert line("training of for-you", answer)


def test_training_hours_of_a_run_price_the_next(tmp_path: Path) -> None:
    """Half an hour at 0.24 USD, where the recipe is billed by hours."""
    document = manifest()
    document["solutions"][0]["recipe"] = "arn:aws:personalize:::recipe/aws-user-personalization"
    folder = tmp_path / "out" / "shop" / RUN
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(document))
    file = written(tmp_path, solutions__0__recipe="aws-user-personalization")

    assert Fraction(12, 100) == line("training of for-you", answered(file, "--run", RUN, "--out", tmp_path / "out"))


def test_training_hours_of_each_recipe_price_the_next_run(tmp_path: Path) -> None:
    """Half an hour of one and a quarter of the other at 0.24 USD, each with its own name."""
    recipes = {"aws-user-personalization": 0.5, "aws-popularity-count": 0.25}
    arn = "arn:aws:personalize:::recipe"
    candidates = [{"recipe": f"{arn}/{name}", "training_hours": hours} for name, hours in recipes.items()]
    document = manifest()
    document["solutions"][0]["best_of"] = {"by": "coverage", "told": "one is", "candidates": candidates}
    folder = tmp_path / "out" / "shop" / RUN
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(document))
    file = written(tmp_path, solutions__0__recipe={"best_of": list(recipes), "by": "coverage"})
    answer = answered(file, "--run", RUN, "--out", tmp_path / "out")

    for of in ("run", "used"):
        paid = {name: line(f"training of for-you with {name}", answer, of) for name in recipes}
        assert {"aws-user-personalization": Fraction(12, 100), "aws-popularity-count": Fraction(6, 100)} == paid


def test_a_run_that_was_stopped_has_a_data_report(tmp_path: Path) -> None:
    """Without a manifest the data report tells the numbers; a job that it does not know is unknown."""
    folder = tmp_path / "out" / "shop" / RUN
    folder.mkdir(parents=True)
    (folder / "data-report.json").write_text(json.dumps(REPORT))
    file = written(tmp_path, solutions__0__batch_inference=[{"name": "top"}, {"name": "new"}])
    answer = answered(file, "--run", RUN, "--out", tmp_path / "out")

    assert Fraction(3, 100) == line("for-you/top", answer)
    assert ["for-you/new"] == answer["run"]["unknown"]
    assert answer["used"] is None


def test_an_empty_folder_of_a_run_is_an_error(tmp_path: Path) -> None:
    """Of a run that has left nothing no numbers are made up."""
    (tmp_path / "out" / "shop" / "r").mkdir(parents=True)
    arguments = ["cost", str(written(tmp_path)), "--run", "r", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments, env=PLAIN)

    assert 1 == done.exit_code
    assert "has left neither manifest nor data report" in done.output


def test_numbers_come_from_one_place(tmp_path: Path) -> None:
    """Raw data and a run, or numbers beside them, contradict each other."""
    arguments = ["cost", str(written(tmp_path)), "--run", "r", "--users", "3"]

    assert 2 == CliRunner().invoke(app, arguments, env=PLAIN).exit_code


def test_prices_of_ones_own_count(tmp_path: Path) -> None:
    """Another price of a table of one's own changes the amount, and what that table lacks is unknown."""
    price = {"usd": "0.10", "date": "2026-12-01", "grade": "own", "source": "our contract"}
    table = tmp_path / "prices.yaml"
    table.write_text(json.dumps({"currency": "USD", "regions": {"eu-west-1": {"inference_v2": price}}}))
    answer = answered(
        written(tmp_path), "--interactions", 10, "--users", 1000, "--prices", table, "--region", "eu-west-1"
    )

    assert Fraction(1, 10) == line("for-you/top", answer)
    assert ["transform", "import of interactions", "training of for-you"] == answer["run"]["unknown"]


@pytest.mark.parametrize(
    ("embedded", "told"), [(True, "In an account this run would cost about"), (False, "This run cost about")]
)
def test_the_end_of_a_run_tells_what_it_cost(tmp_path: Path, *, embedded: bool, told: str) -> None:
    """Import, training and scoring of the manifest: 1,100 records, 1,100 interactions and 200 users."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    out = io.StringIO()
    tell_spent(parsed(), Path("shop.yaml"), tmp_path, View(console=Terminal(file=out)), embedded=embedded)
    worked = Fraction(1100 * 100, 10**9) * Fraction(5, 100) + Fraction(22, 10_000) + Fraction(3, 100)

    assert f"{told} {float(worked):.4f} USD. More: pipelines cost shop.yaml --run {RUN}" in out.getvalue()


def test_training_hours_of_this_machine_are_none_of_an_account(tmp_path: Path) -> None:
    """What the embedded Personalize took says nothing of what AWS would bill: it is unknown."""
    document = manifest()
    document["solutions"][0]["recipe"] = "arn:aws:personalize:::recipe/aws-user-personalization"
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    told = []
    for embedded in (True, False):
        out = io.StringIO()
        tell_spent(parsed(), Path("shop.yaml"), tmp_path, View(console=Terminal(file=out)), embedded=embedded)
        told.append(out.getvalue())

    assert "what is unknown: training of for-you, for-you/top." in told[0]
    assert "what is unknown: for-you/top." in told[1]


def test_the_end_of_a_run_without_a_manifest_tells_nothing(tmp_path: Path) -> None:
    """A run that failed early has none, and one of a later release spoils nothing."""
    out = io.StringIO()
    for content in (None, json.dumps(manifest() | {"version": 2})):
        if content:
            (tmp_path / "manifest.json").write_text(content)
        tell_spent(parsed(), Path("shop.yaml"), tmp_path, View(console=Terminal(file=out)), embedded=True)

    assert not out.getvalue()


@pytest.mark.parametrize(
    ("plan", "whole", "used"),
    [
        ({"mode": "FULL", "bytes": 40_000_000}, 40_000_000, 40_000_000),
        ({"mode": "INCREMENTAL", "bytes": 4_000_000}, 1100 * 100, 4_000_000),
        ({"mode": "FULL"}, 1100 * 100, 1100 * 100),
    ],
)
def test_the_next_import_is_that_of_the_whole_dataset(
    tmp_path: Path, plan: dict[str, Any], whole: int, used: int
) -> None:
    """An increment says nothing of the whole, for which 100 bytes a record are taken; the run paid for itself."""
    document = manifest()
    document["datasets"][0]["imports"] |= plan
    folder = tmp_path / "out" / "shop" / RUN
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(document))
    answer = answered(written(tmp_path), "--run", RUN, "--out", tmp_path / "out")

    for of, size in (("run", whole), ("used", used)):
        assert Fraction(size, 10**9) * Fraction(5, 100) == line("import of interactions", answer, of)
