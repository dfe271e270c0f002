"""When events of logs happened: in embedded time, like the executions whose functions write them."""

from datetime import datetime

from moto.logs import models

from embedded_aws import clock
from embedded_aws.patches import replaces


@replaces(models, "utcnow")
def embedded_time() -> datetime:
    """Return the time by which groups are dated, and events are too old or too new.

    moto: the machine's. AWS: the one in which everything else happens, too; here that may run faster.
    """
    return clock.now().replace(tzinfo=None)
