"""Stack operations that run as on AWS: in the background, with events, rolling back what fails."""

from collections.abc import Callable, Iterable
from functools import partial
from threading import Thread
from typing import Any, Final

from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import Export
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id
from moto.core.responses import ActionResult, EmptyResult

from embedded_aws.cloudformation import engine
from embedded_aws.cloudformation.custom import CustomResource
from embedded_aws.cloudformation.engine import Live, ResourceFailedError
from embedded_aws.cloudformation.templates import imports_of, parse, resources_in_order
from embedded_aws.patches import replaces

# A caller gets its answer when the operation is over, so that a quick one needs no polling, but not later than this.
_PATIENCE: Final = 20.0
_FINISHED_WITH_OUTPUTS: Final = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


class ChangeSetNotFoundError(CloudFormationError):
    """The stack has no such change set."""

    code = "ChangeSetNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(f"ChangeSet [{name}] does not exist")


@replaces(CloudFormationBackend, "create_stack")
def create_stack(self: Any, name: str, template: Any, parameters: Any, **settings: Any) -> Any:
    """Create a stack.

    moto: raises what goes wrong with a resource. AWS: rolls back; the reason is in the events.
    """
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    make: Any = Stack
    stack = make(
        stack_id=generate_stack_id(name, self.region_name, self.account_id),
        name=name,
        template=template,
        parameters=parameters,
        account_id=self.account_id,
        region_name=self.region_name,
        cross_stack_resources=self.exports,
        **settings,
    )
    resources_in_order(stack.template_dict)
    self.stacks[stack.stack_id] = stack
    put_status(stack, "CREATE_IN_PROGRESS", "User Initiated")
    _run(stack, partial(_create, self, stack), "CREATE_FAILED")
    return stack


def _change_set(backend: Any, name: str, stack_name: str | None) -> Any:
    """Return the newest change set of that name, or None; an ARN needs no stack."""
    if name in backend.change_sets:
        return backend.change_sets[name]
    of_stack = [
        one
        for one in backend.change_sets.values()
        if one.change_set_name == name and stack_name in {None, one.stack_id, one.stack_name}
    ]
    return of_stack[-1] if of_stack else None


def _why(verb: str, stack: Any, error: ResourceFailedError) -> str:
    """Return the reason of a stack's failure: the resource, or what is wrong with an output."""
    return str(error) if error.logical_id == stack.name else _failed(verb, [error.logical_id])


_create_change_set: Final = CloudFormationResponse.create_change_set


@replaces(CloudFormationResponse, "create_change_set")
def create_change_set(self: Any) -> Any:
    """Create a change set.

    moto: for a previous value takes what an SSM parameter held, and then looks for a parameter of that name, so that no
    stack of the CDK's could be updated; and knows the stack by its name alone. AWS: a previous value is what was given,
    or the default; the stack may be named by its ARN.
    """
    if (named := self._get_param("StackName")).startswith("arn:"):
        self.params["StackName"] = named.split("/")[1]
    given = self._get_param("Parameters", [])
    previous = [one for one in given if one.get("UsePreviousValue")]
    if previous:
        before = self.cloudformation_backend.get_stack(self._get_param("StackName")).parameters
        for one in previous:
            del one["UsePreviousValue"]
            if one["ParameterKey"] in before:
                one["ParameterValue"] = before[one["ParameterKey"]]
            else:
                given.remove(one)
    return _create_change_set(self)


@replaces(CloudFormationResponse, "describe_change_set")
def describe_change_set(self: Any) -> Any:
    """Describe a change set.

    moto: takes one of any stack for it. AWS: names are a stack's own; the CDK gives every stack's the same.
    """
    name, stack_name = self._get_param("ChangeSetName"), self._get_param("StackName")
    change_set = _change_set(self.cloudformation_backend, name, stack_name)
    if change_set is None:
        raise ChangeSetNotFoundError(name)
    return ActionResult(change_set)


@replaces(CloudFormationResponse, "delete_change_set")
def delete_change_set(self: Any) -> Any:
    """Delete a change set of this stack and no other (see describe_change_set); one that is not there is no error."""
    name, stack_name = self._get_param("ChangeSetName"), self._get_param("StackName")
    change_set = _change_set(self.cloudformation_backend, name, stack_name)
    if change_set is not None:
        del self.cloudformation_backend.change_sets[change_set.change_set_id]
    return EmptyResult()


