"""Athena's API on workgroups and queries, in place of moto's, whose queries succeed without having run."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from moto.athena.models import AthenaBackend, WorkGroup
from moto.athena.responses import AthenaResponse
from moto.glue.exceptions import DatabaseNotFoundException
from moto.glue.models import glue_backends

from embedded_aws import clock
from embedded_aws.athena import queries, workgroups
from embedded_aws.athena.exceptions import AccessDenied, InvalidRequest, QueryFailedError
from embedded_aws.athena.queries import Query
from embedded_aws.athena.statements import statement
from embedded_aws.athena.storage import Bucket, Caller, check_output_bucket
from embedded_aws.environment import OWN_KEY
from embedded_aws.patches import adds, replaces

_KEY: Final = re.compile(r"Credential=([^/,\s]+)/")
_SHORTEST_TOKEN: Final = 32
_LONGEST_TOKEN: Final = 128
_LARGEST_PAGE: Final = 1000
_PRIMARY: Final = "primary"
_CATALOG: Final = "awsdatacatalog"


def _workgroup(backend: AthenaBackend, name: str) -> Any:
    found = backend.work_groups.get(name)
    if found is None:
        raise InvalidRequest(f"WorkGroup {name} is not found.")
    return found


def _query(response: Any) -> Query:
    identifier = response._get_param("QueryExecutionId")  # noqa: SLF001  # moto has no other way
    found: Any = response.athena_backend.executions.get(identifier)
    if found is None:
        raise InvalidRequest(f"QueryExecution {identifier} was not found", "QUERY_EXECUTION_NOT_FOUND")
    query: Query = found
    return query


def make_workgroup(backend: AthenaBackend, name: str, given: Mapping[str, Any]) -> Any:
    """Make a workgroup from Configuration, Description, State and Tags.

    Raises:
        InvalidRequest: there is one of the name, or the configuration is wrong.
        NotImplementedError: it is not emulated.
    """
    if name in backend.work_groups:
        raise InvalidRequest(f"WorkGroup {name} is already created")
    settings = workgroups.configuration(given.get("Configuration") or {})
    made: Any = backend.create_work_group(name, settings, given.get("Description") or "", given.get("Tags") or [])
    made.state = workgroups.state(given.get("State") or "ENABLED")
    made.created = clock.now()
    return made


def remove_workgroup(backend: AthenaBackend, name: str, *, recursive: bool) -> None:
    """Delete a workgroup with what belongs to it; one that is gone already is no error.

    Raises:
        InvalidRequest: it is the primary one, or queries belong to it and `recursive` is false.
    """
    found: Any = backend.work_groups.get(name)
    if name == _PRIMARY:
        raise InvalidRequest("WorkGroup primary cannot be deleted.")
    if found is None:
        return
    executed: dict[str, Any] = backend.executions
    own = [identifier for identifier, query in executed.items() if query.workgroup is found]
    named = [identifier for identifier, each in backend.named_queries.items() if each.workgroup is found]
    if (own or named) and not recursive:
        raise InvalidRequest(f"WorkGroup {name} is not empty")
    for identifier in own:
        executed.pop(identifier).stop()
    for identifier in named:
        del backend.named_queries[identifier]
    backend.tagger.delete_all_tags_for_resource(found.arn)
    del backend.work_groups[name]


@replaces(AthenaResponse, "create_work_group")
def create_workgroup(self: Any) -> str:
    """Create a workgroup.

    moto: takes any configuration. AWS: refuses wrong ones, and fills in what is left out. Here: what is not emulated
    is refused by name, too.
    """
    names = ("Configuration", "Description", "Tags")
    given = {name: self._get_param(name) for name in names}
    make_workgroup(self.athena_backend, self._get_param("Name"), given)
    return "{}"


@replaces(AthenaResponse, "get_work_group")
def get_workgroup(self: Any) -> str:
    """Describe a workgroup.

    moto: a workgroup that is not there is null, and was created just now. AWS: InvalidRequestException.
    """
    found = _workgroup(self.athena_backend, self._get_param("WorkGroup"))
    described = {
        "Name": found.name,
        "State": found.state,
        "Description": found.description,
        "Configuration": found.configuration,
        "CreationTime": getattr(found, "created", clock.now()).timestamp(),
    }
    return json.dumps({"WorkGroup": described})


@adds(AthenaResponse, "update_work_group")
def update_workgroup(self: Any) -> str:
    """Change a workgroup; moto lacks the operation.

    moto: has none. AWS: changes description, state and configuration.
    """
    found = _workgroup(self.athena_backend, self._get_param("WorkGroup"))
    settings = workgroups.changed(found.configuration, self._get_param("ConfigurationUpdates") or {})
    state = workgroups.state(self._get_param("State") or found.state)
    description = self._get_param("Description")
    found.configuration, found.state = settings, state
    found.description = found.description if description is None else description
    return "{}"


@replaces(AthenaResponse, "delete_work_group")
def delete_workgroup(self: Any) -> str:
    """Delete a workgroup.

    moto: whatever belongs to it. AWS: refuses unless it is empty or RecursiveDeleteOption says so.
    """
    name, recursive = self._get_param("WorkGroup"), bool(self._get_param("RecursiveDeleteOption"))
    remove_workgroup(self.athena_backend, name, recursive=recursive)
    return "{}"


@replaces(AthenaResponse, "start_query_execution")
def start_query(self: Any) -> str:
    """Start a query.

    moto: it succeeds, and has no rows. AWS: runs it. Here: in DuckDB, with the permissions of the caller; statements
    other than SELECT and UNLOAD are refused.
    """
    if (lacking := queries.missing()) is not None:
        raise NotImplementedError(lacking)
    token = _token(self._get_param("ClientRequestToken"))
    given = {
        name: self._get_param(name)
        for name in ("QueryString", "QueryExecutionContext", "ResultConfiguration", "WorkGroup", "ExecutionParameters")
    }
    backend = self.athena_backend
    if (earlier := _repeated(backend, token, given)) is not None:
        return json.dumps({"QueryExecutionId": earlier.id})
    query = _made(self, token, given)
    backend.executions[query.id] = query
    query.start()
    return json.dumps({"QueryExecutionId": query.id})


def _token(given: str | None) -> str:
    if given is None:
        raise InvalidRequest("clientRequestToken is null or empty")
    bound = "greater than or equal to 32" if len(given) < _SHORTEST_TOKEN else "less than or equal to 128"
    if not _SHORTEST_TOKEN <= len(given) <= _LONGEST_TOKEN:
        raise InvalidRequest(
            "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must "
            f"have length {bound}"
        )
    return given


def _repeated(backend: Any, token: str, given: Mapping[str, Any]) -> Query | None:
    """Return the query that was started with the same token and question (recorded: what is compared)."""
    earlier: Query | None = next((query for query in backend.executions.values() if query.token == token), None)
    if earlier is not None and _question(earlier.given) != _question(given):
        raise InvalidRequest("Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH")
    return earlier


def _question(given: Mapping[str, Any]) -> tuple[Any, ...]:
    context, result = given["QueryExecutionContext"] or {}, given["ResultConfiguration"] or {}
    return given["QueryString"], context.get("Database"), result.get("OutputLocation")


def _made(response: Any, token: str, given: Mapping[str, Any]) -> Query:
    """Return the query of a request, which has not begun."""
    from embedded_aws.athena.parsing import parsed  # noqa: PLC0415  # needs what only queries need

    name = given["WorkGroup"] or _PRIMARY
    workgroup: Any = response.athena_backend.work_groups.get(name)
    if workgroup is None:
        raise AccessDenied(f"You are not authorized to perform: athena:StartQueryExecution on the workgroup {name}")
    if workgroup.state != "ENABLED":
        raise InvalidRequest(f"WorkGroup {name} is disabled.")
    context = {key: value for key, value in (given["QueryExecutionContext"] or {}).items() if value}
    if context.get("Catalog", _CATALOG).lower() != _CATALOG:
        raise NotImplementedError(f"the catalog {context['Catalog']}; AwsDataCatalog is")
    workgroups.check_result(given["ResultConfiguration"] or {})
    result = workgroups.result_configuration(workgroup.configuration, given["ResultConfiguration"] or {})
    asked = statement(given["QueryString"] or "", given["ExecutionParameters"])
    try:
        tree: Any = parsed(asked)
    except QueryFailedError as failure:
        tree = failure  # which is told by the query
    caller = _caller(response)
    check_output_bucket(caller, result["OutputLocation"])
    cutoff = workgroup.configuration.get("BytesScannedCutoffPerQuery")
    return Query(
        text=given["QueryString"],
        statement=asked,
        tree=tree,
        caller=caller,
        workgroup=workgroup,
        context={key: value.lower() for key, value in context.items()},
        result=result,
        cutoff=None if cutoff is None else int(cutoff),
        token=token,
        given=given,
    )


def _caller(response: Any) -> Caller:
    """Return who sent a request; a request that nobody signed is the administrator's."""
    found = _KEY.search(response.headers.get("Authorization", ""))
    token = response.headers.get("X-Amz-Security-Token")
    return Caller(found[1] if found else OWN_KEY, token, response.region)


