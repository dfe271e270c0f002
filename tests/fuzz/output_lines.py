"""Lines that Personalize might write: each is a result or an error that is counted, or there is no table but words."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from definition.contract.publishing import PublishRequest
from lambdas.publish.lines import OutputUnreadableError
from lambdas.publish.objects import OutputMissingError
from lambdas.publish.publish import TooManyErrorsError, publish
from tests.fuzz.ground import altered, value

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.ground import Ground

_RUN = "20260101T000000-abcdef"


def case(chance: Random, ground: Ground) -> None:
    """Publish a few lines, some of them broken."""
    kind = chance.choice(["inference", "segment"])
    lines = [_line(chance, kind) for _ in range(chance.randint(1, 8))]
    request = PublishRequest(
        bucket="fuzz-lines",
        run=_RUN,
        solution="s",
        job="j",
        kind=kind,
        line="user" if kind == "inference" else "item",
        max_errors=1.0,
        step="whole",
        max_bytes=10**9,
    )
    with ground.bucket("fuzz-lines") as bucket:
        bucket.put(f"batch/{_RUN}/s/j/output/users.json.out", "\n".join(lines).encode("utf-8", "surrogatepass"))
        try:
            report = publish(request, bucket.s3)
        except (OutputMissingError, OutputUnreadableError, TooManyErrorsError) as error:
            assert str(error)
            return
        full = [line for line in "\n".join(lines).split("\n") if line.strip()]
        assert report.lines == len(full), (report.lines, lines)
        assert report.errors <= report.lines
        table = pl.read_parquet(io.BytesIO(bucket.read(f"curated/s/j/run={_RUN}/part-00000.parquet")))
        assert len(table) == report.rows
        if report.errors:
            rejected = bucket.read(f"rejects/{_RUN}/s/j.jsonl").decode().removesuffix("\n").split("\n")
            assert len(rejected) == report.errors, (rejected, lines)


def _line(chance: Random, kind: str) -> str:
    several = [f"i{number}" for number in range(chance.randrange(4))]
    given = {"userId": "u1"} if kind == "inference" else {"itemId": "i1"}
    found = (
        {"recommendedItems": several, "scores": [0.5] * len(several)} if kind == "inference" else {"usersList": several}
    )
    line: dict[str, Any] = {"input": given, "output": found, "error": None}
    if chance.random() < 0.2:
        line |= {"output": None, "error": "no such user"}
    if chance.random() < 0.5:
        place = chance.choice([line, given, found])
        place[chance.choice([*place, "other"])] = value(chance)
    text = json.dumps(line, ensure_ascii=chance.random() < 0.5)
    return altered(chance, text) if chance.random() < 0.3 else text
