"""Other policies for a while: what a deployed role may do is changed, and put back."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.permissions.recording import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded_aws.server import EmbeddedAWS
    from tests.permissions.recording import Statement


@contextmanager
def without(aws: EmbeddedAWS, statement: Statement) -> Iterator[None]:
    """Take a statement out of its role's policy while the context lasts."""
    with _changed(aws, statement.role, statement.policy, lambda each: None if _text(each) == statement.text else each):
        yield


@contextmanager
def altered(aws: EmbeddedAWS, prefix: str, role: str, change: Callable[[dict[str, Any]], Any]) -> Iterator[None]:
    """Change the statements of a pipeline's role while the context lasts.

    Args:
        aws: where it is deployed.
        prefix: what the names of the pipeline's roles begin with.
        role: a part of the role's name, such as ``StateMachineRole``.
        change: returns what becomes of a statement, None to take it out.
    """
    found = next(each for each in statements(aws, prefix) if role in each.role and "EndAlerts" not in each.role)
    with _changed(aws, found.role, found.policy, change):
        yield


@contextmanager
def _changed(aws: EmbeddedAWS, role: str, policy: str, change: Callable[[dict[str, Any]], Any]) -> Iterator[None]:
    iam, at = aws.client("iam"), {"RoleName": role, "PolicyName": policy}
    document = iam.get_role_policy(**at)["PolicyDocument"]
    left = [made for each in document["Statement"] if (made := change(each)) is not None]
    assert left != document["Statement"], "nothing was changed"
    iam.put_role_policy(**at, PolicyDocument=json.dumps({**document, "Statement": left}))
    try:
        yield
    finally:
        iam.put_role_policy(**at, PolicyDocument=json.dumps(document))


def _text(statement: Any) -> str:
    return json.dumps(statement, sort_keys=True)
