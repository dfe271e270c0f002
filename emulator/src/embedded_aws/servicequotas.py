"""Service Quotas of Amazon Personalize: what this account may have, raised quotas as they are now.

Quotas are those of the Developer Guide (page limits), named in its words: which names and codes the service itself
lists no document tells, so codes are left out.
"""

import json
from typing import Any, Final

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.responses import ServiceQuotasResponse

from embedded_aws.patches import adds
from embedded_aws.personalize.faults import FAULTS
from embedded_aws.personalize.kinds import KINDS, Kind

_WORDS: Final = {
    "Schema": "schemas",
    "DatasetGroup": "dataset groups",
    "DatasetImportJob": "dataset import jobs",
    "DataDeletionJob": "data deletion jobs",
    "Solution": "solutions",
    "SolutionVersion": "solution versions",
    "Campaign": "campaigns",
    "Recommender": "recommenders",
    "Filter": "filters",
    "BatchInferenceJob": "batch inference jobs",
    "BatchSegmentJob": "batch segment jobs",
}
_ADJUSTABLE: Final = {"DatasetGroup", "Solution", "SolutionVersion", "Campaign", "Filter", "BatchInferenceJob"}


@adds(ServiceQuotasResponse, "list_service_quotas")
def list_service_quotas(self: ServiceQuotasResponse) -> str:
    """List the quotas that hold for an account.

    moto: has no such call. AWS: lists them by service; here those of Personalize, on one page, without codes.

    Raises:
        NoSuchResource: any other service.
    """
    if json.loads(self.body).get("ServiceCode") != "personalize":
        raise NoSuchResource
    told = [_told(kind) for kind in KINDS.values() if kind.name in _WORDS]
    return json.dumps({"Quotas": told})


def _told(kind: Kind) -> dict[str, Any]:
    where = " per dataset group" if kind.quota_per else ""
    if kind.quota is None:
        name, value = f"pending or in progress {_WORDS[kind.name]}", kind.unfinished_quota
    else:
        name, value = f"active {_WORDS[kind.name]}", FAULTS.quota(kind.name, kind.quota)
    return {
        "ServiceCode": "personalize",
        "ServiceName": "Amazon Personalize",
        "QuotaName": f"Total number of {name}{where}",
        "Value": value,
        "Adjustable": kind.name in _ADJUSTABLE,
        "GlobalQuota": False,
    }
