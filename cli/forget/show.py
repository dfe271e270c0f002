"""What was done to forget users, on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.forget.naming import Users
from cli.tables import FittedTable
from definition import layout
from definition.plan.batch_jobs import batch_plans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.forget.record import Record
    from cli.operate.deployed import Deployed
    from definition.file.pipeline import Pipeline

_MOST_NAMED = 20


def show_record(at: Deployed, record: Record, ids: Sequence[str], *, raw: bool) -> None:
    """Print a record, what is left for a person to do, and where it lies."""
    view = at.view
    table = FittedTable("Bucket").ids("area").figures("looked at", "rewritten", "records", "versions deleted")
    for area, counts in record.areas.items():
        figures = (counts.looked_at, counts.rewritten, counts.records, counts.deleted)
        table.add_row(f"{area}/", *(f"{count:,}" for count in figures))
    view.console.print(table)
    for name, count in record.items.items():
        view.line(f"{name}: {count:,} items deleted, or written anew without them")
    if record.records_deleted is not None:
        view.line(f"Personalize: {record.records_deleted:,} records deleted by {record.job}")
    told = [f"{key} was left: {why}" for key, why in record.raw_kept.items()]
    told += [f"{key} holds them" for key in record.raw_held if key not in record.raw_kept]
    for text in told[:_MOST_NAMED]:
        view.look(text)
    if len(told) > _MOST_NAMED:
        view.look(f"{len(told) - _MOST_NAMED:,} more raw objects; the record names all")
    if record.raw_held and not raw:
        view.line("The list keeps them out of every run; --raw takes them out of these objects")
    for place, why in record.not_read.items():
        view.look(f"not looked into: {place}: {why}")
    if named := _naming(at.pipeline, Users(ids)):
        view.look(f"the pipeline file names some of them in {', '.join(named)}: take them out, and deploy it")
    view.line(f"The record: s3://{at.deployment.bucket}/{layout.FORGET_RECORD.key(request=record.request)}")
    if record.ended is None:
        view.result(
            f"Personalize still deletes ({record.job_status}). Give the same command later: it goes on from here"
        )
    else:
        full = at.command("start", "--input", '\'{"training": "full"}\'')
        view.result(f"Solution versions that were trained before know them until a run trains anew: {full}")


def _naming(pipeline: Pipeline, users: Users) -> list[str]:
    """Return the batch jobs whose users the pipeline file lists, and some of those among them."""
    return [
        f"{solution.name}/{job.name}"
        for solution in pipeline.solutions
        for job in batch_plans(pipeline, solution)
        if isinstance(job.input.users, list) and any(user in users for user in job.input.users)
    ]
