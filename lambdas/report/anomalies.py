"""What differs from the last runs so much that a person should look.

A value is compared with its median over those runs. It is an anomaly if it is further away from it than

    max(3.5 / 0.6745 * MAD, floor)

where MAD is the median absolute deviation: the median of the distances from the median. 0.6745 * distance / MAD is the
modified z-score, and 3.5 the cut-off that Iglewicz and Hoaglin recommend for it (How to Detect and Handle Outliers,
1993; NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.5.17). Where history hardly varies MAD is next to
nothing, and one row more would be an anomaly: what is below the floor is none. What grows by the same amount from run
to run is none either, for its MAD grows with it.

Only what is comparable is compared:

- rows, rejected rows, users and empty columns of a dataset with runs whose pipeline file described it in the same way,
  and only where data was imported: what a run took over unchanged was compared when it was new;
- offline metrics of a new version with those of other versions that the same recipe gave the solution;
- the duration with runs that did the same: same engine, imports, versions and batch jobs. A run that was resumed did
  only a part of it in that time.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from definition.contract.history import DatasetOfRun, RunRow, SolutionOfRun

FEWEST = 3
"""Earlier values below which nothing is compared."""

MOST = 20
"""Sentences about one run; a message is no place for more."""

_CUT_OFF, _NORMAL = 3.5, 0.6745
_MINUTE, _HOUR = 60, 3600


class _Measure(NamedTuple):
    """What is compared.

    Attributes:
        what: begins the sentence.
        told: a value in words.
        unit: stands behind the value of this run.
        share: of the median, part of the floor below which nothing is an anomaly.
        least: the floor is never below it, in the unit of the values.
        falls: whether fewer than before is an anomaly, too.
        others: what the other values are of, with a verb.
    """

    what: str
    told: Callable[[float], str]
    unit: str
    share: float
    least: float
    falls: bool = True
    others: str = "runs had"

    def sentence(self, value: float, before: Sequence[float]) -> str | None:
        """Return what is to be said of a value, None if it is no anomaly or too few are there to compare with."""
        if len(before) < FEWEST:
            return None
        middle = median(before)
        deviation = median(abs(each - middle) for each in before)
        limit = max(_CUT_OFF / _NORMAL * deviation, self.share * abs(middle), self.least)
        if abs(value - middle) <= limit or (value < middle and not self.falls):
            return None
        low, high, usual = self.told(min(before)), self.told(max(before)), self.told(middle)
        span = low if low == high else f"{low} to {high} (median {usual})"
        return f"{self.what} {self.told(value)}{self.unit}, the last {len(before)} {self.others} {span}."


def anomalies(row: RunRow, earlier: Sequence[RunRow]) -> list[str]:
    """Return a sentence for each anomaly of a run: what, how much, and compared with what.

    Args:
        row: of the run.
        earlier: rows of the runs before it, of which those that succeeded are compared with.
    """
    succeeded = [each for each in earlier if each.status == "SUCCEEDED"]
    found = [sentence for sentence in _sentences(row, succeeded) if sentence]
    more = len(found) - MOST
    return found if more <= 0 else [*found[:MOST], f"{more} more differ from the last runs; the page shows the runs."]


def _sentences(row: RunRow, earlier: Sequence[RunRow]) -> Iterator[str | None]:
    for dataset in _imported(row):
        before = [(run, each) for run in earlier for each in _imported(run) if _same(each, dataset)]
        yield from _of_dataset(dataset, [each for _, each in before])
        if dataset.dataset == "interactions" and row.users is not None:
            users = _Measure("interactions:", _count, " users", share=0.1, least=10)
            yield users.sentence(row.users, [run.users for run, _ in before if run.users is not None])
    for solution in row.solutions:
        yield from _of_version(solution, earlier)
    # How long a run took that has failed says where it failed.
    if row.status == "SUCCEEDED" and not row.resumed:
        others = "runs that did the same took"
        taken = _Measure("The run took", _time, "", share=0.5, least=5 * _MINUTE, falls=False, others=others)
        same = [each for each in earlier if not each.resumed and _work(each) == _work(row)]
        yield taken.sentence(row.duration_seconds, [each.duration_seconds for each in same])


def _of_dataset(dataset: DatasetOfRun, before: Sequence[DatasetOfRun]) -> Iterator[str | None]:
    name = dataset.dataset
    rows = _Measure(f"{name}:", _count, " rows in", share=0.1, least=10)
    yield rows.sentence(dataset.rows_in, [each.rows_in for each in before])
    if dataset.rows_in:
        rejected = _Measure(f"{name}:", _share, " of the rows rejected", share=0, least=0.01, falls=False)
        yield rejected.sentence(
            dataset.rows_rejected / dataset.rows_in,
            [each.rows_rejected / each.rows_in for each in before if each.rows_in],
        )
    if not dataset.records:
        return
    for column in dataset.columns:
        empty = _Measure(f"{name}: {column.name} is empty in", _share, " of the records", share=0, least=0.05)
        others = [(run, each) for run in before if run.records for each in run.columns if each.name == column.name]
        yield empty.sentence(column.empty / dataset.records, [each.empty / run.records for run, each in others])


def _of_version(solution: SolutionOfRun, earlier: Sequence[RunRow]) -> Iterator[str | None]:
    """Yield what is to be said of the metrics of a version that no earlier run has scored with."""
    versions = {
        each.version_arn: each.metrics
        for run in earlier
        for each in run.solutions
        if each.version_arn and (each.name, each.recipe) == (solution.name, solution.recipe)
    }
    if solution.version_arn is None or solution.version_arn in versions:
        return
    for name, value in sorted(solution.metrics.items()):
        metric = _Measure(f"{solution.name}: {name} of", _figure, "", share=0.2, least=0.01, others="versions had")
        yield metric.sentence(value, [metrics[name] for metrics in versions.values() if name in metrics])


def _imported(row: RunRow) -> list[DatasetOfRun]:
    return [each for each in row.datasets if each.import_mode not in {None, "NONE"}]


def _same(one: DatasetOfRun, other: DatasetOfRun) -> bool:
    return one.mapping is not None and (one.dataset, one.mapping) == (other.dataset, other.mapping)


def _work(row: RunRow) -> tuple[object, ...]:
    """Return what a run did, as far as its time depends on it."""
    imports = sorted((each.dataset, each.import_mode or "") for each in row.datasets)
    trained = sorted((each.name, each.recipe or "", each.training_hours is not None) for each in row.solutions)
    jobs = sorted((each.name, job.kind, job.name) for each in row.solutions for job in each.jobs)
    return row.engine, row.unchanged_since is None, imports, trained, jobs


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _figure(value: float) -> str:
    return f"{value:.4f}"


def _time(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"
