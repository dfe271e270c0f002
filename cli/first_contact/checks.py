"""What the runs of a first contact must have come to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli.errors import CommandError
from cli.first_contact.documents import RESULTS, VARIED
from definition.plan.names import resource_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.first_contact.world import World
    from definition.contract.manifest import Manifest


def expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001  # reads as an assertion
    """Go on only if something is so.

    Raises:
        CommandError: it is not.
    """
    if not holds:
        raise fault(otherwise)


def fault(told: str) -> CommandError:
    """Return the error for what nobody but the project, or AWS, can have caused."""
    return CommandError(told, remedy="This is a fault of the project or a change of AWS: report it")


def check_results(world: World) -> str:
    """Hold the first run's lines and table against the raw data; return what was counted."""
    manifest = world.first_run
    folder = world.folder / manifest.run / "for-you" / "top"
    found = dict(_recommended(folder))
    expect(set(found) == world.films.users, f"{len(found)} users were scored, not {len(world.films.users)}")
    for user, films in found.items():
        expect(len(set(films)) == RESULTS == len(films), f"user {user} was given {len(films)} films, not {RESULTS}")
    published = manifest.solution("for-you").batch_inference[0].published
    rows = published.rows if published else 0
    expect(rows == len(found) * RESULTS, f"the table has {rows} rows, not {len(found)} users x {RESULTS}")
    return f"{len(found)} users, {RESULTS} different films each, a table of {rows:,} rows"


def check_filtered(world: World, manifest: Manifest) -> str:
    """See that the changed solution is a new one and that its filter works; return what was counted."""
    before, after = (each.solution(VARIED).arn for each in (world.first_run, manifest))
    expect(before != after, f"{before} was trained again although its configuration has changed")
    found = dict(_recommended(world.folder / manifest.run / VARIED / "new"))
    expect(set(found) == set(world.films.few()), f"{len(found)} users were scored, not {len(world.films.few())}")
    liked = world.films.liked
    for user, films in found.items():
        seen = set(films) & liked[user]
        expect(not seen, f"user {user} was given films that the filter leaves out: {', '.join(sorted(seen))}")
    return f"{len(found)} users, and no film that they have watched"


def imports_of(world: World) -> set[str]:
    """Return the ARNs of the deployment's import jobs, without those of questions."""
    pages = world.personalize.get_paginator("list_dataset_import_jobs").paginate()
    jobs = [job for page in pages for job in page["datasetImportJobs"]]
    own, asked = resource_prefix(world.prefix), world.name("")
    return {
        job["datasetImportJobArn"]
        for job in jobs
        if job["jobName"].startswith(own) and not job["jobName"].startswith(asked)
    }


def _recommended(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield user and items of each line that Personalize wrote."""
    for file in sorted(folder.glob("*.out")):
        for line in file.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line)
            yield answer["input"]["userId"], (answer.get("output") or {}).get("recommendedItems", [])
