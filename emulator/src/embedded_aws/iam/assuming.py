"""sts:AssumeRole as AWS answers it: only for roles that are there and whose trust policy admits the caller."""

from typing import Any, Final
from xml.sax.saxutils import escape

from moto.sts.responses import TokenResponse

from embedded_aws.iam.principals import principal_of
from embedded_aws.iam.sessions import may_assume
from embedded_aws.patches import replaces

_FORBIDDEN: Final = 403
_assume_role = TokenResponse.assume_role


@replaces(TokenResponse, "assume_role")
def assume_what_trusts_the_caller(self: Any) -> Any:
    """Assume a role.

    moto: any, also one that is not there. AWS: one that is there and trusts the caller (page API_AssumeRole). Here the
    administrator of the account stands for a user with every permission.
    """
    role_arn = self._get_param("RoleArn")
    caller = principal_of(self.get_access_key())
    account_id = role_arn.split(":")[4] if role_arn.count(":") > 4 else self.current_account  # noqa: PLR2004  # an ARN
    arn = caller.arn if caller else f"arn:aws:iam::{self.current_account}:root"
    context = {"sts:ExternalId": external} if (external := self._get_param("ExternalId")) else {}
    if not may_assume(account_id, role_arn, arn=arn, context=context):
        shown = caller.session if caller else arn
        message = f"User: {shown} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        inner = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
        headers = {"status": _FORBIDDEN, "content-type": "text/xml"}
        return _FORBIDDEN, headers, f"<ErrorResponse>{inner}</ErrorResponse>"
    return _assume_role(self)
