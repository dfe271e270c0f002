"""Where a distributed Map reads its items from (developer guide, page input-output-itemreader)."""

import re
from collections.abc import Mapping
from typing import Any

import moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 as reader_module
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import ItemReader
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.reader_config.max_items_decl import (
    MaxItemsPath,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from embedded_aws.patches import replaces
from embedded_aws.stepfunctions.integrations import client_of_this_aws, credentials_of

_read = ItemReader._eval_body  # noqa: SLF001  # the gap is in there

replaces(reader_module, "boto_client_for")(client_of_this_aws)


def check_max_items(reader: Any, env: Any) -> None:
    """Check the value that an ItemReader's MaxItemsPath refers to, before a Map Run starts, as recorded.

    Raises:
        FailureEventException: States.Runtime, the value is no integer.
    """
    limit = reader.reader_config.max_items_decl if reader is not None and reader.reader_config else None
    if not isinstance(limit, MaxItemsPath):
        return
    limit.string_sampler.eval(env=env)
    value = env.stack.pop()
    text = value if isinstance(value, str) else to_json_str(value)
    if re.fullmatch(r"-?\d+", text):
        return
    path, name = limit.string_sampler.literal_value, StatesErrorNameType.StatesRuntime
    cause = f'The MaxItemsPath field refers to value "{text}" which is not a valid integer: {path}'
    event: Any = {"executionFailedEventDetails": {"error": name.to_name(), "cause": cause}}
    failure = FailureEvent(
        env=env, error_name=StatesErrorName(typ=name), event_type=HistoryEventType.ExecutionFailed, event_details=event
    )
    raise FailureEventException(failure)


@replaces(ResourceEvalS3, "eval_resource")
def read_in_the_machines_role(self: Any, env: Any) -> None:
    """Read items from S3.

    moto: does not say which state machine the role is assumed for. AWS: as the machine's role, which trusts the
    service for this state machine alone.
    """
    self.resource.eval(env=env)
    runtime_part = env.stack.pop()
    self._get_api_action_handler()(env, runtime_part, credentials_of(env))


@replaces(ResourceEvalS3, "_handle_list_objects_v2", staticmethod)
def list_every_object(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    """Read the objects below a prefix.

    moto: only the first thousand, in boto3's types, and fails if there is none. AWS: all of them.
    """
    client = client_of_this_aws(resource_runtime_part.region, "s3", state_credentials)
    pages = client.get_paginator("list_objects_v2")
    arguments = env.stack.pop()
    env.stack.append([_item(found) for page in pages.paginate(**arguments) for found in page.get("Contents", ())])


def _item(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Etag": found["ETag"],
        "Key": found["Key"],
        "LastModified": int(found["LastModified"].timestamp()),
        "Size": found["Size"],
        "StorageClass": found["StorageClass"],
    }


@replaces(ItemReader, "_eval_body")
def what_cannot_be_read_says_so(self: Any, env: Any) -> None:
    """Read the items.

    moto: an error of S3 is States.Runtime. AWS: States.ItemReaderFailed, with S3's words.
    """
    try:
        _read(self, env)
    except ClientError as error:
        name = StatesErrorNameType.StatesItemReaderFailed
        event: Any = {"mapRunFailedEventDetails": {"error": name.to_name(), "cause": str(error)}}
        failure = FailureEvent(
            env=env, error_name=StatesErrorName(typ=name), event_type=HistoryEventType.MapRunFailed, event_details=event
        )
        raise FailureEventException(failure) from error
