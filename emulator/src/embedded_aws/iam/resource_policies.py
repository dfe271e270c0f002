"""The policies of resources: buckets, topics, queues, functions, keys."""

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from embedded_aws.iam.principals import PARTITION, Document, document_of


def policy_of(account_id: str, arn: str) -> Document | None:
    """Return the policy of the resource that an ARN names; None without one."""
    _, _, service, region, _, name = (arn.split(":", 5) + [""] * 5)[:6]
    find = _FINDERS.get(service)
    return find(account_id, region, name) if find else None


def _bucket(account_id: str, _: str, name: str) -> Document | None:
    found = s3_backends[account_id][PARTITION].buckets.get(name.partition("/")[0])
    return json.loads(found.policy) if found is not None and found.policy else None


def _topic(account_id: str, region: str, name: str) -> Document | None:
    found = sns_backends[account_id][region].topics.get(f"arn:{PARTITION}:sns:{region}:{account_id}:{name}")
    return document_of(found.policy) if found is not None and found.policy else None


def _queue(account_id: str, region: str, name: str) -> Document | None:
    found = sqs_backends[account_id][region].queues.get(name)
    return _usable(found.policy) if found is not None else None


def _function(account_id: str, region: str, name: str) -> Document | None:
    functions: Any = lambda_backends[account_id][region]
    try:
        found = functions.get_function(name.split(":")[1] if ":" in name else name)
    except UnknownFunctionException:
        return None
    return {"Statement": found.policy.statements} if found.policy and found.policy.statements else None


def _key(account_id: str, region: str, name: str) -> Document | None:
    found: Any = kms_backends[account_id][region].keys.get(name.removeprefix("key/"))
    return _usable(found.policy) if found is not None else None


def _usable(document: Any) -> Document | None:
    parsed = document_of(document) if document else None
    return parsed if isinstance(parsed, Mapping) and parsed.get("Statement") else None


_FINDERS: Final = {"s3": _bucket, "sns": _topic, "sqs": _queue, "lambda": _function, "kms": _key}
