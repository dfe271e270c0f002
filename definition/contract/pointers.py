"""Small documents that the state machine writes over and over: which table, version and run is the newest.

A reader of ``latest.json`` needs nothing else to find a table; ``runs/newest.json`` and the claims beside it are how an
execution finds the one before. What a later deployment adds to them is left out by an earlier one that comes back.
"""

from __future__ import annotations

from typing import Any

from definition.document import Contract


class LatestTable(Contract, extra="ignore"):
    """The newest complete table of a batch job.

    Attributes:
        run: that made it.
        location: S3 folder of its Parquet objects.
    """

    run: str
    location: str


class RunTable(Contract, extra="ignore"):
    """The table that a run published: the run, and the S3 folder of its Parquet objects."""

    run: str
    location: str


class DeliveredTable(Contract, extra="ignore"):
    """What the DynamoDB table of a batch job holds, as far as the deliveries to it tell.

    Attributes:
        table_id: of the DynamoDB table; another one of the same name holds nothing of this.
        equals: the table that it was equal to when a delivery last came to its end; None if none ever did.
        begun: tables of which some lists may stand in it, since deliveries of them have begun and not ended.
    """

    table_id: str
    equals: RunTable | None
    begun: list[RunTable]


class LatestVersion(Contract, extra="ignore"):
    """The version of a solution that was published last: what the next one is measured by.

    Attributes:
        run: that published it.
        solution_arn: of its solution, which may have had another configuration than the file has now.
        version_arn: its own.
        metrics: offline metrics by name; None where the service gave none.
        data: fingerprint of what it was trained on; the run's id where nothing was imported.
        recipe: ARN of its recipe; None in a pipeline without best_of.
        comparison: digest of the recipes and of the metric that it was the best by; None of a solution of one recipe.
    """

    run: str
    solution_arn: str
    version_arn: str
    metrics: dict[str, Any] | None = None
    data: str
    recipe: str | None = None
    comparison: str | None = None


class NewestRun(Contract, extra="ignore"):
    """The newest run, or the one that an execution has claimed to be.

    Attributes:
        run: its id.
        execution: ARN of its execution.
        started: when that began, as Step Functions writes times.
        datasets: digest of the schemas that it imports by.
    """

    run: str
    execution: str
    started: str
    datasets: str


class Arrival(Contract, extra="ignore"):
    """The newest arrival of raw data that was to start a run.

    Attributes:
        run: id that the run has if nothing more arrives.
        execution: ARN of the execution that it started.
        key: of the object.
    """

    run: str
    execution: str
    key: str
