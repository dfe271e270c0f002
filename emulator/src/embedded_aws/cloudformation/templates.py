"""Reading templates: their text, and in which order their resources depend on each other."""

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.utils import yaml_tag_constructor

from embedded_aws.patches import replaces

_SUBSTITUTION = re.compile(r"\$\{([^!}][^}]*)\}")


@replaces(Stack, "parse_template", staticmethod)
def parse(text: Any) -> dict[str, Any]:
    """Return a template.

    moto: reads JSON with a YAML parser, which takes seconds for what the CDK writes. AWS: takes both.
    """
    if isinstance(text, dict):
        return text
    try:
        template: dict[str, Any] = json.loads(text)
    except ValueError:
        yaml.add_multi_constructor("", yaml_tag_constructor)
        template = yaml.load(text, Loader=yaml.Loader)  # noqa: S506  # as moto: the short forms need its loader
    return template


@replaces(ChangeSet, "_parse_template")
def parse_change_set(self: Any) -> None:
    """Parse a change set's template (see parse)."""
    self.template_dict = parse(self.template)


def resources_in_order(template: Mapping[str, Any]) -> list[str]:
    """Return the logical ids of a template's resources, each after those it depends on.

    Raises:
        ValidationError: the dependencies form a circle.
    """
    resources = template["Resources"]
    graph = {
        name: {other for other in _references(resource) if other in resources and other != name}
        for name, resource in resources.items()
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        names = ", ".join(error.args[1])
        raise ValidationError(message=f"Circular dependency between resources: [{names}]") from error


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        if key == "Ref" and isinstance(item, str):
            yield item
        elif key == "Fn::GetAtt":
            yield str(item[0] if isinstance(item, list) else item.split(".")[0])
        elif key == "Fn::Sub":
            text = item[0] if isinstance(item, list) else item
            yield from (name.split(".")[0] for name in _SUBSTITUTION.findall(text))
            yield from _references(item)
        elif key == "DependsOn":
            yield from [item] if isinstance(item, str) else item
        else:
            yield from _references(item)


def imports_of(value: Any) -> set[str]:
    """Return the names of the exports that a template imports, where they stand as plain text."""
    if isinstance(value, list):
        return set().union(*map(imports_of, value))
    if not isinstance(value, Mapping):
        return set()
    named = value.get("Fn::ImportValue")
    return set().union(*map(imports_of, value.values()), [named] if isinstance(named, str) else [])
