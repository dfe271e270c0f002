"""Keys of KMS as Personalize uses them: its own principal by the key's policy, and a role besides.

Rules: Developer Guide, granting-personalize-key-access. It shows no conditions, and whether the service sends any
source with its requests is not documented: here it sends none, so a policy with such conditions admits it nowhere.
"""

from typing import Final

from embedded_aws.iam.authorization import decide
from embedded_aws.iam.principals import role_session
from embedded_aws.iam.rules.rule import Ask
from embedded_aws.iam.service_keys import refused_use
from embedded_aws.kms.keys import arn_of, is_of_aws
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource

SERVICE: Final = "personalize.amazonaws.com"
ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants")
_BY_KEY_ALONE: Final = "kms:CreateGrant"
"""What the policies of a role need not grant; that of the key must."""

_PAGE: Final = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html"


def refused_key(backend: PersonalizeBackend, key: str, role_arn: str, *, imports: bool = False) -> str:
    """Return why the service and a role cannot use a key, the empty text if they can.

    Args:
        backend: of the account and region.
        key: as it is named.
        role_arn: the role that the service works with.
        imports: whether the policy of the key is enough, as it is for imports.
    """
    account, region = backend.account_id, backend.region_name
    head = f"Insufficient privileges for using the KMS key {key}. Please look at {_PAGE} and fix"
    if is_of_aws(account, region, key):
        return f"{head} the key: {SERVICE} cannot use one that AWS manages for another service"
    refused = refused_use(account, SERVICE, region, key, ACTIONS)
    if refused and refused not in ACTIONS:
        return f"The KMS key {key} cannot be used: {refused}"
    if refused:
        return f"{head} its policy: it does not allow {SERVICE} to do {refused}"
    role, arn = role_session(account, role_arn, "personalize"), arn_of(account, region, key)
    for action in ACTIONS:
        verdict = decide(role, Ask(action, arn, {"kms:CallerAccount": account}))
        if not verdict.allowed:
            return f"{head} its policy and those of the role {role_arn}: they do not allow {action}"
        own = any(grant.policy for grant in verdict.grants)
        if not own and not imports and action != _BY_KEY_ALONE:
            return f"{head} the policies of the role {role_arn}: they do not allow {action}"
    return ""


def refused_group(backend: PersonalizeBackend, group: Resource, *, imports: bool = False) -> str:
    """Return why the data of a dataset group cannot be reached under its key, the empty text if it can."""
    key = group.members.get("kmsKeyArn")
    return refused_key(backend, key, group.members["roleArn"], imports=imports) if key else ""
