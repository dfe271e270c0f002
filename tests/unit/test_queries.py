"""Sources that Athena reads: rules of the file, the SQL that is run, and what the transform makes of its results."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cli import catalog
from cli.doctor.findings import Level
from cli.doctor.tables import queried
from cli.errors import CommandError
from cli.main import app
from cli.uploading import upload_for
from definition.load import load
from definition.mapping.query import MOST_CHARACTERS, QueryError, check_condition, tables_of
from definition.plan.mappings import dataset_mapping
from definition.plan.queries import source_queries
from definition.problems import SpecError
from stacks.drawing.overview import overview
from tests.documents import QUERIED, parsed, shop
from tests.unit.raw import fill
from tests.unit.test_doctor import examination
from tests.unit.test_other_buckets import Answering, Taking
from tests.unit.test_preview import HEADER, ROWS, tried
from tests.unit.test_rules import told
from transform.contract import RawObject, TransformRequest
from transform.errors import SourceEmptyError
from transform.raw.lineage import lineage_of
from transform.raw.objects import RawObjects, list_objects, unpacked_bytes

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "datasets.interactions.source"
ORDERS: dict[str, Any] = {"table": "sales.orders", "locations": ["s3://company-data/orders/"]}


def of_source(**source: Any) -> dict[str, str]:
    """Return what is wrong with the shop that has this source, by the part of its place after the source's."""
    found = told(datasets__interactions__source=source)
    return {place.removeprefix(SOURCE).removeprefix("."): what for place, what in found.items()}


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("SELECT * FROM sales.orders", ["sales.orders"]),
        ('select "a" from "AwsDataCatalog"."Sales"."Orders";', ["sales.orders"]),
        ("WITH x AS (SELECT a FROM b.c) SELECT * FROM x JOIN D.e ON x.a = e.a", ["b.c", "d.e"]),
        ("WITH x AS (SELECT 1 AS a), y AS (SELECT * FROM x, b.c) SELECT * FROM y -- end\n;", ["b.c"]),
        ("SELECT * FROM b.c WHERE a IN (SELECT a FROM d.e)", ["b.c", "d.e"]),
        ("(SELECT a FROM b.c) UNION ALL SELECT a FROM d.e", ["b.c", "d.e"]),
        ("SELECT t.x FROM b.c CROSS JOIN UNNEST(list) AS t (x)", ["b.c"]),
        ("WITH c AS (SELECT * FROM b.c) SELECT * FROM c", ["b.c"]),
    ],
)
def test_a_query_tells_its_tables(query: str, tables: list[str]) -> None:
    """Each table with its database, in small letters; what WITH names is none."""
    assert tables == [".".join(table) for table in tables_of(query)]


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELECT 1", "reads no table"),
        ("SELECT * FROM orders", "names the table orders without its database"),
        ("SELECT * FROM x, (WITH x AS (SELECT 1) SELECT * FROM x)", "names the table x without its database"),
        ("SELECT * FROM lambda.sales.orders", "is of another catalog"),
        ('SELECT * FROM sales."*"', "a name that no grant can hold"),
        ("SELECT * FROM a.b; SELECT * FROM c.d", "is not one query"),
        ("SELECT * FROM a.b; -- the end", "is not one query"),
        ("", "is not one query"),
        ("DROP TABLE a.b", "is not one query"),
        ("INSERT INTO a.b SELECT * FROM c.d", "is not one query"),
        ("CREATE TABLE a.b AS SELECT * FROM c.d", "is not one query"),
        ("UNLOAD (SELECT * FROM a.b) TO 's3://x/' WITH (format = 'PARQUET')", "is not one query"),
        ("SELECT * FROM a.b) TO 's3://other/' WITH (format = 'ORC'", "is not SQL of Athena"),
        ("SELECT 'a FROM a.b", "is not SQL of Athena"),
        ("SELECT " + "(" * 3000, "is not SQL of Athena"),
        ("SELECT" + " " * MOST_CHARACTERS + "1", "characters, and a pipeline takes 60,000"),
    ],
)
def test_what_is_no_query_is_told(query: str, what: str) -> None:
    """Only one statement that reads is taken, and only tables that a grant can name."""
    with pytest.raises(QueryError) as caught:
        tables_of(query)

    assert what in caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["day >= '2026-01-01'", "a = 1 AND b IN ('x', 'y') -- both", "day > current_date"])
def test_a_condition_is_taken(text: str) -> None:
    """Whatever stands behind WHERE."""
    check_condition(text)


