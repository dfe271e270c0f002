"""The section `encryption` of the pipeline file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from definition.file.places import is_kms_key
from definition.file.values import Strict

CREATE = "create"
"""The value that asks for a key of the pipeline's own."""


def _own_key(text: str) -> str:
    if text != CREATE and not is_kms_key(text):
        raise ValueError(
            f"'{text}' is neither {CREATE}, for a key that the deployment makes, nor the ARN of a KMS key of the "
            "pipeline's account and region, arn:aws:kms:region:account:key/id; an alias cannot be granted "
            "(aws kms describe-key --key-id alias/… shows the ARN)"
        )
    return text


class Encryption(Strict):
    """A customer managed key of KMS for everything that the pipeline keeps."""

    kms_key: Annotated[str, AfterValidator(_own_key)] = Field(
        description="create, for a key that the deployment makes, or the ARN of a key of the same account and region",
        examples=[CREATE, "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    )

    @property
    def given(self) -> str | None:
        """ARN of the key in the file, None where the deployment makes one."""
        return None if self.kms_key == CREATE else self.kms_key
