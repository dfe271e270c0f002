"""Checks of the account: who calls, where, and whether it is ready for a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cli.account import NO_CREDENTIALS, UNREACHABLE, explained
from cli.doctor.findings import failure, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = 6
"""Least version of the CDK's bootstrap stack that the templates take: their own rule CheckBootstrapVersion says so."""

PARTITION = "aws"
"""State machines name integrations and recipes as ``arn:aws:…``: cfn-lint takes no placeholder there, and in China
CloudFormation lacks half of Personalize's types anyway."""

REGIONS_PAGE = "https://docs.aws.amazon.com/general/latest/gr/personalize.html"
ENOUGH_CONCURRENCY = 50
"""A job's output is published by up to ten calls at once, and several jobs end together; new accounts have ten."""


def region(examination: Examination) -> Iterator[Finding]:
    """Look whether a region is set, and in which partition it is."""
    if not examination.region:
        yield failure("region", "no region is set", "Set AWS_REGION, or a region in the profile of AWS_PROFILE")
    elif (partition := examination.session.get_partition_for_region(examination.region)) != PARTITION:
        seen = f"{examination.region} is in the partition {partition}, and pipelines are written for {PARTITION}"
        yield failure("region", seen, "Take a region outside of China and of GovCloud")
    else:
        yield ok("region", examination.region)


def credentials(examination: Examination) -> Iterator[Finding]:
    """Ask STS who calls. AWS allows that to everybody."""
    try:
        identity = examination.identity
    except (*NO_CREDENTIALS, ClientError) as error:
        told = explained(error)
        yield failure("credentials", str(told), told.remedy)
    else:
        yield ok("credentials", f"{identity['Arn']} in account {identity['Account']}")


def personalize(examination: Examination) -> Iterator[Finding]:
    """Ask Personalize itself: what botocore knows of regions may be older than the service."""
    known = [
        each
        for partition in examination.session.get_available_partitions()
        for each in examination.session.get_available_regions("personalize", partition)
    ]
    try:
        examination.client("personalize").list_dataset_groups(maxResults=1)
    except UNREACHABLE:
        yield failure(
            "Amazon Personalize",
            f"no answer from {examination.region}",
            f"Take a region that has it: {', '.join(known)} ({REGIONS_PAGE})",
        )
        return
    lag = "" if examination.region in known else " (which botocore does not list for it)"
    yield ok("Amazon Personalize", f"answers in {examination.region}{lag}")


def bootstrap(examination: Examination) -> Iterator[Finding]:
    """Look for the CDK's bootstrap stack, by the parameter that every deployment asks for its version."""
    account = f"aws://{examination.identity['Account']}/{examination.region}"
    remedy = f"npx cdk bootstrap {account}, once for account and region"
    try:
        answer = examination.client("ssm").get_parameter(Name=BOOTSTRAP_PARAMETER)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        yield failure("CDK bootstrap", f"{account} is not bootstrapped for the CDK", remedy)
        return
    version = int(answer["Parameter"]["Value"])
    if version < BOOTSTRAP_VERSION:
        yield failure("CDK bootstrap", f"version {version}, and {BOOTSTRAP_VERSION} is needed", remedy)
    else:
        yield ok("CDK bootstrap", f"version {version}")


def concurrency(examination: Examination) -> Iterator[Finding]:
    """Look how many functions may run at once in the account."""
    limit = examination.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    seen = f"{limit} functions at once"
    if limit < ENOUGH_CONCURRENCY:
        yield warning(
            "Lambda concurrency",
            f"{seen}; a run calls up to ten per batch job, and what does not fit is tried again for two minutes only",
            f"Ask for {ENOUGH_CONCURRENCY} or more: Service Quotas, AWS Lambda, Concurrent executions",
        )
    else:
        yield ok("Lambda concurrency", seen)
