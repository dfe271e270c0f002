"""The outermost gate: this AWS answers programs on this machine, and no web page.

That the server listens on the loopback address alone does not keep pages out: a browser on this machine reaches it for
any site. A page cannot choose the headers that are looked at here (Fetch standard, forbidden request-headers), and
programs send none of them but Host.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from moto.moto_server import werkzeug_app

from embedded_aws.iam import refusals
from embedded_aws.iam.requests import ApiRequest
from embedded_aws.patches import replaces

# By name with a bucket or an account before it, as SDKs spell it; by address they put the bucket in the path.
_HOST: Final = re.compile(r"(?:(?:[\w.-]+\.)?localhost|127\.0\.0\.1|\[::1\])(?::\d+)?", re.ASCII | re.IGNORECASE)
_SHOWN: Final = 100

_NO_GLOBAL_CORS: Final = True

replaces(
    werkzeug_app,
    "DISABLE_GLOBAL_CORS",
    gap="moto: pages of any origin may read every answer. AWS: none may, but by a bucket's own CORS configuration.",
)(_NO_GLOBAL_CORS)


class ThisMachineOnly:
    """A WSGI application around another one, which sees nothing that a page of another site may have sent.

    Refused are a Host that is no name of this machine (also where DNS leads a foreign name here), an Origin, or without
    one a Referer, that is a page from elsewhere, and what the browser itself calls cross-site.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request, 403 if it is a stranger's."""
        foreign = next(_foreign_headers(environ), None)
        if foreign is None:
            answer: Iterable[bytes] = self._inner(environ, start_response)
            return answer
        message = f"The embedded AWS answers programs on this machine only: {foreign} is refused. Call it as localhost."
        refusal = refusals.forbidden(ApiRequest(environ), message)
        start_response(refusal.status, refusal.headers)
        return [refusal.body]


def _foreign_headers(environ: Mapping[str, Any]) -> Iterator[str]:
    """Yield the headers that only a stranger sends, as a message may show them."""
    host = environ.get("HTTP_HOST", "")
    if not _HOST.fullmatch(host):
        yield _shown("Host", host)
    page = next((name for name in ("Origin", "Referer") if f"HTTP_{name.upper()}" in environ), None)
    if page and not _is_here(address := environ[f"HTTP_{page.upper()}"]):
        yield _shown(page, address)
    if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site":
        yield _shown("Sec-Fetch-Site", "cross-site")


def _is_here(page: str) -> bool:
    try:
        return _HOST.fullmatch(urlsplit(page).netloc) is not None
    except ValueError:
        return False


def _shown(name: str, value: str) -> str:
    return f"{name} {ascii(value)[1:-1][:_SHOWN]}"
