"""The dashboard of a pipeline and stage: its alarms, runs, rows, tables, the quality of versions, its functions.

Source of the form: CloudWatch API reference, page CloudWatch-Dashboard-Body-Structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.states import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from definition.file.pipeline import Pipeline
    from stacks.alarms import Watched

_HOUR, _DAY = 3600, 86_400
_WIDTH, _HEIGHT, _COLUMNS = 12, 6, 24
_SHOWN = "-P14D"

Metrics = list[list[Any]]


def add_dashboard(scope: Construct, watched: Watched, alarms: Sequence[str]) -> None:
    """Add the dashboard, whose name is the prefix of all names; ``alarms`` are ARNs."""
    pipeline, prefix = watched.pipeline, watched.prefix
    stack = Stack.of(scope)
    runs = {"StateMachineArn": watched.state_machine.state_machine_arn}
    endings = ("Succeeded", "Failed", "TimedOut", "Aborted")
    of_functions = {name: {"FunctionName": each.function_name} for name, each in watched.functions.items()}
    of_queues = {name: {"QueueName": each.queue_name} for name, each in watched.dead_letters.items()}
    visible = "ApproximateNumberOfMessagesVisible"
    charts = [
        _chart(
            "Runs a day",
            [_metric("AWS/States", f"Executions{each}", runs, each.lower()) for each in endings],
            period=_DAY,
        ),
        _chart("Longest run (ms)", [_metric("AWS/States", "ExecutionTime", runs, "run")], "Maximum", period=_DAY),
        _chart("Tables published an hour", _of_jobs(pipeline, prefix, metrics.TABLES)),
        _chart("Rows of tables", _of_jobs(pipeline, prefix, "TableRows"), "Maximum"),
        _chart("Lines with errors", _of_jobs(pipeline, prefix, "LinesWithErrors")),
        *(_chart(f"Rows of {name}", _of_dataset(prefix, name)) for name in pipeline.datasets.by_name()),
        *(_quality(prefix, solution.name) for solution in pipeline.solutions),
        *_of_month(pipeline, prefix),
        *(
            _chart(
                f"{name} of functions",
                [_metric("AWS/Lambda", name, of, function) for function, of in of_functions.items()],
                statistic,
            )
            for name, statistic in (("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "Maximum"))
        ),
        _chart("Dead letters", [_metric("AWS/SQS", visible, of, name) for name, of in of_queues.items()], "Maximum"),
    ]
    # CloudWatch refuses a chart without a metric, and a pipeline may have no batch job.
    charts = [chart for chart in charts if chart["properties"]["metrics"]]
    shown = {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(alarms)}}
    body = {"start": _SHOWN, "widgets": _placed([shown, *charts], stack.region)}
    cloudwatch.CfnDashboard(scope, "Dashboard", dashboard_name=prefix, dashboard_body=stack.to_json_string(body))


def _metric(namespace: str, name: str, of: Mapping[str, str], label: str) -> list[Any]:
    return [namespace, name, *(text for pair in of.items() for text in pair), {"label": label}]


def _own(prefix: str, name: str, label: str, **others: str) -> list[Any]:
    of = {each["Name"]: each["Value"] for each in metrics.dimensions(prefix, **others)}
    return _metric(metrics.NAMESPACE, name, of, label)


def _of_jobs(pipeline: Pipeline, prefix: str, name: str) -> Metrics:
    return [
        _own(prefix, name, f"{solution.name}/{job.name}", Solution=solution.name, Job=job.name)
        for solution in pipeline.solutions
        for job in solution.jobs
    ]


def _of_dataset(prefix: str, dataset: str) -> Metrics:
    return [_own(prefix, name, name, Dataset=dataset) for name in metrics.OF_DATASET]


def _quality(prefix: str, solution: str) -> dict[str, Any]:
    """Return the chart of a solution's offline metrics, whose names depend on its recipe."""
    wanted = f'{{{metrics.NAMESPACE},Pipeline,Solution}} Pipeline="{prefix}" Solution="{solution}"'
    return _chart(f"Offline metrics of {solution}", [[{"expression": f"SEARCH('{wanted}', 'Average', {_HOUR})"}]])


def _of_month(pipeline: Pipeline, prefix: str) -> list[dict[str, Any]]:
    """Return the chart of what the runs of the month have cost, with the budget as a line; none without a budget."""
    if pipeline.budget_usd is None:
        return []
    shown = [_own(prefix, metrics.COST_OF_MONTH, "known cost")]
    chart = _chart("Cost of the month's runs (USD)", shown, "Maximum")
    line = {"label": "budget", "value": float(pipeline.budget_usd)}
    return [{**chart, "properties": {**chart["properties"], "annotations": {"horizontal": [line]}}}]


def _chart(title: str, shown: Metrics, statistic: str = "Sum", *, period: int = _HOUR) -> dict[str, Any]:
    properties = {"title": title, "metrics": shown, "stat": statistic, "period": period, "view": "timeSeries"}
    return {"type": "metric", "properties": properties}


def _placed(widgets: list[dict[str, Any]], region: str) -> list[dict[str, Any]]:
    """Return the widgets from left to right and downwards, a metric's with its region, which it must have."""
    placed = []
    for index, widget in enumerate(widgets):
        row, column = divmod(index * _WIDTH, _COLUMNS)
        where = {"x": column, "y": row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
        own = {"region": region} if widget["type"] == "metric" else {}
        placed.append({**widget, **where, "properties": {**widget["properties"], **own}})
    return placed
