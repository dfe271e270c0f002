"""The worked examples, and the links of all pages: what a reader types is accepted, what a reader clicks is there."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import polars as pl
import pytest
import typer
from ruamel.yaml import YAML

from cli.main import app
from cli.results import point_latest
from definition.paths import PIPELINES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for pattern in ("*.md", "docs/**/*.md", "emulator/**/*.md", "samples/*/*.md")
    for page in sorted(ROOT.glob(pattern))
}
EXAMPLES = {
    name: text
    for name, text in PAGES.items()
    if name.startswith("docs/examples/") or name in {"docs/glossary.md", "docs/results.md"}
}
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


class Command(NamedTuple):
    """A command on a page: the page, and its words, of which the first is `pipelines` or `make`."""

    page: str
    words: tuple[str, ...]


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def commands(text: str, program: str) -> list[tuple[str, ...]]:
    """Return the words of each command that a page tells to type; one that it only names, as `make up`, is none."""
    lines = [line for block in blocks(text, "sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(text)) if len(code.split()) > 2]
    found = [re.match(rf"(?:\.venv/bin/)?({program} .+)", line) for line in lines]
    return [tuple(shlex.split(match[1], comments=True)) for match in found if match]


def typed(program: str) -> list[Command]:
    """Return the commands of all examples."""
    return [Command(page, words) for page, text in EXAMPLES.items() for words in commands(text, program)]


def parsed(words: tuple[str, ...]) -> dict[str, Any]:
    """Return the arguments of `pipelines …` as the command line understands them; nothing runs.

    Raises:
        typer.TyperException: there is no such command or option, or a value that it does not take.
    """
    group = typer.main.get_group(app)
    with group.make_context(words[0], list(words[1:])) as context:
        name, command, rest = group.resolve_command(context, list(words[1:]))
        assert command is not None
        return dict(command.make_context(name, rest).params)


def pipelines_of(page: str) -> set[str]:
    """Return the pipelines that a reader of a page has: bundled, shown whole, or drafted by `init --name`."""
    shown = {YAML(typ="safe").load(block).get("name") for block in blocks(EXAMPLES[page], "yaml")}
    drafted = {words[words.index("--name") + 1] for words in commands(EXAMPLES[page], "pipelines") if "init" in words}
    return {file.stem for file in PIPELINES.glob("*.yaml")} | shown | drafted


@pytest.mark.parametrize("command", typed("pipelines"), ids=lambda command: " ".join(command.words))
def test_every_command_is_one_that_there_is(command: Command) -> None:
    """Each `pipelines …` of an example is taken with its options, and names a pipeline that its reader has."""
    arguments = parsed(command.words)

    assert arguments.get("pipeline", "movielens") in pipelines_of(command.page)


@pytest.mark.parametrize("command", typed("make"), ids=lambda command: " ".join(command.words))
def test_every_target_is_one_that_there_is(command: Command) -> None:
    """Each `make …` of an example has a target and variables of the Makefile, and a pipeline that its reader has."""
    given = dict(word.split("=", 1) for word in command.words[2:])

    assert re.search(rf"^{command.words[1]}:.*## ", MAKEFILE, flags=re.MULTILINE)
    assert set(given) <= set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, flags=re.MULTILINE))
    assert given.get("PIPELINE", "movielens") in pipelines_of(command.page)


@pytest.mark.parametrize(
    "words", ["pipelines answer movielens", "pipelines ask movielens --usr 2", "pipelines ask movielens --num 0"]
)
def test_a_wrong_command_would_be_seen(words: str) -> None:
    """A command, an option or a value that there is not is refused without anything being run."""
    with pytest.raises(typer.TyperException):
        parsed(tuple(words.split()))


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+?) *$", prose(text), flags=re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


def links(text: str) -> list[str]:
    """Return the links of a page that stay within the project."""
    found = re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`]*`", "", prose(text)))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if links(text)])
def test_every_link_leads_somewhere(page: str) -> None:
    """Each link within the project leads to a file that is there, and to a heading that it has."""
    for link in links(PAGES[page]):
        path, _, anchor = unquote(link).partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def test_links_and_commands_are_found() -> None:
    """The patterns above find what the pages show."""
    assert {page for page in EXAMPLES if page.startswith("docs/examples/")} <= {
        each.page for each in typed("pipelines")
    }
    assert {page for page in EXAMPLES if page.startswith("docs/examples/")} <= {each.page for each in typed("make")}
    assert "what-the-file-names-no-more" in anchors(PAGES["docs/runs.md"])
    assert "runs.md#what-the-file-names-no-more" in links(PAGES["docs/pipeline-file.md"])


@pytest.mark.parametrize("page", EXAMPLES)
def test_lines_of_the_examples_wrap(page: str) -> None:
    """A line of an example is no longer than 120 characters, rows of tables excepted."""
    assert [] == [line for line in EXAMPLES[page].splitlines() if len(line) > 120 and not line.startswith("| ")]


def test_the_spreadsheet_has_titles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first snippet of the page on results writes the newest run's table with titles, in order."""
    for run, item in (("20261120T030000-aaaaaa", "9"), ("20261121T030000-bbbbbb", "7")):
        folder = tmp_path / "out/movielens" / run / "for-you/top25"
        folder.mkdir(parents=True)
        rows = {"user_id": ["u2", "u1"], "rank": [1, 1], "item_id": ["8", item], "score": [0.5, 0.25]}
        pl.DataFrame(rows).write_parquet(folder / "part-00000.parquet")
        (folder / "users-00000.json.out").write_text("{}", "utf-8")
        point_latest(tmp_path / "out/movielens" / run)
    movies = tmp_path / "samples/movielens/movies/movies.csv"
    movies.parent.mkdir(parents=True)
    movies.write_text('movieId,title,genres\n7,"Été, L\'",Drama\n', "utf-8")
    monkeypatch.chdir(tmp_path)

    exec(blocks(EXAMPLES["docs/results.md"], "python")[0], {})  # noqa: S102  # the page's own code is what is tested

    assert (tmp_path / "for-you.csv").read_text("utf-8-sig").splitlines() == [
        "user_id,rank,item_id,score,title,genres",
        'u1,1,7,0.25,"Été, L\'",Drama',
        "u2,1,8,0.5,,",
    ]
