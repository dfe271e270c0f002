"""What this AWS answers when it cannot do something, and what every answer has."""

import json
from typing import Any, Final
from xml.sax.saxutils import escape

from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model

from embedded_aws.patches import replaces

_call_action = BaseResponse.call_action
_enrich_response = BaseResponse._enrich_response  # noqa: SLF001  # the gap is in there
_CODE: Final = "NotImplementedException"
_XML: Final = {"query", "rest-xml", "ec2"}
_NOT_IMPLEMENTED: Final = 501  # no AWS SDK tries this status again


@replaces(BaseResponse, "call_action")
def refuse_what_is_not_emulated(self: Any) -> Any:
    """Answer a request.

    moto: an operation that it lacks is an internal error with a page of Python, which clients try again.
    Here: NotImplementedException with the operation's name, once.
    """
    try:
        return _call_action(self)
    except NotImplementedError as gap:
        action = self._get_action()
        message = f"{action} is not emulated ({gap})"
        protocol = self.determine_response_protocol(get_service_model(self.boto3_service_name))
        if protocol in _XML:
            error = f"<Error><Code>{_CODE}</Code><Message>{escape(message)}</Message></Error>"
            return _NOT_IMPLEMENTED, {"content-type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>"
        headers = {"content-type": "application/json", "x-amzn-errortype": _CODE}
        return _NOT_IMPLEMENTED, headers, json.dumps({"__type": _CODE, "message": message})


@replaces(BaseResponse, "_enrich_response", staticmethod)
def only_xml_has_a_request_id_element(headers: Any, body: Any) -> Any:
    """Give an answer the id of its request.

    moto: puts it between the first and the last RequestId element of any body, so JSON that tells of S3's answers loses
    what lies between them. AWS: in the header, and in an XML body.
    """
    if isinstance(body, str) and not body.lstrip().startswith("<"):
        headers, _ = _enrich_response(headers, "")
        return headers, body
    return _enrich_response(headers, body)
