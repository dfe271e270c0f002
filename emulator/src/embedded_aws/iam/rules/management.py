"""CloudFormation, CloudWatch and its logs, Systems Manager's parameters, IAM, STS, service quotas, KMS.

What the CDK's own roles call stands here too: the CDK's command line assumes them, as on AWS.
"""

from collections.abc import Iterator
from typing import Final

from moto.cloudformation.models import cloudformation_backends

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules.rule import Rule, passing, rows
from embedded_aws.kms.keys import arn_of


def _stack(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the ARN of a stack, which may be given by its name; one that is not there has none, so its form."""
    named = str(request.params.get("StackName", ""))
    if not named:
        yield "*"
    elif named.startswith("arn:"):
        yield named
    else:
        stacks = cloudformation_backends[account_id][request.region].stacks.values()
        found = next((stack.stack_id for stack in stacks if stack.name == named), None)
        yield found or f"arn:aws:cloudformation:{request.region}:{account_id}:stack/{named}/*"


_ON_STACKS: Final = (
    "ContinueUpdateRollback", "CreateStack", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet", "DescribeEvents",
    "DescribeStackEvents", "DescribeStackResource", "DescribeStackResources", "DescribeStacks", "ExecuteChangeSet",
    "GetTemplate", "GetTemplateSummary", "ListChangeSets", "ListStackResources", "RollbackStack", "UpdateStack",
    "UpdateTerminationProtection",
)  # fmt: skip
_PASSING: Final = {"CreateStack", "DeleteStack", "UpdateStack"}
_PASS: Final = passing("RoleARN", "cloudformation.amazonaws.com")
_CLOUDFORMATION: Final = {
    **{
        ("cloudformation", name): (Rule(f"cloudformation:{name}", _stack), *((_PASS,) if name in _PASSING else ()))
        for name in _ON_STACKS
    },
    ("cloudformation", "CreateChangeSet"): (Rule("cloudformation:CreateChangeSet", _stack), _PASS),
    **rows("cloudformation", "cloudformation", dict.fromkeys(("ListExports", "ListImports", "ListStacks"), ("*",))),
}

_GROUP: Final = "arn:aws:logs:{region}:{account}:log-group:{logGroupName}"
_STREAM: Final = (f"{_GROUP}:log-stream:{{logStreamName}}",)
_LOGS: Final = rows(
    "logs",
    "logs",
    {
        "AssociateKmsKey": (_GROUP,),
        "CreateLogGroup": (_GROUP,),
        "CreateLogStream": _STREAM,
        "DescribeLogGroups": ("*",),
        "DisassociateKmsKey": (_GROUP,),
        "DescribeLogStreams": (f"{_GROUP}:*",),
        "FilterLogEvents": (f"{_GROUP}:*",),
        "GetLogEvents": _STREAM,
        "PutLogEvents": _STREAM,
    },
)

_ANY: Final = ("*",)
_DASHBOARD: Final = ("arn:aws:cloudwatch::{account}:dashboard/{DashboardName}",)
_ON_ALARMS: Final = (
    "DeleteAlarms", "DescribeAlarmHistory", "DescribeAlarms", "DisableAlarmActions", "EnableAlarmActions",
    "PutMetricAlarm", "SetAlarmState",
)  # fmt: skip


def _alarms(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the ARNs of the alarms that are named; what asks for more, also by a prefix, asks for all."""
    for name in request.params.get("AlarmNames") or [request.params.get("AlarmName") or "*"]:
        yield f"arn:aws:cloudwatch:{request.region}:{account_id}:alarm:{name}"


_CLOUDWATCH: Final = {
    ("cloudwatch", "PutMetricData"): (Rule("cloudwatch:PutMetricData", context={"cloudwatch:namespace": "Namespace"}),),
    **rows("cloudwatch", "cloudwatch", {"GetMetricData": _ANY, "GetMetricStatistics": _ANY, "ListMetrics": _ANY}),
    **{("cloudwatch", name): (Rule(f"cloudwatch:{name}", _alarms),) for name in _ON_ALARMS},
    **rows("cloudwatch", "cloudwatch", dict.fromkeys(("GetDashboard", "PutDashboard"), _DASHBOARD)),
}


def _parameters(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the ARNs of parameters; the slash that a name begins with is that of the ARN."""
    names = request.params.get("Names") or [request.params.get("Name") or request.params.get("Path") or ""]
    for name in names:
        yield f"arn:aws:ssm:{request.region}:{account_id}:parameter/{str(name).lstrip('/')}"


_SSM: Final = {
    ("ssm", name): (Rule(f"ssm:{name}", _parameters),)
    for name in ("DeleteParameter", "GetParameter", "GetParameters", "GetParametersByPath", "PutParameter")
}

_ROLE: Final = ("arn:aws:iam::{account}:role/{RoleName}",)
_IAM: Final = rows(
    "iam",
    "iam",
    {
        **dict.fromkeys(("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"), _ROLE),
        "ListRoles": _ANY,
        "ListUsers": _ANY,
    },
)
_STS: Final = {
    ("sts", "GetCallerIdentity"): (),  # everybody may, whatever denies it (page API_GetCallerIdentity)
    ("sts", "AssumeRole"): (Rule("sts:AssumeRole", ("{RoleArn}",)),),
}
_QUOTAS: Final = rows(
    "service-quotas",
    "servicequotas",
    {
        "GetServiceQuota": ("arn:aws:servicequotas:{region}:{account}:{ServiceCode}/{QuotaCode}",),
        "ListAWSDefaultServiceQuotas": _ANY,
        "ListServiceQuotas": _ANY,
    },
)


def _keys(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the ARN of a key, which may be given by its id, its ARN or an alias."""
    yield arn_of(account_id, request.region, str(request.params.get("KeyId", "")))


_KMS: Final = {
    ("kms", name): (Rule(f"kms:{name}", _keys),) for name in ("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus")
}

RULES: Final = {**_CLOUDFORMATION, **_LOGS, **_CLOUDWATCH, **_SSM, **_IAM, **_STS, **_QUOTAS, **_KMS}
