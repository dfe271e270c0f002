"""The settings of functions and layers that moto drops, through the API and through CloudFormation.

A change of code or settings, or the function's end, ends its execution environments too.
"""

import base64
import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from moto.awslambda.models import LambdaBackend, LambdaFunction, LayerVersion, Permission
from moto.awslambda.utils import get_backend
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.utilities.utils import load_resource_as_str

from embedded_aws.awslambda.invoke import log_group, prepare
from embedded_aws.awslambda.pool import pool
from embedded_aws.patches import replaces

_init = LambdaFunction.__init__
_get_configuration = LambdaFunction.get_configuration
_update_configuration = LambdaFunction.update_configuration
_update_function_code = LambdaFunction.update_function_code
_delete_function = LambdaBackend.delete_function
_reset = LambdaBackend.reset
# CloudFormation's name, and the API's where it differs; what counts when a property is taken away.
_SETTINGS: Final[dict[str, Any]] = {
    "Description": "",
    "Handler": None,
    "MemorySize": 128,
    "Runtime": None,
    "Timeout": 3,
    "Environment": {"Variables": {}},
    "Layers": [],
    "LoggingConfig": {},
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "KMSKeyArn": None,
}


@replaces(LambdaFunction, "__init__")
def keep_the_logging_config(self: Any, account_id: str, spec: Any, region: str, version: Any = 1) -> None:
    """Create a function.

    moto: drops LoggingConfig. AWS: keeps it.
    """
    self.logging_config = spec.get("LoggingConfig") or {}
    _init(self, account_id, spec, region, version)


