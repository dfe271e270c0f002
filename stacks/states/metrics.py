"""What a run tells CloudWatch: the tables that it published, rows and lines, and the offline metrics of versions.

Alarms and the dashboard look for the same names and dimensions, so all of them are spelled here.
"""

from __future__ import annotations

from typing import Any

from stacks.states import retries
from stacks.states.asl import State, catch_all, inlined, jsonata, sdk

NAMESPACE = "PersonalizePipelines"

TABLES = "TablesPublished"
"""1 for each table that a run made the newest one of its job; what watches the age of tables counts them."""

COST_OF_MONTH = "CostOfMonth"
"""USD that the runs of the month have cost, as each run says at its end; what watches a budget looks for it."""

OF_JOB = {TABLES: "1", "TableRows": "$j.published.rows", "LinesWithErrors": "$j.published.errors"}
"""Metrics of a published table: JSONata of the value, where ``$j`` is the job's result."""

OF_DATASET = {
    "RowsIn": "$d.rows_in",
    "RowsOut": "$d.rows_out",
    "RowsFiltered": "$d.rows_filtered",
    "RowsRejected": "$d.rows_rejected",
}
"""Metrics of a transformed dataset: JSONata of the value, where ``$d`` is its part of the data report."""

_ERROR = "$states.errorOutput.Error & ($exists($states.errorOutput.Cause) ? ': ' & $states.errorOutput.Cause : '')"
_NOT_SENT = (
    "'CloudWatch did not take the metrics of this run, so an alarm on the age of its tables may ring although they are "
    f"new: ' & {_ERROR}"
)


def dimensions(prefix: str, **others: str) -> list[dict[str, str]]:
    """Return the dimensions of a metric as CloudWatch's API has them.

    Args:
        prefix: what every name of the pipeline and stage begins with.
        others: value by dimension.
    """
    return [{"Name": name, "Value": value} for name, value in {"Pipeline": prefix, **others}.items()]


def put(data: str, *, comment: str, next_state: str, catch: list[State]) -> State:
    """Return a state that sends metrics; a run does not fail for want of it.

    Args:
        data: JSONata of the list of metrics.
        comment: of the state.
        next_state: goes on.
        catch: what to do if CloudWatch takes none.
    """
    return {
        "Type": "Task",
        "Comment": comment,
        "Resource": sdk("cloudwatch", "PutMetricData"),
        "Arguments": {"Namespace": NAMESPACE, "MetricData": jsonata(data)},
        "Retry": retries.AWS_CALL,
        "Catch": catch,
        "Output": {},
        "Next": next_state,
    }


def datum(name: str, value: str, **dimension: str) -> str:
    """Return JSONata of one metric; name, value and the values of dimensions are JSONata themselves."""
    of = dimensions("${Prefix}", **{key: jsonata(text) for key, text in dimension.items()})
    return inlined({"MetricName": jsonata(name), "Value": jsonata(value), "Dimensions": of})


def of_run(*, next_state: str) -> State:
    """Return the state that tells what a run has published; it may add to ``$remarks``."""
    jobs = "$append($s.batch_inference, $s.batch_segment)[status = 'SUCCEEDED']"
    of_jobs = _listed(OF_JOB, Solution="$s.name", Job="$j.name")
    of_datasets = _listed(OF_DATASET, Dataset="$d.dataset")
    return put(
        f"[$solutions.($s := $; {jobs}.($j := $; {of_jobs})), $report.datasets.($d := $; {of_datasets})]",
        comment="Tell CloudWatch which tables are new, and what became of the rows.",
        next_state=next_state,
        catch=catch_all(next_state, assign={"remarks": jsonata(f"$append($remarks, [{_NOT_SENT}])")}),
    )


def of_version(*, next_state: str) -> State:
    """Return the state that sends the offline metrics of a new version, ``$training.metrics``."""
    each = datum("$name", "$value", Solution="$plan.name")
    return put(
        f"[$each($training.metrics, function($value, $name) {{ {each} }})]",
        comment="Draw the metrics in CloudWatch; a run does not fail for want of it.",
        next_state=next_state,
        catch=catch_all(next_state),
    )


def of_month(*, next_state: str) -> State:
    """Return the state that sends what the runs of the month have cost, ``$month``; it may add to ``$remarks``."""
    told = f"'CloudWatch did not take what the runs of this month have cost, for the alarm on the budget: ' & {_ERROR}"
    cost = datum(f"'{COST_OF_MONTH}'", "$month.usd")
    return put(
        f"[{cost}]",
        comment="Tell CloudWatch what the runs of the month have cost, for the alarm on the budget.",
        next_state=next_state,
        catch=catch_all(next_state, assign={"remarks": jsonata(f"$append($remarks, [{told}])")}),
    )


def _listed(values: dict[str, str], **dimension: Any) -> str:
    return "[" + ", ".join(datum(f"'{name}'", value, **dimension) for name, value in values.items()) + "]"
