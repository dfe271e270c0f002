"""What transforms: the function, the Spark job, or whichever the data needs."""

from __future__ import annotations

import re
from importlib.metadata import requires, version
from typing import Any

import pytest
from aws_cdk.assertions import Match

from stacks.states.run import definition
from tests.documents import parsed
from tests.synthesis import templates_of

SPARK = ["Write transform request", "Transform with Spark", "Read report"]


def transforming(engine: str) -> dict[str, Any]:
    """Return the states between the input and the data gate, by name."""
    states = definition(parsed(engine=engine), "dev", spec_hash="0")["States"]
    names = list(states)
    return {name: states[name] for name in names[names.index("Describe transform") : names.index("Data gate")]}


@pytest.mark.parametrize(
    ("engine", "states"), [("lambda", ["Transform"]), ("glue", ["Transform", *SPARK]), ("auto", ["Transform", *SPARK])]
)
def test_only_the_chosen_engine_is_in_the_run(engine: str, states: list[str]) -> None:
    """A run has the states of its engine, in the order in which they come."""
    found = transforming(engine)

    assert ["Describe transform", *states] == list(found)
    assert states[0] == found["Describe transform"]["Next"]
    assert "Data gate" == found[states[-1]]["Next"]


def test_auto_goes_on_with_spark_only_where_there_is_too_much_data() -> None:
    """Also where that turns out for want of memory or time. Other errors are failures; without Spark, both are too."""
    auto, alone = transforming("auto")["Transform"]["Catch"], transforming("lambda")["Transform"]["Catch"]

    too_large = ["DataTooLargeError", "Runtime.OutOfMemory", "Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown"]
    assert [too_large, ["States.ALL"]] == [catcher["ErrorEquals"] for catcher in auto]
    assert ["Write transform request", "Run failed"] == [catcher["Next"] for catcher in auto]
    assert [["States.ALL"]] == [catcher["ErrorEquals"] for catcher in alone]


def test_a_function_alone_needs_no_job() -> None:
    """Who does not ask for Spark gets no job and no role for it."""
    templates_of(parsed())["workflow"].resource_count_is("AWS::Glue::Job", 0)


def test_the_job_is_that_of_the_file() -> None:
    """Version, workers and packages are pinned, and a failed run is not repeated."""
    templates_of(parsed(engine="auto", workers=7))["workflow"].has_resource_properties(
        "AWS::Glue::Job",
        {
            "Name": "shop-dev-transform",
            "GlueVersion": "5.1",
            "WorkerType": "G.1X",
            "NumberOfWorkers": 7,
            "MaxRetries": 0,
            "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": Match.any_value()},
            "DefaultArguments": {
                "--additional-python-modules": ",".join(pydantic_and_what_it_needs()),
                "--extra-py-files": Match.any_value(),
                "--job-language": "python",
            },
        },
    )


def pydantic_and_what_it_needs() -> list[str]:
    """Return pydantic and all that it depends on, directly or not, in the versions installed here."""
    found, left = set[str](), ["pydantic"]
    while left:
        name = left.pop()
        pin = f"{name}=={version(name)}"
        if pin not in found:
            found.add(pin)
            needed = [each for each in requires(name) or () if "extra ==" not in each]
            left += [re.split(r"[^\w.-]", each)[0].replace("_", "-") for each in needed]
    return sorted(found, key=lambda pin: pin.split("=="))


def test_the_run_may_start_this_job_only() -> None:
    """The state machine's role names the job."""
    policies = templates_of(parsed(engine="glue"))["workflow"].find_resources("AWS::IAM::Policy").values()
    statements = [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "glue:StartJobRun" in statement["Action"]
    ]

    assert 1 == len(statements)
    assert ":job/shop-dev-transform" == statements[0]["Resource"]["Fn::Join"][1][-1]
