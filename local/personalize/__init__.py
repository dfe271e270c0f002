"""Amazon Personalize on this machine: a moto backend that really imports, trains and scores.

`urls`, `responses`, `models` and `exceptions` are what every moto service has. A request passes through
`validation` (the service model's constraints), `operations` (what to call) and, for Create, `creation` (the
service's rules); `kinds` says as data what kinds of resources there are and how they live, `resources` is one
of them. Jobs do their work in `importing`, `training` (with `recipes` and `metrics`) and `batch`, which reach
S3 through `storage`. `faults` is a door for tests, `cloudformation` the resource types, `choices` what the
service's documents leave open.
"""

from local.personalize import cloudformation as cloudformation  # registers the resource types
from local.personalize import progress
from local.personalize.routing import replace_backend, route_faults_path


def install() -> None:
    """Make the embedded AWS serve this Personalize; doing it again changes nothing."""
    progress.register()
    replace_backend()
    route_faults_path()
