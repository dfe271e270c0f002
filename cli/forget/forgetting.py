"""Forget users: the steps in their order, each of which is done again or left out by whoever gives the command again.

First the list: from then on no run brings them in, so what is removed afterwards stays so. Personalize takes up to a
day, so its job is created next, and waited for at the end. DynamoDB comes before the bucket: the next delivery compares
the tables that are rewritten there, and would take an item that is left for one that it need not touch.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.deployment import outputs_of
from cli.errors import CommandError
from cli.forget import bucket as objects
from cli.forget import items, listing
from cli.forget.bucket import Bucket
from cli.forget.deletion import ENDED, FAILED, Deletion
from cli.forget.naming import Users
from cli.forget.raw import Raw
from cli.forget.record import AreaCounts, Records, job_name
from cli.operate.removal import check_idle
from definition import layout
from definition.plan.names import prefix
from transform.forgotten import Forgotten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.forget.bucket import Taken
    from cli.forget.record import Record
    from cli.operate.deployed import Deployed

    Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What the command line was told.

    Attributes:
        ids: of the users.
        raw: whether raw data is rewritten, too.
        wait: whether the end of Personalize's job is waited for.
    """

    ids: Sequence[str]
    raw: bool
    wait: bool


class Forgetting:
    """One request.

    Args:
        at: the deployed pipeline.
        wanted: what is to be done.
    """

    def __init__(self, at: Deployed, wanted: Wanted) -> None:
        self._at, self._wanted = at, wanted
        self._s3 = at.session.client("s3")
        self._bucket = Bucket(self._s3, at.deployment.bucket)
        self._users = Users(wanted.ids)
        self._records = Records(self._s3, at.deployment.bucket)
        self._tables = items.tables(at.pipeline, at.stage)
        self._outputs = outputs_of(at.session.client("cloudformation"), at.pipeline.name, at.stage, "personalize")

    def told(self) -> list[str]:
        """Return what is going to be done, a sentence each."""
        versions, size = objects.sized(self._bucket)
        tables = ", ".join(table.name for table in self._tables)
        nights = self._at.pipeline.schedule or self._at.pipeline.trigger
        raw = "rewritten without them" if self._wanted.raw else "left as it is, and named where it holds them"
        return [
            f"{len(self._wanted.ids):,} users go on the list that every later transform leaves out",
            "a data deletion job deletes them from the datasets in Personalize",
            *([f"their items go from {tables}, and they from lists there"] if tables else []),
            f"{versions:,} versions of objects, {size / 1e6:,.1f} MB, are looked through, and rewritten without them",
            f"what runs staged under {layout.STAGING.area}/ and {layout.QUERY_RESULT.area}/ goes whole",
            f"raw data is {raw}",
            *(
                ["until Personalize has ended, which takes up to a day, no run should begin: pipelines pause"]
                if nights
                else []
            ),
        ]

    def check_deployed(self) -> None:
        """Check that what is deployed leaves out users who are on the list.

        Raises:
            CommandError: it does not.
        """
        if missing := {"DatasetGroupArn", "ServiceRoleArn"} - self._outputs.keys():
            raise CommandError(
                f"the deployment is of a release before this command: it lacks {', '.join(sorted(missing))}",
                remedy=f"Deploy again: make deploy PIPELINE={self._at.pipeline.name} STAGE={self._at.stage}",
            )

    def check_idle(self) -> None:
        """Check that no run is active.

        Raises:
            CommandError: one is.
        """
        check_idle(self._at.stepfunctions, self._at.machine)

    def run(self) -> Record:
        """Do what is left to do; return the record, which has not ended where Personalize's job has not.

        Raises:
            CommandError: something is in the way; the same command goes on from there.
        """
        view = self._at.view
        with view.phase("List of users to leave out"):
            forgotten = listing.add(self._s3, self._bucket.name, self._wanted.ids)
        only = Forgotten(forgotten.salt, frozenset(map(forgotten.digest, self._wanted.ids)))
        record = self._records.begin(self._wanted.ids, forgotten)
        # A run that read the list before may have begun since the first look.
        self.check_idle()
        record = self._keep(record.done("list"))
        while True:
            record = self._once(record, only)
            if "job ended" not in record.steps:
                return record
            if self._newest() == record.newest:
                return self._keep(record.done(ended=_now()))
            # Of what was trained or imported meanwhile the service guarantees nothing, and recommends another job.
            self.check_idle()
            view.look(
                "A run began before Personalize had ended: it is asked once more, and everything looked through again"
            )
            again = record.undone("job", "items", "bucket", "job ended")
            record = self._keep(again.model_copy(update={"attempt": record.attempt + 1, "job": None}))

    def _once(self, record: Record, only: Forgotten) -> Record:
        view = self._at.view
        if "job" not in record.steps:
            with view.phase("Data deletion job"):
                record = self._create(record)
        record = self._clean(record, only)
        with view.phase("Personalize deletes") as show:
            return self._wait(record, show)

    def _clean(self, record: Record, only: Forgotten) -> Record:
        """Take the users out of DynamoDB and of the bucket."""
        view = self._at.view
        if "items" not in record.steps and self._tables:
            with view.phase("DynamoDB") as show:
                dynamodb = self._at.session.client("dynamodb")
                gone = {each.name: items.take_out(dynamodb, each, self._users, show) for each in self._tables}
            total = {name: record.items.get(name, 0) + count for name, count in gone.items()}
            record = self._keep(record.done("items", items=total))
        if "raw" not in record.steps or (self._wanted.raw and record.raw_held):
            with view.phase("Raw data") as show:
                record = self._look_through_raw(record, only, show)
        if "bucket" not in record.steps:
            with view.phase("Bucket") as show:
                taken = objects.take_out(self._bucket, self._users, show)
            self.check_idle()
            record = self._keep(record.done("bucket", areas=_added(record.areas, taken)))
        return record

    def _look_through_raw(self, record: Record, only: Forgotten, show: Say) -> Record:
        with tempfile.TemporaryDirectory() as folder:
            raw = Raw(self._at.pipeline, self._bucket, self._users, only, Path(folder))
            found = raw.look_through(rewrite=self._wanted.raw, say=show)
        held = [key for key in found.held if key in found.kept or not self._wanted.raw]
        return self._keep(
            record.done(
                "raw",
                areas=_added(record.areas, found.taken),
                raw_held=held,
                raw_kept=found.kept,
                not_read=found.not_read,
            )
        )

    def _deletion(self, record: Record) -> Deletion:
        own = prefix(self._at.pipeline.name, self._at.stage)
        personalize = self._at.session.client("personalize")
        return Deletion(personalize, self._bucket, name=job_name(own, record), request=record.request)

    def _create(self, record: Record) -> Record:
        newest = self._newest()
        self.check_idle()
        found = self._outputs
        arn = self._deletion(record).create(
            self._wanted.ids, group=found["DatasetGroupArn"], role=found["ServiceRoleArn"]
        )
        self._at.view.line(arn)
        return self._keep(record.done("job", job=arn, newest=newest))

    def _wait(self, record: Record, show: Say) -> Record:
        if "job ended" in record.steps or record.job is None:
            return record
        deletion, waits = self._deletion(record), self._wanted.wait
        job = deletion.wait(record.job, say=show) if waits else deletion.look(record.job)
        record = self._keep(record.model_copy(update={"job_status": job.status}))
        if job.status == FAILED:
            self._keep(record.undone("job").model_copy(update={"attempt": record.attempt + 1, "job": None}))
            raise CommandError(
                f"Personalize's data deletion job has failed: {job.reason}",
                remedy="Mend that, and give the same command again: it makes another job, and repeats nothing else",
            )
        if job.status != ENDED:
            return record
        deletion.remove_list()
        return self._keep(record.done("job ended", records_deleted=job.deleted))

    def _newest(self) -> str | None:
        """Return the ARN of the newest execution, None where there was none."""
        found = self._at.stepfunctions.list_executions(stateMachineArn=self._at.machine, maxResults=1)["executions"]
        return str(found[0]["executionArn"]) if found else None

    def _keep(self, record: Record) -> Record:
        self._records.write(record)
        return record


def _added(areas: dict[str, AreaCounts], taken: Taken) -> dict[str, AreaCounts]:
    """Return the counts of all times together."""
    kinds = ("looked_at", "rewritten", "records", "deleted")
    counted: dict[str, dict[str, int]] = {kind: getattr(taken, kind) for kind in kinds}
    names = {*areas, *(name for of_kind in counted.values() for name in of_kind)}
    return {
        name: AreaCounts(
            **{kind: getattr(areas.get(name, AreaCounts()), kind) + counted[kind].get(name, 0) for kind in kinds}
        )
        for name in sorted(names)
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
