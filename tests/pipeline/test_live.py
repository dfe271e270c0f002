"""A pipeline that is up is asked as people type it, and tells the same as boto3 does."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.live import kept
from cli.live.here import endpoint, listener, reached
from cli.main import app
from cli.run import RunOptions
from definition.paths import ROOT
from embedded_aws.environment import variables
from emulator.tests.iam.support import Role
from tests.documents import shop
from tests.pipeline.data import START, csv, planted
from tests.pipeline.rig import Rig
from tests.pipeline.terminal import read_until

if TYPE_CHECKING:
    from click.testing import Result

    from embedded_aws.server import EmbeddedAWS
    from tests.pipeline.rig import Run

BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
TYPED = "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($TYPE)"
ROWS = planted()
TITLES = "id,title\n" + "".join(f"{group}{number:02},Title {group}{number}\n" for group in "AB" for number in range(40))


def document() -> dict[str, Any]:
    """Return a shop in which each kind of source answers."""
    one = {"min_provisioned_tps": 1}
    columns = {**shop()["datasets"]["interactions"]["columns"], "EVENT_TYPE": {"value": "Purchase"}}
    return shop(
        name="asked",
        domain="ECOMMERCE",
        schedule=...,
        event_tracker=True,
        item_labels={"path": "titles/titles.csv", "id": "id", "label": "title"},
        datasets__interactions__columns=columns,
        filters=[{"name": "not-bought", "expression": BOUGHT}, {"name": "not-typed", "expression": TYPED}],
        solutions=[
            {
                "name": "live",
                "recipe": "aws-user-personalization-v2",
                "campaign": one,
                "batch_inference": [{"name": "top", "num_results": 10}],
            },
            {"name": "similar", "recipe": "aws-similar-items", "campaign": one},
            {"name": "ranked", "recipe": "aws-personalized-ranking-v2", "campaign": one},
            {
                "name": "buyers",
                "recipe": "aws-item-affinity",
                "batch_segment": [{"name": "likely", "num_results": 5}],
            },
        ],
        recommenders=[{"name": "together", "recipe": "aws-ecomm-frequently-bought-together"}],
    )


@pytest.fixture(scope="module")
def unasked(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """The shop, deployed, with its raw data, before its first run."""
    rig = Rig.deploy(aws, document(), tmp_path_factory.mktemp("asked"))
    rig.put_raw("events/part.csv", csv(ROWS))
    rig.add_raw("titles/titles.csv", TITLES)
    return rig


@pytest.fixture(scope="module")
def refused(unasked: Rig) -> Result:
    """What asking before the first run says."""
    return typed(unasked, "--user", "a0")


@pytest.fixture(scope="module")
def first(unasked: Rig, refused: Result) -> Run:
    """The first run, which makes everything."""
    assert refused.exit_code
    return unasked.run()


@pytest.fixture
def rig(unasked: Rig, first: Run) -> Rig:
    """The shop after its first run."""
    assert ("SUCCEEDED", "") == (first.status, first.cause)
    return unasked


def typed(rig: Rig, *arguments: str, **variables: str) -> Result:
    """Type `pipelines ask` for the shop."""
    file = str(Path(rig.assembly).parent / "asked.yaml")
    given = {"COLUMNS": "160", **rig.aws.environment(), **variables}
    return CliRunner().invoke(app, ["ask", file, "--stage", "test", *arguments], env=given)


def answer(rig: Rig, *arguments: str, **variables: str) -> dict[str, Any]:
    """Return what it answers in JSON."""
    done = typed(rig, *arguments, "--json", **variables)
    assert 0 == done.exit_code, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


def ids(found: dict[str, Any], part: str = "results") -> list[str]:
    """Return the ids of an answer's results, the best first."""
    return [each["id"] for each in found[part]]


def arn(kind: str, name: str) -> str:
    """Return the ARN of a resource of the shop."""
    return f"arn:aws:personalize:us-east-1:123456789012:{kind}/{name}"


LIVE = arn("campaign", "asked-test--live")


def test_before_the_first_run_it_says_what_makes_a_campaign(refused: Result) -> None:
    """The file has a campaign, and Personalize has none: neither is there a table."""
    assert 1 == refused.exit_code
    assert "there is no campaign asked-test--live yet: a run makes it" in refused.output
    assert "no run has published table live/top" in refused.output


