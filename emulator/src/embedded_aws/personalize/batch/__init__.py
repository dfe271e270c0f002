"""The work of batch inference and batch segment jobs: JSON lines from S3, one answer line each, back into S3.

Rules: Developer Guide, batch-data-upload, creating-batch-inference-job, creating-batch-seg-job, limits and
error-messages; the output's layout as seen in saved outputs of AWS's sample notebooks. `lines` is what the files
have in common, `inference`, `themes` and `segments` answer their records.
"""

from typing import Any, Final

from embedded_aws.personalize.batch import inference, segments, themes
from embedded_aws.personalize.batch.lines import Answering, answer_file
from embedded_aws.personalize.exceptions import InvalidInputException, JobFailedError
from embedded_aws.personalize.keys import refused_group, refused_key
from embedded_aws.personalize.kinds import BATCH_SEGMENT_JOB, DATASET_GROUP
from embedded_aws.personalize.models import PersonalizeBackend
from embedded_aws.personalize.resources import Resource
from embedded_aws.personalize.storage import Location, RoleStorage

THEMES: Final = "THEME_GENERATION"
MOST_FILES: Final = 1000
MOST_BYTES: Final = 1024**3


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


def run(backend: PersonalizeBackend, job: Resource, version: Resource, found: Resource | None) -> None:
    """Answer every line of every object whose key begins with the input path.

    Args:
        backend: that of the job.
        job: a batch inference or batch segment job.
        version: the solution version that answers.
        found: the job's filter.

    Raises:
        JobFailedError: S3 cannot be used, or the input is empty or breaks a quota.
    """
    _check_keys(backend, job, version)
    output_key = job.members["jobOutput"]["s3DataDestination"].get("kmsKeyArn")
    storage = RoleStorage(backend, job.members["roleArn"], job.arn, output_key=output_key)
    source, target = _locations(job.members)
    inputs = _inputs(storage, source)
    storage.list_keys(target.folder)
    answering = _answering(backend, job, version, found)
    for name, content in inputs.items():
        answering.check_size(name, content)
    storage.write(Location(target.bucket, f"{target.folder.key}_CHECK"), b"")
    for name, content in inputs.items():
        output = answer_file(content, answering, job.broken_lines)
        storage.write(Location(target.bucket, f"{target.folder.key}{name.rpartition('/')[2]}.out"), output)


def _check_keys(backend: PersonalizeBackend, job: Resource, version: Resource) -> None:
    """Check the keys of the dataset group and of the input; that of the output is when something is written.

    Raises:
        JobFailedError: the service or the role may not use one.
    """
    group = backend.find(DATASET_GROUP, version.members["datasetGroupArn"])
    key = job.members["jobInput"]["s3DataSource"].get("kmsKeyArn")
    of_input = refused_key(backend, key, job.members["roleArn"]) if key else ""
    if refusal := of_input or refused_group(backend, group):
        raise JobFailedError(refusal)


def _answering(backend: PersonalizeBackend, job: Resource, version: Resource, found: Resource | None) -> Answering:
    if job.kind is BATCH_SEGMENT_JOB:
        return segments.answering(backend, job, version, found)
    answering = inference.answering(backend, job, version, found)
    return themes.answering(answering, version) if job.members["batchInferenceJobMode"] == THEMES else answering


def _inputs(storage: RoleStorage, source: Location) -> dict[str, bytes]:
    names = storage.list_keys(source)
    if len(names) > MOST_FILES:
        raise JobFailedError(f"{len(names)} input files; there can be at most {MOST_FILES}")
    files = {name: storage.read(Location(source.bucket, name)) for name in names}
    inputs = {name: content for name, content in files.items() if content}
    if not inputs:
        raise JobFailedError(f"There is no input: no object with content begins with {source}")
    if sum(map(len, inputs.values())) > MOST_BYTES:
        raise JobFailedError(f"The input is larger than {MOST_BYTES} bytes")
    outputs: dict[str, str] = {}
    for name in inputs:
        other = outputs.setdefault(name.rpartition("/")[2], name)
        if other != name:
            raise JobFailedError(f"The outputs of {other} and {name} would have the same name")
    return inputs


def _locations(members: dict[str, Any]) -> tuple[Location, Location]:
    return (
        Location.parse(members["jobInput"]["s3DataSource"]["path"]),
        Location.parse(members["jobOutput"]["s3DataDestination"]["path"]),
    )
