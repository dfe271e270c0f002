"""S3 as a job of the service sees it: through its role and the bucket's policy, both of which must allow.

Rules: Developer Guide, granting-personalize-s3-access, granting-personalize-key-access and
cross-service-confused-deputy-prevention.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from moto.s3.exceptions import MissingBucket
from moto.s3.models import S3Backend, s3_backends

from embedded_aws.iam.authorization import decide
from embedded_aws.iam.principals import role_session
from embedded_aws.iam.rules.rule import Ask
from embedded_aws.iam.sessions import may_assume
from embedded_aws.personalize.exceptions import InvalidInputException, JobFailedError
from embedded_aws.personalize.keys import SERVICE, refused_key
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.s3.keys import Encrypted, of_object, of_write
from embedded_aws.s3.policy import bucket_policy_allows

_GUIDE: Final = (
    "Please look at https://docs.aws.amazon.com/personalize/latest/dg/getting-started.html#gs-upload-to-bucket"
)


@dataclass(frozen=True)
class Location:
    """A place in S3: `key` is an object's key or the beginning of several."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the place that an `s3://` URL names.

        Raises:
            ValueError: the URL is not of S3, or has no bucket.
        """
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise ValueError(f"Invalid S3 path: {url}")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def folder(self) -> Self:
        """The place as a folder: its key ends in a slash, unless it is the whole bucket."""
        return type(self)(self.bucket, self.key if not self.key or self.key.endswith("/") else f"{self.key}/")


def check_s3(member: str, url: str) -> None:
    """Check a location in a request.

    Raises:
        InvalidInputException: it is not in S3.
    """
    try:
        Location.parse(url)
    except ValueError as error:
        raise InvalidInputException(f"{member}: {error}") from error


class RoleStorage:
    """Reads and writes objects for one job; `output_key` is the key of KMS that it writes with.

    With `imports` the policy of a key is enough for the role to use it.

    Raises, as all its methods do, `JobFailedError` where a permission is missing.
    """

    def __init__(
        self,
        backend: PersonalizeBackend,
        role_arn: str,
        job_arn: str,
        *,
        output_key: str | None = None,
        imports: bool = False,
    ) -> None:
        self._backend = backend
        self._imports = imports
        self._output_key = output_key
        self._account = backend.account_id
        self._role_arn = role_arn
        self._context = {
            "aws:SourceAccount": backend.account_id,
            "aws:SourceArn": job_arn,
            "aws:SecureTransport": "true",
        }
        self._s3: S3Backend = s3_backends[backend.account_id][backend.partition]
        if not may_assume(self._account, role_arn, service=SERVICE, context=self._context):
            raise JobFailedError(
                f"The role {role_arn} cannot be assumed by {SERVICE}. Its trust policy must allow sts:AssumeRole "
                f"with aws:SourceAccount {self._account} and aws:SourceArn {job_arn}"
            )

    def list_keys(self, location: Location) -> list[str]:
        """Return the keys that begin with the location's, sorted; needs s3:ListBucket."""
        self._require("s3:ListBucket", location.bucket, None, {"s3:prefix": location.key})
        keys = [key for key in list(self._s3.get_bucket(location.bucket).keys) if key.startswith(location.key)]
        return sorted(key for key in keys if self._s3.get_object(location.bucket, key) is not None)

    def read_folder(self, location: Location) -> dict[str, bytes]:
        """Return the objects of the first level of a folder, or the one object, by their URLs.

        Raises:
            JobFailedError: there is nothing.
        """
        if location.key and not location.key.endswith("/"):
            content = self.read(location)
            if content is None:
                raise JobFailedError(f"There is no object {location}; the path of a folder ends in /")
            return {str(location): content}
        keys = [key for key in self.list_keys(location) if key != location.key and "/" not in key[len(location.key) :]]
        found = {key: self.read(Location(location.bucket, key)) or b"" for key in keys}
        files = {key: content for key, content in found.items() if content or not _is_marker(key)}
        if not files:
            raise JobFailedError(f"There are no files in {location}; subfolders are not read")
        return {f"s3://{location.bucket}/{key}": content for key, content in files.items()}

    def read(self, location: Location) -> bytes | None:
        """Return an object's content, None if there is none; needs s3:GetObject."""
        self._require("s3:GetObject", location.bucket, location.key)
        found = self._s3.get_object(location.bucket, location.key)
        self._require_key(of_object(self._account, location.bucket, location.key))
        return None if found is None else bytes(found.value)

    def write(self, location: Location, content: bytes) -> None:
        """Write an object; needs s3:PutObject."""
        self._require("s3:PutObject", location.bucket, location.key)
        key = self._output_key
        chosen: dict[str, Any] = {} if key is None else {"encryption": "aws:kms", "kms_key_id": key}
        by_bucket = of_write(self._account, location.bucket, location.key, {})
        self._require_key(by_bucket if key is None else Encrypted(key, ""))
        self._s3.put_object(location.bucket, location.key, content, **chosen)

    def _require_key(self, found: Encrypted | None) -> None:
        if found and (refusal := refused_key(self._backend, found.key, self._role_arn, imports=self._imports)):
            raise JobFailedError(refusal)

    def _require(self, action: str, bucket: str, key: str | None, more: dict[str, str] | None = None) -> None:
        try:
            self._s3.get_bucket(bucket)
        except MissingBucket as error:
            raise JobFailedError(f"The S3 bucket {bucket} does not exist") from error
        context = {**self._context, **(more or {})}
        resource = f"arn:aws:s3:::{bucket}" + ("" if key is None else f"/{key}")
        if not bucket_policy_allows(self._account, bucket, key, action, principal_service=SERVICE, context=context):
            raise JobFailedError(
                f"Insufficient privileges for accessing data in S3. {_GUIDE} and fix bucket policy on {bucket}: "
                f"it does not allow {SERVICE} to do {action} on {resource}"
            )
        role = role_session(self._account, self._role_arn, "personalize")
        if not decide(role, Ask(action, resource, context)).allowed:
            raise JobFailedError(
                f"Insufficient privileges for accessing data in S3. {_GUIDE} and fix the policies of the role "
                f"{self._role_arn}: they do not allow {action} on {resource}"
            )


def _is_marker(key: str) -> bool:
    """Say whether an empty object is one of those that Hadoop and Spark leave beside their files."""
    return key.rpartition("/")[2].startswith("_")
