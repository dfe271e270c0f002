"""What the terminal gets of texts that come from data."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from cli.errors import CommandError
from cli.follow import Progress
from cli.main import app
from cli.terminal import Terminal
from cli.view import View
from tests.documents import shop

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

HOSTILE = "a\x1b]0;owned\x07b\x1b[2Jc\x1b]8;;http://evil.example\x1b\\d\x9b31me\x00\x08\r\x7f\u202ef"
SHOWN = "a]0;ownedb[2Jc]8;;http://evil.example\\d31mef"


def test_everything_that_is_printed_is_text() -> None:
    """Lines, errors, states, spinners, tables and warnings hold what can be read, and no character that acts."""
    written = io.StringIO()
    view = View(Terminal(file=written, width=200, force_terminal=True, color_system=None, legacy_windows=False))
    view.line(HOSTILE)
    view.error(CommandError(HOSTILE, remedy=HOSTILE))
    view.progress(Progress(HOSTILE, HOSTILE), 1)
    view.look(HOSTILE)
    view.samples(HOSTILE, "job", {HOSTILE: [HOSTILE, "[bold]x[/bold]"]})
    view.console.print(HOSTILE, markup=False, soft_wrap=True)

    assert 9 == written.getvalue().count(SHOWN)
    assert "[bold]x[/bold]" in written.getvalue()
    assert not {character for character in written.getvalue() if not character.isprintable()} - {"\n"}


def test_what_a_spinner_shows_is_text() -> None:
    """Only the spinner's own movements of the cursor reach the terminal."""
    written = io.StringIO()
    view = View(Terminal(file=written, width=200, force_terminal=True, color_system=None, legacy_windows=False))
    with view.phase("Deploy") as show:
        show(HOSTILE)

    assert SHOWN in written.getvalue()
    assert not {"\x07", "\x9b", "\u202e"} & set(written.getvalue())
    assert "\x1b]" not in written.getvalue()


def test_mistakes_in_a_file_are_text(tmp_path: Path) -> None:
    """`validate` quotes a stranger's file without what a terminal obeys."""
    file = tmp_path / "shop.yaml"
    file.write_text(json.dumps(shop(name=HOSTILE)))
    done = CliRunner().invoke(app, ["validate", str(file)])

    assert 1 == done.exit_code
    assert SHOWN in done.output
    assert "\x1b" not in done.output


def test_quiet_says_only_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read the last line of the output, so an error stands beside it and progress nowhere."""
    view = View(quiet=True)
    with view.phase("Deploy") as show:
        show("a stack")
    view.line("a bucket")
    view.error(CommandError("no bucket", remedy="make one"))
    view.result("out/shop/run")
    told = capsys.readouterr()

    assert "out/shop/run\n" == told.out
    assert "no bucket" in told.err
    assert "make one" in told.err
    assert "a stack" not in told.err
