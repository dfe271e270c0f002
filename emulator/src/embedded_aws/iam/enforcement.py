"""The gate in front of every service: a request of a role or a user passes if policies allow all that it asks for."""

import io
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from moto.s3.models import s3_backends

from embedded_aws.environment import ACCOUNT_ID
from embedded_aws.iam import refusals
from embedded_aws.iam.authorization import Verdict, decide, refusal
from embedded_aws.iam.principals import PARTITION, InvalidTokenError, Principal, principal_of
from embedded_aws.iam.requests import ApiRequest, UnknownOperationError
from embedded_aws.iam.rules import keys, needed, s3
from embedded_aws.iam.rules.rule import UnknownCallError
from embedded_aws.kms.keys import Unusable

_Start = Callable[..., Any]
_decided: ContextVar[bool] = ContextVar("decided", default=False)
_OK = "200"
_NOT_FOUND = "404"


def is_decided() -> bool:
    """Say whether the request that this thread answers is a role's or a user's, and has passed the gate."""
    return _decided.get()


class Gate:
    """A WSGI application around another one.

    Args:
        inner: what answers the requests that pass.
        own_key: the access key that this AWS uses itself and gives to its administrator; it passes at once.
    """

    def __init__(self, inner: Any, own_key: str) -> None:
        self._inner = inner
        self._own = f"Credential={own_key}/"

    def __call__(self, environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        """Answer a request."""
        request = ApiRequest(environ)
        if self._own in environ.get("HTTP_AUTHORIZATION", ""):
            return self._of_administrator(request, environ, start_response)
        if not request.access_key:
            return self._pass(environ, start_response)
        if request.is_expired:
            return _answer(refusals.denied(request, "Request has expired"), start_response)
        try:
            principal = principal_of(request.access_key)
        except InvalidTokenError:
            return _answer(refusals.unknown_token(request), start_response)
        if principal is None:
            return self._of_administrator(request, environ, start_response)
        token = _decided.set(True)
        try:
            return self._checked(request, principal, environ, start_response)
        finally:
            _decided.reset(token)

    def _of_administrator(
        self, request: ApiRequest, environ: dict[str, Any], start_response: _Start
    ) -> Iterable[bytes]:
        """Answer a request of whom no policy denies anything; a key that cannot be used is no matter of policies."""
        account_id = request.headers.get("x-moto-account-id", ACCOUNT_ID)
        if problem := keys.broken(request, account_id):
            return _answer(_broken(request, problem), start_response)
        return self._pass(environ, start_response)

    def _pass(self, environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._inner(environ, start_response)
        return answer

    def _held(self, environ: dict[str, Any]) -> tuple[list[Any], Iterable[bytes]]:
        """Let the inner application answer; return what it starts its answer with, and the answer."""
        started: list[Any] = []

        def hold(*arguments: Any) -> Any:
            started[:] = arguments
            return lambda _: None

        return started, self._inner(environ, hold)

    def _checked(
        self, request: ApiRequest, principal: Principal, environ: dict[str, Any], start_response: _Start
    ) -> Iterable[bytes]:
        try:
            asks = list(needed(request, principal.account_id))
        except (UnknownCallError, UnknownOperationError) as gap:
            return _answer(refusals.not_emulated(request, str(gap)), start_response)
        verdicts = [decide(principal, ask) for ask in asks]
        refused = [verdict for verdict in verdicts if not verdict.allowed]
        if request.signing_name == "s3":
            if s3.is_delete_of_several(request) and refused:
                return self._delete_the_others(request, refused, environ, start_response)
            if not refused and not keys.broken(request, principal.account_id):
                return self._with_absence(request, principal, environ, start_response)
        if refused:
            return _answer(_refused(request, refused[0]), start_response)
        if problem := keys.broken(request, principal.account_id):
            return _answer(_broken(request, problem), start_response)
        return self._pass(environ, start_response)

    def _with_absence(
        self, request: ApiRequest, principal: Principal, environ: dict[str, Any], start_response: _Start
    ) -> Iterable[bytes]:
        """Answer, but say that a key is absent only to who may list the bucket."""
        started, body = self._held(environ)
        if str(started[0]).startswith(_NOT_FOUND) and _bucket_exists(request, principal.account_id):
            for ask in s3.needed_where_missing(request):
                verdict = decide(principal, ask)
                if not verdict.allowed:
                    return _answer(_refused(request, verdict), start_response)
        start_response(*started)
        return body

    def _delete_the_others(
        self, request: ApiRequest, refused: list[Verdict], environ: dict[str, Any], start_response: _Start
    ) -> Iterable[bytes]:
        """Delete what may be deleted, and tell the keys that may not (API page DeleteObjects)."""
        messages = {verdict.ask.resource.split("/", 1)[1]: refusal(verdict) for verdict in refused}
        rest = s3.without_keys(request.body, set(messages))
        answer = b"<DeleteResult></DeleteResult>"
        if set(s3.deleted_keys(request.body)) - set(messages):
            changed = {**environ, "wsgi.input": io.BytesIO(rest), "CONTENT_LENGTH": str(len(rest))}
            for header in ("HTTP_CONTENT_MD5", "HTTP_X_AMZ_CHECKSUM_CRC32"):
                changed.pop(header, None)  # those of the whole body
            started, parts = self._held(changed)
            if not str(started[0]).startswith(_OK):
                start_response(*started)
                return parts
            answer = b"".join(parts)
        errors = "".join(s3.error_of_key(key, message) for key, message in messages.items()).encode()
        body = answer.replace(b"</DeleteResult>", errors + b"</DeleteResult>")
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [body]


def _bucket_exists(request: ApiRequest, account_id: str) -> bool:
    return s3.place(request)[0] in s3_backends[account_id][PARTITION].buckets


def _refused(request: ApiRequest, verdict: Verdict) -> refusals.Answer:
    return refusals.denied(request, refusal(verdict), verdict.ask.refused_as)


def _broken(request: ApiRequest, problem: Unusable) -> refusals.Answer:
    return refusals.broken_key(request, problem.message, keys.code(request, problem))


def _answer(answer: refusals.Answer, start_response: _Start) -> Iterable[bytes]:
    start_response(answer.status, answer.headers)
    return [answer.body]
