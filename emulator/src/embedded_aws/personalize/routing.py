"""How requests find their way from moto's server to this package."""

from typing import Any, Final

import moto.personalize
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from embedded_aws.patches import replaces
from embedded_aws.personalize.models import personalize_backends

FAULTS_PATH: Final = "/personalize-faults"
_HOST: Final = "personalize.us-east-1.amazonaws.com"
_infer = DomainDispatcherApplication.infer_service_region_host

replaces(
    moto.personalize,
    "personalize_backends",
    gap="moto: answers four operations on schemas, without their rules. AWS: has 71 operations, all emulated here.",
)(personalize_backends)


@replaces(DomainDispatcherApplication, "infer_service_region_host")
def the_faults_door_has_a_path(self: Any, environ: dict[str, Any], path: str) -> str | None:
    """Return the host that a request is for.

    moto: takes every unsigned request without a known path for one to S3. AWS: has no such path; here it leads to
    the door behind which tests switch faults on (see `faults`).
    """
    if environ.get("PATH_INFO") == FAULTS_PATH:
        return _HOST
    host: str | None = _infer(self, environ, path)
    return host
