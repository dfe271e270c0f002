"""The first contact with an account, once the command line is understood."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import typer

from cli.account import session, told
from cli.errors import CommandError
from cli.first_contact.documents import FILMS, Films
from cli.first_contact.estimate import COLLECTED, estimate
from cli.first_contact.journal import Journal
from cli.first_contact.points import LEFT_OUT
from cli.first_contact.removal import remove_everything
from cli.first_contact.steps import POINTS, REMOVAL, STEPS, go
from cli.first_contact.world import World
from cli.view import View

if TYPE_CHECKING:
    from pathlib import Path

_WRONG_USAGE = 2
_WHAT = (
    "Deploys film ratings as a pipeline of its own, runs it several times, "
    f"asks AWS {len(POINTS)} questions that its documents leave open, and removes everything again."
)


class Wishes(NamedTuple):
    """What the command line was told, each as the command's help says."""

    yes: bool
    keep: bool
    remove: bool
    show_account: bool


def contact(stage: str, wishes: Wishes, report: Path | None, out: Path, every: float) -> None:
    """Do every step, or only remove what an earlier first contact left; ends as the command ends."""
    view = View()
    with told(view):
        where = session()
        began = datetime.now(UTC)
        folder = out / "first-contact" / f"{stage}-{began:%Y%m%dT%H%M%S}"
        world = World(where, stage, every, Films.read(), folder, view, token=f"{began:%d%H%M%S}")
        journal = Journal(world.account, str(where.region_name), stage, world.personalize.meta.endpoint_url)
        if wishes.remove:
            view.line(remove_everything(world))
            return
        _ask_before_spending(world, yes=wishes.yes)
        _do(world, journal, report or folder.with_suffix(".md"), keep=wishes.keep, show_account=wishes.show_account)


def _do(world: World, journal: Journal, file: Path, *, keep: bool, show_account: bool) -> None:
    try:
        go(STEPS if keep else (*STEPS, REMOVAL), world, journal)
        if keep:
            world.view.line(f"Kept. To remove it: pipelines first-contact --stage {world.stage} --remove")
    except (CommandError, KeyboardInterrupt):
        world.view.line("")
        world.view.line(f"What is there of {world.prefix} stays as it is. To remove all of it:")
        world.view.line(f"  pipelines first-contact --stage {world.stage} --remove")
        raise
    finally:
        asked = {each.point.question for each in journal.asked}
        unasked = [point for point in POINTS if point.question not in asked]
        journal.write(file, LEFT_OUT, show_account=show_account, unasked=unasked)
        world.view.console.print(f"Report: {file}", highlight=False, soft_wrap=True, markup=False)


def _ask_before_spending(world: World, *, yes: bool) -> None:
    """Show what it will cost, and go on only if somebody agrees."""
    films = world.films
    lines = estimate(
        interactions=len(films.rows),
        small=films.imported().count("\n") - 1,
        users=len(films.users),
        few=len(films.few()),
        raw_bytes=sum(file.stat().st_size for file in (FILMS / "ratings").iterdir()),
    )
    view = world.view
    view.line(_WHAT)
    view.line(f"Account {world.account}, region {world.session.region_name}, names begin with {world.prefix}-")
    for line in lines:
        view.line(f"{line.usd:6.2f} USD  {line.what}: {line.reckoned}")
    view.line(f"{sum(line.usd for line in lines):6.2f} USD in all, about two hours")
    view.line(f"Prices of us-east-1 from secondary sources, collected on {COLLECTED}: yours may differ.")
    if yes:
        return
    if not sys.stdin.isatty():
        view.error(CommandError("nobody is there to agree to the cost", remedy="Run it in a terminal, or give --yes"))
        raise typer.Exit(_WRONG_USAGE)
    if not typer.confirm("Go on?"):
        raise typer.Exit(1)
