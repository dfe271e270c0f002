"""The embedded AWS with the raw file in a bucket, in a process of its own, until standard input ends."""

from __future__ import annotations

import json
import sys

from bench.data import BUCKET
from embedded_aws.server import EmbeddedAWS


def main(raw: str) -> None:
    """Upload the file, print the environment that leads clients here, and wait."""
    with EmbeddedAWS() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.upload_file(raw, BUCKET, "raw/raw.tsv")
        print(json.dumps(aws.environment()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
