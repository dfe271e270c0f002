"""S3, whose requests are told by method, address and headers: not only SDKs send them.

Sources: S3 user guide, pages using-with-s3-policy-actions (operations and their permissions), mpuoverview (multipart
uploads), conditional-writes; API pages HeadObject and CopyObject. That a key which is not there asks for ListBucket,
and without a prefix, was measured (see `needed_where_missing`).
"""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element, fromstring, register_namespace, tostring
from xml.sax.saxutils import escape

from embedded_aws.iam.requests import ApiRequest
from embedded_aws.iam.rules.rule import Ask, UnknownCallError

_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
# Arguments of the operations themselves; any other one in the address names a subresource.
_PLAIN: Final = {
    "x-id", "list-type", "prefix", "delimiter", "max-keys", "continuation-token", "encoding-type", "start-after",
    "marker", "fetch-owner", "partNumber", "uploadId", "versionId", "key-marker", "version-id-marker",
    "upload-id-marker", "max-uploads", "max-parts", "part-number-marker", "AWSAccessKeyId", "Signature", "Expires",
}  # fmt: skip
_BUCKET_READS: Final = {
    "acl": "GetBucketAcl",
    "cors": "GetBucketCORS",
    "encryption": "GetEncryptionConfiguration",
    "lifecycle": "GetLifecycleConfiguration",
    "location": "GetBucketLocation",
    "logging": "GetBucketLogging",
    "notification": "GetBucketNotification",
    "ownershipControls": "GetBucketOwnershipControls",
    "policy": "GetBucketPolicy",
    "policyStatus": "GetBucketPolicyStatus",
    "publicAccessBlock": "GetBucketPublicAccessBlock",
    "tagging": "GetBucketTagging",
    "uploads": "ListBucketMultipartUploads",
    "versioning": "GetBucketVersioning",
    "versions": "ListBucketVersions",
}
_BUCKET_WRITES: Final = {
    ("PUT", "acl"): "PutBucketAcl",
    ("PUT", "encryption"): "PutEncryptionConfiguration",
    ("PUT", "lifecycle"): "PutLifecycleConfiguration",
    ("PUT", "notification"): "PutBucketNotification",
    ("PUT", "policy"): "PutBucketPolicy",
    ("PUT", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("PUT", "tagging"): "PutBucketTagging",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("DELETE", "policy"): "DeleteBucketPolicy",
}
_LISTS: Final = {"ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"}
_LIST_KEYS: Final = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
_WRITE_KEYS: Final = {
    "if-none-match": "s3:if-none-match",
    "if-match": "s3:if-match",
    "x-amz-acl": "s3:x-amz-acl",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class": "s3:x-amz-storage-class",
}


class Kind(Enum):
    """What a request does with the content of an object."""

    READ = auto()
    WRITE = auto()
    PART = auto()
    OTHER = auto()


def kind(request: ApiRequest) -> Kind:
    """Return what a request for an object does with its content; a part is of a multipart upload, or its end."""
    parts, uploading = _subresources(request), "uploadId" in request.query
    if request.method in {"PUT", "POST"} and uploading:
        return Kind.PART
    if (request.method == "PUT" and not parts) or (request.method == "POST" and parts == {"uploads"}):
        return Kind.WRITE
    # HEAD decrypts only for the checksum (API page HeadObject).
    reads = request.method == "GET" or request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    if request.method in {"GET", "HEAD"} and reads and not uploading and parts <= {"attributes"}:
        return Kind.READ
    return Kind.OTHER


def place(request: ApiRequest) -> tuple[str, str]:
    """Return bucket and key of a request; the bucket is in the host's name or begins the path."""
    host = request.headers.get("host", "").partition(":")[0]
    path = request.path.removeprefix("/")
    for home in (".s3.amazonaws.com", ".localhost"):
        if host.endswith(home):
            return host.removesuffix(home), path
    bucket, _, key = path.partition("/")
    return bucket, key


def needed(request: ApiRequest) -> Iterator[Ask]:
    """Yield what a request asks for, whatever it finds.

    Raises:
        UnknownCallError: the operation is not known here.
    """
    bucket, key = place(request)
    if not bucket:
        yield Ask("s3:ListAllMyBuckets", "*")
    elif not key:
        yield from _of_bucket(request, f"arn:aws:s3:::{bucket}")
    else:
        yield from _of_object(request, f"arn:aws:s3:::{bucket}/{key}")


def needed_where_missing(request: ApiRequest) -> Iterator[Ask]:
    """Yield what it takes to be told that a key is not there: without it the answer is 403 instead of 404.

    API pages GetObject and HeadObject name ListBucket. The request has no prefix, so a grant under a condition on
    s3:prefix does not count: a condition on a key that is absent is not met. Measured by r4nd0mth1ngs/forklift,
    docs/DEPLOYMENT.md, on a deployed stack with this one condition switched.
    """
    bucket, key = place(request)
    of_an_object = key and not _subresources(request) and not {"uploadId", "versionId"} & set(request.query)
    if of_an_object and request.method in {"GET", "HEAD"}:
        yield Ask("s3:ListBucket", f"arn:aws:s3:::{bucket}")


def deleted_keys(body: bytes) -> list[str]:
    """Return the keys in the body of DeleteObjects."""
    return [each.get("Key", "") for each in _deleted(body)]


def _deleted(body: bytes) -> list[dict[str, str]]:
    """Return what the body of DeleteObjects says of each object: `Key`, and of a version `VersionId`."""
    return [{_tag(node): node.text or "" for node in each} for each in _parsed(body) if _tag(each) == "Object"]


def without_keys(body: bytes, refused: set[str]) -> bytes:
    """Return the body of DeleteObjects without some keys."""
    root = _parsed(body)
    for each in list(root):
        if _tag(each) == "Object" and any(_tag(node) == "Key" and node.text in refused for node in each):
            root.remove(each)
    register_namespace("", _NAMESPACE)  # without a prefix, as it came
    return tostring(root)


def error_of_key(key: str, message: str) -> str:
    """Return how the answer of DeleteObjects tells that one key may not be deleted."""
    return f"<Error><Key>{escape(key)}</Key><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"


def is_delete_of_several(request: ApiRequest) -> bool:
    """Say whether a request is DeleteObjects, which answers for each key by itself."""
    return request.method == "POST" and "delete" in request.query and not place(request)[1]


def _parsed(body: bytes) -> Element:
    return fromstring(body)  # noqa: S314  # a caller's own request, on the loopback; expat bounds what entities make


def _tag(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _subresources(request: ApiRequest) -> set[str]:
    return {
        name for name in request.query if name not in _PLAIN and not name.lower().startswith(("x-amz-", "response-"))
    }


def _of_bucket(request: ApiRequest, arn: str) -> Iterator[Ask]:
    parts, method = _subresources(request), request.method
    name: str | None = None
    if is_delete_of_several(request):
        for each in _deleted(request.body):
            # User guide, page DeletingObjectVersions: a version is deleted by who may delete versions.
            version = "Version" if "VersionId" in each else ""
            yield Ask(f"s3:DeleteObject{version}", f"{arn}/{each.get('Key', '')}")
        return
    if method == "GET" and len(parts) <= 1:
        name = _BUCKET_READS.get(parts.pop()) if parts else "ListBucket"
    elif method == "HEAD" and not parts:
        name = "ListBucket"  # API page HeadBucket
    elif not parts:
        name = {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}.get(method)
    elif len(parts) == 1:
        name = _BUCKET_WRITES.get((method, parts.pop()))
    if name is None:
        raise UnknownCallError(f"s3: {method} of a bucket with {', '.join(sorted(request.query)) or 'nothing'}")
    context = {key: request.query[given] for given, key in _LIST_KEYS.items() if given in request.query}
    yield Ask(f"s3:{name}", arn, context if name in _LISTS else {})


def _of_object(request: ApiRequest, arn: str) -> Iterator[Ask]:
    method, query, parts = request.method, request.query, _subresources(request)
    version = "Version" if "versionId" in query else ""
    if method in {"GET", "HEAD"} and "uploadId" in query:
        yield Ask("s3:ListMultipartUploadParts", arn)
    elif method in {"GET", "HEAD"} and parts <= {"attributes"}:
        yield Ask(f"s3:GetObject{version}", arn)
        if parts:
            yield Ask(f"s3:GetObject{version}Attributes", arn)
    elif parts == {"tagging"} and method in {"GET", "PUT", "DELETE"}:
        yield Ask(f"s3:{method.capitalize()}Object{version}Tagging", arn)
    elif method == "DELETE" and "uploadId" in query:
        yield Ask("s3:AbortMultipartUpload", arn)
    elif method == "DELETE" and not parts:
        yield Ask(f"s3:DeleteObject{version}", arn)
    elif (method == "PUT" and not parts) or (method == "POST" and ("uploadId" in query or parts == {"uploads"})):
        yield from _write(request.headers, arn)
    else:
        raise UnknownCallError(f"s3: {method} of an object with {', '.join(sorted(query)) or 'nothing'}")


def _write(headers: Mapping[str, str], arn: str) -> Iterator[Ask]:
    yield Ask("s3:PutObject", arn, {key: headers[name] for name, key in _WRITE_KEYS.items() if name in headers})
    if "if-match" in headers:
        yield Ask("s3:GetObject", arn)  # page conditional-writes
    if source := headers.get("x-amz-copy-source"):
        yield from _copied(unquote(source).removeprefix("/"))
    if "x-amz-tagging" in headers:
        yield Ask("s3:PutObjectTagging", arn)
    if "x-amz-acl" in headers:
        yield Ask("s3:PutObjectAcl", arn)


def _copied(source: str) -> Iterator[Ask]:
    path, _, version = source.partition("?versionId=")
    yield Ask("s3:GetObjectVersion" if version else "s3:GetObject", f"arn:aws:s3:::{path}")
