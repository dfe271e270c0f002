"""A pipeline file is tried on raw data before anything is deployed."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from drafting.look import samples
from tests.documents import shop

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

AT = 1_700_000_000
ROWS = "".join(f"u{number},i{number % 7},{AT + number},click\n" for number in range(100))
HEADER = "user,item,at,kind\n"


def tried(
    folder: Path, files: dict[str, str | bytes], command: tuple[str, ...] = ("validate",), **changes: Any
) -> Result:
    """Run a command with the changed shop's file, on raw files by their names."""
    (folder / "raw").mkdir()
    for name, content in files.items():
        file = folder / "raw" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    pipeline = folder / "shop.yaml"
    pipeline.write_text(json.dumps(shop(**changes)))
    arguments = [command[0], str(pipeline), *command[1:], "--raw", str(folder / "raw")]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})


def test_the_first_records_are_shown(tmp_path: Path) -> None:
    """Rows are counted, and records stand there as they would be imported; packed files are read as they are."""
    done = tried(tmp_path, {"events/a.csv": HEADER + ROWS, "events/b.csv.gz": gzip.compress((HEADER + ROWS).encode())})

    assert 0 == done.exit_code, done.output
    assert "interactions: of 200 rows that were looked at 200 out, 0 filtered, 0 rejected; 200 records" in done.output
    assert f"│ u0      │ i0      │ {AT} " in done.output
    assert "not looked at" not in done.output


