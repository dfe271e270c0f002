import json
from typing import Any

import pytest

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.policies import Decision, Request, decide
from embedded_aws.s3 import policy
from embedded_aws.server import EmbeddedAWS
from emulator.tests.support import unique

PERSONALIZE = "personalize.amazonaws.com"
SOURCE = {"aws:SourceAccount": ACCOUNT_ID, "aws:SourceArn": f"arn:aws:personalize:us-east-1:{ACCOUNT_ID}:dataset/d"}
READ = {
    "Effect": "Allow",
    "Principal": {"Service": PERSONALIZE},
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/in/*"],
}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def bucket(aws: EmbeddedAWS, *statements: dict[str, Any]) -> str:
    """Create a bucket with a policy, in which BUCKET is its name; return the name."""
    name = unique("bucket")
    aws.client("s3").create_bucket(Bucket=name)
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).replace("BUCKET", name)
        aws.client("s3").put_bucket_policy(Bucket=name, Policy=document)
    return name


def allowed(name: str, key: str | None, action: str, **more: Any) -> bool:
    """Return whether Personalize may do this."""
    return policy.bucket_policy_allows(
        ACCOUNT_ID, name, key, action, **{"principal_service": PERSONALIZE, "context": SOURCE, **more}
    )


class TestBucketPolicies:
    def test_a_service_needs_an_allow(self, aws: EmbeddedAWS) -> None:
        """Only what a statement for the service names is allowed: its actions, on its prefixes."""
        name = bucket(aws, READ, TLS_ONLY)
        assert allowed(name, "in/a.csv", "s3:GetObject")
        assert allowed(name, None, "s3:ListBucket")
        assert not allowed(name, "out/a.csv", "s3:GetObject")
        assert not allowed(name, "in/a.csv", "s3:PutObject")
        assert not allowed(name, "in/a.csv", "s3:GetObject", principal_service="glue.amazonaws.com")

    def test_without_a_policy_nothing_is_allowed(self, aws: EmbeddedAWS) -> None:
        """No policy, or no such bucket, allows a service nothing."""
        assert not allowed(bucket(aws), "in/a.csv", "s3:GetObject")
        assert not allowed("there-is-none", "in/a.csv", "s3:GetObject")

    def test_an_explicit_deny_wins(self, aws: EmbeddedAWS) -> None:
        """A Deny that matches outweighs every Allow."""
        name = bucket(aws, READ, {**READ, "Effect": "Deny", "Resource": "arn:aws:s3:::BUCKET/in/secret*"})
        assert allowed(name, "in/a.csv", "s3:GetObject")
        assert not allowed(name, "in/secret.csv", "s3:GetObject")

    def test_source_conditions(self, aws: EmbeddedAWS) -> None:
        """Conditions on the calling account and resource must hold."""
        condition = {
            "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT_ID}:*"},
        }
        name = bucket(aws, {**READ, "Condition": condition})
        assert allowed(name, "in/a.csv", "s3:GetObject")
        assert not allowed(name, "in/a.csv", "s3:GetObject", context={**SOURCE, "aws:SourceAccount": "999999999999"})
        assert not allowed(name, "in/a.csv", "s3:GetObject", context={})

    def test_a_tls_deny_does_not_lock_the_laptop_out(self, aws: EmbeddedAWS) -> None:
        """Requests over the loopback count as secure, so the deny that enforces TLS lets them pass."""
        s3 = aws.client("s3")
        name = bucket(aws, TLS_ONLY)
        s3.put_object(Bucket=name, Key="k", Body=b"x")
        assert s3.get_object(Bucket=name, Key="k")["Body"].read() == b"x"
        assert not allowed(name, "k", "s3:GetObject")

    def test_a_tls_deny_denies_without_tls(self, aws: EmbeddedAWS) -> None:
        """When the context says so, the same deny does deny."""
        name = bucket(aws, READ, TLS_ONLY)
        assert not allowed(name, "in/a", "s3:GetObject", context={**SOURCE, "aws:SecureTransport": "false"})

    def test_denials_reach_the_api(self, aws: EmbeddedAWS) -> None:
        """A deny that matches the account's own request is AccessDenied at the API, object by object."""
        s3 = aws.client("s3")
        name = bucket(
            aws, {**TLS_ONLY, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::BUCKET/no/*", "Condition": {}}
        )
        for key in ("no/k", "yes/k"):
            s3.put_object(Bucket=name, Key=key, Body=b"x")
        assert s3.get_object(Bucket=name, Key="yes/k")["Body"].read() == b"x"
        with pytest.raises(s3.exceptions.ClientError) as denied:
            s3.get_object(Bucket=name, Key="no/k")
        assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        with pytest.raises(s3.exceptions.ClientError):
            s3.head_object(Bucket=name, Key="no/k")

    def test_a_role_as_principal(self, aws: EmbeddedAWS) -> None:
        """A statement for a role or for its account matches the role's ARN."""
        arn = f"arn:aws:iam::{ACCOUNT_ID}:role/r"
        for principal in (arn, ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root"):
            name = bucket(aws, {**READ, "Principal": {"AWS": principal}})
            assert allowed(name, "in/a", "s3:GetObject", principal_service=None, principal_arn=arn)
            assert not allowed(name, "in/a", "s3:GetObject")


@pytest.mark.parametrize(
    ("operator", "wanted", "actual", "matches"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", None, True),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringLike", "a*c?", "abbcd", True),
        ("StringLike", "a.c", "abc", False),
        ("StringNotLike", "a*", "b", True),
        ("ArnLike", "arn:aws:s3:*:*:b*", "arn:aws:s3:us-east-1:1:bucket", True),
        ("ArnLike", "arn:aws:*:b", "arn:aws:s3:us-east-1:1:b", False),
        ("ArnEquals", "arn:aws:s3:::b", "arn:aws:s3:::b", True),
        ("ArnNotLike", "arn:aws:s3:::*", "arn:aws:s3:::b", False),
        ("Bool", "true", "True", True),
        ("BoolIfExists", "true", None, True),
        ("Null", "true", None, True),
        ("Null", "true", "a", False),
        ("NumericLessThan", "3", "2", True),
        ("NumericGreaterThanEquals", "3", "2", False),
        ("ForAnyValue:StringEquals", "a", "a", True),
        ("ForAnyValue:StringEquals", "a", ["b", "a"], True),
        ("ForAnyValue:StringEquals", "a", None, False),
        ("ForAllValues:StringEquals", ["a", "b"], ["b", "a"], True),
        ("ForAllValues:StringEquals", "a", ["b", "a"], False),
        ("ForAllValues:StringEquals", "a", None, True),
        ("NumericNotEquals", "3", "3", False),
        ("NumericNotEquals", "3", "4", True),
        ("IpAddress", "127.0.0.0/8", "127.0.0.1", True),
        ("NotIpAddress", "127.0.0.0/8", "10.0.0.1", True),
    ],
)
def test_condition_operators(operator: str, wanted: Any, actual: str | list[str] | None, matches: bool) -> None:  # noqa: FBT001
    """Operators, their Not and IfExists variants, and missing keys, as in IAM's reference of condition operators."""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {operator: {"aws:Key": wanted}}}
    context = {} if actual is None else {"AWS:KEY": actual}
    decision = decide({"Statement": statement}, Request("s3:GetObject", "arn:aws:s3:::b/k", context=context))
    assert decision is (Decision.ALLOW if matches else Decision.SILENT)


def test_unknown_operators_fail_closed() -> None:
    """An operator that is not known makes an Allow not match and a Deny match."""
    statement = {"Action": "s3:*", "Resource": "*", "Condition": {"MoonPhase": {"aws:Key": "full"}}}
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", context={"aws:Key": "full"})
    assert decide({"Statement": {"Effect": "Allow", **statement}}, request) is Decision.SILENT
    assert decide({"Statement": {"Effect": "Deny", **statement}}, request) is Decision.DENY


def test_not_elements() -> None:
    """NotAction, NotResource and NotPrincipal match what they do not name."""
    statement = {
        "Effect": "Deny",
        "NotAction": "s3:Get*",
        "NotResource": "arn:aws:s3:::b/open/*",
        "NotPrincipal": {"Service": "a.amazonaws.com"},
    }

    def denied(action: str, resource: str, service: str) -> bool:
        return decide({"Statement": [statement]}, Request(action, resource, service)) is Decision.DENY

    assert denied("s3:PutObject", "arn:aws:s3:::b/k", "b.amazonaws.com")
    assert not denied("s3:getobject", "arn:aws:s3:::b/k", "b.amazonaws.com")
    assert not denied("s3:PutObject", "arn:aws:s3:::b/open/k", "b.amazonaws.com")
    assert not denied("s3:PutObject", "arn:aws:s3:::b/k", "a.amazonaws.com")
