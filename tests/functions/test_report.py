"""The report function by itself: what it counts, what it does without, and what no page of it can be made to do."""

from __future__ import annotations

import json
import random
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lambdas.report import handler as handlers
from lambdas.report import page as pages
from lambdas.report import report as reports
from lambdas.report import samples, tables
from lambdas.report.handler import handler
from tests.browser import needs_chromium, opened
from tests.documents import BEST_OF
from tests.functions.handlers import Context
from tests.functions.reporting import EXECUTION, PAGE, called, inside, leave, page, report
from tests.manifests import REPORT, RUN, manifest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functions.handlers import Bucket

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

DAY = 86_400
DOCUMENT = '<script type="application/json" id="report">'
HOSTILE = "</script ><img src=x onerror=\"document.body.setAttribute('data-taken','yes')\"><!--"


def random_shop(users: int = 40) -> tuple[list[tuple[str, str, int]], list[tuple[str, str]]]:
    """Return interactions in which few items have most, and offers, some of them of items without any."""
    chance = random.Random(7)
    interactions = [
        (f"u{chance.randrange(users)}", f"i{int(chance.paretovariate(1)) % 60}", chance.randrange(90) * DAY)
        for _ in range(900)
    ]
    offers = [
        (f"u{user}", f"i{item}") for user in range(users) for item in chance.sample(range(80), k=chance.randrange(1, 9))
    ]
    return interactions, offers


def gini(counts: list[int]) -> float:
    """Return the coefficient by its definition: half of the mean difference between any two, by the mean."""
    differences = sum(abs(one - other) for one in counts for other in counts)
    return differences / (2 * len(counts) * sum(counts))


