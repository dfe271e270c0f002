"""The engine's own lock, which holds even if what a query may say were read wrongly before."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from embedded_aws.athena.exceptions import QueryFailedError
from embedded_aws.athena.translation import Translated

ROWS = pl.DataFrame({"secret": [1]})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Any]:
    """An engine without tables."""
    # At the top it would be imported by pytest itself, and DuckDB's bindings complain at the end of Python.
    from embedded_aws.athena.engine import Engine  # noqa: PLC0415  # as said

    with Engine(tmp_path) as made:
        yield made


def refusal(engine: Any, sql: str) -> str:
    """Return why an engine refuses SQL; the error itself would keep the engine alive until Python ends."""
    try:
        engine.run(Translated(sql, ()), sql)
    except QueryFailedError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "Cannot access file"),
        ("SELECT * FROM read_text('/etc/passwd')", "Cannot access file"),
        ("SELECT * FROM glob('/etc/*')", "Cannot access file"),
        ("SELECT * FROM '/etc/passwd'", "does not exist"),
        ("SELECT * FROM ROWS", "does not exist"),
        ("SELECT * FROM read_csv('http://localhost/x.csv')", "NOT_SUPPORTED|GENERIC"),
    ],
)
def test_files_and_variables_are_out_of_reach(engine: Any, sql: str, words: str) -> None:
    """DuckDB itself reads no file, asks no server, and knows no variable of this process."""
    assert re.search(words, refusal(engine, sql))


@pytest.mark.parametrize(
    "sql",
    [
        "1; SET enable_external_access = true", "1; COPY (SELECT 1) TO '/tmp/x.csv'", "1; ATTACH '/tmp/x.db'",
        "1; INSTALL httpfs", "1; LOAD httpfs", "1; RESET lock_configuration",
    ],
)  # fmt: skip
def test_settings_stay_and_nothing_is_written(engine: Any, sql: str) -> None:
    """A second statement, if one came through, could neither unlock nor write."""
    assert refusal(engine, f"SELECT {sql}")
    assert not Path("/tmp/x.csv").exists()  # noqa: S108  # nobody else writes it