@replaces(CloudFormationBackend, "execute_change_set")
def execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
    """Execute a change set (see create_stack)."""
    change_set = _change_set(self, change_set_name, stack_name)
    if change_set is None:
        raise ChangeSetNotFoundError(change_set_name)
    if change_set.execution_status != "AVAILABLE":
        raise ValidationError(message=f"ChangeSet [{change_set_name}] of {stack_name} cannot be executed")
    stack = self.stacks[change_set.stack_id]
    change_set.execution_status = "EXECUTE_COMPLETE"
    if change_set.change_set_type == "CREATE":
        stack.cross_stack_resources = stack.resource_map.cross_stack_resources = self.exports
        _retarget(stack, change_set.template, change_set.parameters)
        put_status(stack, "CREATE_IN_PROGRESS", "User Initiated")
        _run(stack, partial(_create, self, stack), "CREATE_FAILED")
    else:
        _start_update(self, stack, change_set.template, change_set.parameters)


@replaces(CloudFormationBackend, "update_stack")
def update_stack(  # noqa: PLR0917  # moto's signature
    self: Any, name: str, template: Any, role_arn: Any, parameters: Any, tags: Any
) -> Any:
    """Update a stack (see create_stack); only what changed, and what uses it, is touched."""
    stack = self.get_stack(name)
    resolved = self._resolve_update_parameters(instance=stack, incoming_params=parameters)
    stack.role_arn = role_arn
    if tags is not None:
        stack.tags = tags
    _start_update(self, stack, template, resolved)
    return stack


@replaces(CloudFormationBackend, "delete_stack")
def delete_stack(self: Any, name_or_stack_id: str) -> None:
    """Delete a stack, last made first.

    moto: raises what goes wrong. AWS: the stack stays as DELETE_FAILED; the reason is in the events.
    """
    for stack in list(self.stacks.values()):
        if name_or_stack_id in {stack.name, stack.stack_id}:
            put_status(stack, "DELETE_IN_PROGRESS", "User Initiated")
            _run(stack, partial(_delete, self, stack), "DELETE_FAILED")


@replaces(Stack, "outputs", property)
def outputs(self: Any) -> list[dict[str, Any]] | None:
    """Return the outputs of a finished stack.

    moto: makes them, and resources for them, on every look. AWS: they are made once.
    """
    return getattr(self, "made_outputs", None) if self.status in _FINISHED_WITH_OUTPUTS else None


@replaces(Stack, "exports", property)
def exports(self: Any) -> list[Export]:
    """Return the exports of a finished stack (see outputs)."""
    return getattr(self, "made_exports", [])


def _run(stack: Any, operation: Callable[[], None], failed: str) -> None:
    def guarded() -> None:
        try:
            operation()
        except Exception as error:  # noqa: BLE001  # whatever it is belongs in the stack's events
            put_status(stack, failed, engine.reason_of(error))

    thread = Thread(target=guarded, daemon=True)
    thread.start()
    thread.join(_PATIENCE)


def put_status(stack: Any, status: str, reason: str | None = None) -> None:
    """Let a stack be in another status, which its events tell."""
    stack.stack_status_reason = reason
    stack._add_stack_event(status, resource_status_reason=reason)  # noqa: SLF001  # moto has no other way
    stack.status = status


def _create(backend: Any, stack: Any) -> None:
    try:
        for logical_id in engine.wanted(stack):
            engine.create(stack, logical_id)
        _make_outputs(backend, stack)
    except ResourceFailedError as error:
        put_status(stack, "ROLLBACK_IN_PROGRESS", _why("create", stack, error))
        failures = _delete_all(stack, reversed(list(engine.live(stack).values())))
        put_status(stack, "ROLLBACK_FAILED" if failures else "ROLLBACK_COMPLETE")
    else:
        put_status(stack, "CREATE_COMPLETE")


def _start_update(backend: Any, stack: Any, template: Any, parameters: Any) -> None:
    former = (stack.template, stack.parameters)
    resources_in_order(parse(template))
    _retarget(stack, template, parameters)
    put_status(stack, "UPDATE_IN_PROGRESS", "User Initiated")
    _run(stack, partial(_update, backend, stack, former), "UPDATE_ROLLBACK_FAILED")


def _update(backend: Any, stack: Any, former: tuple[Any, Any]) -> None:
    before = dict(engine.live(stack))
    changed: list[Live] = []
    engine.replaced(stack).clear()
    try:
        for logical_id in engine.wanted(stack):
            if logical_id not in before:
                engine.create(stack, logical_id)
            elif (old := engine.modify(stack, logical_id)) is not None:
                changed.append(old)
        _make_outputs(backend, stack)
    except ResourceFailedError as error:
        put_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", _why("update", stack, error))
        failed = before.get(error.logical_id)
        if failed is not None and failed.model is CustomResource:
            # What its function has done before it failed is not known: it is asked to go back.
            changed.append(failed)
        _restore(backend, stack, before, changed, former)
        return
    put_status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    wanted = set(engine.wanted(stack))
    gone = [old for name, old in before.items() if name not in wanted]
    _delete_all(stack, _last_first(parse(former[0]), [*gone, *engine.replaced(stack)]))
    put_status(stack, "UPDATE_COMPLETE")


