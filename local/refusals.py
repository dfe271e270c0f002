"""What this AWS answers when it cannot do something."""

from typing import Any, Final

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from local.patches import replaces

_call_action = BaseResponse.call_action
_NOT_IMPLEMENTED: Final = 501  # no AWS SDK tries this status again


@replaces(BaseResponse, "call_action")
def refuse_what_is_not_emulated(self: Any) -> Any:
    """Answer a request.

    moto: an operation that it lacks is an internal error with a page of Python, which clients try again.
    Here: NotImplementedException with the operation's name, once.
    """
    try:
        return _call_action(self)
    except NotImplementedError as error:
        action = self._get_action()
        message = f"{action} is not emulated ({error})"
        refusal = ActionResult(ServiceException("NotImplementedException", message))
        _, headers, body = self.serialized(refusal)
        return _NOT_IMPLEMENTED, headers, body
