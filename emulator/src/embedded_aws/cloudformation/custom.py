"""Custom resources backed by a Lambda function (user guide, page crpg-ref).

The function is invoked for Create, Update and Delete and answers by a PUT to the ResponseURL, which leads to this
server. On AWS CloudFormation waits up to an hour for that answer; here a function that ends without having answered
fails the resource at once.
"""

import json
import uuid
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any

from moto.awslambda.utils import get_backend
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.cloudformation.responses import CloudFormationResponse
from moto.settings import moto_server_port

from embedded_aws.patches import replaces

_waiting: dict[str, SimpleQueue[dict[str, Any]]] = {}


class CustomResourceError(RuntimeError):
    """A custom resource's function answered FAILED or not at all."""


class CustomResource:
    """A custom resource as its function described it."""

    REPLACED_STAYS = True

    def __init__(
        self, identity: Mapping[str, Any], properties: Mapping[str, Any], answer: Mapping[str, Any], name: str
    ) -> None:
        self.identity = dict(identity)
        self.properties = dict(properties)
        self.physical_resource_id = str(answer.get("PhysicalResourceId") or name)
        self.data = dict(answer.get("Data") or {})

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """Return a value that the function gave.

        Raises:
            UnformattedGetAttTemplateException: it gave none of this name.
        """
        if attribute_name not in self.data:
            raise UnformattedGetAttTemplateException
        return self.data[attribute_name]

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **identity: Any
    ) -> "CustomResource":
        """Let the function create the resource."""
        del resource_name
        properties = cloudformation_json["Properties"]
        answer = _ask("Create", properties, account_id, region_name, identity)
        return cls(identity, properties, answer, f"{identity['LogicalId']}-{uuid.uuid4().hex[:8]}")

    @classmethod
    def update_from_cloudformation_json(
        cls,
        *,
        original_resource: "CustomResource",
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> "CustomResource":
        """Let the function update the resource; if it answers with another id, the old one is replaced."""
        del new_resource_name
        identity, old_id = original_resource.identity, original_resource.physical_resource_id
        properties = cloudformation_json["Properties"]
        former = {"OldResourceProperties": _texts(original_resource.properties)}
        # Also after a failure: the rollback's update comes from what was tried.
        original_resource.properties = dict(properties)
        answer = _ask("Update", properties, account_id, region_name, identity, PhysicalResourceId=old_id, **former)
        return cls(identity, properties, answer, old_id)

    @classmethod
    def delete_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
        *,
        instance: "CustomResource",
    ) -> None:
        """Let the function delete the resource."""
        properties = cloudformation_json["Properties"]
        _ask("Delete", properties, account_id, region_name, instance.identity, PhysicalResourceId=resource_name)


def _ask(
    request_type: str,
    properties: Mapping[str, Any],
    account_id: str,
    region_name: str,
    identity: Mapping[str, Any],
    /,
    **more: Any,
) -> dict[str, Any]:
    """Invoke the function and return its answer.

    Raises:
        CustomResourceError: FAILED, or no answer.
    """
    request_id = str(uuid.uuid4())
    token = properties["ServiceToken"]
    event = {
        "RequestType": request_type,
        "RequestId": request_id,
        "ResponseURL": f"http://localhost:{moto_server_port()}/cloudformation_{region_name}/cfnresponse?id={request_id}",
        "ServiceToken": token,
        "StackId": identity["StackId"],
        "LogicalResourceId": identity["LogicalId"],
        "ResourceType": identity["ResourceType"],
        "ResourceProperties": _texts(properties),
        **more,
    }
    if ":lambda:" not in token:
        raise CustomResourceError(f"A custom resource behind {token} is not emulated: only Lambda functions are")
    answers = _waiting.setdefault(request_id, SimpleQueue())
    try:
        headers: dict[str, str] = {}
        payload = get_backend(account_id, region_name).get_function(token).invoke(json.dumps(event), {}, headers)
        answer = answers.get_nowait()
    except Empty:
        said = payload.decode() if isinstance(payload, bytes) else payload
        raise CustomResourceError(
            f"The function of the custom resource ended without an answer to its ResponseURL. It said: {said}"
        ) from None
    finally:
        del _waiting[request_id]
    if answer.get("Status") != "SUCCESS":
        raise CustomResourceError(
            f"Received response status [{answer.get('Status')}] from custom resource. "
            f"Message returned: {answer.get('Reason')} (RequestId: {request_id})"
        )
    return answer


def _texts(value: Any) -> Any:
    """Return properties as CloudFormation passes them on: every scalar is text."""
    if isinstance(value, Mapping):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@replaces(CloudFormationResponse, "process_cfn_response")
def receive_the_answer(self: Any) -> tuple[int, dict[str, int], str]:
    """Take a function's answer.

    moto: only notices success. AWS: FAILED fails the resource.
    """
    answer = json.loads(self.body)
    queue = _waiting.get(answer.get("RequestId", ""))
    if queue is None:
        return 404, {"status": 404}, json.dumps({"message": "nobody waits for this answer"})
    queue.put(answer)
    return 200, {"status": 200}, "{}"
