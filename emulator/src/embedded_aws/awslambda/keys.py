"""The key of KMS that encrypts a function's environment.

Source: Lambda developer guide, page configuration-envvars-encryption; API page Invoke for the errors.
"""

from http import HTTPStatus
from typing import Any

from moto.awslambda.exceptions import LambdaClientError

from embedded_aws.iam.authorization import decide, refusal
from embedded_aws.iam.principals import role_session
from embedded_aws.iam.rules.rule import Ask
from embedded_aws.kms.keys import arn_of, is_of_aws, through, unusable


class KeyRefusedError(LambdaClientError):
    """An environment that cannot be decrypted; the code is one of the service's, such as KMSDisabledException."""

    code = HTTPStatus.BAD_GATEWAY

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(
            f"KMS{kind}Exception",
            "Lambda was unable to decrypt the environment variables because KMS access was denied. Please check the "
            f"function's KMS key settings. KMS Exception: {kind}Exception KMS Message: {message}",
        )


def check_key(function: Any) -> None:
    """Check that the environment of a function can be decrypted.

    Lambda has a grant of the key for the function's role, which goes with the role or may be retired. Here the role
    itself must be let decrypt, so that what works here does not hang on that grant.

    Raises:
        KeyRefusedError: the key cannot be used, or the role may not decrypt with it.
    """
    key, account, region = function.kms_key_arn, function.account_id, function.region
    if not key or is_of_aws(account, region, key):
        return
    if problem := unusable(account, region, key):
        raise KeyRefusedError(problem.kind, problem.message)
    role = role_session(account, function.role, function.function_name)
    verdict = decide(role, Ask("kms:Decrypt", arn_of(account, region, key), through("lambda", account, region)))
    if not verdict.allowed:
        raise KeyRefusedError("AccessDenied", refusal(verdict))