@replaces(AthenaResponse, "get_query_execution")
def get_query(self: Any) -> str:
    """Describe a query.

    moto: looking at it moves it on, until it has succeeded. AWS: looking changes nothing.
    """
    return json.dumps({"QueryExecution": _query(self).as_dict()})


@adds(AthenaResponse, "batch_get_query_execution")
def get_queries(self: Any) -> str:
    """Describe queries; moto lacks the operation.

    moto: has none. AWS: tells those that are not there beside the others.
    """
    known = self.athena_backend.executions
    asked = self._get_param("QueryExecutionIds") or []
    unknown = [
        {"QueryExecutionId": each, "ErrorCode": "QUERY_EXECUTION_NOT_FOUND", "ErrorMessage": f"{each} was not found"}
        for each in asked
        if each not in known
    ]
    found = [known[each].as_dict() for each in asked if each in known]
    return json.dumps({"QueryExecutions": found, "UnprocessedQueryExecutionIds": unknown})


@replaces(AthenaResponse, "stop_query_execution")
def stop_query(self: Any) -> str:
    """Stop a query.

    moto: also one that has ended becomes CANCELLED. AWS: one that has ended stays as it is.
    """
    _query(self).stop()
    return "{}"


@replaces(AthenaResponse, "list_query_executions")
def list_queries(self: Any) -> str:
    """List the queries of a workgroup.

    moto: of all workgroups unless one is named, oldest first. AWS: of the primary one, newest first, in pages.
    """
    name = self._get_param("WorkGroup") or _PRIMARY
    _workgroup(self.athena_backend, name)
    found = [query.id for query in reversed(self.athena_backend.executions.values()) if query.workgroup.name == name]
    start, size = _page(self, 50)
    answer: dict[str, Any] = {"QueryExecutionIds": found[start : start + size]}
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return json.dumps(answer)


