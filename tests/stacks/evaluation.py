"""Evaluate what a state computes, apart from any machine."""

from __future__ import annotations

from typing import Any

from embedded_aws.stepfunctions import jsonata


def evaluate(expression: str, **variables: Any) -> Any:
    """Return the value of a state's JSONata, ``{% … %}``, with these variables."""
    return jsonata.evaluate(expression.removeprefix("{%").removesuffix("%}").strip(), variables)
