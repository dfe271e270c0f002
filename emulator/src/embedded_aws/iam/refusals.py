"""Refusals as each service answers them: by the protocol of the request, with the service's own code.

Sources: SDK reference of the protocols (https://smithy.io/2.0/aws/protocols/), S3 API page ErrorResponses, SNS API page
CommonErrors (AuthorizationError).
"""

import json
import uuid
from dataclasses import dataclass, replace
from typing import Final
from xml.sax.saxutils import escape

from embedded_aws.iam.requests import ApiRequest

_FORBIDDEN: Final = "403 Forbidden"
_BAD_REQUEST: Final = "400 Bad Request"
_BAD_GATEWAY: Final = "502 Bad Gateway"
_NOT_IMPLEMENTED: Final = "501 Not Implemented"
_XML_CODES: Final = {"sns": "AuthorizationError"}
DENIED: Final = "AccessDeniedException"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status line, headers and body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def denied(request: ApiRequest, message: str, code: str | None = None) -> Answer:
    """Return the answer that refuses a request.

    Args:
        request: what is refused.
        message: in IAM's words.
        code: the error code, where it is not the usual one for a denied access.
    """
    if request.signing_name == "s3":
        return _xml(_FORBIDDEN, code or "AccessDenied", message, head=request.method == "HEAD", wrapped=False)
    if _is_cbor(request):
        return _cbor(_BAD_REQUEST, code or DENIED, message)
    if _is_query(request):
        return _xml(_FORBIDDEN, code or _XML_CODES.get(request.signing_name, "AccessDenied"), message, wrapped=True)
    # With an address for each operation the status is that of HTTP, else it is 400.
    return _json(_BAD_REQUEST if "x-amz-target" in request.headers else _FORBIDDEN, code or DENIED, message)


def broken_key(request: ApiRequest, message: str, code: str) -> Answer:
    """Return the answer to a request whose key of KMS cannot be used, whoever asks."""
    if request.signing_name == "s3":
        return _xml(_BAD_REQUEST, code, message, head=request.method == "HEAD", wrapped=False)
    if request.signing_name == "lambda":
        return _json(_BAD_GATEWAY, code, message)
    return _xml(_BAD_REQUEST, code, message, wrapped=True) if _is_query(request) else _json(_BAD_REQUEST, code, message)


def forbidden(request: ApiRequest, message: str) -> Answer:
    """Return the answer to who may not call this AWS at all: 403, whatever the protocol."""
    return replace(denied(request, message), status=_FORBIDDEN)


def unknown_token(request: ApiRequest) -> Answer:
    """Return the answer to an access key that nobody gave out."""
    if request.signing_name == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return _xml(_FORBIDDEN, "InvalidAccessKeyId", message, head=request.method == "HEAD", wrapped=False)
    message = "The security token included in the request is invalid."
    if _is_query(request):
        return _xml(_FORBIDDEN, "InvalidClientTokenId", message, wrapped=True)
    return _json(_BAD_REQUEST, "UnrecognizedClientException", message)


def not_emulated(request: ApiRequest, call: str) -> Answer:
    """Return the answer to a call whose permissions are not known; no SDK tries this status again."""
    code = "NotImplementedException"
    message = (
        f"The embedded AWS does not know which permissions {call} asks for, so no role or user may call it here. "
        "Its administrator may: the credentials that `make serve` prints."
    )
    if request.signing_name == "s3" or _is_query(request):
        return _xml(_NOT_IMPLEMENTED, code, message, wrapped=request.signing_name != "s3")
    return _cbor(_NOT_IMPLEMENTED, code, message) if _is_cbor(request) else _json(_NOT_IMPLEMENTED, code, message)


def _is_cbor(request: ApiRequest) -> bool:
    return request.headers.get("smithy-protocol") == "rpc-v2-cbor"


def _is_query(request: ApiRequest) -> bool:
    return "Action" in request.query or request.headers["content-type"].startswith("application/x-www-form-urlencoded")


def _json(status: str, code: str, message: str) -> Answer:
    body = json.dumps({"__type": code, "message": message, "Message": message}).encode()
    return Answer(status, _headers(body, "application/x-amz-json-1.1", code), body)


def _xml(status: str, code: str, message: str, *, wrapped: bool, head: bool = False) -> Answer:
    request_id = str(uuid.uuid4())
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    text = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    if wrapped:
        error = f"<Error><Type>Sender</Type>{inner}</Error>"
        text = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    body = b"" if head else f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return Answer(status, _headers(body, "application/xml", code), body)


def _cbor(status: str, code: str, message: str) -> Answer:
    pairs = {"__type": code, "message": message}
    body = bytes([0xA0 | len(pairs)]) + b"".join(_cbor_text(text) for pair in pairs.items() for text in pair)
    answer = Answer(status, _headers(body, "application/cbor", code), body)
    answer.headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return answer


def _cbor_text(text: str) -> bytes:
    """Return a text string with a length of four bytes (RFC 8949, section 3)."""
    content = text.encode()
    return b"\x7a" + len(content).to_bytes(4, "big") + content


def _headers(body: bytes, content_type: str, code: str) -> list[tuple[str, str]]:
    request_id = str(uuid.uuid4())
    return [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", code),
        ("x-amzn-RequestId", request_id),
        ("x-amz-request-id", request_id),
    ]
