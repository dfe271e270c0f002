"""The data deletion job in Personalize: made once, waited for, and its list of ids removed when it has ended.

Source: https://docs.aws.amazon.com/personalize/latest/dg/delete-records.html, which says that a job takes up to a day,
and that no training, batch job or import should be in progress before or beside it: else the users may be left in
models, and another job is recommended. What a job that failed has deleted is not documented: another is made then, too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.errors import CommandError
from cli.forget.ids import csv_of
from definition import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.forget.bucket import Bucket

ENDED, FAILED = "COMPLETED", "FAILED"

_EXISTS = "ResourceAlreadyExistsException"
_LATER = frozenset({"LimitExceededException", "ResourceInUseException"})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
"""Seconds between two looks at a job, twice as long each time."""


@dataclass(frozen=True)
class Job:
    """A data deletion job as Personalize describes it."""

    arn: str
    status: str
    deleted: int | None
    reason: str | None


class Deletion:
    """Makes and follows one job.

    Args:
        personalize: a boto3 Personalize client.
        bucket: the pipeline's.
        name: of the job.
        request: id of the request, under which the list of ids lies.
    """

    def __init__(self, personalize: Any, bucket: Bucket, *, name: str, request: str) -> None:
        self._personalize, self._bucket, self._name = personalize, bucket, name
        self._key = layout.DELETED_USERS.key(request=request)

    def create(self, ids: Sequence[str], *, group: str, role: str) -> str:
        """Write the list and create the job, or take over the one that is there; return its ARN.

        Raises:
            CommandError: Personalize takes no further job for now.
        """
        self._bucket.s3.put_object(Bucket=self._bucket.name, Key=self._key, Body=csv_of(ids), ContentType="text/csv")
        try:
            answer = self._personalize.create_data_deletion_job(
                jobName=self._name,
                datasetGroupArn=group,
                dataSource={"dataLocation": f"s3://{self._bucket.name}/{self._key}"},
                roleArn=role,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == _EXISTS:
                # The ARN of a job is made of its name, as those of other jobs are.
                return f"{group.rpartition(':')[0]}:data-deletion-job/{self._name}"
            if code in _LATER:
                raise CommandError(
                    f"Personalize takes no data deletion job for now: {error.response['Error']['Message']}",
                    remedy="Give the same command when other such jobs, of which five may be pending, have ended",
                ) from error
            raise
        return str(answer["dataDeletionJobArn"])

    def look(self, arn: str) -> Job:
        """Return the job as it is now."""
        found = self._personalize.describe_data_deletion_job(dataDeletionJobArn=arn)["dataDeletionJob"]
        return Job(arn, found["status"], found.get("numDeleted"), found.get("failureReason"))

    def wait(self, arn: str, *, say: Callable[[str], None]) -> Job:
        """Wait for the job's end, however long that takes."""
        pause = _FIRST_PAUSE
        while (job := self.look(arn)).status not in {ENDED, FAILED}:
            say(f"{job.status}; this takes up to a day, and Ctrl-C ends only the waiting")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return job

    def remove_list(self) -> int:
        """Delete every version of the list of ids; return how many there were."""
        found = [each for versions in self._bucket.objects(self._key) for each in versions]
        self._bucket.delete(found)
        return sum(not each.marker for each in found)
