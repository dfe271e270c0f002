"""Other ways to wait for the same three jobs, as state machines of their own.

Each creates an import job, a solution version and a batch inference job one after another, and does nothing else: no
transform, no data gate, no manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from definition.service.resource_kinds import BATCH_INFERENCE_JOB, DATASET_IMPORT_JOB, SOLUTION_VERSION

States = dict[str, dict[str, Any]]

_RUN = "$substring($hash($states.context.Execution.Name, 'SHA-256'), 0, 8)"
_KINDS = (DATASET_IMPORT_JOB, SOLUTION_VERSION, BATCH_INFERENCE_JOB)
_END = "Done"


@dataclass(frozen=True)
class Ground:
    """What the jobs are made of: a dataset, its data, a solution, batch input and a role."""

    dataset: str
    data: str
    solution: str
    batch_input: str
    batch_output: str
    role: str

    def arguments(self) -> list[dict[str, Any]]:
        """Return what each create call takes."""
        return [
            {
                "JobName": f"{{% 'import-' & {_RUN} %}}",
                "DatasetArn": self.dataset,
                "DataSource": {"DataLocation": self.data},
                "RoleArn": self.role,
            },
            {"SolutionArn": self.solution, "Name": f"{{% 'version-' & {_RUN} %}}"},
            {
                "JobName": f"{{% 'batch-' & {_RUN} %}}",
                "SolutionVersionArn": "{% $made1 %}",
                "RoleArn": self.role,
                "JobInput": {"S3DataSource": {"Path": self.batch_input}},
                "JobOutput": {"S3DataDestination": {"Path": self.batch_output}},
            },
        ]


def create_until_accepted(ground: Ground) -> dict[str, Any]:
    """Let a create call be refused, every 300 s, until what it needs is there; look at the other jobs as often.

    A dataset that is imported anew refuses nothing, so the import is looked at too.
    """
    states = {"Create 0": {**_create(0, ground), "Next": "Wait 0"}, **_poll(0, 300, "Create 1")}
    for number, following in ((1, "Create 2"), (2, "Wait 2")):
        in_use = {"ErrorEquals": ["Personalize.ResourceInUseException"], "Next": f"Wait before {number}"}
        states[f"Create {number}"] = {**_create(number, ground), "Catch": [in_use], "Next": following}
        states[f"Wait before {number}"] = {"Type": "Wait", "Seconds": 300, "Next": f"Create {number}"}
    return _machine(states | _poll(2, 300, _END))


def retry_until_active(ground: Ground) -> dict[str, Any]:
    """Let a call fail until the job is ACTIVE, and retry it after 60 s, each time 1.02 times as late.

    The function that raises there is a describe call here whose output cannot be evaluated: the same retries.
    """
    states: States = {}
    for number, kind in enumerate(_KINDS):
        following = f"Create {number + 1}" if number + 1 < len(_KINDS) else _END
        active = f"$states.result.{kind.name}.Status = 'ACTIVE'"
        pending = {"ErrorEquals": ["States.QueryEvaluationError"], "IntervalSeconds": 60}
        states[f"Create {number}"] = {**_create(number, ground), "Next": f"Describe {number}"}
        states[f"Describe {number}"] = {
            **_describe(number),
            "Retry": [{**pending, "BackoffRate": 1.02, "MaxAttempts": 100}],
            "Output": f"{{% {active} ? {{}} : $error('pending') %}}",
            "Next": following,
        }
    return _machine(states)


def poll(ground: Ground, *, seconds: int) -> dict[str, Any]:
    """Look at each job every so many seconds."""
    states: States = {}
    for number, _ in enumerate(_KINDS):
        states[f"Create {number}"] = {**_create(number, ground), "Next": f"Wait {number}"}
        states |= _poll(number, seconds, f"Create {number + 1}" if number + 1 < len(_KINDS) else _END)
    return _machine(states)


def _poll(number: int, seconds: int, following: str) -> States:
    status = f"$states.input.{_KINDS[number].name}.Status"
    return {
        f"Wait {number}": {"Type": "Wait", "Seconds": seconds, "Next": f"Describe {number}"},
        f"Describe {number}": {**_describe(number), "Next": f"Is {number} done?"},
        f"Is {number} done?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": f"{{% {status} = 'ACTIVE' %}}", "Next": following},
                {"Condition": f"{{% {status} = 'CREATE FAILED' %}}", "Next": "Failed"},
            ],
            "Default": f"Wait {number}",
        },
        "Failed": {"Type": "Fail"},
    }


def _create(number: int, ground: Ground) -> dict[str, Any]:
    kind = _KINDS[number]
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:personalize:create{kind.name}",
        "Arguments": ground.arguments()[number],
        "Assign": {f"made{number}": f"{{% $states.result.{kind.arn_field} %}}"},
    }


def _describe(number: int) -> dict[str, Any]:
    kind = _KINDS[number]
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:personalize:describe{kind.name}",
        "Arguments": {kind.arn_field: f"{{% $made{number} %}}"},
    }


def _machine(states: States) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": "Create 0", "States": {**states, _END: {"Type": "Succeed"}}}
