"""What `pipelines doctor` looks for before a deployment, beside the names that templates have."""

from __future__ import annotations

import pytest

from cli.doctor.taken_names import FUNCTIONS
from tests.documents import LIVE, parsed
from tests.synthesis import templates_of


@pytest.mark.parametrize("part", ["storage", "personalize", "workflow"])
def test_every_function_is_looked_for(part: str) -> None:
    """A function that another deployment left behind would stop this one, whichever it is."""
    pipeline = parsed(**LIVE, solutions__0__batch_inference__0__deliver="dynamodb")
    functions = templates_of(pipeline)[part].find_resources("AWS::Lambda::Function").values()
    named = {each["Properties"]["FunctionName"].removeprefix("shop-dev-") for each in functions}

    assert named <= set(FUNCTIONS.get(part, ()))
