"""The rows of a user or an item in the table of a batch job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from cli.errors import CommandError

if TYPE_CHECKING:
    import boto3

    from cli.live.sources import Source
    from cli.results import NewestTable


def rows(
    session: boto3.Session, table: NewestTable, source: Source, named: str, most: int
) -> list[tuple[str, float | None]]:
    """Return what a table has for a user or an item: id and score of each result, the first rank first.

    Parquet's statistics let all but a few row groups be left where they are.

    Args:
        session: whose credentials read the bucket.
        table: where it lies.
        source: its job.
        named: id of the user or item.
        most: how many.

    Raises:
        CommandError: the table cannot be read.
    """
    assert source.columns is not None, "campaigns and recommenders have no tables"
    shape = source.columns
    try:
        found = (
            pl.scan_parquet(f"{table.location}*.parquet", storage_options=_options(session))
            .filter(pl.col(shape.named) == named)
            .sort("rank")
            .select(shape.found, "score")
            .head(most)
            .collect()
        )
    except (PolarsError, OSError) as error:
        raise CommandError(
            f"the table {table.location} cannot be read: {' '.join(str(error).split())[:300]}",
            remedy="Your credentials need s3:GetObject and s3:ListBucket for it; if it is gone, a run makes it anew",
        ) from error
    return list(found.iter_rows())


def _options(session: boto3.Session) -> dict[str, str]:
    """Return how Polars reaches the bucket that a session reaches, also by a profile or a role."""
    endpoint = session.client("s3").meta.endpoint_url
    given = session.get_credentials()
    assert given is not None, "the session has read latest.json"
    keys = given.get_frozen_credentials()
    options = {
        "aws_access_key_id": keys.access_key,
        "aws_secret_access_key": keys.secret_key,
        "aws_region": session.region_name,
        **({"aws_session_token": keys.token} if keys.token else {}),
    }
    # An own endpoint is that of AWS_ENDPOINT_URL, as an embedded AWS has it.
    own = {} if endpoint.endswith(".amazonaws.com") else {"aws_endpoint_url": endpoint, "aws_allow_http": "true"}
    return options | own
