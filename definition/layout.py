"""The bucket: what lies under which key, who writes it, who reads it, and how long it is kept.

Nothing else in the project spells a key. From this table come keys and JSONata of keys, the patterns of IAM policies,
the lifecycle rules, and the table of docs/runs.md (``python -m definition.layout_page`` writes it there).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Party = Literal[
    "you", "transform", "publish", "deliver", "clean-up", "report", "state machine", "Personalize", "pipelines forget"
]
"""Who reads and writes; the transform is a function or a Spark job, and you are whoever else may read the bucket."""

DAYS = {
    "staging": 1,
    "deletions": 7,
    "queries": 14,
    "transformed": 30,
    "batch": 30,
    "rejects": 90,
    "attribution": 365,
}
"""Days after which objects are deleted, by area; whatever has no number here stays."""

FLEETING = ("staging", "deletions")
"""Areas whose deleted objects are gone a day later, and not only after the days that all others are kept for."""

RUN_ID = "[0-9]{8}T[0-9]{6}-[0-9a-f]{6}"
"""Pattern of the id of a run, a part of most keys: its time in UTC, and six digits of a hash."""

ExportFormat = Literal["csv", "jsonl"]
"""Forms that a table of results may have beside Parquet."""

_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Place:
    """One kind of object, or a folder of them if the template ends with a slash.

    Attributes:
        template: the key, with names in braces for what differs.
        holds: what lies there, for people.
        written_by: who puts it there.
        read_by: who gets it.
    """

    template: str
    holds: str
    written_by: tuple[Party, ...] = field(kw_only=True)
    read_by: tuple[Party, ...] = field(kw_only=True)

    def key(self, **parts: str) -> str:
        """Return the key.

        Raises:
            TypeError: the parts are not those of the template.
        """
        self._check(parts)
        return self.template.format(**parts)

    def jsonata(self, *, before: str = "", **parts: str) -> str:
        """Return JSONata of the key.

        Args:
            before: text that stands before the key, such as the bucket of an S3 URL.
            parts: JSONata of each part.

        Raises:
            TypeError: the parts are not those of the template.
        """
        self._check(parts)
        first, *rest = _NAME.split(self.template)
        spelled = [parts[piece] if index % 2 == 0 else f"'{piece}'" for index, piece in enumerate(rest) if piece]
        return " & ".join([f"'{before}{first}'", *spelled])

    @property
    def area(self) -> str:
        """The first part of the key, for which lifecycle rules hold."""
        return self.template.partition("/")[0]

    @property
    def days(self) -> int | None:
        """How many days an object is kept, None if it stays."""
        return DAYS.get(self.area)

    @property
    def name(self) -> str:
        """The last part of an object's key, under which it is brought to a folder."""
        return self.template.rpartition("/")[2]

    @property
    def pattern(self) -> str:
        """What matches every such key in a policy, where ``*`` stands for any characters, slashes among them."""
        folder = "*" if self.template.endswith("/") else ""
        return re.sub(r"\*(/\*)+", "*", _NAME.sub("*", self.template) + folder)

    @property
    def area_pattern(self) -> str:
        """What matches every key of the area in a policy."""
        return f"{self.area}/*"

    def _check(self, parts: dict[str, str]) -> None:
        if (wanted := set(_NAME.findall(self.template))) != parts.keys():
            raise TypeError(f"{self.template} takes {sorted(wanted)}, not {sorted(parts)}")


RAW = Place("raw/{path}", "raw data", written_by=("you",), read_by=("transform",))

QUERY_RESULT = Place(
    "queries/{run}/{source}/{attempt}/",
    "Parquet: what Athena has found for a source",
    written_by=("state machine",),
    read_by=("transform",),
)
QUERY_RECORDS = Place(
    "queries/athena/",
    "what Athena notes of each query",
    written_by=("state machine",),
    read_by=("you",),
)

DATASET = Place(
    "transformed/{run}/{dataset}/",
    "CSV of a dataset, which is imported",
    written_by=("transform",),
    read_by=("Personalize", "report", "you"),
)
INCREMENT = Place(
    # A folder of its own, since an import reads one level of a folder.
    "transformed/{run}/{dataset}-increment/",
    "CSV of what is new of it, which an incremental import takes",
    written_by=("transform",),
    read_by=("Personalize",),
)

