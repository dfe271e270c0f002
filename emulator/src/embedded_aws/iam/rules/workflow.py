"""Step Functions, Lambda, Glue, Scheduler, EventBridge, and the items of DynamoDB that states and functions use."""

from collections.abc import Iterator
from typing import Any, Final

import moto.stepfunctions.models as stepfunctions_module

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules.rule import Ask, Rule, passing, rows

_EXECUTION: Final = ("{executionArn}",)
_MACHINE: Final = ("{stateMachineArn}",)
_RUN: Final = ("{mapRunArn}",)
_NAMED_MACHINE: Final = ("arn:aws:states:{region}:{account}:stateMachine:{name}",)
_STATES: Final = "states.amazonaws.com"


def _token(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the state machine whose execution gave out a task token.

    The reference names no resource; denials in public logs name the state machine, and CDK's grantTaskResponse too.
    """
    token = request.params.get("taskToken", "")
    # By the module: the embedded backend takes the place of moto's.
    for machine in stepfunctions_module.stepfunctions_backends[account_id][request.region].state_machines:
        roots: list[Any] = machine.executions
        for root in roots:
            for execution in root.with_children():
                if execution.exec_worker.env.callback_pool_manager.get(token) is not None:
                    yield machine.arn
                    return
    yield "*"


_STEP_FUNCTIONS: Final = {
    **rows(
        "stepfunctions",
        "states",
        {
            "DeleteStateMachine": _MACHINE,
            "DescribeExecution": _EXECUTION,
            "DescribeMapRun": _RUN,
            "DescribeStateMachine": _MACHINE,
            "DescribeStateMachineForExecution": _EXECUTION,
            "GetExecutionHistory": _EXECUTION,
            "ListExecutions": (*_MACHINE, *_RUN),
            "ListMapRuns": _EXECUTION,
            "ListStateMachines": ("*",),
            "ListTagsForResource": ("{resourceArn}",),
            "RedriveExecution": _EXECUTION,
            "StartExecution": _MACHINE,
            "StartSyncExecution": _MACHINE,
            "StopExecution": _EXECUTION,
            "TagResource": ("{resourceArn}",),
            "UpdateMapRun": _RUN,
            "ValidateStateMachineDefinition": ("*",),
        },
    ),
    ("stepfunctions", "CreateStateMachine"): (
        Rule("states:CreateStateMachine", _NAMED_MACHINE),
        passing("roleArn", _STATES),
    ),
    ("stepfunctions", "UpdateStateMachine"): (Rule("states:UpdateStateMachine", _MACHINE), passing("roleArn", _STATES)),
    **{
        ("stepfunctions", name): (Rule(f"states:{name}", _token),)
        for name in ("SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess")
    },
}


def _function(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield a function's ARN, which may be given by its name, a part of the ARN or the whole (page API_Invoke)."""
    named = str(request.params.get("FunctionName", ""))
    qualifier = request.params.get("Qualifier")
    if not named.startswith("arn:"):
        named = f"arn:aws:lambda:{request.region}:{account_id}:function:{named.rpartition('function:')[2]}"
    yield f"{named}:{qualifier}" if qualifier else named


_LAMBDA: Final = {
    ("lambda", "Invoke"): (Rule("lambda:InvokeFunction", _function),),
    ("lambda", "InvokeAsync"): (Rule("lambda:InvokeFunction", _function),),
    **{
        ("lambda", name): (Rule(f"lambda:{name}", _function),)
        for name in (
            "AddPermission", "DeleteFunction", "GetFunction", "GetFunctionConfiguration", "GetPolicy",
            "ListVersionsByFunction", "UpdateFunctionCode",
        )
    },
    ("lambda", "CreateFunction"): (
        Rule("lambda:CreateFunction", _function),
        passing("Role", "lambda.amazonaws.com"),
    ),
    ("lambda", "UpdateFunctionConfiguration"): (
        Rule("lambda:UpdateFunctionConfiguration", _function),
        passing("Role", "lambda.amazonaws.com"),
    ),
    **rows("lambda", "lambda", {"GetAccountSettings": ("*",), "ListFunctions": ("*",)}),
}  # fmt: skip

_GLUE_HOME: Final = "arn:aws:glue:{region}:{account}:"
_JOB: Final = (f"{_GLUE_HOME}job/{{JobName}}",)
_NAMED_JOB: Final = (f"{_GLUE_HOME}job/{{Name}}",)
_CATALOG: Final = f"{_GLUE_HOME}catalog"
_NAMED_DATABASE: Final = (_CATALOG, f"{_GLUE_HOME}database/{{Name}}")


def _table(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield catalog, database and table, all three of which a call on a table asks for."""
    home, given = f"arn:aws:glue:{request.region}:{account_id}:", request.params
    database = given.get("DatabaseName", "")
    described = given.get("TableInput") or {}
    table = given.get("TableName") or described.get("Name") or given.get("Name") or "*"
    yield from (f"{home}catalog", f"{home}database/{database}", f"{home}table/{database}/{table}")


def _job_role(request: ApiRequest, account_id: str) -> Iterator[str]:
    """Yield the ARN of the role of a job, which may be given by its name."""
    role = str(request.params.get("Role") or (request.params.get("JobUpdate") or {}).get("Role") or "")
    yield role if role.startswith("arn:") else f"arn:aws:iam::{account_id}:role/{role}"


_PASS_TO_GLUE: Final = Rule("iam:PassRole", _job_role, fixed={"iam:PassedToService": "glue.amazonaws.com"})
_GLUE: Final = {
    **rows(
        "glue",
        "glue",
        {
            "BatchStopJobRun": _JOB,
            "CreateDatabase": (_CATALOG,),
            "DeleteDatabase": _NAMED_DATABASE,
            "DeleteJob": _JOB,
            "GetDatabase": _NAMED_DATABASE,
            "GetDatabases": (_CATALOG,),
            "GetJob": _JOB,
            "GetJobRun": _JOB,
            "GetJobRuns": _JOB,
            "ListJobs": ("*",),
            "StartJobRun": _JOB,
        },
    ),
    ("glue", "CreateJob"): (Rule("glue:CreateJob", _NAMED_JOB), _PASS_TO_GLUE),
    ("glue", "UpdateJob"): (Rule("glue:UpdateJob", _JOB), _PASS_TO_GLUE),
    **{
        ("glue", name): (Rule(f"glue:{name}", _table),)
        for name in (
            "BatchCreatePartition", "BatchGetPartition", "CreatePartition", "CreateTable", "DeletePartition",
            "DeleteTable", "GetPartition", "GetPartitions", "GetTable", "GetTables", "UpdateTable",
        )
    },
}  # fmt: skip


def _schedule(request: ApiRequest, account_id: str) -> Iterator[str]:
    home = f"arn:aws:scheduler:{request.region}:{account_id}:schedule"
    yield f"{home}/{request.params.get('GroupName', 'default')}/{request.params.get('Name', '')}"


def _target_role(request: ApiRequest, _: str) -> Iterator[str]:
    if role := (request.params.get("Target") or {}).get("RoleArn"):
        yield str(role)


_PASS_TO_SCHEDULER: Final = Rule("iam:PassRole", _target_role, fixed={"iam:PassedToService": "scheduler.amazonaws.com"})
_SCHEDULER: Final = {
    **{
        ("scheduler", name): (Rule(f"scheduler:{name}", _schedule), *more)
        for name, more in {
            "CreateSchedule": (_PASS_TO_SCHEDULER,),
            "DeleteSchedule": (),
            "GetSchedule": (),
            "UpdateSchedule": (_PASS_TO_SCHEDULER,),
        }.items()
    },
    **rows("scheduler", "scheduler", {"ListSchedules": ("*",)}),
}


class _PutEvents(Rule):
    """Each entry has a bus, and gives the condition keys of its own (EventBridge guide, page eb-use-conditions)."""

    def asks(self, request: ApiRequest, account_id: str) -> Iterator[Ask]:
        """Yield what the entries ask for, each once."""
        asked = []
        for entry in request.params.get("Entries", [{}]):
            name = str(entry.get("EventBusName", "default"))
            bus = name if name.startswith("arn:") else f"arn:aws:events:{request.region}:{account_id}:event-bus/{name}"
            keys = {"events:source": "Source", "events:detail-type": "DetailType"}
            ask = Ask(self.action, bus, {key: str(entry[given]) for key, given in keys.items() if given in entry})
            if ask not in asked:
                asked.append(ask)
        yield from asked


_RULE: Final = ("arn:aws:events:{region}:{account}:rule/{Name}",)
_EVENTS: Final = {
    ("events", "PutEvents"): (
        _PutEvents("events:PutEvents", ("arn:aws:events:{region}:{account}:event-bus/{EventBusName}",)),
    ),
    **rows("events", "events", dict.fromkeys(("DeleteRule", "DescribeRule", "DisableRule", "EnableRule"), _RULE)),
    **rows("events", "events", {"ListRules": ("*",)}),
    ("events", "ListTargetsByRule"): (
        Rule("events:ListTargetsByRule", ("arn:aws:events:{region}:{account}:rule/{Rule}",)),
    ),
}

_TABLE: Final = ("arn:aws:dynamodb:{region}:{account}:table/{TableName}",)
_DYNAMODB: Final = rows(
    "dynamodb",
    "dynamodb",
    dict.fromkeys(("DeleteItem", "DescribeTable", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"), _TABLE),
)

RULES: Final = {**_STEP_FUNCTIONS, **_LAMBDA, **_GLUE, **_SCHEDULER, **_EVENTS, **_DYNAMODB}