def test_a_campaign_answers_with_titles_beside_the_last_interactions(rig: Rig) -> None:
    """Results are those of GetRecommendations; interactions those of the raw data, the newest first."""
    found = answer(rig, "--user", "a0", "--num", "5")
    runtime = rig.aws.client("personalize-runtime")
    expected = runtime.get_recommendations(campaignArn=LIVE, userId="a0", numResults=5)["itemList"]
    own = sorted(((int(at), item) for user, item, at in (row.split(",") for row in ROWS) if user == "a0"), reverse=True)

    assert ({"kind": "campaign", "name": "live", "recipe": "aws-user-personalization-v2", "arn": LIVE}, None) == (
        found["answered_by"],
        found["table"],
    )
    assert [(each["itemId"], each.get("score")) for each in expected] == [
        (each["id"], each["score"]) for each in found["results"]
    ]
    assert [f"Title {item[0]}{int(item[1:])}" for item in ids(found)] == [each["label"] for each in found["results"]]
    assert [item for _, item in own[:5]] == [each["item"] for each in found["interactions"]]
    assert START + 29 * 3600 == own[0][0]
    assert "2023-11-16T03:13:20+00:00" == found["interactions"][0]["at"]
    assert [] == found["notes"]
    told = typed(rig, "--user", "a0", "--num", "5").output
    assert found["results"][0]["label"] in told
    assert "2023-11-16 03:13" in told


def test_a_filter_and_an_event_change_the_answer(rig: Rig) -> None:
    """Nothing that was bought is offered, and what is bought now is not offered any more; values are handed on."""
    bought = {item for user, item, _ in (row.split(",") for row in ROWS) if user == "a2"}
    before = ids(answer(rig, "--user", "a2", "--filter", "not-bought", "--num", "3"))
    found = answer(rig, "--user", "a2", "--filter", "not-bought", "--num", "3", "--send-event", before[0])

    assert not set(before) & bought
    assert before == ids(found, "before")
    assert before[0] not in ids(found)
    assert ("Purchase", before[0]) == (found["event"]["event_type"], found["event"]["item"])
    typed_filter = ("--filter", "not-typed", "--filter-value")
    assert ids(found) == ids(answer(rig, "--user", "a2", "--num", "3", *typed_filter, "TYPE=Purchase"))
    assert not bought.isdisjoint(ids(answer(rig, "--user", "a2", "--num", "40", *typed_filter, "TYPE=Other")))


def test_a_ranking_has_the_items_that_were_given(rig: Rig) -> None:
    """A user of items A… has those first."""
    listed = [part for item in ("B01", "A01", "B02", "A02") for part in ("--item", item)]
    found = answer(rig, "--user", "a0", "--solution", "ranked", *listed)

    assert ["A", "A", "B", "B"] == [item[0] for item in ids(found)]
    assert {"A01", "A02", "B01", "B02"} == set(ids(found))


def test_an_item_is_asked_of_what_is_named(rig: Rig) -> None:
    """Two answer for an item, so one must be named: the recommender, the campaign, or the users of a segment."""
    several = typed(rig, "--item", "A01")
    assert 1 == several.exit_code
    assert "campaign similar, recommender together" in several.output

    for source in (("--recommender", "together"), ("--solution", "similar")):
        found = answer(rig, "--item", "A01", *source)
        assert {"A"} == {item[0] for item in ids(found)}
        assert found["interactions"] is None
    segment = answer(rig, "--item", "B01", "--solution", "buyers")
    assert (5, {"b"}, {None}) == (
        len(segment["results"]),
        {each["id"][0] for each in segment["results"]},
        {each["label"] for each in segment["results"]},
    )


def test_a_user_that_nobody_knows_is_answered_as_a_new_one(rig: Rig) -> None:
    """The service answers, and a note says that it knows nothing of the user; a table has no row."""
    found = answer(rig, "--user", "nobody", "--num", "3")
    assert (3, []) == (len(found["results"]), found["interactions"])
    assert "answers as for a new user" in found["notes"][0]

    none = typed(rig, "--user", "nobody", "--solution", "live/top")
    assert (1, True) == (none.exit_code, "has nothing for user nobody" in none.output)


