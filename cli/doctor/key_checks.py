"""The check of the customer managed key: whether it is there, can be used, and admits Personalize."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.account import DENIED
from cli.doctor.findings import failure, ok, warning
from definition.service.kms import PERSONALIZE_ACTIONS, PERSONALIZE_PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding

_CHECK = "key"
_STATES = {
    "Disabled": "Enable it: aws kms enable-key --key-id {key}",
    "PendingDeletion": "Keep it: aws kms cancel-key-deletion --key-id {key}, then aws kms enable-key --key-id {key}",
}
_PAGE = "docs/encryption.md says what its policy needs"


def key(examination: Examination) -> Iterator[Finding]:
    """Look at the key that the pipeline file names, or that the deployment made."""
    encryption = examination.pipeline.encryption
    if encryption is None:
        return
    deployed = examination.output("KeyArn")
    wanted = encryption.given or deployed
    if wanted is None:
        yield ok(_CHECK, "the deployment makes one")
        return
    if examination.stacks and deployed != wanted:
        seen = f"the file names {wanted}, and deployed is {deployed or 'none'}"
        yield warning(_CHECK, seen, "A deployment begins a new dataset group: docs/encryption.md says what that costs")
    problem = _elsewhere(examination, wanted) or _unfit(examination, wanted)
    yield problem or _admitting(examination, wanted)


def _elsewhere(examination: Examination, arn: str) -> Finding | None:
    """Return that a key is of another region or account; nothing is encrypted with such a one."""
    own = {"region": examination.region, "account": examination.identity["Account"]}
    found = dict(zip(own, arn.split(":")[3:5], strict=True))
    other = [f"{what} {found[what]}" for what in own if found[what] != own[what]]
    if not other:
        return None
    seen = f"{arn} is of {' and '.join(other)}, the pipeline of {own['region']} in {own['account']}"
    return failure(_CHECK, seen, "Name a key of the same account and region, or write kms_key: create")


def _unfit(examination: Examination, arn: str) -> Finding | None:
    """Return why a key cannot be used at all, None if it can."""
    try:
        found = examination.client("kms").describe_key(KeyId=arn)["KeyMetadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return failure(_CHECK, f"there is no key {arn}", "Correct the ARN, or write kms_key: create")
    if (state := found["KeyState"]) != "Enabled":
        remedy = _STATES.get(state, "Look in the console of KMS").format(key=arn)
        return failure(_CHECK, f"{arn} is {state}: nothing under it can be read or written", remedy)
    if (spec := found.get("KeySpec", "SYMMETRIC_DEFAULT")) != "SYMMETRIC_DEFAULT":
        return failure(_CHECK, f"{arn} is {spec}, and services encrypt with symmetric keys only", "Name another key")
    return None


def _admitting(examination: Examination, arn: str) -> Finding:
    """Look whether a key's policy admits Personalize, as far as the caller may read it."""
    try:
        text = examination.client("kms").get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        seen = f"{arn} is enabled; you may not read its policy, so whether it admits Personalize is not known"
        return warning(_CHECK, seen, f"Let your credentials do kms:GetKeyPolicy, or ask the key's owner: {_PAGE}")
    statements = [each for each in _listed(json.loads(text)["Statement"]) if _is_for_personalize(each)]
    allowed = [action for each in statements if not each.get("Condition") for action in _listed(each["Action"])]
    lacking = [each for each in PERSONALIZE_ACTIONS if not _any(allowed, each)]
    if not lacking:
        return ok(_CHECK, f"{arn} is enabled and admits Personalize")
    under = [action for each in statements for action in _listed(each["Action"])]
    if all(_any(under, each) for each in lacking):
        seen = f"the policy of {arn} admits Personalize under conditions, and none are documented to work"
        return warning(_CHECK, seen, f"Take them out: {_PAGE}")
    seen = f"the policy of {arn} does not let {PERSONALIZE_PRINCIPAL} do {', '.join(lacking)}"
    return failure(_CHECK, seen, f"Add the statements that the deployment prints as KeyPolicy: {_PAGE}")


def _is_for_personalize(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service", [])) if isinstance(principal, dict) else []
    return statement["Effect"] == "Allow" and "Action" in statement and PERSONALIZE_PRINCIPAL in services


def _any(patterns: list[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
