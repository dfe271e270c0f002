"""`pipelines cost` counts raw data with the product's own transform."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from cli.main import app
from definition.paths import ROOT
from tests.documents import shop

if TYPE_CHECKING:
    from pathlib import Path

DAY = 24 * 3600


def counted(*arguments: str) -> Any:
    """Return what the command counts, in a process of its own: it starts an embedded AWS, and here one is up."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [ROOT / ".venv" / "bin" / "pipelines", "cost", *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_films_cost_what_the_csv_says() -> None:
    """Interactions, users, those of the last 30 days and bytes are counted here with csv, and multiplied by hand."""
    with (ROOT / "samples" / "movielens" / "ratings" / "ratings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    likes = [row for row in rows if Fraction(row["rating"]) >= Fraction(7, 2)]
    newest: dict[str, int] = {}
    for row in rows:
        newest[row["userId"]] = max(newest.get(row["userId"], 0), int(row["timestamp"]))
    active = sum(time >= max(newest.values()) - 30 * DAY for time in newest.values())
    csv_bytes = len("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n") + sum(
        len(f"{row['userId']},{row['movieId']},{row['timestamp']},watch\n") for row in likes
    )
    worked = {
        "import of interactions": Fraction(csv_bytes, 10**9) * Fraction(5, 100),
        "training of for-you": Fraction(len(likes), 1000) * Fraction(2, 1000),
        "for-you/top25": Fraction(len(newest), 1000) * Fraction(15, 100),
    }
    answer = counted("movielens")
    lines = {line["part"]: Fraction(Decimal(line["usd"])) for line in answer["run"]["lines"]}

    assert Fraction(915, 10_000) == worked["for-you/top25"]
    for part, usd in worked.items():
        assert abs(usd - lines[part]) < Fraction(1, 10**8), part
    assert [] == answer["run"]["unknown"]
    assert f"{active} of {len(newest)} users" in answer["levers"][0]


def test_data_that_a_run_would_refuse_is_told(tmp_path: Path) -> None:
    """Two rows are counted, and it is said that a run would stop at them."""
    folder = tmp_path / "raw"
    (folder / "events").mkdir(parents=True)
    (folder / "events" / "a.csv").write_text("user,item,at\nu,i,1700000000\nv,i,1700000000\n")
    (tmp_path / "shop.yaml").write_text(json.dumps(shop()))
    answer = counted(str(tmp_path / "shop.yaml"), "--raw", str(folder))

    assert any("Personalize needs 1000" in remark for remark in answer["remarks"])
    missing = CliRunner().invoke(app, ["cost", str(tmp_path / "shop.yaml"), "--raw", str(tmp_path / "out")])
    assert 1 == missing.exit_code
    assert "there is no folder" in missing.output