def test_a_table_answers_where_it_is_named_or_nothing_else_does(rig: Rig, first: Run) -> None:
    """Its rows are Personalize's lines; run and time are told, and what only a campaign can do is refused."""
    (key,) = [key for key in rig.keys(f"batch/{first.id}/live/top/output/") if key.endswith(".out")]
    (line,) = [line for line in rig.lines(key) if line["input"]["userId"] == "a0"]
    found = answer(rig, "--user", "a0", "--solution", "live/top")

    assert line["output"]["recommendedItems"] == ids(found)
    assert ("table", first.id) == (found["answered_by"]["kind"], found["table"]["run"])
    for option in (("--filter", "not-bought"), ("--send-event", "A01")):
        refused = typed(rig, "--user", "a0", "--solution", "live/top", *option)
        assert (1, True) == (refused.exit_code, "it is what a run has left" in refused.output)


def test_what_the_page_names_is_enough_to_ask(rig: Rig) -> None:
    """With the permissions of docs/operate.md an answer lacks nothing; without the bucket it says what is not shown."""
    row = next(line for line in (ROOT / "docs/operate.md").read_text().splitlines() if "`pipelines ask " in line)
    actions = re.findall(r"`(\w+:\w+)`", row)
    allowed = {"Effect": "Allow", "Action": [*actions, "cloudformation:DescribeStacks"], "Resource": "*"}
    whole = answer(rig, "--user", "a4", "--send-event", "A01", "--num", "3", **keys(Role(rig.aws, allowed)))
    assert ["Title"] * 3 == [each["label"].split(" ")[0] for each in whole["results"]]
    assert 5 == len(whole["interactions"])

    without = [action for action in allowed["Action"] if not action.startswith("s3:")]
    less = answer(rig, "--user", "a4", **keys(Role(rig.aws, allowed | {"Action": without})))
    assert (10, None) == (len(less["results"]), less["interactions"])
    assert any("Last interactions are not shown: AccessDenied" in note for note in less["notes"])
    denied = typed(rig, "--user", "a4", **keys(Role(rig.aws, allowed | {"Action": ["cloudformation:DescribeStacks"]})))
    assert (1, True) == (denied.exit_code, "personalize:DescribeCampaign" in denied.output)


def keys(role: Role) -> dict[str, str]:
    """Return the variables with which a program calls in a role."""
    given = role.keys()
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def test_what_is_up_is_found_by_its_port(rig: Rig, tmp_path: Path) -> None:
    """`--local` needs no variables, and leaves them as they were; another program is not taken for an AWS."""
    none = dict.fromkeys(rig.aws.environment(), "")
    assert variables(endpoint(rig.aws.port)) == rig.aws.environment()
    found = answer(rig, "--user", "a0", "--num", "1", "--local", "--port", str(rig.aws.port), **none)
    assert 1 == len(found["results"])

    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        assert ("embedded", "other") == (listener(rig.aws.port), listener(port))
        (tmp_path / "events").mkdir()
        (tmp_path / "events" / "part.csv").write_text(csv(ROWS))
        file = str(Path(rig.assembly).parent / "asked.yaml")
        taken = CliRunner().invoke(app, ["up", file, "--raw", str(tmp_path), "--port", str(port)])
        assert (1, True) == (taken.exit_code, f"another program listens on port {port}" in taken.output)
    assert "nothing" == listener(port)
    gone = typed(rig, "--user", "a0", "--local", "--port", str(port))
    assert (1, True) == (gone.exit_code, f"nothing listens on port {port}" in gone.output)


def test_a_port_is_reached_and_left_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's own profile, token and endpoint are hidden meanwhile, and are there afterwards."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "my token")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    before = dict(os.environ)
    with reached(rig.aws.port):
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & os.environ.keys()
        assert rig.aws.endpoint_url == os.environ["AWS_ENDPOINT_URL"]

    assert before == dict(os.environ)


def test_without_its_campaign_the_newest_table_answers(rig: Rig, first: Run) -> None:
    """A campaign that somebody has deleted is told, with the run of the table that stands in for it."""
    personalize = rig.aws.client("personalize")
    personalize.delete_campaign(campaignArn=LIVE)
    rig.wait_until(lambda: LIVE not in {each["campaignArn"] for each in personalize.list_campaigns()["campaigns"]})
    found = answer(rig, "--user", "a0")

    assert ("table", first.id) == (found["answered_by"]["kind"], found["table"]["run"])
    assert "there is no campaign asked-test--live yet" in found["notes"][0]
    refused = typed(rig, "--user", "a0", "--filter", "not-bought")
    assert (1, True) == (refused.exit_code, "there is no campaign asked-test--live yet" in refused.output)