REJECTS = Place("rejects/{run}/", "what a run rejected", written_by=("transform", "publish"), read_by=("you",))
REJECTED_ROWS = Place(
    "rejects/{run}/{dataset}.jsonl",
    "rejected rows: object, line, reason, raw; of an exploded list also the element",
    written_by=("transform",),
    read_by=("report", "you"),
)
REJECTED_ROWS_PART = Place(
    "rejects/{run}/{dataset}-{part}.jsonl", "the same, by Spark", written_by=("transform",), read_by=("report", "you")
)
REJECTED_LOOKUPS = Place(
    "rejects/{run}/{dataset}.{lookup}.jsonl",
    "rejected rows of a look-up",
    written_by=("transform",),
    read_by=("report", "you"),
)
REJECTED_LOOKUPS_PART = Place(
    "rejects/{run}/{dataset}.{lookup}-{part}.jsonl",
    "the same, by Spark",
    written_by=("transform",),
    read_by=("report", "you"),
)
FAILED_CHECKS = Place(
    # No look-up has a name with a hyphen.
    "rejects/{run}/{dataset}.failed-checks.jsonl",
    "rows that fail a check, which are no rejects: object, line, check, reason, raw; also the element",
    written_by=("transform",),
    read_by=("you",),
)
FAILED_CHECKS_PART = Place(
    "rejects/{run}/{dataset}.failed-checks-{part}.jsonl",
    "the same, by Spark",
    written_by=("transform",),
    read_by=("you",),
)
REJECTED_LINES = Place(
    "rejects/{run}/{solution}/{job}.jsonl",
    "lines that the job could not score, each with its error",
    written_by=("publish",),
    read_by=("publish", "you"),
)
REJECTED_LINES_PARTS = Place(
    "rejects/{run}/{solution}/{job}/",
    "the same, of output that is published in parts",
    written_by=("publish",),
    read_by=("publish", "you"),
)

BATCH_INPUT = Place(
    "batch/{run}/{solution}/{job}/input/",
    "input of a batch inference or batch segment job",
    written_by=("transform",),
    read_by=("Personalize", "transform"),
)
BATCH_OUTPUT = Place(
    "batch/{run}/{solution}/{job}/output/",
    "Personalize's lines",
    written_by=("Personalize",),
    read_by=("publish", "you"),
)

TABLES = Place("curated/{solution}/{job}/", "the tables of a job", written_by=("publish",), read_by=("publish", "you"))
TABLE = Place(
    "curated/{solution}/{job}/run={run}/",
    "Parquet, a row per line and rank",
    written_by=("publish",),
    read_by=("publish", "deliver", "report", "you"),
)
ALL_CHANGES = Place(
    "curated/{solution}/{job}/changes/", "what changed from run to run", written_by=("publish",), read_by=("you",)
)
CHANGES = Place(
    "curated/{solution}/{job}/changes/run={run}/",
    "Parquet: rows that are new, gone or moved since the table before",
    written_by=("publish",),
    read_by=("you",),
)
EXPORT = Place(
    "exports/{solution}/{job}/{format}/run={run}/",
    "the rows of a table as CSV or JSON Lines, if the file asks for them",
    written_by=("publish",),
    read_by=("you",),
)
LATEST_TABLE = Place(
    "curated/{solution}/{job}/latest.json",
    "names the newest complete table",
    written_by=("state machine",),
    read_by=("publish", "you"),
)
DELIVERED = Place(
    "curated/{solution}/{job}/delivered.json",
    "names the table that the job's DynamoDB table equals, and the runs that have begun to change it since",
    written_by=("deliver",),
    read_by=("deliver", "you"),
)
LATEST_VERSION = Place(
    "curated/{solution}/latest.json",
    "names the version that was last published, with its metrics",
    written_by=("state machine",),
    read_by=("state machine", "clean-up", "you"),
)

