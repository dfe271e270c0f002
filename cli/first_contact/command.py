"""The command `pipelines first-contact` as it is typed; `contact` does it, and `pipelines --help` does without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import Stage, check_stage


def first_contact(
    *,
    stage: Stage = "dev",
    yes: Annotated[bool, typer.Option("--yes", help="Spend without asking, for scripts.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the deployment there at the end.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Only remove what an earlier first contact left there.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="The report; default out/first-contact/<stage>-<time>.md.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for pipeline files and results.")] = Path("out"),
    every: Annotated[float, typer.Option(help="Seconds between two looks at what takes its time.", min=0.01)] = 15,
    show_account: Annotated[
        bool, typer.Option("--show-account", help="Write the account's id into the report instead of masking it.")
    ] = False,
) -> None:
    """See the whole project work in an account, once, and ask AWS what its documents leave open.

    Deploys the bundled films as a pipeline of its own, lets a run fail and mends it, looks at the results, runs again
    with the same data, with more, and with a changed file, tries some twenty open questions, and removes everything.
    Takes about two hours, nearly all of it Personalize's trainings, imports and batch jobs, and less than 5 USD; it
    says how much and asks before it spends. Use a sandbox account: your credentials must be allowed to make roles.

    Leaves a report with each step and each answer in AWS's own words. Exit code: 0 if every step was done, 1 if one
    failed (what is there then stays, and how to remove it is said), 2 if the command is used wrongly.

    Example: pipelines first-contact --stage dev

    Example: pipelines first-contact --stage dev --remove
    """
    from cli.first_contact.contact import Wishes, contact  # noqa: PLC0415  # see above

    check_stage(stage)
    contact(stage, Wishes(yes, keep, remove, show_account), report, out, every)
