"""Tell the topic how a run has ended, with a link that opens its page without credentials.

The link is a secret until it ends, so it goes to the topic from here and to nobody else: what a function returns stands
in the history and in the logs of the state machine.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from definition import layout
from definition.contract.report import MessageReport, MessageRequest
from lambdas.observability import s3_client
from lambdas.report.endpoints import is_aws

_GONE = "404"


def tell(request: MessageRequest) -> MessageReport:
    """Send a message, with a link below it if the run has a page.

    Raises:
        ClientError: the topic does not take it, or S3 does not say whether the page is there.
    """
    link = _link(request)
    text = request.message if link is None else f"{request.message}\n\n{link}"
    _sns().publish(TopicArn=request.topic, Subject=request.subject, Message=text)
    return MessageReport(linked=link is not None)


def _link(request: MessageRequest) -> str | None:
    """Return the sentence with the link, None where there is no page."""
    page = {"Bucket": request.bucket, "Key": layout.REPORT.key(run=request.run)}
    try:
        _s3().head_object(**page)
    except ClientError as error:
        if error.response["Error"]["Code"] != _GONE:
            raise
        return None
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=request.seconds)
    url = _s3().generate_presigned_url("get_object", Params=page, ExpiresIn=request.seconds)
    return (
        f"The report in a browser, for whoever has this link, until {ends:%Y-%m-%d %H:%M} UTC or earlier; pass it on "
        f"as you would the data: {url}"
    )


@cache
def _s3() -> Any:
    # Version 4, which every region takes. In a URL the default is the endpoint without a region, which redirects to the
    # bucket's, and the signature names the host (S3 user guide, pages VirtualHosting and using-presigned-url).
    style = {"addressing_style": "virtual"} if is_aws(s3_client()) else {}
    own = Config(signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional", **style})
    return boto3.client("s3", config=own)


@cache
def _sns() -> Any:
    return boto3.client("sns")
