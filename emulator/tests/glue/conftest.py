"""A bucket, a role that Glue may assume, and a maker of jobs."""

import pytest

from embedded_aws.server import EmbeddedAWS
from emulator.tests.glue.support import Jobs
from emulator.tests.support import administrator, unique


@pytest.fixture(scope="module")
def bucket(aws: EmbeddedAWS) -> str:
    """Return a bucket for scripts and data."""
    name = unique("bucket")
    aws.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def glue_role(aws: EmbeddedAWS) -> str:
    """Return a role that Glue may assume and that may do everything."""
    return administrator(aws, "glue.amazonaws.com")


@pytest.fixture(scope="module")
def jobs(aws: EmbeddedAWS, bucket: str, glue_role: str) -> Jobs:
    """Return a maker of jobs with their scripts in the bucket."""
    return Jobs(aws, bucket, glue_role)
