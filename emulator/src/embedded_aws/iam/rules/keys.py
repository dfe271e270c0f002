"""The keys of KMS that a request uses through its service: which, how, and in whose words a refusal comes.

AWS keeps data keys for some minutes and asks a key seldom; here each request asks, so who passes here passes on AWS.
Grants of a key (`CreateGrant`) admit nobody here.

Sources: S3 user guide, pages UsingKMSEncryption and mpuoverview; SNS and SQS developer guides, pages sns-key-management
and sqs-key-management; DynamoDB developer guide, page encryption.usagenotes; Lambda developer guide, page
configuration-envvars-encryption.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from embedded_aws.iam.requests import ApiRequest, UnknownOperationError
from embedded_aws.iam.rules import s3
from embedded_aws.iam.rules.rule import Ask
from embedded_aws.kms.keys import Unusable, arn_of, is_of_aws, through, unusable
from embedded_aws.s3.keys import Encrypted, of_object, of_upload, of_write
from embedded_aws.sns.encryption import key_of as key_of_topic

READ: Final = ("kms:Decrypt",)
WRITE: Final = ("kms:GenerateDataKey", "kms:Decrypt")
_OLD_SIGNATURE: Final = Unusable(
    "InvalidArgument",
    "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
)
_CONFIGURE: Final = ("kms:CreateGrant", "kms:Encrypt", "kms:Decrypt")


@dataclass(frozen=True)
class KeyUse:
    """What a request does with a key, which is as the request or the resource names it."""

    key: str
    actions: tuple[str, ...]
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)


def asked(request: ApiRequest, account_id: str) -> Iterator[Ask]:
    """Yield what a request asks for of keys; those that AWS manages let in whom their service lets in."""
    for use in uses(request, account_id):
        if not is_of_aws(account_id, request.region, use.key):
            arn = arn_of(account_id, request.region, use.key)
            for action in use.actions:
                yield Ask(action, arn, use.context, _DENIED.get(request.signing_name))


def broken(request: ApiRequest, account_id: str) -> Unusable | None:
    """Return why a key cannot be used that a request uses, None if all can; that is so for administrators, too."""
    for use in uses(request, account_id):
        # Signature version 2, which boto3 makes pre-signed URLs with; that the service says so is in many reports.
        if "AWSAccessKeyId" in request.query:
            return _OLD_SIGNATURE
        if problem := unusable(account_id, request.region, use.key):
            return problem
    return None


def code(request: ApiRequest, problem: Unusable) -> str:
    """Return the error code in which a service says that a key cannot be used."""
    if problem is _OLD_SIGNATURE:
        return problem.kind
    kind = "KMSInvalidState" if problem.kind == "InvalidState" and request.signing_name == "s3" else problem.kind
    return _CODES.get(request.signing_name, "KMS{}Exception").format(kind)


def uses(request: ApiRequest, account_id: str) -> Iterator[KeyUse]:
    """Yield what a request does with keys."""
    if find := _USES.get(request.signing_name):
        yield from find(request, account_id)


def _s3(request: ApiRequest, account_id: str) -> Iterator[KeyUse]:
    bucket, key = s3.place(request)
    kind = s3.kind(request) if key else s3.Kind.OTHER
    version = request.query.get("versionId")
    if kind is s3.Kind.READ:
        yield from _of_s3(request, account_id, of_object(account_id, bucket, key, version), READ)
    elif kind is s3.Kind.PART:
        # S3 reads the parts again before it puts them together (page mpuoverview).
        yield from _of_s3(request, account_id, of_upload(account_id, bucket, key, request.query["uploadId"]), READ)
    elif kind is s3.Kind.WRITE:
        yield from _of_s3(request, account_id, of_write(account_id, bucket, key, request.headers), WRITE[:1])
    if kind in {s3.Kind.PART, s3.Kind.WRITE} and (source := request.headers.get("x-amz-copy-source")):
        path, _, query = source.partition("?")
        where, _, name = unquote(path).removeprefix("/").partition("/")
        of_version = parse_qs(query).get("versionId", [None])[0]
        yield from _of_s3(request, account_id, of_object(account_id, where, name, of_version), READ)


def _of_s3(request: ApiRequest, account_id: str, found: Encrypted | None, actions: tuple[str, ...]) -> Iterator[KeyUse]:
    if found is not None:
        yield KeyUse(found.key, actions, through("s3", account_id, request.region, aws_s3_arn=found.arn))


def _sns(request: ApiRequest, account_id: str) -> Iterator[KeyUse]:
    if _operation(request) not in {"Publish", "PublishBatch"}:
        return
    topic = str(request.params.get("TopicArn") or request.params.get("TargetArn") or "")
    key = key_of_topic(account_id, topic) if topic.startswith("arn:aws:sns:") else None
    if key is not None:
        yield KeyUse(key, WRITE, through("sns", account_id, request.region))


_MESSAGES: Final = {"SendMessage": WRITE, "SendMessageBatch": WRITE, "ReceiveMessage": READ}


def _sqs(request: ApiRequest, account_id: str) -> Iterator[KeyUse]:
    actions = _MESSAGES.get(_operation(request))
    if actions is None:
        return
    queue = sqs_backends[account_id][request.region].queues.get(str(request.params.get("QueueUrl")).rpartition("/")[2])
    if key := getattr(queue, "kms_master_key_id", None):
        yield KeyUse(str(key), actions, through("sqs", account_id, request.region))


_ITEMS: Final = {"DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}
_ITEMS_OF_TABLES: Final = {"BatchGetItem", "BatchWriteItem"}
_TRANSACTIONS: Final = {"TransactGetItems", "TransactWriteItems"}


def _dynamodb(request: ApiRequest, account_id: str) -> Iterator[KeyUse]:
    for name in _tables(request):
        table: Any = dynamodb_backends[account_id][request.region].tables.get(name.rpartition("/")[2])
        specification = (table.sse_specification if table is not None else None) or {}
        if key := specification.get("KMSMasterKeyId"):
            pairs = {"aws_dynamodb_tableName": table.name, "aws_dynamodb_subscriberId": account_id}
            yield KeyUse(str(key), READ, through("dynamodb", account_id, request.region, **pairs))


def _tables(request: ApiRequest) -> Iterable[str]:
    """Return the names or ARNs of the tables whose items a request reads or writes, each once."""
    operation = _operation(request)
    if operation in _ITEMS:
        return [str(request.params.get("TableName"))]
    if operation in _ITEMS_OF_TABLES:
        return list(request.params.get("RequestItems", {}))
    if operation in _TRANSACTIONS:
        calls = (call for item in request.params.get("TransactItems", ()) for call in item.values())
        return dict.fromkeys(str(call.get("TableName")) for call in calls)
    return []


def _lambda(request: ApiRequest, account_id: str) -> Iterator[KeyUse]:
    configures = _operation(request) in {"CreateFunction", "UpdateFunctionConfiguration"}
    if configures and (key := request.params.get("KMSKeyArn")):
        yield KeyUse(str(key), _CONFIGURE, through("lambda", account_id, request.region))


def _operation(request: ApiRequest) -> str:
    try:
        return request.operation[1]
    except UnknownOperationError:
        return ""


_USES: Final[dict[str, Callable[[ApiRequest, str], Iterator[KeyUse]]]] = {
    "s3": _s3, "sns": _sns, "sqs": _sqs, "dynamodb": _dynamodb, "lambda": _lambda,
}  # fmt: skip
_DENIED: Final = {"sns": "KMSAccessDenied", "sqs": "KMS.AccessDeniedException"}
_CODES: Final = {"s3": "KMS.{}Exception", "sns": "KMS{}", "sqs": "KMS.{}Exception"}
