"""The command that drafts a pipeline file: what it writes, shows, and leaves alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from definition.load import load
from definition.paths import PIPELINES
from drafting.drafting import draft
from drafting.errors import DraftError
from drafting.look.samples import MOST_BYTES
from tests.unit.drafting import events, lines

if TYPE_CHECKING:
    from pathlib import Path

TEXT = lines("user,item,at", lambda event: f"u{event.user},i{event.item},{event.at}")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder with a table of events."""
    folder = tmp_path / "raw data"
    folder.mkdir()
    (folder / "log.csv").write_text(TEXT)
    return folder


def init(*arguments: object) -> Any:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["init", *map(str, arguments)])


def test_a_file_is_written_and_what_comes_next_is_told(raw: Path, tmp_path: Path) -> None:
    """The file validates; the first ten records, what became of the rows and the next commands are shown."""
    file = tmp_path / "shop.yaml"

    done = init(raw, "--name", "shop", "--output", file)

    assert done.exit_code == 0, done.output
    assert load(file).name == "shop"
    shown = " ".join(done.stdout.split())
    assert "interactions: of 1,200 rows that were looked at 1,200 out, 0 filtered, 0 rejected; 1,200 records" in shown
    assert all(f"u{event.user} " in shown and str(event.at) in shown for event in events()[:10])
    assert str(events()[10].at) not in shown
    assert f"pipelines validate {file}" in shown
    assert f"make run PIPELINE={file} RAW='{raw}'" in shown


def test_no_file_is_written_over(raw: Path, tmp_path: Path) -> None:
    """A file that is there stays as it is, be it given or one of pipelines/."""
    file = tmp_path / "shop.yaml"
    file.write_text("mine")
    bundled = (PIPELINES / "movielens.yaml").read_bytes()

    given, named = init(raw, "--name", "shop", "--output", file), init(raw, "--name", "movielens")

    assert (given.exit_code, named.exit_code) == (1, 1)
    assert "is there already, and is not written over" in " ".join(given.stdout.split())
    assert file.read_text() == "mine"
    assert (PIPELINES / "movielens.yaml").read_bytes() == bundled


def test_on_the_terminal_the_file_is_all_of_the_output(raw: Path, tmp_path: Path) -> None:
    """With - for a file what is printed can be piped into one; the rest goes to the other stream."""
    done = init(raw, "--name", "shop", "--output", "-")

    file = tmp_path / "piped.yaml"
    file.write_text(done.stdout)
    assert load(file).name == "shop"
    assert "make run PIPELINE=FILE" in done.stderr
    assert "$schema" not in done.stdout


def test_one_file_is_enough(raw: Path, tmp_path: Path) -> None:
    """A file is drafted from like a folder that holds nothing else."""
    (raw / "other.csv").write_text("a,b\n1,2\n")

    done = init(raw / "log.csv", "--name", "shop", "--output", tmp_path / "x.yaml")

    assert done.exit_code == 0, done.output
    assert load(tmp_path / "x.yaml").datasets.interactions.source.path == "log.csv"
    assert "other.csv" not in (tmp_path / "x.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nowhere", "--name", "shop"], 1, "there is no nowhere"),
        ([".", "--name", "My Shop"], 2, "use small letters, digits and single hyphens"),
        (["{raw}", "--name", "a-name-that-is-longer-than-any", "--output", "{out}"], 1, "Give another --name"),
        (["{raw}", "--name", "shop", "--output", "{out}/no/x.yaml"], 1, "cannot be written"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    raw: Path, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    """A wrong path, name or target ends the command with a message, without a traceback and without a file."""
    out = tmp_path / "x.yaml"

    done = init(*(each.format(raw=raw, out=out) for each in arguments))

    assert done.exit_code == code
    assert told in " ".join(done.output.replace("│", " ").split())
    assert not out.exists()


def test_texts_cannot_command_a_terminal(tmp_path: Path) -> None:
    """Escape sequences in names and values are not obeyed, and the file has none."""
    folder = tmp_path / "raw"
    folder.mkdir()
    text = lines("user,item,at,\x1b[31mcolour", lambda e: f"u{e.user},i{e.item},{e.at},{'ab'[e.at % 2]}\x1b[2J")
    (folder / "x.csv").write_text(text)

    done = init(folder, "--name", "shop", "--output", tmp_path / "x.yaml")

    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.output
    assert "\x1b" not in (tmp_path / "x.yaml").read_text()


class Bucket:
    """A bucket of one object, in the place of S3, which notes how many bytes are asked for."""

    def __init__(self, key: str, content: bytes) -> None:
        self.key, self.content, self.fetched = key, content, 0

    def get_paginator(self, name: str) -> Bucket:
        """Return what lists objects."""
        assert name == "list_objects_v2"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        """List the objects."""
        return [{"Contents": [{"Key": self.key, "Size": len(self.content)}, {"Key": "orders/", "Size": 0}]}]

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: N803  # S3's own names
        """Return the first bytes."""
        assert (Bucket, Key) == ("data", self.key)
        last = int(Range.removeprefix("bytes=0-"))
        body = self.content[: last + 1]
        self.fetched += len(body)
        return {"Body": io.BytesIO(body)}


def test_of_large_objects_only_the_beginning_is_fetched() -> None:
    """Of an object beyond what is looked at no more than that is fetched, and no row is made of the cut one."""
    line = "u{:05},i{:05},{},{}\n"
    count = MOST_BYTES // 1_000 + 500
    rows = (line.format(n % 997, n * 7 % 499, 1_600_000_000 + n, "x" * 980) for n in range(count))
    bucket = Bucket("orders/2024.csv", ("user,item,at,filler\n" + "".join(rows)).encode())
    assert len(bucket.content) > MOST_BYTES

    drafted = draft("s3://data/orders/", name="shop", schema=None, s3=lambda: bucket)

    assert bucket.fetched <= MOST_BYTES
    assert drafted.folder == "s3://data/orders/"
    facts = drafted.outcomes[0].facts
    assert facts["rows_rejected"] == 0
    assert 0.99 * MOST_BYTES < facts["rows_in"] * len(line.format(0, 0, 1_600_000_000, "x" * 980)) <= MOST_BYTES


def test_an_address_without_a_bucket_is_refused() -> None:
    """What is no address of S3 is told as such, before AWS is asked."""
    with pytest.raises(DraftError, match="names no bucket"):
        draft("s3://", name="shop", schema=None, s3=lambda: None)
