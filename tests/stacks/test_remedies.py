"""What people are told to do about a failure."""

from __future__ import annotations

import pytest

from stacks.states.run import definition
from tests.documents import parsed
from tests.stacks.evaluation import evaluate

REST = "Mend what the reason names, then redrive this execution: what exists is taken over, nothing is paid twice."


def remedy(error: str, resource: str | None) -> str:
    """Return the remedy of a failure."""
    failure = {"state": "S", "error": error, "reason": "r", **({"resource": resource} if resource else {})}
    expression = definition(parsed(), "dev", spec_hash="0")["States"]["Collect failures"]["Assign"]["remedy"]
    return str(evaluate(expression, failures=[failure]))


@pytest.mark.parametrize(
    ("error", "resource", "told"),
    [
        ("Personalize.LimitExceededException", "solution", "Delete a solution of the dataset group that nothing needs"),
        ("Personalize.LimitExceededException", "campaign", "Delete a campaign that no pipeline file names"),
        ("Personalize.LimitExceededException", "recommender", "Delete a recommender that no pipeline file names"),
        ("Personalize.LimitExceededException", "batch inference job", "Wait until fewer jobs are in progress"),
        ("Personalize.InvalidInputException", "campaign", "delete the campaign, then redrive"),
        ("Personalize.InvalidInputException", "batch inference job", REST),
        ("SourceEmptyError", "datasets", "Upload raw data under the path that the reason names"),
        ("BucketMissingError", "datasets", "or correct the path of the source, deploy, and start anew"),
        ("SourceRefusedError", "datasets", "Let the role read the source in the other bucket"),
        ("ExceedToleratedFailureThreshold", "solutions", "A child execution broke off without a result"),
        ("Runtime.OutOfMemory", "datasets", "an object that unpacks to many times its size, or one line or value"),
        ("Sandbox.Timedout", "datasets", "The function had too little memory or time for the raw data"),
        ("Lambda.Unknown", "datasets", "set engine: glue in the pipeline file and deploy"),
        ("Runtime.OutOfMemory", "table", REST),
        ("InvalidInput", None, "Start again with an allowed input."),
        ("Something", None, REST),
    ],
)
def test_each_failure_has_its_remedy(error: str, resource: str | None, told: str) -> None:
    """The remedy is that of error and kind of resource, else that of the error, else the general one."""
    assert told in remedy(error, resource)
