"""What EventBridge hears of objects.

Sources: S3 user guide, pages EventBridge and ev-events; the detail of an event as page ev-events shows it.
"""

from typing import Any, Final

from moto.s3 import notifications
from moto.s3.models import s3_backends

from embedded_aws import clock
from embedded_aws.events.delivery import emit
from embedded_aws.patches import replaces

_REASONS: Final = {
    "Put": "PutObject",
    "Post": "POST Object",
    "Copy": "CopyObject",
    "CompleteMultipartUpload": "CompleteMultipartUpload",
    "Delete": "DeleteObject",
}
_detail_type = notifications._detail_type  # noqa: SLF001  # moto's table


@replaces(notifications, "_send_event_bridge_message")
def tell_eventbridge(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    """Tell the default bus of an object.

    moto: sends the same ids each time to the targets of every bus, waits for them, and drops errors. AWS: to the
    default bus, where nobody waits. moto also tells of tags at each write; here of those of an object that has any.
    """
    told = _detail_type(event_name)
    tagger = s3_backends[account_id]["aws"].tagger
    if told == "Object Tags Added" and not tagger.get_tag_dict_for_resource(key.arn):
        return
    reason = notifications.S3NotificationEvent(event_name).value.rpartition(":")[2]
    described = {"key": key.name, "size": key.size, "etag": key.etag.strip('"')}
    if key.version_id:
        described["version-id"] = str(key.version_id)
    emit(
        account_id,
        bucket.region_name,
        source="aws.s3",
        detail_type=told,
        resources=[bucket.arn],
        detail={
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": described,
            "requester": account_id,
            "reason": _REASONS.get(reason, reason),
        },
        moment=clock.now(),
    )