def _page(response: Any, usual: int) -> tuple[int, int]:
    """Return the start and the size of the page that is asked for."""
    token, size = response._get_param("NextToken") or "0", int(response._get_param("MaxResults") or usual)  # noqa: SLF001  # as above
    if not token.isdecimal():
        raise InvalidRequest(f"Malformed nextPageToken {token}")
    if size > _LARGEST_PAGE:
        raise InvalidRequest(f"MaxResults is more than maximum allowed length {_LARGEST_PAGE}")
    return int(token), size


@replaces(AthenaResponse, "get_query_results")
def get_results(self: Any) -> str:
    """Return a page of a query's results, the first with the names of the columns as its first row.

    moto: has no rows, or those that a test has prepared. AWS: those of the query, read from S3 as the caller.
    """
    query = _query(self)
    start, size = _page(self, _LARGEST_PAGE)
    if query.state == "CANCELLED":
        raise InvalidRequest("Could not find results", "RESULT_NOT_FOUND")
    if query.state == "FAILED":
        reason = "Query did not finish successfully. Final query state: FAILED"
        raise InvalidRequest(reason, "INVALID_QUERY_EXECUTION_STATE")
    if query.state != "SUCCEEDED":
        reason = f"Query has not yet finished. Current state: {query.state}"
        raise InvalidRequest(reason, "INVALID_QUERY_EXECUTION_STATE")
    rows: list[Any] = []
    if query.statement.unload is None:
        if not Bucket(_caller(self)).exists(query.location):
            raise InvalidRequest("Could not find results", "RESULT_NOT_FOUND")
        rows = [[name for name, _ in query.answer.columns], *query.answer.rows]
    shown = [
        {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows[start : start + size]
    ]
    result = {"Rows": shown, "ResultSetMetadata": {"ColumnInfo": query.column_info()}}
    answer: dict[str, Any] = {"UpdateCount": query.answer.written, "ResultSet": result}
    if start + size < len(rows):
        answer["NextToken"] = str(start + size)
    return json.dumps(answer)


@replaces(AthenaResponse, "get_query_runtime_statistics")
def no_stages(self: Any) -> str:
    """Refuse to tell of a query's stages.

    moto: makes numbers up. AWS: measures them. Here: refused.
    """
    raise NotImplementedError("a query has no stages here; GetQueryExecution tells its times")


def _described(database: Any) -> dict[str, Any]:
    given = database.input
    return {
        "Name": database.name,
        "Description": given.get("Description", ""),
        "Parameters": given.get("Parameters") or {},
    }


@replaces(AthenaResponse, "get_database")
def get_database_of_glue(self: Any) -> str:
    """Describe a database.

    moto: of a list of its own. AWS: of the Glue Data Catalog.
    """
    name = self._get_param("DatabaseName")
    try:
        found = glue_backends[self.current_account][self.region].get_database(name)
    except DatabaseNotFoundException as error:
        raise InvalidRequest(f"Database {name} not found.") from error
    return json.dumps({"Database": _described(found)})


@replaces(AthenaResponse, "list_databases")
def list_databases_of_glue(self: Any) -> str:
    """List the databases (see get_database_of_glue)."""
    found = glue_backends[self.current_account][self.region].get_databases()
    return json.dumps({"DatabaseList": [_described(each) for each in found]})


_make = WorkGroup.__init__


@replaces(WorkGroup, "__init__")
def with_everything_filled_in(self: Any, *arguments: Any, **named: Any) -> None:
    """Make a workgroup.

    moto: its configuration is what was given. AWS: what was left out is filled in, also of the primary one.
    """
    _make(self, *arguments, **named)
    self.configuration = workgroups.configuration(self.configuration)