def test_tables_are_told_by_what_they_hold(bucket: Bucket) -> None:
    """Coverage, concentration, tail and popularity are those of a count by hand."""
    interactions, offers = random_shop()
    leave(bucket, interactions, offers)
    (found,) = report(bucket).tables

    done, offered = Counter(item for _, item, _ in interactions), Counter(item for _, item in offers)
    catalogue = sorted(done.keys() | offered.keys(), key=lambda item: (-done[item], item))
    tail = set(catalogue[-(-len(catalogue) // 5) :])
    assert (len(catalogue), len(offered)) == (found.catalogue, found.found)
    assert found.coverage == pytest.approx(len(offered) / len(catalogue))
    assert found.gini == pytest.approx(gini([offered[item] for item in catalogue]))
    assert found.tail_share == pytest.approx(sum(item in tail for _, item in offers) / len(offers))
    assert found.tail_share_of_interactions == pytest.approx(sum(i in tail for _, i, _ in interactions) / 900)
    assert found.mean_popularity == pytest.approx(sum(done[item] for _, item in offers) / len(offers))


def test_interactions_are_spread_over_time_users_and_items(bucket: Bucket) -> None:
    """Every day of the span is there, also one without any; every user and item is in one bin."""
    interactions, offers = random_shop()
    interactions = [row for row in interactions if row[2] != 5 * DAY]
    leave(bucket, interactions, offers)
    found = report(bucket).activity

    assert found is not None
    by_day = Counter(row[2] // DAY for row in interactions)
    assert "day" == found.unit
    assert [by_day[day] for day in range(min(by_day), max(by_day) + 1)] == [each.interactions for each in found.periods]
    assert ("1970-01-06", 0) == (found.periods[5].start, found.periods[5].interactions)
    for bins, place in ((found.per_user, 0), (found.per_item, 1)):
        counts = Counter(row[place] for row in interactions).values()
        assert [sum(each.low <= count <= each.high for count in counts) for each in bins] == [
            each.count for each in bins
        ]
        assert len(counts) == sum(each.count for each in bins)


@pytest.mark.parametrize(
    ("days", "unit", "periods"),
    [
        ([0], "day", [("1970-01-01", 1)]),
        ([0, 130], "week", [("1969-12-29", 1), ("1970-05-11", 1)]),
        ([30, 31, 1000], "month", [("1970-01-01", 1), ("1970-02-01", 1), ("1972-09-01", 1)]),
    ],
)
def test_long_times_have_longer_periods(
    bucket: Bucket, days: list[int], unit: str, periods: list[tuple[str, int]]
) -> None:
    """Weeks begin on Mondays and months with their first day, in UTC; what lies between is there with none."""
    leave(bucket, [("u", "i", day * DAY + DAY - 1) for day in days], [("u", "i")])
    found = report(bucket).activity

    assert found is not None
    assert (unit, periods) == (
        found.unit,
        [(each.start, each.interactions) for each in found.periods if each.interactions],
    )
    assert len(days) == sum(each.interactions for each in found.periods)


def test_users_are_counted_in_passes(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """More users than are held at once are counted in parts, and all of them once."""
    interactions, offers = random_shop()
    leave(bucket, interactions, offers)
    whole = report(bucket).activity
    monkeypatch.setattr(tables, "VALUES_AT_ONCE", 7)

    assert whole == report(bucket).activity


def test_samples_stand_beside_the_latest_interactions(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many users as are carried, each with its offers by rank and its interactions, newest first."""
    monkeypatch.setattr(samples, "MOST_LINES", 5)
    interactions, offers = random_shop()
    leave(bucket, interactions, offers)
    found = report(bucket)

    (sample,) = found.samples
    assert (40, 5) == (sample.keys, len(sample.lines))
    for line in sample.lines:
        offered = [item for user, item in offers if user == line.key]
        assert (offered[:10], len(offered)) == (line.found, line.of)
    assert [line.key for line in sample.lines] == [each.user for each in found.histories]
    for history in found.histories:
        own = sorted((-time, item) for user, item, time in interactions if user == history.user)
        assert len(own) == history.interactions
        assert own[:10] == [(-each.time, each.item) for each in history.latest]
    done, offered_rows = Counter(item for _, item, _ in interactions), Counter(item for _, item in offers)
    assert {each.item: (each.interactions, each.offered) for each in found.items} == {
        each.item: (done[each.item], offered_rows[each.item]) for each in found.items
    }


def test_the_same_run_gives_the_same_document(bucket: Bucket) -> None:
    """Nothing but the time of making it differs, which the row of the run has too."""
    leave(bucket, *random_shop())
    of_time = {"made": True, "history": {"__all__": {"finished", "duration_seconds"}}}
    one, other = (report(bucket) for _ in range(2))

    assert one.model_dump(exclude=of_time) == other.model_dump(exclude=of_time)
    assert [(one.made,), (other.made,)] == [tuple(row.finished for row in made.history) for made in (one, other)]


def test_reasons_have_an_example(bucket: Bucket) -> None:
    """Of each reason the first row with object and line, cut off where it is long; one that was not read has none.

    A look-up's are its own, also where a reason of the dataset's is called the same.
    """
    document = leave(bucket, *random_shop())
    (dataset,) = document["datasets"]
    dataset["reasons"] = [{"reason": name, "rows": 2} for name in ("short", "long", "elsewhere", "bare")]
    fates = {"rows_in": 3, "rows_out": 2, "rows_duplicate": 0, "rows_rejected": 1}
    orders = {"name": "orders", "object_count": 1, "object_bytes": 9, **fates}
    dataset["lookups"] = [orders | {"reasons": [{"reason": "short", "rows": 1}]}]
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(document))
    rows = [
        {"object": "raw/a.csv", "line": 3, "reason": "short", "raw": "x"},
        {"object": "raw/a.csv", "line": 4, "reason": "short", "raw": "y"},
        {"object": "raw/a.csv", "line": 5, "reason": "long", "raw": "z" * 1000},
        {"object": "raw/a.csv", "line": 6, "reason": "bare", "raw": None},
    ]
    bucket.put(f"rejects/{RUN}/interactions-0001.jsonl", "\n".join(map(json.dumps, rows)) + '\n{"cut": ')
    bucket.put(f"rejects/{RUN}/interactions_other.jsonl", json.dumps(rows[0] | {"reason": "elsewhere"}))
    bucket.put(f"rejects/{RUN}/interactions.orders.jsonl", json.dumps(rows[0] | {"object": "raw/orders.csv"}))
    found = {(each.lookup, each.reason): each.example for each in report(bucket).reasons}

    short, long, of_orders = found[None, "short"], found[None, "long"], found["orders", "short"]
    assert short is not None
    assert ("raw/a.csv", 3, "x") == (short.object, short.line, short.raw)
    assert long is not None
    assert 301 == len(long.raw)
    assert found[None, "elsewhere"] is None
    # Of a row that may be of a user who is to be forgotten there is no text.
    assert (bare := found[None, "bare"]) is not None
    assert (6, "") == (bare.line, bare.raw)
    assert of_orders is not None
    assert "raw/orders.csv" == of_orders.object


def test_earlier_runs_stand_beside_this_one(bucket: Bucket) -> None:
    """Those before it that have a manifest of a version that is known, the oldest first, and no later ones."""
    leave(bucket, *random_shop())
    for day, changed in ((20, {}), (19, {"status": "FAILED"}), (18, {"version": 9}), (23, {})):
        bucket.put(f"runs/202611{day}T030000-aaaaaa/manifest.json", json.dumps(manifest() | changed))
    bucket.put("runs/20261117T030000-aaaaaa/failure.json", "{}")
    bucket.put("runs/claims/x.json", "{}")
    found = report(bucket).earlier

    assert [("20261119T030000-aaaaaa", "FAILED"), ("20261120T030000-aaaaaa", "SUCCEEDED")] == [
        (each.run, each.status) for each in found
    ]
    assert {"coverage": 0.5} == found[0].versions[0].metrics


def test_a_run_that_failed_early_has_its_page(bucket: Bucket) -> None:
    """Failure and data report are there; a manifest that another execution has left is not taken for this one's."""
    failure = {
        "run": RUN,
        "pipeline": "shop",
        "stage": "dev",
        "execution": EXECUTION,
        "cause": "Data gate: DataRefused: too few",
        "remedy": "Mend the raw data",
        "failures": [{"state": "Data gate", "error": "DataRefused", "reason": "too few"}],
    }
    bucket.put(f"runs/{RUN}/failure.json", json.dumps(failure))
    bucket.put(f"runs/{RUN}/data-report.json", json.dumps(REPORT | {"refusals": ["too few"]}))
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(manifest() | {"execution": "arn:another"}))
    found = report(bucket, status="FAILED", jobs=[])

    assert found.failure is not None
    assert "too few" == found.failure.failures[0].reason
    assert found.data is not None
    assert ["too few"] == found.data.refusals
    assert (None, [], []) == (found.manifest, found.tables, found.samples)
    assert report(bucket, status="SUCCEEDED").failure is None


def test_what_cannot_be_made_is_noted_and_the_rest_is_there(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data that is gone, too large or broken, labels that are not there, a history that is not found: one note each."""
    leave(bucket, *random_shop())
    bucket.put(f"curated/for-you/top/run={RUN}/part-00000.parquet", b"no parquet")
    labels = {"path": "films.csv", "id": "film", "label": "title"}
    answer = called(bucket, labels=labels)
    found = inside(page(bucket))

    assert f"s3://{bucket.name}/{PAGE}" == answer["report"]
    assert answer["notes"] == found.notes
    told = [note.partition(":")[0] for note in found.notes]
    assert "Phases" == told[0]
    assert {"The table for-you/top"} == set(told[1:])
    assert found.activity is not None
    monkeypatch.setattr(reports, "MOST_BYTES", 100)
    assert any("bytes under" in note and "reads 100" in note for note in report(bucket).notes)


def test_labels_are_those_of_the_items_on_the_page(bucket: Bucket) -> None:
    """Read as the pipeline file says, and cut off; a file without the columns is noted."""
    leave(bucket, [("u", "i1", 0)], [("u", "i2")])
    bucket.put("raw/films.csv", f"film;title\ni1;One\ni2;{'2' * 500}\ni3;Three\n")
    labels = {"path": "films.csv", "id": "film", "label": "title", "delimiter": ";"}

    assert {"i1": "One", "i2": "2" * 120} == report(bucket, labels=labels).labels
    assert any("has no column name" in note for note in report(bucket, labels=labels | {"label": "name"}).notes)


def test_labels_may_stand_in_a_column_of_items(bucket: Bucket) -> None:
    """Of the items that the run imported; one without a label, and one that is not on the page, has none."""
    leave(bucket, [("u", "i1", 0)], [("u", "i2")])
    bucket.put(f"transformed/{RUN}/items/dataset.csv", f"ITEM_ID,TITLE\ni1,\ni2,{'2' * 500}\ni3,Three\n")
    manifest = json.loads(bucket.read(f"runs/{RUN}/manifest.json"))
    location = f"s3://{bucket.name}/transformed/{RUN}/items/"
    manifest["datasets"].append(
        {**manifest["datasets"][0], "dataset": "items", "location": location, "interactions": None}
    )
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(manifest))

    assert {"i2": "2" * 120} == report(bucket, label_column="TITLE").labels


def test_a_page_stays_small(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ids are long, fewer users and items are carried; numbers stay."""
    interactions, offers = random_shop()
    leave(bucket, interactions, [(user, f"{item}-{'x' * 240}") for user, item in offers])
    before = report(bucket)
    limit = len(page(bucket).encode()) - 50_000
    monkeypatch.setattr(pages, "MOST_BYTES", limit)
    after = report(bucket)

    assert len(page(bucket).encode()) <= limit
    assert len(after.samples[0].lines) < len(before.samples[0].lines)
    assert before.tables == after.tables


def test_what_a_run_used_is_priced() -> None:
    """Imports, trainings and lines of this run with their prices; what nothing tells of is unknown and not zero."""
    document: dict[str, Any] = manifest()
    rates = {"us-east-1": {"training_v2": {"usd": "0.002"}, "inference_v2": {"usd": "0.15"}}}
    asked = {key: document[key] for key in ("run", "engine", "datasets", "batch_inputs", "solutions")}
    request = {"step": "usage", "region": "us-east-1", "rates": rates, "workers": 2, "themed": [], **asked}
    found = handler(request, Context())

    usd = {part["part"]: part["usd"] for part in found["parts"]}
    assert (1100, 0.5, 200, 0) == tuple(
        found[name] for name in ("rows_imported", "training_hours", "lines_scored", "segment_lines")
    )
    assert (0.0022, 0.03) == (float(usd["training of for-you"]), float(usd["for-you/top"]))
    assert usd["import of interactions"] is None
    assert float(found["usd"]) == pytest.approx(0.0322)

    failed = {"state": "s", "error": "E", "reason": "r"}
    request["solutions"] = [{**document["solutions"][0], "training_hours": None, "failure": failed}]
    request["batch_inputs"] = []
    request["rates"] = {}
    found = handler(request, Context())
    assert (None, None, None) == tuple(found[name] for name in ("training_hours", "lines_scored", "usd"))
    assert ["for-you failed: what it trained is not known."] == found["unknown"]
    request["datasets"] = [{**document["datasets"][0], "import_job_arn": None}]
    assert 0 == handler(request, Context())["rows_imported"]


@pytest.mark.parametrize(
    ("endpoint", "usd"),
    [(None, None), ("https://s3.eu-west-1.amazonaws.com", 0.12), ("https://amazonaws.com.evil", None)],
)
def test_hours_of_another_machine_have_no_price(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, usd: float | None
) -> None:
    """Training hours are billed where Personalize is AWS's; elsewhere what they would cost is unknown."""
    if endpoint is not None:
        client = SimpleNamespace(meta=SimpleNamespace(endpoint_url=endpoint))
        monkeypatch.setattr(handlers, "s3_client", lambda: client)
    document: dict[str, Any] = manifest()
    asked = {key: document[key] for key in ("run", "engine", "datasets", "batch_inputs", "solutions")}
    asked["solutions"][0]["recipe"] = "arn:aws:personalize:::recipe/aws-popularity-count"
    rates = {"us-east-1": {"training_hour": {"usd": "0.24"}}}
    request = {"step": "usage", "region": "us-east-1", "rates": rates, "workers": 2, "themed": [], **asked}
    (part,) = [each for each in handler(request, Context())["parts"] if each["part"] == "training of for-you"]

    assert usd == (part["usd"] and float(part["usd"]))


@needs_chromium
def test_the_page_shows_how_recipes_compared(bucket: Bucket, tmp_path: Path) -> None:
    """The sentence that says which one won, or why none has, and the metrics of each; one that failed says so."""
    document = leave(bucket, *random_shop())
    arns = [f"arn:aws:personalize:::recipe/{name}" for name in BEST_OF["best_of"]]
    failure = {"state": "s", "error": "JobFailed", "reason": "no"}
    candidates = [
        {"recipe": arns[0], "version_arn": "arn:a/1", "metrics": {"coverage": 0.125, BEST_OF["by"]: 0.25}},
        {"recipe": arns[1], "failure": failure},
    ]
    told = f"none was chosen: {BEST_OF['best_of'][1]} could not be trained"
    best_of = {"by": BEST_OF["by"], "told": told, "candidates": candidates}
    document["solutions"][0] |= {"recipe": None, "best_of": best_of, "failure": failure, "metrics": {}}
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(document))
    called(bucket)
    file = tmp_path / "report.html"
    file.write_bytes(bucket.read(PAGE))
    shown = opened(file)

    assert [] == shown.console
    assert f"Of 2 recipes: {told}." in shown.text
    assert "0.25" == shown.numbers[f"candidates.for-you.{BEST_OF['best_of'][0]}.{BEST_OF['by']}"]
    assert "0.125" == shown.numbers[f"candidates.for-you.{BEST_OF['best_of'][0]}.coverage"]
    assert not [name for name in shown.numbers if name.startswith(f"candidates.for-you.{BEST_OF['best_of'][1]}")]
    assert 2 == shown.dom.count(">failed</td>")


@needs_chromium
def test_a_page_without_lists_of_users_speaks_of_none(bucket: Bucket, tmp_path: Path) -> None:
    """A run of segments alone carries items, and no heading over nothing."""
    leave(bucket, *random_shop())
    called(bucket)
    text = page(bucket)
    report = inside(text)
    before, (document, after) = text[: text.index(DOCUMENT)], text.partition(DOCUMENT)[2].split("</script>", 1)
    bare = json.dumps({**json.loads(document), "samples": [], "histories": []})
    file = tmp_path / "report.html"
    file.write_text(f"{before}{DOCUMENT}{bare}</script>{after}", "utf-8")
    shown = opened(file)

    assert [] == shown.console
    assert ("carried.users" in shown.numbers, shown.numbers["carried.items"]) == (False, str(len(report.items)))
    assert "Some users" not in shown.text


@needs_chromium
def test_what_data_says_is_no_markup(bucket: Bucket, tmp_path: Path) -> None:
    """Ids, labels, reasons, rejected rows and causes that are HTML are shown as the texts that they are."""
    document = leave(bucket, [(HOSTILE, HOSTILE, 0), ("u", HOSTILE, 1)], [("u", HOSTILE), (HOSTILE, "i")])
    document["warnings"] = [HOSTILE]
    document["datasets"][0]["reasons"] = [{"reason": HOSTILE, "rows": 1}]
    bucket.put(f"runs/{RUN}/manifest.json", json.dumps(document))
    rejected = {"object": HOSTILE, "line": 1, "reason": HOSTILE, "raw": HOSTILE}
    bucket.put(f"rejects/{RUN}/interactions.jsonl", json.dumps(rejected))
    bucket.put("raw/films.csv", 'film,title\ni,"<img src=x onerror=alert(1)>"\n')
    called(bucket, labels={"path": "films.csv", "id": "film", "label": "title"})
    file = tmp_path / "report.html"
    file.write_bytes(bucket.read(PAGE))
    shown = opened(file)

    assert [] == shown.console
    assert "<img" not in shown.dom.partition("<main")[2].partition("</main>")[0]
    assert "data-taken" not in shown.dom.partition("<body")[2].partition(">")[0]
    assert shown.text.count(HOSTILE.partition("<!--")[0]) >= 5
    assert "<img src=x onerror=alert(1)>" in shown.text
