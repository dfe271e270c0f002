"""AWS's own managed policies, read once per process instead of once per account and partition."""

import copy
from typing import Any, Final

from moto.iam.models import AWSManagedPolicy, IAMBackend

from embedded_aws.patches import replaces

_PARTITION: Final = "aws"
_once: Final[list[Any]] = []
_read: Final = IAMBackend._init_aws_policies  # noqa: SLF001  # what is made faster


@replaces(IAMBackend, "_init_aws_policies")
def know_managed_policies(self: Any) -> list[AWSManagedPolicy]:
    """Return the managed policies of a fresh account.

    moto: parses 1,500 documents for each account in each of its partitions, and visits all of them to find out whose
    an access key is, so that a server with a hundred accounts needs minutes for a request. AWS: has them.
    """
    # The embedded AWS lies in the commercial partition; accounts elsewhere only come to be by moto's visits.
    return [copy.copy(policy) for policy in _policies(self)] if self.region_name == _PARTITION else []


def _policies(backend: Any) -> list[AWSManagedPolicy]:
    if not _once:
        _once.extend(_read(backend))
    return _once
