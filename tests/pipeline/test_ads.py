"""The advertisements that ship, with their sample: who is found for each, and what the threshold of values leaves out.

What is expected comes from the raw file, read by plain Python, and from the kinds that the sample's script plants.
"""

from __future__ import annotations

import csv
import io
import random
import runpy
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import polars as pl
import pytest
from ruamel.yaml import YAML

from cli.terminal import Terminal
from cli.uploading import upload
from cli.view import View
from definition.contract.manifest import Manifest
from definition.paths import PIPELINES, ROOT
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

SAMPLE = ROOT / "samples" / "ad-audience"
WEIGHTS = {"支付": 4, "创建订单": 3, "加购": 2, "浏览": 1}
THRESHOLD = 2


@dataclass(frozen=True)
class Raw:
    """The good rows of the raw file, counted by user and advertisement; `acts` are those from the threshold on."""

    views: Counter[tuple[str, str]]
    acts: Counter[tuple[str, str]]
    highest: dict[str, int]

    @property
    def ads(self) -> set[str]:
        """Every advertisement."""
        return {ad for _, ad in self.views + self.acts}

    @property
    def actors(self) -> Counter[str]:
        """How often each user acted."""
        counted: Counter[str] = Counter()
        for (user, _), times in self.acts.items():
            counted[user] += times
        return counted


@pytest.fixture(scope="module")
def raw() -> Raw:
    """What the bundled events say."""
    read = Raw(Counter(), Counter(), defaultdict(int))
    for file in sorted((SAMPLE / "events").iterdir()):
        for row in csv.DictReader(io.StringIO(file.read_text("gb18030", errors="replace"))):
            weight = WEIGHTS.get(row["event_track"])
            if weight and row["user_id"] and row["event_time"] and "-" in row["event_time"][10:]:
                pair = (row["user_id"], f"ad-{row['ad_label'].strip().lower()}")
                (read.acts if weight >= THRESHOLD else read.views)[pair] += 1
                read.highest[pair[0]] = max(weight, read.highest[pair[0]])
    return read


@pytest.fixture(scope="module")
def run(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> tuple[Rig, Run]:
    """A run of the shipped file over the shipped sample."""
    document = YAML(typ="safe", pure=True).load((PIPELINES / "ad-audience.yaml").read_text("utf-8"))
    # Embedded nights are short: a scheduled start would come between.
    assert document.pop("schedule")["timezone"] == "Asia/Shanghai"
    rig = Rig.deploy(aws, document, tmp_path_factory.mktemp("ads"))
    upload(aws.client("s3"), rig.deployment.bucket, SAMPLE)
    return rig, rig.run()


@pytest.fixture(scope="module")
def audiences(run: tuple[Rig, Run]) -> dict[str, list[str]]:
    """The users that were published for each advertisement, by rank."""
    rig, done = run
    assert ("SUCCEEDED", "") == (done.status, done.cause)
    rows = pl.read_parquet(io.BytesIO(rig.read(f"curated/audience/top25/run={done.id}/part-00000.parquet")))
    assert ["item_id", "rank", "user_id", "score"] == rows.columns
    found: dict[str, list[str]] = {}
    for (ad,), group in rows.group_by("item_id"):
        ordered = group.sort("rank")
        assert list(range(1, 26)) == ordered["rank"].to_list()
        found[str(ad)] = ordered["user_id"].to_list()
    return found


def test_every_advertisement_has_its_users(raw: Raw, audiences: dict[str, list[str]]) -> None:
    """Each advertisement of the data has ranks 1 to 25, of 25 different users."""
    assert raw.ads == set(audiences)
    assert {25} == {len(set(users)) for users in audiences.values()}


def test_views_do_not_count(raw: Raw, audiences: dict[str, list[str]]) -> None:
    """Whoever only looks is in no audience, however often; whoever got as far as the cart, at the threshold, may be."""
    found = {user for users in audiences.values() for user in users}
    starers = {user for (user, _), times in raw.views.items() if times > 40}

    assert 20 == len(starers)
    assert max(raw.actors.values()) < 40
    assert found <= set(raw.actors)
    assert set() == starers & found
    assert {2, 3, 4} == {raw.highest[user] for user in found}


def test_kinds_are_found(raw: Raw, audiences: dict[str, list[str]]) -> None:
    """Users who act on advertisements of a kind are found for them, which the most active users are not."""
    script = runpy.run_path(str(SAMPLE / "make_events.py"))
    kinds = script["tastes"](random.Random(script["SEED"]))

    def share(users_of: Callable[[str], list[str]]) -> float:
        """Return the mean share of users who like the kind of the advertisement."""
        ads = {ad: users for ad in raw.ads if (users := users_of(ad))}
        return fmean(kinds[user] == int(ad.removeprefix("ad-label")[0]) for ad, users in ads.items() for user in users)

    most_active = [user for user, _ in raw.actors.most_common(25)]
    assert 0.3 > share(lambda _: most_active)
    assert 0.9 < share(audiences.__getitem__)
    # Also of those who never acted on this very advertisement.
    assert 0.9 < share(lambda ad: [user for user in audiences[ad] if (user, ad) not in raw.acts])


def test_the_terminal_shows_the_metrics_of_segments(run: tuple[Rig, Run]) -> None:
    """People see the metrics that the recipe has, and none that it lacks, and whole names at the usual width."""
    _, done = run
    assert done.manifest is not None
    shown = io.StringIO()
    View(Terminal(file=shown, width=80)).summary(Manifest.model_validate(done.manifest))

    (metrics,) = (solution["metrics"] for solution in done.manifest["solutions"])
    for label, key in (("hits@1 %", "hits_at_1_percent"), ("recall@1 %", "recall_at_1_percent")):
        assert label in shown.getvalue()
        assert f"{metrics[key]:.4f}" in shown.getvalue()
    assert "NDCG@10" not in shown.getvalue()
    assert "audience/top25" in shown.getvalue()