@replaces(LambdaFunction, "get_configuration")
def show_the_logging_config(self: Any, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  # moto's
    """Describe a function.

    moto: leaves LoggingConfig out. AWS: tells it.
    """
    logging = {"LogFormat": "Text", **self.logging_config, "LogGroup": log_group(self)}
    return {**_get_configuration(self, on_create), "LoggingConfig": logging}


@replaces(LambdaFunction, "update_configuration")
def update_every_setting(self: Any, config_updates: Mapping[str, Any]) -> dict[str, Any]:
    """Change a function's settings.

    moto: ignores logging, tracing, storage and the key of the environment. AWS: changes them.
    """
    if "KMSKeyArn" in config_updates:
        self.kms_key_arn = config_updates["KMSKeyArn"] or None
    if "LoggingConfig" in config_updates:
        self.logging_config = config_updates["LoggingConfig"] or {}
    if "TracingConfig" in config_updates:
        self.tracing_config = config_updates["TracingConfig"]
    if "EphemeralStorage" in config_updates:
        self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
    _update_configuration(self, dict(config_updates))
    pool.retire(self.function_arn)
    return show_the_logging_config(self)


@replaces(LambdaFunction, "update_function_code")
def update_code_and_environments(self: Any, updated_spec: Any) -> dict[str, Any]:
    """Change a function's code.

    moto: knows no execution environments. AWS: ends those with the former code.
    """
    configuration: dict[str, Any] = _update_function_code(self, updated_spec)
    pool.retire(self.function_arn)
    return configuration


@replaces(LambdaBackend, "delete_function")
def delete_function_and_environments(self: Any, function_name: str, qualifier: str | None = None) -> None:
    """Delete a function, or one version of it.

    moto: knows no execution environments. AWS: ends the function's.
    """
    arn = self.get_function(function_name, qualifier).function_arn
    _delete_function(self, function_name, qualifier)
    pool.retire(arn)


@replaces(LambdaBackend, "reset")
def forget_functions_and_environments(self: Any) -> None:
    """Forget every function.

    moto: knows no execution environments. AWS: never forgets; here they end.
    """
    for function in self.list_functions():
        pool.retire(function.function_arn)
    _reset(self)


def _spec(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's form of a function's CloudFormation properties."""
    spec = {**properties, "Code": _code(properties["Code"])}
    spec["Tags"] = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    if "KmsKeyArn" in spec:
        spec["KMSKeyArn"] = spec.pop("KmsKeyArn")
    for name in ("MemorySize", "Timeout", "ReservedConcurrentExecutions"):
        if name in spec:
            spec[name] = int(spec[name])
    return spec


def _code(code: Mapping[str, Any]) -> dict[str, Any]:
    if "ZipFile" not in code:
        return dict(code)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # a fixed date, so that the same text has the same hash
        archive.writestr(zipfile.ZipInfo("index.py", (1980, 1, 1, 0, 0, 0)), code["ZipFile"])
        archive.writestr(
            zipfile.ZipInfo("cfnresponse.py", (1980, 1, 1, 0, 0, 0)),
            load_resource_as_str("awslambda/resources/cfnresponse.py.txt"),
        )
    return {"ZipFile": base64.b64encode(buffer.getvalue()).decode()}


@replaces(LambdaFunction, "create_from_cloudformation_json", classmethod)
def create_with_every_property(
    _cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Any:
    """Create a function.

    moto: drops layers, architectures, storage, logging, tracing and tags. AWS: they count.
    """
    backend = get_backend(account_id, region_name)
    function = backend.create_function({**_spec(cloudformation_json["Properties"]), "FunctionName": resource_name})
    prepare(function)
    return function


@replaces(LambdaFunction, "update_from_cloudformation_json", classmethod)
def update_with_every_property(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Update a function.

    moto: keeps the value of a property that was taken away. AWS: a property taken away falls back to
    its default, another name replaces the function.
    """
    properties = cloudformation_json["Properties"]
    if properties.get("FunctionName", original_resource.function_name) != original_resource.function_name:
        replacement = cls.create_from_cloudformation_json(
            new_resource_name, cloudformation_json, account_id, region_name
        )
        original_resource.delete(account_id, region_name)
        return replacement
    spec = _spec(properties)
    original_resource.update_configuration({**_SETTINGS, **{k: v for k, v in spec.items() if k != "Code"}})
    original_resource.architectures = spec.get("Architectures", ["x86_64"])
    original_resource.update_function_code(spec["Code"])
    original_resource.tags = spec["Tags"]
    return original_resource


@replaces(LayerVersion, "cloudformation_name_type", staticmethod)
def layers_have_names() -> str:
    """Return the property with a layer's name.

    moto: looks for LayerVersion. AWS: it is LayerName.
    """
    return "LayerName"


@replaces(LayerVersion, "create_from_cloudformation_json", classmethod)
def create_layer(
    _cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Any:
    """Create a layer version.

    moto: it has no Ref. AWS: its Ref is its ARN.
    """
    properties = cloudformation_json["Properties"]
    backend = get_backend(account_id, region_name)
    layer = backend.publish_layer_version({**properties, "LayerName": resource_name})
    layer.physical_resource_id = layer.arn  # type: ignore[attr-defined]
    return layer


@replaces(LayerVersion, "update_from_cloudformation_json", classmethod)
def replace_layer(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Publish a new version.

    moto: does nothing. AWS: every property of a layer version replaces it.
    """
    replacement = cls.create_from_cloudformation_json(
        original_resource.name if "LayerName" not in cloudformation_json["Properties"] else new_resource_name,
        cloudformation_json,
        account_id,
        region_name,
    )
    delete_layer(cls, original_resource.arn, {}, account_id, region_name)
    return replacement


@replaces(LayerVersion, "delete_from_cloudformation_json", classmethod)
def delete_layer(_cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str) -> None:
    """Delete a layer version by its ARN.

    moto: cannot. AWS: does.
    """
    del cloudformation_json
    name, version = resource_name.split(":")[-2:]
    get_backend(account_id, region_name).delete_layer_version(name, version)


@replaces(Permission, "create_from_cloudformation_json", classmethod)
def create_permission(
    cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Any:
    """Add a statement to a function's policy.

    moto: it has no id. AWS: it has one, by which it can be taken away again.
    """
    del resource_name
    properties = cloudformation_json["Properties"]
    function = get_backend(account_id, region_name).get_function(properties["FunctionName"])
    permission: Any = cls(region=region_name)
    permission.physical_resource_id = f"{function.function_name}-{uuid.uuid4().hex[:12]}"
    statement = {**properties, "StatementId": permission.physical_resource_id}
    function.policy.add_statement(raw=json.dumps(statement))
    return permission


@replaces(Permission, "update_from_cloudformation_json", classmethod)
def replace_permission(  # noqa: PLR0917  # moto's signature
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    """Replace a statement.

    moto: does nothing. AWS: every property of a permission replaces it.
    """
    replacement = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
    delete_permission(cls, original_resource.physical_resource_id, cloudformation_json, account_id, region_name)
    return replacement


@replaces(Permission, "delete_from_cloudformation_json", classmethod)
def delete_permission(
    _cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
) -> None:
    """Take the statement away, if the function still is there.

    moto: does nothing. AWS: does.
    """
    del cloudformation_json
    for function in get_backend(account_id, region_name).list_functions():
        if any(statement.get("Sid") == resource_name for statement in function.policy.statements):
            function.policy.del_statement(resource_name)


@replaces(LayerVersion, "has_cfn_attr", classmethod)
def layers_have_arns(_cls: Any, attr: str) -> bool:
    """Say whether Fn::GetAtt knows `attr`.

    moto: says yes to everything. AWS: LayerVersionArn.
    """
    return attr == "LayerVersionArn"


def _layer_attribute(self: Any, attribute_name: str) -> str:
    if attribute_name != "LayerVersionArn":
        raise UnformattedGetAttTemplateException
    return str(self.arn)


LayerVersion.get_cfn_attribute = _layer_attribute  # type: ignore[attr-defined]
