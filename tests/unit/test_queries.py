"""Sources that Athena reads: rules of the file, the SQL that is run, and what the transform makes of its results."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from definition.load import load
from definition.mapping.query import MOST_CHARACTERS, QueryError, check_condition, tables_of
from definition.plan.mappings import dataset_mapping
from definition.plan.queries import source_queries
from definition.problems import SpecError
from tests.documents import QUERIED, parsed, shop
from tests.unit.test_other_buckets import Answering
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
        ('SELECT max(day) FROM "a"."b$partitions"', "which is no table of the catalog"),
        ("SELECT x FROM information_schema.tables", "which is no table of the catalog"),
        ("SELECT x INTO c.d FROM a.b", "holds INTO"),
        ("WITH x AS (DELETE FROM c.d) SELECT y FROM a.b", "holds DELETE"),
        ("SELECT x FROM a.b FOR UPDATE", "holds LOCK"),
        ("SELECT x FROM a.b WHERE day = ?", "holds ?"),
        ("SELECT x FROM a.b WHERE day = :day", "holds :day"),
        ("SELECT x FROM a.b WHERE day = '{{ ds }}'", "holds {{, which Athena does not fill in"),
        ("SELECT x FROM a.b {# all #}", "holds {#"),
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
    "text",
    [
        "day = '1';",
        "day = ?",
        "day = max(day)",
        "1 = 1 GROUP BY 1",
        "a = 1 LIMIT 3",
        "a IN (SELECT b FROM c.d)",
        "a; DROP TABLE b.c",
        "a) OR (1 = 1",
        "",
    ],
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
        ({"path": None}, "path", "is empty. Write where the data lies"),
        ({**ORDERS, "table": None}, "table", "is empty"),
        ({**ORDERS, "table": "a.b$partitions"}, "table", "is no table of the Glue Data Catalog"),
        ({**ORDERS, "table": "a.../x"}, "table", "is no table of the Glue Data Catalog"),
        (
            {"query": "SELECT user FROM a.b", "locations": ["s3://abc/"]},
            "query",
            "finds no item, which is read. It finds",
        ),
        ({"query": "SELECT user, item, at, a, a FROM a.b", "locations": ["s3://abc/"]}, "query", "finds a twice"),
        (
            {"query": "SELECT user, item, at, max(a) FROM b.c", "locations": ["s3://abc/"]},
            "query",
            "without a name, number 4",
        ),
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
        ({"workgroup": "a b"}, "athena.workgroup", "it has up to 128 letters, digits, dots"),
        ({"results": "s3://abc/"}, "athena.results", "for the workgroup that the deployment makes"),
    ],
)
def test_a_workgroup_that_cannot_be_is_told(athena: dict[str, Any], place: str, what: str) -> None:
    """Limits belong to a workgroup that the deployment makes."""
    found = told(athena=athena, datasets__interactions__source=ORDERS)[place]

    assert what.lower() in found.lower()


@pytest.mark.parametrize("table", ["my-db.my-table", "sales.2024_orders", "order.select", "1a.B"])
def test_tables_have_whatever_name_the_catalog_gives(table: str) -> None:
    """Crawlers make such names; the query quotes them."""
    (query,) = source_queries(parsed(datasets__interactions__source={**ORDERS, "table": table}))

    database, name = table.lower().split(".")
    assert f'FROM "{database}"."{name}"' in query.sql


def test_semicolons_at_the_end_do_not_reach_athena() -> None:
    """They would end the query within the UNLOAD around it."""
    source = {"query": "SELECT user, item, at FROM a.b ;\n;", "locations": ["s3://abc/"]}
    (query,) = source_queries(parsed(datasets__interactions__source=source))

    assert "SELECT user, item, at FROM a.b" == query.sql


def test_queries_that_cannot_travel_together_are_told() -> None:
    """Step Functions carries 256 KiB for a state, and what is beyond it ends a run without a record."""
    long = {"query": "SELECT id, x FROM a.b -- " + "x" * 59_000, "locations": ["s3://abc/"]}
    lookups = {f"l{number}": {"source": long, "key": "id", "on": "user"} for number in range(2)}
    columns = {f"X{number}": {"from": f"l{number}.x", "type": "categorical"} for number in range(2)}
    found = told(
        datasets__interactions__lookups=lookups,
        **{f"datasets__interactions__columns__{k}": v for k, v in columns.items()},
    )

    assert "bytes for the state machine" in found["datasets"]
    assert "Make views of long queries" in found["datasets"]


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


def test_a_file_of_a_windows_editor_and_one_for_two_sources(tmp_path: Path) -> None:
    """A BOM is no part of the query, an alias reads the file once, and a query that ends like a name is a query."""
    (tmp_path / "o.sql").write_text("\ufeffSELECT user, item, at, id FROM b.sql", "utf-8")
    source = {"query": "o.sql", "locations": ["s3://company-data/"]}
    lookup = {"source": "REPLACED", "key": "id", "on": "id"}
    document = shop(
        datasets__interactions__source=source,
        datasets__interactions__lookups={"who": lookup},
        datasets__interactions__columns__USER_ID="who.user",
    )
    text = json.dumps(document).replace('"source": {"query"', '"source": &s {"query"').replace('"REPLACED"', "*s")
    (tmp_path / "shop.yaml").write_text(text)

    first, second = source_queries(load(tmp_path / "shop.yaml"))
    assert "SELECT user, item, at, id FROM b.sql" == first.sql == second.sql


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("none.sql", None, "names none.sql, which cannot be read (No such file or directory)"),
        ("bad.sql", b"\xff", "names bad.sql, which cannot be read (it is not in UTF-8)"),
        ("../up.sql", None, "names ../up.sql, which may lie elsewhere tomorrow"),
        ("/etc/up.sql", None, "names /etc/up.sql, which may lie elsewhere tomorrow"),
        ("a\0.sql", None, "which cannot be read (no file can have this name)"),
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


RESULT = "s3://own/queries/20261122T030000-1ebdeb/interactions.lookups.orders/0a1b2c3d-0/20261122_030000_x"


def test_results_unpack_like_parquet() -> None:
    """Athena gives their names no end, and an engine must not take them for text that is not packed."""
    sizes = [
        unpacked_bytes(RawObject(key=key, size=100, etag="e"))
        for key in ("s3://own/data/part.parquet", RESULT, "s3://own/queries/2024/01/02/part-00000")
    ]

    assert [400, 400, 100] == sizes
