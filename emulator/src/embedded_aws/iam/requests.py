"""A request to AWS as authorization sees it: who signed it, which operation of which service, with what."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from botocore.model import OperationModel
from botocore.parsers import RpcV2CBORParser
from moto.core.utils import get_service_model

_SCOPE: Final = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_FORM: Final = "application/x-www-form-urlencoded"
# Names that services sign with, where they are not boto3's; several services may share one.
_SIGNED_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "states": ("stepfunctions",),
    "monitoring": ("cloudwatch",),
    "servicequotas": ("service-quotas",),
    "personalize": ("personalize", "personalize-runtime", "personalize-events"),
}


class UnknownOperationError(Exception):
    """A request whose operation cannot be told; the message names what was asked for."""


class ApiRequest:
    """One signed request.

    Attributes:
        access_key: the access key that signed it; empty for an anonymous one.
        region: of the credential scope.
        signing_name: the service, as the credential scope names it.
        method, path, query, headers: as on the wire; the path is decoded, names of headers are in small letters.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        raw: str = environ.get("RAW_URI") or environ.get("PATH_INFO", "")
        self.raw_path = raw.partition("?")[0]
        self.path = unquote(self.raw_path)
        self.query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        signed = environ.get("HTTP_AUTHORIZATION", "") or f"Credential={self.query.get('X-Amz-Credential', '')}"
        scope = _SCOPE.search(signed)
        self.access_key, self.region, self.signing_name = scope.groups() if scope else ("", "us-east-1", "")
        # Signature version 2, which only S3 still takes, and which boto3 makes pre-signed URLs with.
        if key := self.query.get("AWSAccessKeyId"):
            self.access_key, self.signing_name = key, "s3"

    @property
    def is_expired(self) -> bool:
        """Whether it is a pre-signed URL whose time is over (S3 API reference, page sigv4-query-string-auth).

        By the machine's clock, which signed it. The end of a session of which it was signed ends none here.
        """
        now = datetime.now(UTC)
        if found := self.query.get("X-Amz-Expires"):
            signed = datetime.strptime(self.query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return now > signed + timedelta(seconds=int(found))
        return "AWSAccessKeyId" in self.query and now.timestamp() > int(self.query.get("Expires", 0))

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        found = {
            name[5:].lower().replace("_", "-"): str(value)
            for name, value in self._environ.items()
            if name.startswith("HTTP_")
        }
        return found | {"content-type": self._environ.get("CONTENT_TYPE", "")}

    @cached_property
    def body(self) -> bytes:
        """The body, which is left to be read again; not for uploads, which may be large."""
        length = int(self._environ.get("CONTENT_LENGTH") or 0)
        if not length:
            return b""
        content: bytes = self._environ["wsgi.input"].read(length)
        self._environ["wsgi.input"] = io.BytesIO(content)
        return content

    @cached_property
    def operation(self) -> tuple[str, str]:
        """The service, as boto3 calls it, and the name of the operation.

        Raises:
            UnknownOperationError: no service model has such a request.
        """
        services = _SIGNED_AS.get(self.signing_name, (self.signing_name,))
        if name := self._named_operation():
            return services[0], name
        found = self._matched
        if found is None:
            raise UnknownOperationError(f"{self.signing_name}: {self.method} {self.path}")
        return found[0], found[1].name

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """The arguments by the names that the service model gives them, those of the body and the address."""
        given: dict[str, Any] = dict(self._document)
        if (found := self._matched) is not None:
            _, operation, in_path = found
            given |= in_path
            members = operation.input_shape.members if operation.input_shape else {}
            for name, member in members.items():
                location = member.serialization.get("location")
                wire = member.serialization.get("name", name)
                if location == "querystring" and wire in self.query:
                    given[name] = self.query[wire]
        return given

    def _named_operation(self) -> str:
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        if found := re.fullmatch(r"/service/[^/]+/operation/(\w+)", self.path):
            return found[1]
        if "Action" in self.query:
            return str(self.query["Action"])
        if self.headers["content-type"].startswith(_FORM):
            return str(self._document.get("Action", ""))
        return ""

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        content_type = self.headers["content-type"]
        if "cbor" in content_type or self.headers.get("smithy-protocol") == "rpc-v2-cbor":
            parsed = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(self.body)))
        elif content_type.startswith(_FORM):
            parsed = dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        elif "Action" in self.query:
            parsed = self.query
        else:
            try:
                parsed = json.loads(self.body or b"{}")
            except ValueError:
                parsed = {}  # the payload of a function, or something that the service will refuse
        return parsed if isinstance(parsed, dict) else {}

    @cached_property
    def _matched(self) -> tuple[str, OperationModel, dict[str, str]] | None:
        """Service, operation and arguments in the path, of a service with an address for each operation."""
        if self._named_operation():
            return None
        for service in _SIGNED_AS.get(self.signing_name, (self.signing_name,)):
            for method, pattern, name, fields in _addresses(service):
                found = pattern.fullmatch(self.raw_path.rstrip("/") or "/") if method == self.method else None
                if found:
                    in_path = {field: unquote(text) for field, text in zip(fields, found.groups(), strict=True)}
                    return service, get_service_model(service).operation_model(name), in_path
        return None


@lru_cache
def _addresses(service: str) -> list[tuple[str, re.Pattern[str], str, list[str]]]:
    """Return method, pattern of the path, name and arguments in the path of a service's operations."""
    return list(_address_rows(service))


def _address_rows(service: str) -> Iterator[tuple[str, re.Pattern[str], str, list[str]]]:
    try:
        model = get_service_model(service)
    except Exception as error:
        raise UnknownOperationError(f"the service {service or 'of a request without a signature'}") from error
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri = operation.http.get("requestUri", "/").partition("?")[0].rstrip("/") or "/"
        wires = re.findall(r"{(\w+)\+?}", uri)
        members = operation.input_shape.members if operation.input_shape else {}
        fields = {member.serialization.get("name", field): field for field, member in members.items()}
        pattern = re.sub(r"\\{\w+(\\\+)?\\}", lambda found: "(.+)" if found[1] else "([^/]+)", re.escape(uri))
        yield (
            operation.http.get("method", "POST"),
            re.compile(pattern),
            name,
            [fields.get(wire, wire) for wire in wires],
        )
