"""Which permissions each call asks for: the one table of this AWS, a module for each group of services.

Sources: the Service Authorization Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/) for
actions, resource types and dependent actions; S3's user guide, page using-with-s3-policy-actions; and what callers of
the real services have measured, which stands beside the row. A call that has no row is refused for roles and users,
not let through.
"""

from collections.abc import Iterator

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules import keys, management, messaging, personalize, queries, s3, workflow
from embedded_aws.iam.rules.rule import Ask, Rule, UnknownCallError

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    **management.RULES,
    **messaging.RULES,
    **personalize.RULES,
    **queries.RULES,
    **workflow.RULES,
}
"""By service, as boto3 calls it, and operation; S3's come from the address of a request (see `s3`)."""


def needed(request: ApiRequest, account_id: str) -> Iterator[Ask]:
    """Yield what a request asks for, whatever it finds.

    Raises:
        UnknownCallError: the table does not know the call.
        UnknownOperationError: no service model knows it.
    """
    if request.signing_name == "s3":
        yield from s3.needed(request)
        yield from keys.asked(request, account_id)
        return
    if (rows := RULES.get(request.operation)) is None:
        raise UnknownCallError(":".join(request.operation))
    for row in rows:
        yield from row.asks(request, account_id)
    yield from keys.asked(request, account_id)