def _restore(backend: Any, stack: Any, before: dict[str, Live], changed: list[Live], former: tuple[Any, Any]) -> None:
    created = [made for name, made in engine.live(stack).items() if name not in before]
    for old in reversed(changed):
        engine.restore(stack, old)
        engine.note(stack, old.logical_id, old.kind, "UPDATE_COMPLETE", physical_id=old.physical_id)
    put_status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    failures = _delete_all(stack, _last_first(stack.template_dict, created))
    # As after an update that succeeds, what was replaced and cannot be deleted stays behind.
    _delete_all(stack, _last_first(stack.template_dict, engine.replaced(stack)))
    _retarget(stack, *former)
    _make_outputs(backend, stack)
    put_status(stack, "UPDATE_ROLLBACK_FAILED" if failures else "UPDATE_ROLLBACK_COMPLETE")


def _last_first(template: dict[str, Any], resources: Iterable[Live]) -> list[Live]:
    """Return resources of a template, each before those it depends on."""
    position = {name: number for number, name in enumerate(resources_in_order(template))}
    return sorted(resources, key=lambda one: position[one.logical_id], reverse=True)


def _delete(backend: Any, stack: Any) -> None:
    order = resources_in_order(stack.template_dict) if stack.template_dict else []
    existing = engine.live(stack)
    failures = _delete_all(stack, [existing[name] for name in reversed(order) if name in existing])
    if failures:
        put_status(stack, "DELETE_FAILED", _failed("delete", failures))
        return
    for export in exports(stack):
        backend.exports.pop(export.name, None)
    backend.stacks.pop(stack.stack_id, None)
    backend.deleted_stacks[stack.stack_id] = stack
    put_status(stack, "DELETE_COMPLETE")


def _delete_all(stack: Any, resources: Iterable[Live]) -> list[str]:
    """Delete resources; return the logical ids of those that could not be."""
    failures = []
    for resource in resources:
        try:
            engine.delete(stack, resource)
        except ResourceFailedError as error:
            failures.append(error.logical_id)
    return failures


def _failed(verb: str, logical_ids: list[str]) -> str:
    return f"The following resource(s) failed to {verb}: [{', '.join(logical_ids)}]."


def _retarget(stack: Any, template: Any, parameters: Any) -> None:
    """Give a stack another template and parameters, without touching its resources."""
    stack.template, stack.parameters = template, parameters
    stack.template_dict = parse(template)
    stack.description = stack.template_dict.get("Description")
    resources = stack.resource_map
    resources._template = stack.template_dict  # noqa: SLF001  # moto has no other way
    resources._resource_json_map = stack.template_dict["Resources"]  # noqa: SLF001  # as above
    resources.input_parameters = parameters
    resources.resolved_parameters = {}
    resources.load()
    stack.output_map = stack._create_output_map()  # noqa: SLF001  # as above


def _make_outputs(backend: Any, stack: Any) -> None:
    """Compute outputs and exports.

    Raises:
        ResourceFailedError: an output cannot be made, its export's name is taken, or another stack imports what the
            export was before.
    """
    stack.output_map = stack._create_output_map()  # noqa: SLF001  # moto has no other way
    try:
        made = [output for output in stack.output_map.values() if output]
        exported = stack.output_map.exports
    except Exception as error:
        raise ResourceFailedError(stack.name, engine.reason_of(error)) from error
    _check_importers(backend, stack, {export.name: export.value for export in exported})
    for old in exports(stack):
        backend.exports.pop(old.name, None)
    for export in exported:
        if export.name in backend.exports:
            raise ResourceFailedError(stack.name, f"Export with name {export.name} is already exported")
    names = {export.value: export.name for export in exported}
    stack.made_exports = exported
    backend.exports.update({export.name: export for export in exported})
    stack.made_outputs = [
        {
            "OutputKey": output.key,
            "OutputValue": output.value,
            "Description": output.description,
            "ExportName": names.get(output.value),
        }
        for output in made
    ]


def _check_importers(backend: Any, stack: Any, wanted: dict[str, Any]) -> None:
    """Check that no export which another stack imports changes or goes (user guide, using-cfn-stack-exports).

    Raises:
        ResourceFailedError: one would.
    """
    for old in exports(stack):
        if wanted.get(old.name) == old.value:
            continue
        for other in backend.stacks.values():
            if other is not stack and other.template_dict and old.name in imports_of(other.template_dict):
                verb = "update" if old.name in wanted else "delete"
                raise ResourceFailedError(
                    stack.name, f"Cannot {verb} export {old.name} as it is in use by {other.name}."
                )
