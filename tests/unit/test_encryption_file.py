"""The section `encryption`: which keys it takes, and what it changes about names."""

from __future__ import annotations

import pytest

from definition.plan.names import dataset_group_name, schema_name
from tests.documents import parsed
from tests.unit.test_rules import told

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
MULTI_REGION = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"


@pytest.mark.parametrize(("kms_key", "given"), [("create", None), (KEY, KEY), (MULTI_REGION, MULTI_REGION)])
def test_a_key_is_made_or_given(kms_key: str, given: str | None) -> None:
    """The word create, or the ARN of a key."""
    encryption = parsed(encryption={"kms_key": kms_key}).encryption

    assert encryption is not None
    assert given == encryption.given


@pytest.mark.parametrize(
    "kms_key", ["Create", "aws/s3", "alias/mine", KEY.replace("key/", "alias/"), KEY[:-37], f"{KEY}*"]
)
def test_anything_else_is_told_with_what_would_be_right(kms_key: str) -> None:
    """Also an alias, and how its key is found."""
    found = told(encryption={"kms_key": kms_key})["encryption.kms_key"]

    assert f"'{kms_key}' is neither create" in found
    assert "arn:aws:kms:region:account:key/id" in found
    assert "aws kms describe-key" in found


def test_the_section_needs_the_key() -> None:
    """An empty section asks for nothing."""
    assert "encryption.kms_key" in told(encryption={})


def test_another_key_is_another_group() -> None:
    """Without one the names are those of before; schemas, which no key encrypts, keep theirs."""
    files = [parsed(), *(parsed(encryption={"kms_key": key}) for key in ("create", KEY, MULTI_REGION))]

    assert 4 == len({dataset_group_name(each, "dev") for each in files})
    assert 1 == len({schema_name(each, "dev", "interactions") for each in files})


def test_a_file_without_it_has_no_trace_of_it() -> None:
    """The hash of the file, which manifests carry, is the one of before."""
    assert "encryption" not in parsed().model_dump_json(by_alias=True)
