"""How requests find their way from moto's server to this package."""

from typing import Any

import moto.personalize
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from embedded_aws.doors import DOORS
from embedded_aws.patches import replaces
from embedded_aws.personalize.models import personalize_backends

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
    if (door := DOORS.get(environ.get("PATH_INFO", ""))) is not None:
        return door
    host: str | None = _infer(self, environ, path)
    return host
