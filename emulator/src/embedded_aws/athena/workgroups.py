"""Workgroups: what their configuration may say, and what it makes of a query's own settings.

Source: API reference, pages API_WorkGroupConfiguration, API_UpdateWorkGroup, API_DeleteWorkGroup; user guide, page
workgroups-settings-override.
"""

from collections.abc import Mapping
from typing import Any, Final

from embedded_aws.athena.exceptions import InvalidRequest
from embedded_aws.athena.storage import place_of

ENGINE: Final = "Athena engine version 3"
_SMALLEST_CUTOFF: Final = 10_000_000
_ENGINES: Final = {"AUTO", ENGINE}
_STATES: Final = {"ENABLED", "DISABLED"}
_ENCRYPTIONS: Final = {"SSE_S3", "SSE_KMS"}
_KNOWN: Final = {
    "BytesScannedCutoffPerQuery",
    "EnableMinimumEncryptionConfiguration",
    "EnforceWorkGroupConfiguration",
    "EngineVersion",
    "PublishCloudWatchMetricsEnabled",
    "RequesterPaysEnabled",
    "ResultConfiguration",
}
_RESULT: Final = {"OutputLocation", "EncryptionConfiguration", "ExpectedBucketOwner", "AclConfiguration"}
_NO_LOCATION: Final = (
    "No output location provided. An output location is required either through the Workgroup result configuration "
    "setting or as an API input."
)


def configuration(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a workgroup with what the service fills in.

    Raises:
        InvalidRequest: it says what Athena does not take.
        NotImplementedError: it says what is not emulated.
    """
    unknown = sorted(name for name, value in given.items() if name not in _KNOWN and value)
    if unknown:
        raise NotImplementedError(f"a workgroup with {', '.join(unknown)}")
    for name in ("EnableMinimumEncryptionConfiguration", "RequesterPaysEnabled"):
        if given.get(name):
            raise NotImplementedError(f"a workgroup with {name}")
    cutoff = given.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and int(cutoff) < _SMALLEST_CUTOFF:
        raise InvalidRequest(f"BytesScannedCutoffPerQuery must be at least {_SMALLEST_CUTOFF} bytes, not {cutoff}")
    selected = (given.get("EngineVersion") or {}).get("SelectedEngineVersion", "AUTO")
    if selected not in _ENGINES:
        raise NotImplementedError(f"the engine {selected}; {ENGINE} is")
    check_result(given.get("ResultConfiguration") or {})
    return {
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": False,
        "EnableMinimumEncryptionConfiguration": False,
        "ResultConfiguration": {},
        **{name: value for name, value in given.items() if value is not None},
        "EngineVersion": {"SelectedEngineVersion": selected, "EffectiveEngineVersion": ENGINE},
    }


def check_result(given: Mapping[str, Any]) -> None:
    """Check a ResultConfiguration.

    Raises:
        InvalidRequest: its location is none in S3.
        NotImplementedError: it says what is not emulated.
    """
    unknown = sorted(name for name, value in given.items() if name not in _RESULT and value)
    if unknown:
        raise NotImplementedError(f"a ResultConfiguration with {', '.join(unknown)}")
    encryption = given.get("EncryptionConfiguration") or {}
    if encryption and encryption.get("EncryptionOption") not in _ENCRYPTIONS:
        raise NotImplementedError(f"results with the encryption {encryption.get('EncryptionOption')}")
    if encryption.get("EncryptionOption") == "SSE_KMS" and not encryption.get("KmsKey"):
        raise InvalidRequest("KmsKey is required for the encryption option SSE_KMS")
    location = given.get("OutputLocation")
    if location:
        try:
            place_of(location)
        except ValueError as error:
            raise InvalidRequest("outputLocation is not a valid S3 path.") from error


def state(given: str) -> str:
    """Return the state of a workgroup.

    Raises:
        InvalidRequest: it is none.
    """
    if given not in _STATES:
        raise InvalidRequest(f"State must be one of {', '.join(sorted(_STATES))}: {given}")
    return given


def changed(old: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration after the ConfigurationUpdates of UpdateWorkGroup.

    Raises:
        InvalidRequest: see `configuration`.
        NotImplementedError: see `configuration`.
    """
    updates = dict(updates)
    new = dict(old)
    if updates.pop("RemoveBytesScannedCutoffPerQuery", False):
        new.pop("BytesScannedCutoffPerQuery", None)
    results = dict(updates.pop("ResultConfigurationUpdates", None) or {})
    result = dict(new.get("ResultConfiguration") or {})
    for name in sorted(_RESULT):
        if results.pop(f"Remove{name}", False):
            result.pop(name, None)
    return configuration({**new, **updates, "ResultConfiguration": {**result, **results}})


def result_configuration(workgroup: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return where and how a query's results are written: the workgroup's word counts where it enforces it.

    Raises:
        InvalidRequest: nobody says where.
    """
    own = workgroup.get("ResultConfiguration") or {}
    found = dict(own) if workgroup.get("EnforceWorkGroupConfiguration") else {**own, **given}
    if not found.get("OutputLocation"):
        raise InvalidRequest(_NO_LOCATION)
    return found


def write_settings(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments of PutObject that a ResultConfiguration asks for."""
    encryption = result.get("EncryptionConfiguration") or {}
    settings: dict[str, str] = {}
    if encryption.get("EncryptionOption") == "SSE_S3":
        settings["ServerSideEncryption"] = "AES256"
    elif encryption:
        settings |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": str(encryption["KmsKey"])}
    if owner := result.get("ExpectedBucketOwner"):
        settings["ExpectedBucketOwner"] = str(owner)
    if result.get("AclConfiguration"):
        settings["ACL"] = "bucket-owner-full-control"
    return settings