def test_a_change_since_the_last_run_is_noticed(rig: Rig, first: Run, tmp_path: Path) -> None:
    """Nothing is settled where a template, the raw data, a file of it, or what the run is started with is another."""
    for name, text in (("events/part.csv", csv(ROWS)), ("titles/titles.csv", TITLES)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    options = RunOptions(Path(rig.assembly).parent / "asked.yaml", "test", tmp_path, tmp_path, {})
    with rig.aws.in_environment():
        templates = kept.templates(rig.pipeline, "test")
        assert 3 == len(templates)
        assert first.id == kept.settled(rig.pipeline, options, templates)
        assert first.id == kept.settled(rig.pipeline, replace(options, raw=None), templates)
        assert kept.settled(rig.pipeline, replace(options, execution_input={"training": "skip"}), templates) is None
        assert kept.settled(rig.pipeline, options, {}) is None
        (tmp_path / "titles/titles.csv").write_text(TITLES.replace("Title A1\n", "Title A2\n"))
        assert kept.settled(rig.pipeline, options, templates) is None
        (tmp_path / "titles/titles.csv").write_text(TITLES)
        (tmp_path / "events/more.csv").write_text(csv(ROWS[:1]))
        assert kept.settled(rig.pipeline, options, templates) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as somebody has it who begins: a file with a schedule that begins at once, and raw data."""
    (tmp_path / "raw" / "events").mkdir(parents=True)
    (tmp_path / "raw" / "events" / "part.csv").write_text(csv(ROWS))
    solution = {"name": "for-you", "recipe": "aws-user-personalization-v2", "campaign": {}}
    daily = {"expression": "rate(1 day)"}
    (tmp_path / "mine.yaml").write_text(
        json.dumps(shop(name="mine", schedule=daily, event_tracker=True, solutions=[solution]))
    )
    return tmp_path


def test_up_stays_until_ctrl_c(folder: Path) -> None:
    """It runs, shows what to type, tells of the schedule's run, takes a second `up`, and says at the end what is gone.

    A process with an AWS of its own, two deployments by the CDK and three runs: more than a minute of CPU. Nothing
    smaller has the terminal, the port and the signal.
    """
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [str(ROOT / ".venv/bin/pipelines"), "up", "mine.yaml", "--raw", "raw", "--port", port]
    started = {"cwd": folder, "env": variables | {"COLUMNS": "200"}}
    terminal, its_end = pty.openpty()
    with subprocess.Popen(command, stdin=its_end, stdout=its_end, stderr=its_end, **started) as process:
        os.close(its_end)
        told = read_until(terminal, r"run \S+ SUCCEEDED after")
        assert f"export AWS_ENDPOINT_URL=http://localhost:{port}" in told
        line = re.search(r"^ +\S*/pipelines (ask mine.yaml .*--send-event .*?)\s*$", told, re.MULTILINE)
        assert line, told
        asked = subprocess.run([command[0], *line[1].split(), "--json"], capture_output=True, check=True, **started)
        found = json.loads(asked.stdout)
        assert "mine-dev--for-you" in found["answered_by"]["arn"]
        assert {"A", "B"} >= {item[0] for item in (*ids(found), *ids(found, "before"))}
        again = subprocess.run(
            [*command, "--input", '{"training": "skip"}', "--keep", "aws"],
            capture_output=True,
            text=True,
            check=False,
            **started,
        )
        assert 0 == again.returncode, again.stdout
        assert "An embedded AWS is up on port" in again.stdout
        assert f"It stays up on port {port}" in again.stdout
        assert "--keep changes nothing" in again.stdout
        assert not (folder / "aws").exists()
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = read_until(terminal, r"Ended\..*\n")
        assert 0 == process.wait()
    os.close(terminal)
    assert "Results lie in out/mine." in rest
    assert 2 == len(list((folder / "out" / "mine").glob("2*/manifest.json")))


def test_ctrl_c_before_the_first_run_has_ended(folder: Path) -> None:
    """The exit code is that of an interrupted command, and nothing is said to be left.

    A process that imports the whole embedded AWS, which takes some seconds of CPU.
    """
    command = [str(ROOT / ".venv/bin/pipelines"), "up", "mine.yaml", "--raw", "raw", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert ["Start", "Deploy"] == [process.stdout.readline().strip() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert 130 == process.returncode
    assert "There are no results." in rest
