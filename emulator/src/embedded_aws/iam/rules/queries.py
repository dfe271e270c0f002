"""Athena: each call on a query asks for the workgroup that the query belongs to.

What a query itself reads and writes is asked of Glue and S3 in the name of who started it (see `embedded_aws.athena`).
Source: Service Authorization Reference, page list_amazonathena.
"""

from collections.abc import Iterator
from typing import Any, Final

from moto.athena.models import athena_backends

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules.rule import Rule, rows

_HOME: Final = "arn:aws:athena:{region}:{account}:"
_WORKGROUP: Final = (f"{_HOME}workgroup/{{WorkGroup}}",)
_NAMED: Final = (f"{_HOME}workgroup/{{Name}}",)
_CATALOG: Final = (f"{_HOME}datacatalog/{{CatalogName}}",)
_PRIMARY: Final = "primary"


def _workgroup(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the workgroup of a request, or those of the queries that it names."""
    home = f"arn:aws:athena:{request.region}:{account_id}:workgroup"
    given = request.params
    named = [
        *(given.get("QueryExecutionIds") or ()),
        *([given["QueryExecutionId"]] if "QueryExecutionId" in given else ()),
    ]
    if not named:
        yield f"{home}/{given.get('WorkGroup') or _PRIMARY}"
    executions: dict[str, Any] = athena_backends[account_id][request.region].executions
    for identifier in named:
        query = executions.get(identifier)
        yield f"{home}/{query.workgroup.name if query is not None else '*'}"


RULES: Final = {
    **{
        ("athena", name): (Rule(f"athena:{name}", _workgroup),)
        for name in (
            "BatchGetQueryExecution", "GetQueryExecution", "GetQueryResults", "ListQueryExecutions",
            "StartQueryExecution", "StopQueryExecution",
        )
    },
    **rows(
        "athena",
        "athena",
        {
            "CreateWorkGroup": _NAMED,
            "DeleteWorkGroup": _WORKGROUP,
            "GetDataCatalog": (f"{_HOME}datacatalog/{{Name}}",),
            "GetDatabase": _CATALOG,
            "GetWorkGroup": _WORKGROUP,
            "ListDataCatalogs": ("*",),
            "ListDatabases": _CATALOG,
            "ListWorkGroups": ("*",),
            "UpdateWorkGroup": _WORKGROUP,
        },
    ),
}  # fmt: skip
"""By service, as boto3 calls it, and operation."""
