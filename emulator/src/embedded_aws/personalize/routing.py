"""How requests find their way from moto's server to this package: two patches of moto, each of them idempotent."""

from typing import Any, Final

import moto.personalize
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from embedded_aws.personalize.models import personalize_backends

FAULTS_PATH: Final = "/personalize-faults"
_HOST: Final = "personalize.us-east-1.amazonaws.com"


def replace_backend() -> None:
    """Let moto serve the whole service.

    moto 5.2.5 answers four operations on schemas, without their rules. AWS has 71 operations; those that are
    emulated here answer as AWS does, the others with an error.
    """
    vars(moto.personalize)["personalize_backends"] = personalize_backends


def route_faults_path() -> None:
    """Let moto's server know the path of the faults door (see `faults`).

    moto 5.2.5 takes every unsigned request without a known path for one to S3. AWS has no such path at all.
    """
    inner = DomainDispatcherApplication.infer_service_region_host
    if getattr(inner, "knows_personalize_faults", False):
        return

    def infer(self: Any, environ: dict[str, Any], path: str) -> str | None:
        if environ.get("PATH_INFO") == FAULTS_PATH:
            return _HOST
        host: str | None = inner(self, environ, path)
        return host

    infer.knows_personalize_faults = True  # type: ignore[attr-defined]
    DomainDispatcherApplication.infer_service_region_host = infer  # type: ignore[method-assign]
