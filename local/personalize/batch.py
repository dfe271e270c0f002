"""The work of a batch inference job: JSON lines from S3, one answer line each, back into S3.

Rules: Developer Guide, batch-data-upload, creating-batch-inference-job and error-messages; the output's layout
as seen in saved outputs of AWS's sample notebooks.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from local.personalize.exceptions import InvalidInputException, JobFailedError
from local.personalize.models import PersonalizeBackend
from local.personalize.recipes.base import Exploration, Recommendations
from local.personalize.resources import Resource
from local.personalize.storage import Location, RoleStorage
from local.personalize.training import Trained

MOST_FILES: Final = 1000
MOST_BYTES: Final = 1024**3
MOST_RECORDS: Final = 50_000_000


@dataclass(frozen=True)
class Record:
    """One line of input: what was asked, or what is wrong with it."""

    asked: Any
    error: str | None = None


def check_locations(params: dict[str, Any]) -> None:
    """Check the job's input and output path.

    Raises:
        InvalidInputException: one is not in S3, or both are the same place.
    """
    try:
        source, target = _locations(params)
    except ValueError as error:
        raise InvalidInputException(str(error)) from error
    if (source.bucket, source.key.rstrip("/")) == (target.bucket, target.key.rstrip("/")):
        raise InvalidInputException(f"Invalid S3 output path: {target} must differ from the input path {source}")


def run(backend: PersonalizeBackend, job: Resource, trained: Trained) -> None:
    """Answer every line of every object whose key begins with the input path.

    Raises:
        JobFailedError: S3 cannot be used, or the input is empty or breaks a quota.
    """
    storage = RoleStorage(backend, job.members["roleArn"], job.arn)
    source, target = _locations(job.members)
    folder = target.key if not target.key or target.key.endswith("/") else f"{target.key}/"
    names = storage.list_keys(source)
    storage.list_keys(Location(target.bucket, folder))
    if len(names) > MOST_FILES:
        raise JobFailedError(f"{len(names)} input files; there can be at most {MOST_FILES}")
    files = {name: storage.read(Location(source.bucket, name)) for name in names}
    inputs = {name: content for name, content in files.items() if content}
    if not inputs:
        raise JobFailedError(f"There is no input: no object with content begins with {source}")
    if sum(map(len, inputs.values())) > MOST_BYTES:
        raise JobFailedError(f"The input is larger than {MOST_BYTES} bytes")
    storage.write(Location(target.bucket, f"{folder}_CHECK"), b"")
    for name, content in inputs.items():
        output = _answered(content, trained, job)
        storage.write(Location(target.bucket, f"{folder}{name.rpartition('/')[2]}.out"), output)


def _locations(members: dict[str, Any]) -> tuple[Location, Location]:
    return (
        Location.parse(members["jobInput"]["s3DataSource"]["path"]),
        Location.parse(members["jobOutput"]["s3DataDestination"]["path"]),
    )


def _answered(content: bytes, trained: Trained, job: Resource) -> bytes:
    records = [_record(line, trained) for line in content.split(b"\n") if line.strip()]
    if len(records) > MOST_RECORDS:
        raise JobFailedError(f"A file holds {len(records)} records; there can be at most {MOST_RECORDS}")
    users = sorted({record.asked["userId"] for record in records if record.error is None})
    histories = trained.interactions.of_users(users)
    found = trained.model.recommend(histories, job.members["numResults"], _exploration(trained, job))
    answers = dict(zip(users, found, strict=True))
    lines = [_line(record, answers) for record in records]
    return ("\n".join(lines) + "\n").encode()


def _record(line: bytes, trained: Trained) -> Record:
    try:
        asked = json.loads(line)
    except ValueError:
        return Record(line.decode("utf-8", "replace"), "User error: The record is not valid JSON")
    missing = not isinstance(asked, dict) or any(
        not isinstance(asked.get(key), str) or not asked[key] for key in trained.recipe.batch_keys
    )
    if missing:
        keys = ", ".join(trained.recipe.batch_keys)
        return Record(asked, f"User error: Required fields for the provided recipe are {keys}")
    return Record(asked)


def _line(record: Record, answers: dict[str, Recommendations]) -> str:
    if record.error is not None:
        output: dict[str, Any] = {"recommendedItems": []}
    else:
        answer = answers[record.asked["userId"]]
        output = {"recommendedItems": answer.items}
        if answer.scores is not None:
            output["scores"] = answer.scores
    line = {"input": record.asked, "output": output, "error": record.error}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _exploration(trained: Trained, job: Resource) -> Exploration | None:
    if not trained.recipe.explores:
        return None
    config = job.members.get("batchInferenceJobConfig", {}).get("itemExplorationConfig", {})
    default = Exploration()
    return Exploration(
        float(config.get("explorationWeight", default.weight)),
        float(config.get("explorationItemAgeCutOff", default.age_cut_off)),
    )
