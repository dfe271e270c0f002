"""Creating, updating and deleting a stack's resources, one by one, with an event for each step.

moto creates resources as they are first looked at, even by a description; skips types it does not know; loses what it
cannot update; deletes in no order; and stops at the first error without a trace. Here each step shows in the stack's
events, a failure rolls back, and references are followed, so that a replaced resource updates those that use it.
"""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from moto.cloudformation.models import Event, Stack
from moto.cloudformation.parsing import (
    ResourceMap,
    get_model_map,
    parse_resource,
    parse_resource_and_generate_name,
)

from embedded_aws.cloudformation.custom import CustomResource
from embedded_aws.cloudformation.templates import resources_in_order
from embedded_aws.patches import replaces

# The CDK's own record of what an application was made with; it has no effect on AWS either.
_WITHOUT_EFFECT: Final = {"AWS::CDK::Metadata"}


class ResourceFailedError(Exception):
    """A resource that could not be brought where the template wants it; the events have the reason."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(reason)
        self.logical_id = logical_id


class NotEmulatedError(ValueError):
    """Something that this CloudFormation does not do."""


@dataclass(eq=False)
class Live:
    """A resource that exists: moto's instance, the class that handles it, its resolved definition."""

    logical_id: str
    kind: str
    model: Any
    instance: Any
    definition: dict[str, Any]

    @property
    def physical_id(self) -> str | None:
        """The physical id, which `Ref` gives."""
        return getattr(self.instance, "physical_resource_id", None)


def live(stack: Any) -> dict[str, Live]:
    """Return a stack's existing resources by logical id."""
    existing: dict[str, Live] = stack.__dict__.setdefault("live_resources", {})
    return existing


def replaced(stack: Any) -> list[Live]:
    """Return what the operation under way has replaced; it stays until the operation's clean-up."""
    waiting: list[Live] = stack.__dict__.setdefault("replaced_resources", [])
    return waiting


def create(stack: Any, logical_id: str) -> None:
    """Create a resource of the stack's template, unless its condition is false.

    Raises:
        ResourceFailedError: it could not be created.
    """
    resources = stack.resource_map
    kind = resources._resource_json_map[logical_id]["Type"]  # noqa: SLF001  # moto has no other way
    if kind in _WITHOUT_EFFECT or not _is_wanted(resources, logical_id):
        return
    with _step(stack, logical_id, kind, "CREATE") as step:
        model, definition, name = _resolve_and_name(resources, logical_id)
        step.begin()
        instance = _make(stack, logical_id, kind, model=model, definition=definition, name=name)
        _keep(stack, Live(logical_id, kind, model, instance, definition))
        step.physical_id = live(stack)[logical_id].physical_id


def modify(stack: Any, logical_id: str) -> Live | None:
    """Bring an existing resource to the stack's template; return its former self if anything had to change.

    Raises:
        ResourceFailedError: it could not be changed.
    """
    resources, old = stack.resource_map, live(stack)[logical_id]
    kind = resources._resource_json_map[logical_id]["Type"]  # noqa: SLF001  # moto has no other way
    with _step(stack, logical_id, old.kind, "UPDATE") as step:
        if kind != old.kind:
            raise NotEmulatedError(f"Update of resource type is not permitted: {old.kind} to {kind}")
        _, definition, name = _resolve_and_name(resources, logical_id)
        if definition.get("Properties") == old.definition.get("Properties"):
            return None
        step.begin(old.physical_id)
        change(stack, old, definition, name)
        step.physical_id = live(stack)[logical_id].physical_id
    return old


def change(stack: Any, old: Live, definition: dict[str, Any], name: str) -> None:
    """Change a resource to a resolved definition; what its class cannot update is replaced.

    A class that makes replacements itself leaves what it replaced to the clean-up by `REPLACED_STAYS`.
    """
    arguments = copy.deepcopy(definition)
    stays = getattr(old.model, "REPLACED_STAYS", False)
    if getattr(old.model.update_from_cloudformation_json, "__isabstractmethod__", False):
        instance = _make(stack, old.logical_id, old.kind, model=old.model, definition=definition, name=name)
        remove(stack, old)
    else:
        instance = old.model.update_from_cloudformation_json(
            original_resource=old.instance,
            new_resource_name=name,
            cloudformation_json=arguments,
            account_id=stack.account_id,
            region_name=stack.region_name,
        )
    _label(instance, old.logical_id, old.kind)
    _keep(stack, Live(old.logical_id, old.kind, old.model, instance, definition))
    if stays and live(stack)[old.logical_id].physical_id != old.physical_id:
        replaced(stack).append(old)


def restore(stack: Any, old: Live) -> None:
    """Bring a changed resource back to what it was; what replaced it goes with the clean-up."""
    current = live(stack)[old.logical_id]
    if old in replaced(stack):
        replaced(stack).remove(old)
        if old.model is not CustomResource:
            _keep(stack, old)
            replaced(stack).append(current)
            return
    # A custom resource is asked for its former properties, and answers with its former id.
    change(stack, current, old.definition, old.physical_id or old.logical_id)


def delete(stack: Any, resource: Live) -> None:
    """Delete a resource, unless its DeletionPolicy keeps it, or its UpdateReplacePolicy if it was replaced.

    Raises:
        ResourceFailedError: it could not be deleted.
    """
    policy = "DeletionPolicy" if live(stack).get(resource.logical_id) is resource else "UpdateReplacePolicy"
    if str(resource.definition.get(policy, "")).startswith("Retain"):
        note(stack, resource.logical_id, resource.kind, "DELETE_SKIPPED", physical_id=resource.physical_id)
        forget(stack, resource)
        return
    with _step(stack, resource.logical_id, resource.kind, "DELETE") as step:
        step.begin(resource.physical_id)
        remove(stack, resource)
        forget(stack, resource)


