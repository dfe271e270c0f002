"""All checks in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cli.account import DENIED, denied_action, explained, said
from cli.doctor import account_checks, deployment_checks, key_checks, quotas, taken_names
from cli.doctor.findings import Check, Level, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.doctor.examination import Examination
    from cli.doctor.findings import Finding

CHECKS = (
    Check("region", account_checks.region, essential=True),
    Check("credentials", account_checks.credentials, essential=True),
    Check("Amazon Personalize", account_checks.personalize, essential=True),
    Check("CDK bootstrap", account_checks.bootstrap),
    Check("Lambda concurrency", account_checks.concurrency),
    Check("deployment", deployment_checks.stacks),
    Check("names", taken_names.taken_names),
    Check("quotas", quotas.quotas),
    Check("key", key_checks.key),
    Check("raw data", deployment_checks.raw_data),
    Check("schedule", deployment_checks.schedule),
    Check("last run", deployment_checks.last_run),
    Check("subscribers", deployment_checks.subscribers),
    Check("dead letters", deployment_checks.dead_letters),
    Check("Glue", deployment_checks.glue),
)
"""A new check is a function that yields findings, and a line here."""


def examine(examination: Examination) -> Iterator[Finding]:
    """Yield what each check finds; after a failure of an essential one nothing more is looked at.

    Raises:
        CommandError: the endpoint does not answer at all.
    """
    for check in CHECKS:
        findings = list(_looked(check, examination))
        yield from findings
        if check.essential and any(finding.level is Level.FAILURE for finding in findings):
            return


def _looked(check: Check, examination: Examination) -> Iterator[Finding]:
    """Yield what a check finds; what may not be read, or is not answered, is one finding more."""
    try:
        yield from check.look(examination)
    except ClientError as error:
        yield _unread(check, examination, error)
    except BotoCoreError as error:
        if check.essential:
            raise explained(error) from error
        seen = f"cannot be read: {said(error)}"
        yield warning(check.name, seen, f"{examination.last_call} got no answer: look again, or in the console")


def _unread(check: Check, examination: Examination, error: ClientError) -> Finding:
    seen = f"cannot be read: {said(error)}"
    if error.response["Error"].get("Code") in DENIED:
        action = denied_action(error) or examination.last_call
        return warning(check.name, seen, f"Let your credentials do {action}, or look in the console")
    return warning(check.name, seen, f"{examination.last_call} does not answer here: look in the console")