NEWEST_RUN = Place(
    "runs/newest.json",
    "names the newest run and its execution",
    written_by=("state machine",),
    read_by=("state machine",),
)
ARRIVAL = Place(
    "runs/arrival.json",
    "names the execution that the newest arrival of raw data started",
    written_by=("state machine",),
    read_by=("state machine",),
)
CLAIM = Place(
    "runs/claims/{execution}.json",
    "names the run that came after that execution",
    written_by=("state machine",),
    read_by=("state machine",),
)
IMPORTS = Place(
    "runs/imports.json",
    "names the run that imported what Personalize holds of each dataset",
    written_by=("state machine",),
    read_by=("state machine", "you"),
)
RUN = Place(
    "runs/{run}/",
    "what a run did",
    written_by=("transform", "report", "state machine"),
    read_by=("state machine", "you"),
)
MANIFEST = Place(
    "runs/{run}/manifest.json",
    "what went into a run, what was made of it, where the results are",
    written_by=("state machine",),
    read_by=("report", "you"),
)
FAILURE = Place("runs/{run}/failure.json", "why a run failed", written_by=("state machine",), read_by=("report", "you"))
REPORT = Place(
    "runs/{run}/report.html",
    "the run for people: one page, also of a run that failed",
    written_by=("report",),
    read_by=("you",),
)
CLEANUP = Place(
    "runs/{run}/cleanup.json",
    "what was removed since the file names it no more, and what could not be",
    written_by=("state machine",),
    read_by=("you",),
)
DATA_REPORT = Place(
    "runs/{run}/data-report.json",
    "what became of the raw data, also of a run that was stopped",
    written_by=("transform",),
    read_by=("transform", "report", "state machine", "you"),
)
LINEAGE = Place(
    "runs/{run}/lineage.json",
    "every raw object with size and ETag, and a digest of each mapping",
    written_by=("transform",),
    read_by=("transform",),
)
TRANSFORM_REQUEST = Place(
    "runs/{run}/transform-request.json",
    "what the Spark job is asked for",
    written_by=("state machine",),
    read_by=("transform",),
)

HISTORY = Place("history/", "what the runs came to", written_by=("report",), read_by=("report", "you"))
RUN_ROW = Place(
    # A folder of its own, since Athena reads all that lies in the folder of a table.
    "history/{run}.json",
    "the run as a row of the table of runs",
    written_by=("report",),
    read_by=("report", "you"),
)

ATTRIBUTION = Place(
    "attribution/{report}/",
    "Personalize's reports, if the file asks for them",
    written_by=("Personalize",),
    read_by=("you",),
)
FORGOTTEN = Place(
    "forgotten/list.json",
    "users that every transform leaves out: digests of their ids, and the salt of these",
    written_by=("pipelines forget",),
    read_by=("transform", "publish", "pipelines forget"),
)
FORGET_RECORD = Place(
    "forgotten/{request}/record.json",
    "what was done to forget some users, without their ids",
    written_by=("pipelines forget",),
    read_by=("pipelines forget", "you"),
)
DELETED_USERS = Place(
    "deletions/{request}/users.csv",
    "ids of users that a data deletion job deletes, until it has",
    written_by=("pipelines forget",),
    read_by=("Personalize",),
)
STAGING = Place("staging/{run}/", "while the transform works", written_by=("transform",), read_by=("transform",))

LAYOUT = (
    RAW,
    QUERY_RESULT,
    QUERY_RECORDS,
    DATASET,
    INCREMENT,
    REJECTED_ROWS,
    REJECTED_ROWS_PART,
    REJECTED_LOOKUPS,
    REJECTED_LOOKUPS_PART,
    FAILED_CHECKS,
    FAILED_CHECKS_PART,
    REJECTED_LINES,
    REJECTED_LINES_PARTS,
    BATCH_INPUT,
    BATCH_OUTPUT,
    TABLE,
    CHANGES,
    EXPORT,
    LATEST_TABLE,
    DELIVERED,
    LATEST_VERSION,
    NEWEST_RUN,
    ARRIVAL,
    CLAIM,
    IMPORTS,
    MANIFEST,
    FAILURE,
    REPORT,
    CLEANUP,
    DATA_REPORT,
    LINEAGE,
    TRANSFORM_REQUEST,
    RUN_ROW,
    ATTRIBUTION,
    FORGOTTEN,
    FORGET_RECORD,
    DELETED_USERS,
    STAGING,
)
"""The whole table; `REJECTS`, `TABLES`, `ALL_CHANGES`, `RUN` and `HISTORY` are folders of what is in it."""
