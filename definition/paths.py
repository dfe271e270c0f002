"""Find pipeline files by name or path."""

from __future__ import annotations

from pathlib import Path

from definition.problems import Problem, SpecError
from definition.suggestions import did_you_mean

ROOT = Path(__file__).resolve().parent.parent
PIPELINES = ROOT / "pipelines"


def find(named: str) -> Path:
    """Return the file of a pipeline: ``pipelines/<named>.yaml``, or the path itself.

    Raises:
        SpecError: there is no such file.
    """
    for candidate in (PIPELINES / f"{named}.yaml", Path(named)):
        if candidate.is_file():
            return candidate.resolve()
    known = sorted(file.stem for file in PIPELINES.glob("*.yaml"))
    remedy = f"{did_you_mean(Path(named).stem, known)}Give the path of a file, or one of: {', '.join(known)}"
    raise SpecError(named, [Problem(0, "", "is no pipeline", remedy)])