@pytest.mark.parametrize(
    "text", ["1 = 1 GROUP BY 1", "a = 1 LIMIT 3", "a IN (SELECT b FROM c.d)", "a; DROP TABLE b.c", "a) OR (1 = 1", ""]
)
def test_what_is_more_than_a_condition_is_refused(text: str) -> None:
    """Nothing of a query but its condition, and no other table."""
    with pytest.raises(QueryError):
        check_condition(text)


@pytest.mark.parametrize(
    ("source", "place", "what"),
    [
        ({}, "", "does not say where the data lies. Write path, table or query"),
        ({"path": "events/", **ORDERS}, "table", "stands beside path, and a source has one place"),
        ({**ORDERS, "query": "SELECT * FROM a.b"}, "query", "stands beside table"),
        ({"table": "sales.orders"}, "locations", "is missing: runs may read the data of the tables only where"),
        ({**ORDERS, "table": "orders"}, "table", "is no table of the Glue Data Catalog. Write database.table"),
        ({**ORDERS, "table": "a.b.c"}, "table", "is no table of the Glue Data Catalog"),
        ({**ORDERS, "table": "a.b x"}, "table", "is no table of the Glue Data Catalog"),
        ({**ORDERS, "table": "a.b, c.d"}, "table", "is no table of the Glue Data Catalog"),
        ({**ORDERS, "format": "csv"}, "format", "has no meaning for what Athena has found"),
        ({**ORDERS, "delimiter": ";"}, "delimiter", "has no meaning for what Athena has found"),
        ({**ORDERS, "partitions": "day"}, "locations", ""),
        ({**ORDERS, "partitions": "1 = 1 LIMIT 1"}, "partitions", "is no condition"),
        ({**ORDERS, "locations": ["orders/"]}, "locations[0]", "is no prefix of S3"),
        ({**ORDERS, "locations": ["s3://company-data/orders"]}, "locations[0]", "is no prefix of S3"),
        ({**ORDERS, "locations": ["s3://company-data/*/"]}, "locations[0]", "is no prefix of S3"),
        ({"query": "SELECT 1", "locations": ["s3://a-b/"]}, "query", "reads no table. Name one after FROM"),
        (
            {"query": "SELECT x FROM a.b", "locations": ["s3://abc/"], "partitions": "a = 1"},
            "partitions",
            "for a query",
        ),
        ({"path": "events/", "locations": ["s3://abc/"]}, "locations", "has no meaning for data at a path"),
        ({"query": "orders.sql", "locations": ["s3://abc/"]}, "query", "names the file orders.sql, and nobody knows"),
    ],
)
def test_sources_that_cannot_be_are_told(source: dict[str, Any], place: str, what: str) -> None:
    """Each mistake at its place, with what would be right."""
    if what:
        assert what in of_source(**source)[place]
    else:
        parsed(datasets__interactions__source=source)


def test_names_have_small_letters() -> None:
    """Athena's do, so another spelling would find no column: of rows, keys and look-ups."""
    lookup = {"source": {**ORDERS, "table": "crm.people"}, "key": "Id", "on": "whoIs"}
    found = told(
        datasets__interactions__source=ORDERS,
        datasets__interactions__lookups={"who": lookup},
        datasets__interactions__columns__USER_ID="who.Account",
        datasets__interactions__columns__ITEM_ID="item.Sku",
    )

    assert {SOURCE, "datasets.interactions.lookups.who.source"} == set(found)
    assert "has no column whoIs: in what Athena finds, names have small letters. Read whois" in found[SOURCE]


def test_what_a_query_finds_is_imported_in_full() -> None:
    """Each run finds it anew."""
    found = told(datasets__interactions__source=ORDERS, datasets__interactions__import_mode="incremental")

    assert "found anew in each run" in found["datasets.interactions.import_mode"]


@pytest.mark.parametrize(
    ("athena", "place", "what"),
    [
        ({"max_scanned": "1 MB"}, "athena.max_scanned", "write 10 MB or more"),
        ({"max_scanned": 100}, "athena.max_scanned", "is no amount of data"),
        ({"workgroup": "mine", "max_scanned": "1 TB"}, "athena.max_scanned", "for a workgroup of yours"),
        ({"workgroup": "a b"}, "athena.workgroup", ""),
    ],
)
def test_a_workgroup_that_cannot_be_is_told(athena: dict[str, Any], place: str, what: str) -> None:
    """Limits belong to a workgroup that the deployment makes."""
    found = told(athena=athena, datasets__interactions__source=ORDERS)[place]

    assert what.lower() in found.lower()


def test_athena_without_queries_is_told() -> None:
    """Nothing would run there."""
    assert "no source is a table or a query" in told(athena={"workgroup": "mine"})["athena"]