@pytest.mark.parametrize(
    ("files", "changes", "told"),
    [
        ({}, {}, "at datasets.interactions.source.path, events/: it holds no files"),
        ({"event/a.csv": ROWS}, {}, "events/: it holds event/a.csv"),
        ({"events/a.csv": "user;item;at\n"}, {}, "events/a.csv has no column 'user'"),
        ({"events/a.csv": HEADER.encode() + b"u,\xff\xfe,1\n" * 9}, {}, "9 of 9 rows of interactions are rejected"),
        ({"events/a.csv": HEADER + ROWS + "u,i,never\n" * 10}, {}, "more than the 5% that max_rejected allows"),
        ({"events/a.csv.gz": gzip.compress(ROWS.encode())[:-9]}, {}, "events/a.csv.gz is cut off or damaged"),
        (
            {"events/a.json": '[{"user": "u"}'},
            {"datasets__interactions__source": {"path": "events/", "format": "json"}},
            "events/a.json holds a JSON array that is cut off",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # gzip holds the time
)  # fmt: skip
def test_what_would_end_a_run_is_told(
    tmp_path: Path, files: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    """The exit code is 1, and the message has the file or source and the reason."""
    done = tried(tmp_path, files, **changes)

    assert 1 == done.exit_code, done.output
    assert told in done.output


_KINDS = {"name": "kinds", "rows": "kind = 'click'"}


@pytest.mark.parametrize(
    ("check", "code", "told"),
    [
        (_KINDS, 1, "check kinds of interactions fails: kind = 'click' is not true of 1 of 101 rows, first"),
        ({**_KINDS, "severity": "warn"}, 0, "check kinds of interactions fails: kind = 'click' is not true of 1 of"),
        ({**_KINDS, "max": 1}, 0, "check kinds of interactions passes, but kind = 'click' is not true of 1 of 101"),
        ({"name": "most", "counts": "records > 101"}, 1, "records > 101 is not true, with records = 101"),
        ({"name": "some", "counts": "records > 100"}, 0, "101 out"),
    ],
)
def test_checks_are_tried_with_the_rows(tmp_path: Path, check: dict[str, Any], code: int, told: str) -> None:
    """What a check finds is told, and the exit code is 1 where a run would end by it."""
    rows = HEADER + ROWS + f"u,i,{AT},view\n"
    done = tried(tmp_path, {"events/a.csv": rows}, datasets__interactions__checks=[check])

    assert code == done.exit_code, done.output
    assert told in done.output.replace("\n", " ")


def test_counts_of_a_part_are_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only a beginning was looked at, a run may count more."""
    monkeypatch.setattr(samples, "MOST_BYTES", len(ROWS) // 2)
    check = {"name": "most", "counts": "records >= 100"}
    done = tried(tmp_path, {"events/a.csv": HEADER + ROWS}, datasets__interactions__checks=[check])

    assert 0 == done.exit_code, done.output
    assert "More of it was not looked at." in done.output


OF_LINES = {
    "source": {"path": "lines.csv"},
    "lookups": {"orders": {"source": {"path": "orders.csv"}, "key": "order"}},
    "columns": {"USER_ID": "orders.user", "ITEM_ID": "item", "TIMESTAMP": {"from": "orders.at", "unit": "s"}},
}
ORDERS = "order,user,at\n" + "".join(f"{number},u{number},{AT}\n" for number in range(99)) + f",u,{AT}\n"


def test_lookups_are_tried_with_the_rows(tmp_path: Path) -> None:
    """Records are shown with what they find, and what became of the rows of the look-up."""
    lines = "order,item\n" + "".join(f"{number},i\n" for number in range(99))
    done = tried(tmp_path, {"lines.csv": lines, "orders.csv": ORDERS}, datasets__interactions=OF_LINES)

    assert 0 == done.exit_code, done.output
    assert f"│ u0      │ i       │ {AT} " in done.output
    told = "orders, looked up by interactions: of 100 rows that were looked at 99 keys, 0 duplicate, 1 rejected"
    assert told in done.output
    assert "  rejected: order is empty (1)" in done.output


def test_what_the_rest_of_a_lookup_may_hold_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only its beginning was looked at, rows that find nothing are told and not counted."""
    monkeypatch.setattr(samples, "MOST_BYTES", len(ORDERS) // 2)
    lines = "order,item\n" + "".join(f"{number},i\n" for number in (1, 2, 98, 97))
    done = tried(tmp_path, {"lines.csv": lines, "orders.csv": ORDERS}, datasets__interactions=OF_LINES)

    assert 0 == done.exit_code, done.output
    assert "2 of them may be right: of what these look up only the beginning was looked at" in done.output
    assert "More of it was not looked at." in done.output


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "is at datasets.interactions.lookups.orders.source.path, orders.csv: it holds lines.csv"),
        ({"orders.csv": "id,user,at\n"}, "orders.csv has no column 'order'"),
        (
            {"orders.csv": ORDERS + f"0,u,{AT}\n"},
            "The same order stands twice in the look-up orders: in raw/orders.csv, line 2",
        ),
        (
            {"orders.csv": ORDERS + f",u,{AT}\n" * 9},
            "10 of 109 rows of the look-up orders of interactions are rejected, more than the 5% that max_rejected",
        ),
    ],
    ids=["no file", "no key", "twice", "broken"],
)
def test_what_of_a_lookup_would_end_a_run_is_told(tmp_path: Path, files: dict[str, str], told: str) -> None:
    """The exit code is 1, and the message names the look-up."""
    done = tried(tmp_path, {"lines.csv": "order,item\n1,i\n"} | files, datasets__interactions=OF_LINES)

    assert 1 == done.exit_code, done.output
    assert told in " ".join(done.output.split())


@pytest.mark.slow
def test_a_local_run_ends_before_it_deploys(tmp_path: Path) -> None:
    """It says that it starts, a header that does not fit is told at once, and nothing is deployed for it."""
    done = tried(tmp_path, {"events/a.csv": "customer,product,when\n"}, ("run", "--local"))

    assert 1 == done.exit_code
    assert "Start" == done.output.splitlines()[0]
    assert "events/a.csv has no column 'user'" in done.output
    assert "Deploy" not in done.output


@pytest.mark.slow
def test_a_local_run_ends_by_a_check_before_it_deploys(tmp_path: Path) -> None:
    """The rows that were looked at fail a check, so the run would too."""
    checks = [{**_KINDS, "rows": "kind = 'view'"}]
    files: dict[str, str | bytes] = {"events/a.csv": HEADER + ROWS}
    done = tried(tmp_path, files, ("run", "--local"), datasets__interactions__checks=checks)

    assert 1 == done.exit_code, done.output
    assert "kind = 'view' is not true of 100 of 100 rows, first" in done.output.replace("\n", " ")
    assert "Deploy" not in done.output


def test_a_local_run_with_spark_asks_for_java_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java a Glue job cannot run here: the message says what is missing and what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    done = tried(tmp_path, {"events/a.csv": HEADER + ROWS}, ("run", "--local"), engine="glue")

    assert 1 == done.exit_code
    assert "A Spark job needs Java 17 on this machine: install it" in done.output
    assert "engine: lambda" in done.output
