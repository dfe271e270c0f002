"""What cases of all kinds work with: an embedded AWS, folders, and values that nobody wants."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.server import EmbeddedAWS
from tests.functions.handlers import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

TEXTS = [
    "", " ", "\n", "\r\n", "\t", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028", "\ufeff", "\ud7ff", "\U0001f600", "支付",
    "é" * 300, "a" * 70, "a" * 5000, "a-", "-a", "a--b", "_", "A", "..", "../..", "/", "//", "\\", "\\\\", "'", '"',
    '""', "`", "$", "$x", "${Bucket}", "{% $now() %}", "{", "}", "[]", "{}", "<", "=1+1", "%s", "%2e%2e", "*", "?",
    "null", "NULL", "true", "NaN", "Infinity", "-0", "0", "1e999", "9" * 40, "2026-11-29", "rate(1 day)",
    "cron(0 3 * * ? *)", "1h", "-1h", "100d", "raw/", "s3://bucket/key",
    "arn:aws:personalize:us-east-1:123456789012:solution/x", "aws-sims", "ITEM_ID", "TIMESTAMP", "USER_ID",
    "' OR 1=1 --", "x AND", "(", ")", ";", "|", "||", "item IN (SELECT 1)", "CAST(at AS INT)", "Etc/GMT+25",
]  # fmt: skip
NUMBERS = [0, 1, -1, 2, 3, 7, 1.5, -0.5, 1e308, -1e308, 2**31, 2**63, -(2**63), 10**30, 0.1, 1e-320]


def scalar(chance: Random) -> Any:
    """Return a text, a number, a flag or nothing, mostly one that means trouble."""
    kind = chance.randrange(10)
    if kind < 6:
        return chance.choice(TEXTS)
    return chance.choice(NUMBERS) if kind < 8 else chance.choice([True, False, None])


def value(chance: Random, depth: int = 0) -> Any:
    """Return a scalar, or lists and mappings of such."""
    if depth > 3 or chance.random() < 0.7:
        return scalar(chance)
    several = [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return several if chance.random() < 0.5 else {str(scalar(chance)): each for each in several}


def altered(chance: Random, text: str) -> str:
    """Return a text with a piece left out, doubled, or put in."""
    at = chance.randint(0, len(text))
    end = min(len(text), at + chance.randint(1, 9))
    return text[:at] + chance.choice(["", text[at:end] * 2, chance.choice(TEXTS)]) + text[end:]


class Ground:
    """Starts what is needed when it is needed, and takes it down again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-"))

    @cached_property
    def aws(self) -> EmbeddedAWS:
        """An empty embedded AWS, which functions and engines find in the environment."""
        running = EmbeddedAWS(speed=120)
        running.__enter__()
        os.environ |= running.environment()
        return running

    @contextmanager
    def bucket(self, name: str) -> Iterator[Bucket]:
        """Give a bucket that is empty, and empty it afterwards."""
        s3 = self.aws.client("s3")
        s3.create_bucket(Bucket=name)
        given = Bucket(s3, name)
        try:
            yield given
        finally:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name)
            for key in [item["Key"] for page in pages for item in page.get("Contents", ())]:
                s3.delete_object(Bucket=name, Key=key)
            s3.delete_bucket(Bucket=name)

    def close(self) -> None:
        """Stop what was started, and remove what was written."""
        if "aws" in self.__dict__:
            self.aws.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)
