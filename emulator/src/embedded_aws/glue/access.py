"""What the role of a job must be allowed for what Spark does with files.

On AWS Spark reaches S3 by Hadoop's S3A, which Glue 5.1 uses (Glue developer guide, page migrating-version-51). S3A
looks before it acts: HEAD and LIST of a file before it is written, moved or deleted, and HEAD of the folders above it
before it makes them (Hadoop's source: S3AFileSystem.innerGetFileStatus, MkdirOperation, RenameOperation,
DeleteOperation). HEAD asks for s3:GetObject. Here Spark works on folders (see `storage`), and the kernel tells what it
opens, makes, moves and deletes there; each is asked for as S3A would, and the first refusal ends the run.

Only Linux tells of files that are opened: elsewhere what Spark only reads is not checked.
"""

import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from embedded_aws.glue.exceptions import RunFailedError
from embedded_aws.iam.authorization import AccessDeniedError, require
from embedded_aws.iam.principals import Principal
from embedded_aws.iam.rules.rule import Ask
from embedded_aws.kms.keys import arn_of, is_of_aws, through
from embedded_aws.s3.keys import Encrypted, of_object

# Of folders made one in another faster than they can be watched: the second watch takes the place of the first.
warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning, module="watchdog")
_LAST: Final = ".last"
_LONGEST_QUEUE: Final = 10.0  # seconds; thousands of events are heard in less than one


class Access(FileSystemEventHandler):
    """Watches the folders of buckets while a context lasts.

    Its end raises `RunFailedError` if not everything was heard: what was not asked for is not allowed.

    Attributes:
        denied: what Spark may not do, None as long as it may.
    """

    def __init__(self, principal: Principal, root: Path, folders: Mapping[str, Path]) -> None:
        self.denied: AccessDeniedError | None = None
        self._principal = principal
        self._root = root
        self._buckets = {path.resolve(): bucket for bucket, path in folders.items()}
        self._known: set[Ask] = set()
        self._heard_last = False
        self._observer = Observer()

    def __enter__(self) -> Self:
        self._observer.schedule(self, str(self._root), recursive=True)
        self._observer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What has happened until now is heard before this.
        (self._root / _LAST).touch()
        until = time.monotonic() + _LONGEST_QUEUE
        while not self._heard_last and time.monotonic() < until:
            time.sleep(0.01)
        self._observer.stop()
        self._observer.join()
        if not self._heard_last and error is None:
            raise RunFailedError("The embedded AWS could not watch what Spark did with files, so it is not let through")

    def dispatch(self, event: FileSystemEvent) -> None:
        """Hear of one event."""
        source = Path(str(event.src_path))
        if source == self._root / _LAST:
            self._heard_last = True
        if self.denied is not None or (place := self._place(source)) is None:
            return
        target = self._place(Path(str(event.dest_path))) if event.dest_path else None
        for ask in _asks(self._principal, event, *place, target):
            if self.denied is None and ask not in self._known:
                self._ask(ask)

    def _ask(self, ask: Ask) -> None:
        try:
            require(self._principal, [ask])
            self._known.add(ask)
        except AccessDeniedError as error:
            self.denied = error

    def _place(self, path: Path) -> tuple[str, str] | None:
        """Return bucket and key of a path, None for what lies in no bucket or is the bucket itself."""
        for folder, bucket in self._buckets.items():
            if path.is_relative_to(folder) and path != folder:
                return bucket, path.relative_to(folder).as_posix()
        return None


def _asks(
    principal: Principal, event: FileSystemEvent, bucket: str, key: str, target: tuple[str, str] | None
) -> Iterator[Ask]:
    """Yield what S3A would need for what has happened to a file or folder."""
    arn = f"arn:aws:s3:::{bucket}"
    if event.event_type == "opened":
        yield _head(arn, key)
        yield from _key(principal, of_object(principal.account_id, bucket, key), "kms:Decrypt")
    elif event.event_type == "created":
        yield from _looks(arn, key)
        if event.is_directory:
            # Above it, too, until there is a folder.
            yield from (_head(arn, above.as_posix()) for above in list(Path(key).parents)[:-1])
        yield Ask("s3:PutObject", f"{arn}/{key}{'/' if event.is_directory else ''}")
    elif event.event_type == "deleted":
        yield from _looks(arn, key)
        yield Ask("s3:DeleteObject", f"{arn}/{key}{'/' if event.is_directory else ''}")
    elif event.event_type == "moved" and target is not None:
        goal = f"arn:aws:s3:::{target[0]}"
        yield from (*_looks(arn, key), *_looks(goal, target[1]))
        yield Ask("s3:PutObject", f"{goal}/{target[1]}")
        yield Ask("s3:DeleteObject", f"{arn}/{key}")


def _key(principal: Principal, found: Encrypted | None, action: str) -> Iterator[Ask]:
    """Yield the use of a key of KMS by S3; what is written asks when it is brought to S3."""
    region = "us-east-1" if found is None or not found.key.startswith("arn:") else found.key.split(":")[3]
    if found is not None and not is_of_aws(principal.account_id, region, found.key):
        context = through("s3", principal.account_id, region, aws_s3_arn=found.arn)
        yield Ask(action, arn_of(principal.account_id, region, found.key), context)


def _looks(arn: str, key: str) -> Iterator[Ask]:
    """Yield what it takes to find out what lies at a path: HEAD of the key, then LIST of what is below it."""
    yield _head(arn, key)
    yield Ask("s3:ListBucket", arn, {"s3:prefix": f"{key}/"})


def _head(arn: str, key: str) -> Ask:
    return Ask("s3:GetObject", f"{arn}/{key}")


def s3a_words(error: AccessDeniedError) -> str:
    """Return how S3A words a refusal."""
    path = error.verdict.ask.resource.removeprefix("arn:aws:s3:::")
    return f"java.nio.file.AccessDeniedException: s3a://{path}: {error} (Service: S3, Status Code: 403)"