def remove(stack: Any, resource: Live) -> None:
    """Delete what a resource stands for.

    Raises:
        NotEmulatedError: its class cannot.
    """
    by_class = resource.model.delete_from_cloudformation_json
    if not getattr(by_class, "__isabstractmethod__", False):
        by_class(
            resource.physical_id,
            copy.deepcopy(resource.definition),
            stack.account_id,
            stack.region_name,
            **({"instance": resource.instance} if resource.model is CustomResource else {}),
        )
    elif hasattr(resource.instance, "delete"):
        resource.instance.delete(stack.account_id, stack.region_name)
    else:
        raise NotEmulatedError(f"Deletion of resource type {resource.kind} is not emulated")


def forget(stack: Any, resource: Live) -> None:
    """Take a resource out of the stack's books, unless another has taken its place there."""
    if live(stack).get(resource.logical_id) is not resource:
        return
    live(stack).pop(resource.logical_id, None)
    stack.resource_map._parsed_resources.pop(resource.logical_id, None)  # noqa: SLF001  # moto has no other way


def note(
    stack: Any,
    logical_id: str,
    kind: str,
    status: str,
    *,
    physical_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Add an event to the stack."""
    stack.events.append(
        Event(
            stack_id=stack.stack_id,
            stack_name=stack.name,
            logical_resource_id=logical_id,
            physical_resource_id=physical_id or "",
            resource_type=kind,
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )
    )


def wanted(stack: Any) -> list[str]:
    """Return the logical ids that the stack's template wants to exist, in order of dependency."""
    template = stack.resource_map._template  # noqa: SLF001  # moto has no other way
    return [name for name in resources_in_order(template) if _is_wanted(stack.resource_map, name)]


def reason_of(error: BaseException) -> str:
    """Return what an error says, without the wrapping that its class adds."""
    message = getattr(error, "message", None)
    if isinstance(message, str) and message:
        return message
    text = str(error)
    return (
        text
        if text and isinstance(error, NotEmulatedError | ValueError | RuntimeError)
        else f"{type(error).__name__}: {text}"
    )


@dataclass
class _Step:
    """One change to one resource."""

    stack: Any
    logical_id: str
    kind: str
    verb: str
    physical_id: str | None = None
    begun: bool = False

    def begin(self, physical_id: str | None = None) -> None:
        """Note that the change begins."""
        self.physical_id, self.begun = physical_id, True
        self.end("IN_PROGRESS")

    def end(self, how: str, reason: str | None = None) -> None:
        """Note how the change ended."""
        note(self.stack, self.logical_id, self.kind, f"{self.verb}_{how}", physical_id=self.physical_id, reason=reason)


@contextmanager
def _step(stack: Any, logical_id: str, kind: str, verb: str) -> Iterator[_Step]:
    """Put one change to one resource into the stack's events: begun, then complete or failed."""
    step = _Step(stack, logical_id, kind, verb)
    try:
        yield step
    except Exception as error:
        step.end("FAILED", reason_of(error))
        raise ResourceFailedError(logical_id, reason_of(error)) from error
    if step.begun:
        step.end("COMPLETE")


def _is_wanted(resources: Any, logical_id: str) -> bool:
    definition = resources._resource_json_map[logical_id]  # noqa: SLF001  # moto has no other way
    condition = definition.get("Condition")
    return definition["Type"] not in _WITHOUT_EFFECT and (not condition or resources.lazy_condition_map[condition])


def _resolve_and_name(resources: Any, logical_id: str) -> tuple[Any, dict[str, Any], str]:
    definition = copy.deepcopy(resources._resource_json_map[logical_id])  # noqa: SLF001  # moto has no other way
    kind = definition["Type"]
    if _is_custom(kind):
        _, resolved, _ = parse_resource({**definition, "Type": "Custom::Resource"}, resources)
        return CustomResource, {**resolved, "Type": kind}, logical_id
    if kind not in get_model_map():
        raise NotEmulatedError(f"Resource type {kind} is not emulated")
    return parse_resource_and_generate_name(logical_id, definition, resources)


def _is_custom(kind: str) -> bool:
    return kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"


def _make(stack: Any, logical_id: str, kind: str, *, model: Any, definition: Mapping[str, Any], name: str) -> Any:
    instance = model.create_from_cloudformation_json(
        name,
        copy.deepcopy(definition),
        stack.account_id,
        stack.region_name,
        LogicalId=logical_id,
        StackId=stack.stack_id,
        ResourceType=kind,
    )
    _label(instance, logical_id, kind)
    return instance


def _label(instance: Any, logical_id: str, kind: str) -> None:
    instance.cf_resource_type = kind
    instance.logical_resource_id = logical_id


def _keep(stack: Any, resource: Live) -> None:
    live(stack)[resource.logical_id] = resource
    stack.resource_map._parsed_resources[resource.logical_id] = resource.instance  # noqa: SLF001  # as above


@replaces(ResourceMap, "__getitem__")
def looking_creates_nothing(self: Any, key: str) -> Any:
    """Return a resource, parameter or pseudo parameter.

    moto: creates the resource if it is not there. AWS: a description changes nothing.
    """
    return self._parsed_resources[key]


@replaces(ResourceMap, "validate_outputs")
def outputs_are_checked_when_made(self: Any) -> None:
    """Accept the outputs.

    moto: trips over types that it does not know. AWS: outputs that cannot be made fail the stack.
    """


@replaces(Stack, "stack_resources", property)
def existing_resources(self: Any) -> list[Any]:
    """Return the resources that exist (see looking_creates_nothing)."""
    return [resource.instance for resource in live(self).values()]
