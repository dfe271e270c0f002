"""Everything that may happen to a pipeline, and what its roles' grants were needed for meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.permissions.explained import explanation
from tests.permissions.recording import Recording, denied_without, statements
from tests.permissions.scenario import DOCUMENTS, exercise
from tests.pipeline.rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.server import EmbeddedAWS
    from tests.permissions.recording import Grant, Statement


@dataclass(frozen=True)
class Explored:
    """What a pipeline's roles could do at its deployment, and what they did until it was destroyed."""

    statements: list[Statement]
    recording: Recording

    @property
    def denied(self) -> dict[str, set[str]]:
        """What roles of the pipeline were refused."""
        roles = {statement.role for statement in self.statements}
        return {role: asked for role, asked in self.recording.denied.items() if role in roles}

    @property
    def idle_statements(self) -> list[Statement]:
        """Statements without which every call would have been allowed all the same, and which nobody explains."""
        sole = self.recording.sole
        return [
            statement
            for statement in self.statements
            if not (statement in sole and denied_without(sole[statement], statement))
            and any(explanation(grant) is None for grant in statement.grants)
        ]

    @property
    def idle_grants(self) -> list[Grant]:
        """Actions on resource patterns that no call needed, and that nobody explains."""
        granted = {grant for statement in self.statements for grant in statement.grants}
        left = sorted(granted - self.recording.used, key=str)
        return [grant for grant in left if explanation(grant) is None]


def explore(aws: EmbeddedAWS, name: str, folder: Path) -> Explored:
    """Let everything happen to one of the pipelines."""
    document, recording = DOCUMENTS[name](), Recording()
    with recording.listen():
        rig = Rig.deploy(aws, document, folder)
        found = statements(aws, f"{name}-test")
        exercise(rig, document, folder)
    return Explored(found, recording)
