"""The control plane: every operation of the service `personalize`, by its name."""

from typing import Any

from botocore.model import StructureShape
from moto.core.utils import get_service_model

from embedded_aws.personalize.exceptions import NotImplementedException, ServiceError
from embedded_aws.personalize.faults import FAULTS
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.operations import attachments, automatic, batches, data, deployments, generic, solutions
from embedded_aws.personalize.operations.generic import Operation, Params
from embedded_aws.personalize.validation import validate

OPERATIONS: dict[str, Operation] = {
    **generic.OPERATIONS,
    **data.OPERATIONS,
    **solutions.OPERATIONS,
    **deployments.OPERATIONS,
    **batches.OPERATIONS,
    **attachments.OPERATIONS,
}


def call(backend: PersonalizeBackend, operation: str, params: Params) -> dict[str, Any]:
    """Check a request against the service model and answer it.

    Args:
        backend: of the account and region that are asked.
        operation: its name, as in the service model.
        params: the request.

    Raises:
        ServiceError: whatever the service would say, or that the operation is not emulated.
    """
    model = get_service_model("personalize")
    if operation not in model.operation_names:
        raise ServiceError(f"Unknown operation {operation}", "UnknownOperationException")
    shape = model.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    validate(params, shape)
    lost = FAULTS.on_call(operation)
    if operation not in OPERATIONS:
        raise NotImplementedException(operation)
    with backend.lock:
        automatic.catch_up(backend)
        answer = OPERATIONS[operation](backend, params)
    if lost is not None:
        raise lost
    return answer
