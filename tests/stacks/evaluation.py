"""Evaluate what a state computes, apart from any machine."""

from __future__ import annotations

from typing import Any

from embedded_aws.stepfunctions import jsonata


def evaluate(expression: str, **variables: Any) -> Any:
    """Return the value of a state's JSONata, ``{% … %}``, with these variables."""
    return jsonata.evaluate(expression.removeprefix("{%").removesuffix("%}").strip(), variables)


def evaluated(value: Any, **variables: Any) -> Any:
    """Return a JSON value of a state with each JSONata within it evaluated."""
    if isinstance(value, dict):
        return {key: evaluated(item, **variables) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluated(item, **variables) for item in value]
    return evaluate(value, **variables) if isinstance(value, str) and value.startswith("{%") else value
