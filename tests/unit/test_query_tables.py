"""Tables that queries read: the folder that describes them on this machine, trials, forecasts, the doctor."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator
from typer.testing import CliRunner

from cli import catalog
from cli.doctor.findings import Level
from cli.doctor.tables import queried
from cli.errors import CommandError
from cli.main import app
from cli.uploading import upload_for
from stacks.drawing.overview import overview
from tests.documents import QUERIED, parsed, shop
from tests.unit.raw import fill
from tests.unit.test_doctor import examination
from tests.unit.test_other_buckets import Taking
from tests.unit.test_preview import tried

if TYPE_CHECKING:
    from pathlib import Path


def test_a_trial_says_what_only_a_run_can_show(tmp_path: Path) -> None:
    """What Athena would find is not looked at; other datasets are."""
    items = {
        "source": {"path": "items/"},
        "columns": {"ITEM_ID": "sku", "KIND": {"from": "kind", "type": "categorical"}},
    }
    done = tried(tmp_path, {"items/a.csv": "sku,kind\ni1,x\n"}, datasets__items=items, **QUERIED)

    assert 0 == done.exit_code, done.output
    assert "interactions: Athena finds its rows" in done.output
    assert "items: of 1 rows that were looked at 1 out" in done.output


def test_a_forecast_says_what_only_a_run_can_count(tmp_path: Path) -> None:
    """What Athena would find is not in the folder, and a price of nothing would be wrong."""
    file = tmp_path / "shop.yaml"
    file.write_text(json.dumps(shop(**QUERIED)))
    done = CliRunner().invoke(app, ["cost", str(file), "--raw", str(tmp_path)], env={"COLUMNS": "200"})

    assert 1 == done.exit_code
    assert "Give --run <id>, or --interactions, --users and --items" in done.output


@pytest.mark.parametrize("embedded", [True, False])
def test_a_folder_stands_for_tables_and_their_buckets(tmp_path: Path, *, embedded: bool) -> None:
    """Descriptions of tables are no raw data, and go nowhere by an upload; data goes to its bucket here only."""
    fill(tmp_path, {"items/a.csv": "raw", "glue/sales/lines.json": "{}", "s3://company-data/lines/c": "theirs"})
    s3 = Taking()
    upload_for(parsed(**QUERIED), s3, "own", tmp_path, embedded=embedded)

    theirs = {"company-data/lines/c": "theirs"} if embedded else {}
    assert {"own/raw/items/a.csv": "raw"} | theirs == s3.put


class Nowhere:
    """Glue as far as it has nothing."""

    class exceptions:  # noqa: N801  # boto3's
        """Errors of the service."""

        class EntityNotFoundException(Exception):  # noqa: N818  # boto3's
            """There is no such table."""

        class AlreadyExistsException(Exception):  # noqa: N818  # boto3's
            """There is one."""

    def create_database(self, **_: Any) -> None:
        """Say that it is there."""
        raise self.exceptions.AlreadyExistsException

    def delete_table(self, **_: Any) -> None:
        """Say that it is not."""
        raise self.exceptions.EntityNotFoundException


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "glue/sales/lines.json cannot be read"),
        ("{", "is no answer of aws glue get-table"),
        ("[]", "is no answer of aws glue get-table"),
        ('{"Name": "lines"}', "is no answer of aws glue get-table"),
        ('{"Table": []}', "is no answer of aws glue get-table"),
        ('{"Table": null}', "is no answer of aws glue get-table"),
        ("[" * 100_000, "is no answer of aws glue get-table"),
    ],
)
def test_a_table_that_nobody_describes_is_told(tmp_path: Path, content: str | None, what: str) -> None:
    """The command that writes the description stands beside it."""
    if content is not None:
        fill(tmp_path, {"glue/sales/lines.json": content})
    with pytest.raises(CommandError) as caught:
        catalog.lay_out(parsed(**QUERIED), Nowhere(), tmp_path)

    assert what in str(caught.value)
    assert "aws glue get-table --database-name sales --name lines > " in caught.value.remedy


class Describing(Nowhere):
    """Glue as far as it takes what botocore lets through."""

    def __init__(self) -> None:
        client = boto3.client("glue", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
        self.meta = client.meta
        self._validate = client.meta.service_model.operation_model("CreateTable").input_shape
        self.made: list[dict[str, Any]] = []

    def create_table(self, **given: Any) -> None:
        """Take a table."""
        report = ParamValidator().validate(given, self._validate)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
        self.made.append(given["TableInput"])


def test_what_a_newer_cli_tells_is_left_out(tmp_path: Path) -> None:
    """At every depth; a value of another kind is told with its file."""
    storage = {"Location": "s3://company-data/lines/", "Columns": [{"Name": "a", "Newer": 1}], "Newest": {}}
    tables = {"Name": "x", "CreateTime": 1.5, "StorageDescriptor": storage}
    for name in ("lines", "orders"):
        fill(tmp_path, {f"glue/sales/{name}.json": json.dumps({"Table": tables})})
    glue = Describing()
    catalog.lay_out(parsed(**QUERIED), glue, tmp_path)

    kept = {"Location": "s3://company-data/lines/", "Columns": [{"Name": "a"}]}
    assert [{"Name": name, "StorageDescriptor": kept} for name in ("lines", "orders")] == glue.made
    fill(tmp_path, {"glue/sales/lines.json": json.dumps({"Table": {"Retention": "x"}})})
    with pytest.raises(CommandError, match=r"glue/sales/lines\.json describes no table"):
        catalog.lay_out(parsed(**QUERIED), glue, tmp_path)


@pytest.mark.parametrize(
    ("answer", "level", "seen"),
    [
        ({"StorageDescriptor": {"Location": "s3://company-data/lines"}}, Level.OK, "s3://company-data/lines"),
        ({"StorageDescriptor": {"Location": "s3://company-data/lines/2026/"}}, Level.OK, "2026/"),
        ({"StorageDescriptor": {"Location": "s3://company-data/lines-old/"}}, Level.FAILURE, "none of locations holds"),
        ({"TableType": "VIRTUAL_VIEW"}, Level.OK, "a view"),
        ({"StorageDescriptor": {"Location": "s3a://company-data/lines"}}, Level.OK, "s3://company-data/lines"),
        ({"TargetTable": {"DatabaseName": "theirs", "Name": "l"}}, Level.WARNING, "is a link to theirs.l"),
        ("EntityNotFoundException", Level.FAILURE, "is not in the Glue Data Catalog"),
        ("AccessDeniedException", Level.WARNING, "you may not look at it"),
    ],
)
def test_the_doctor_looks_for_tables(answer: Any, level: Level, seen: str) -> None:
    """A table that is not there, or whose data lies where no run may read, is told before the night."""

    def get_table(**asked: Any) -> Any:
        assert {"DatabaseName": "sales", "Name": "lines"} == asked
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer, "Message": "no"}}, "GetTable")
        return {"Table": answer}

    source = parsed(**QUERIED).datasets.interactions.source
    (finding,) = queried(examination({"glue": SimpleNamespace(get_table=get_table)}), "interactions", source)

    assert (level, True) == (finding.level, seen in finding.seen)


def test_a_drawing_names_tables() -> None:
    """Where data lies elsewhere the drawing shows paths."""
    drawn = overview(parsed(**QUERIED))

    assert "sales.lines\\ntable, by Athena" in drawn
    assert "sales.orders\\nquery, by Athena" in drawn