def test_a_table_is_asked_for_what_is_read() -> None:
    """Of a struct the whole column, of a look-up the key in the row; nothing else is read, and paid."""
    queries = {query.source: query for query in source_queries(parsed(**QUERIED))}

    assert (
        'SELECT "at", "item", "order_id"\nFROM "sales"."lines"\nWHERE day >= \'2026-01-01\''
        == queries["interactions"].sql
    )
    assert "SELECT order_id, customer FROM sales.orders" == queries["interactions.lookups.orders"].sql
    assert [("sales", "orders")] == list(queries["interactions.lookups.orders"].tables)


def test_no_query_where_data_lies_at_paths() -> None:
    """Such pipelines need no Athena."""
    assert [] == source_queries(parsed())


def test_a_query_may_stand_in_a_file(tmp_path: Path) -> None:
    """Beside the pipeline file or below it; what it holds is what is checked and run."""
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "orders.sql").write_text("SELECT user, item, at\nFROM sales.orders -- all\n;\n")
    file = tmp_path / "shop.yaml"
    source = {"query": "sql/orders.sql", "locations": ["s3://company-data/"]}
    file.write_text(json.dumps(shop(datasets__interactions__source=source)))
    (query,) = source_queries(load(file))

    assert "SELECT user, item, at\nFROM sales.orders -- all" == query.sql


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("none.sql", None, "names none.sql, which cannot be read (No such file or directory)"),
        ("bad.sql", b"\xff", "names bad.sql, which cannot be read (it is not in UTF-8)"),
        ("../up.sql", None, "names ../up.sql, which may lie elsewhere tomorrow"),
        ("/etc/up.sql", None, "names /etc/up.sql, which may lie elsewhere tomorrow"),
        ("drop.sql", b"DROP TABLE a.b", "is not one query"),
        ("long.sql", b"SELECT " + b" " * MOST_CHARACTERS, "characters, and a pipeline takes"),
    ],
)
def test_a_file_that_holds_no_query_is_told(tmp_path: Path, name: str, content: bytes | None, what: str) -> None:
    """Once, at the place of its name, and with no word of what it holds."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    file = tmp_path / "shop.yaml"
    source = {"query": name, "locations": ["s3://company-data/"]}
    file.write_text(json.dumps(shop(datasets__interactions__source=source)))
    with pytest.raises(SpecError) as caught:
        load(file)

    (problem,) = caught.value.problems
    assert (f"{SOURCE}.query", True) == (problem.place, what in problem.what)


def test_runs_of_a_query_are_of_one_mapping() -> None:
    """Where its results lie differs in each run and is no change of the mapping; another column is."""

    def digest(path: str, **changes: Any) -> str:
        mapping = dataset_mapping(parsed(**QUERIED, **changes), "interactions").model_copy(update={"path": path})
        request = TransformRequest(bucket="own", run="r", started=0, datasets=[mapping])
        return lineage_of(request, [RawObjects([])]).datasets[0].mapping

    assert digest("s3://own/queries/a/") == digest("s3://own/queries/b/")
    assert digest("s3://own/queries/a/") != digest(
        "s3://own/queries/a/", datasets__interactions__columns__ITEM_ID="other"
    )


def test_a_query_without_rows_is_told_as_such() -> None:
    """Nothing has to be uploaded."""
    mapping = dataset_mapping(parsed(**QUERIED), "interactions").model_copy(update={"path": "s3://own/queries/r/i/a/"})
    with pytest.raises(SourceEmptyError, match=r"The query of datasets\.interactions\.source has found no rows"):
        list_objects(Answering(), "own", mapping)


def test_results_unpack_like_parquet() -> None:
    """Athena gives their names no end, and an engine must not take them for text that is not packed."""
    sizes = [
        unpacked_bytes(RawObject(key=key, size=100, etag="e"))
        for key in ("s3://own/queries/run/interactions/a-0/2026_x", "s3://own/data/part.parquet", "s3://own/data/a.csv")
    ]

    assert sizes[0] == sizes[1] != sizes[2]


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
    assert HEADER not in done.output
    assert ROWS


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


@pytest.mark.parametrize(
    ("answer", "level", "seen"),
    [
        ({"StorageDescriptor": {"Location": "s3://company-data/lines"}}, Level.OK, "s3://company-data/lines"),
        ({"StorageDescriptor": {"Location": "s3://company-data/lines/2026/"}}, Level.OK, "2026/"),
        ({"StorageDescriptor": {"Location": "s3://company-data/lines-old/"}}, Level.FAILURE, "none of locations holds"),
        ({"TableType": "VIRTUAL_VIEW"}, Level.OK, "a view"),
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
