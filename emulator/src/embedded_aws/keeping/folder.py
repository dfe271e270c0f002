"""The folder of a kept account: whose it may be, who may use it, and how it is written so that nothing is lost.

    account.json    what wrote it, when, and the name of the state; it is replaced last, so an account is there or not
    state-….pickle  the resources
    contents/       large contents, each named by its SHA-256, written once
    lock            held by the embedded AWS that uses the folder

Reading a pickle is running a program, so the folder must be the user's own and closed to others.
"""

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

from embedded_aws.keeping.versions import differing, versions

_ACCOUNT: Final = "account.json"
_CONTENTS: Final = "contents"
_LOCK: Final = "lock"
_STATE: Final = "state-"
_PARTIAL: Final = ".partial"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_BLOCK: Final = 1 << 20


OTHER_FOLDER: Final = "Name another folder, or remove this one; nothing in it was changed."


class KeepError(RuntimeError):
    """A folder cannot be used, or an account not be kept in it: `reason` says why, `remedy` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason = reason
        self.remedy = remedy


class Folder:
    """A folder for one embedded AWS at a time.

    Args:
        path: it is made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path).absolute()
        self._lock: int | None = None

    def take(self) -> dict[str, Any] | None:
        """Take the folder for this process; return what `account.json` says, None where no account is kept.

        Raises:
            KeepError: it is not the user's alone, holds something else or what another version wrote, is damaged, or
                another embedded AWS uses it.
        """
        try:
            self._make()
            self._hold()
        except OSError as error:
            self.release()
            reason = f"the account cannot be kept in {self.path}: {error.strerror}"
            raise KeepError(reason, "Name a folder that you can write to.") from error
        try:
            return self._account()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let others use the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def state(self, account: dict[str, Any]) -> Iterator[IO[bytes]]:
        """Open the state of an account for reading.

        Raises:
            KeepError: it is damaged, or not the user's.
        """
        with self._open(self.path / str(account["state"])) as file:
            digest = hashlib.sha256()
            while block := file.read(_BLOCK):
                digest.update(block)
            if digest.hexdigest() != account["sha256"]:
                raise self._damaged(f"{account['state']} is not what was written")
            file.seek(0)
            yield file

    def content(self, name: str) -> bytes:
        """Return a large content by its name.

        Raises:
            KeepError: it is damaged, or not the user's.
        """
        with self._open(self.path / _CONTENTS / Path(name).name) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != name:
            raise self._damaged(f"{_CONTENTS}/{name} is not what was written")
        return content

    def _make(self) -> None:
        """Make the folder, or check that it is the user's alone."""
        self.path.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        found = self.path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise KeepError(f"{self.path} is a link", "Name the folder itself.")
        if found.st_uid != os.geteuid():
            raise KeepError(f"{self.path} belongs to somebody else", "Name a folder of your own.")
        names = {each.name for each in self.path.iterdir()}
        if found.st_mode & _OTHERS:
            if names:
                raise KeepError(
                    f"{self.path} is open to others, and a kept account is a program that runs as you",
                    f"If nobody else has written there: chmod 700 {self.path}",
                )
            self.path.chmod(stat.S_IRWXU)
        strange = sorted(each for each in names if not _is_own(each))
        if strange:
            raise KeepError(f"{self.path} holds something else: {strange[0]}", "Name an empty or a new folder.")

    def _hold(self) -> None:
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, stat.S_IRUSR | stat.S_IWUSR)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise KeepError(
                f"another embedded AWS keeps its account in {self.path}", "End it, or name another folder."
            ) from error

    def _account(self) -> dict[str, Any] | None:
        if not os.path.lexists(self.path / _ACCOUNT):
            return None
        with self._open(self.path / _ACCOUNT) as file:
            try:
                account: dict[str, Any] = json.load(file)
                then = account["versions"]
                found = differing(then)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise self._damaged(f"{_ACCOUNT} is not what was written") from error
        if found:
            reason = f"the account in {self.path} was kept by another version, which alone can read it: {found}"
            raise KeepError(reason, OTHER_FOLDER)
        return account

    def _open(self, file: Path) -> IO[bytes]:
        """Open one of the folder's files, which must be the user's own and no link."""
        try:
            opened = open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb")  # noqa: PTH123, SIM115  # Path follows links
        except OSError as error:
            raise self._damaged(f"{file.relative_to(self.path)}: {error.strerror}") from error
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            opened.close()
            raise self._damaged(f"{file.relative_to(self.path)} is no file of yours")
        return opened

    def _damaged(self, what: str) -> KeepError:
        return KeepError(f"the account in {self.path} cannot be read: {what}", OTHER_FOLDER)


class Draft:
    """An account that is being written into a folder; nothing counts before `commit`.

    Attributes:
        size: bytes of the state and of all contents that it has.
    """

    def __init__(self, folder: Folder) -> None:
        self._root = folder.path
        self._contents: dict[str, int] = {}
        self.size = 0

    def store(self, content: bytes) -> str:
        """Write a large content, unless it is there; return its name."""
        name = hashlib.sha256(content).hexdigest()
        if name not in self._contents:
            place = self._root / _CONTENTS
            place.mkdir(mode=stat.S_IRWXU, exist_ok=True)
            if not _is_file(place / name, len(content)):
                _write(place / name, content)
            self._contents[name] = len(content)
            self.size += len(content)
        return name

    def commit(self, state: IO[bytes], about: dict[str, Any]) -> None:
        """Put the account in the place of the one that was kept before.

        Args:
            state: at its beginning.
            about: what `account.json` says beside how to read it.
        """
        digest, size = hashlib.sha256(), 0
        partial = self._root / f"{_STATE}{_PARTIAL}"
        with _created(partial) as file:
            while block := state.read(_BLOCK):
                digest.update(block)
                size += file.write(block)
        name = f"{_STATE}{digest.hexdigest()}.pickle"
        partial.replace(self._root / name)
        self.size += size
        account = {**about, "versions": versions(), "state": name, "sha256": digest.hexdigest()}
        _synchronize(self._root / _CONTENTS)
        _write(self._root / _ACCOUNT, json.dumps(account, indent=2).encode())
        _synchronize(self._root)
        self._tidy(name)

    def _tidy(self, state: str) -> None:
        """Remove what only accounts before this one had; what cannot be removed now is removed the next time."""
        for file in self._root.iterdir():
            if file.name.startswith(_STATE) and file.name != state:
                with suppress(OSError):
                    file.unlink()
        for file in (self._root / _CONTENTS).glob("*"):
            if file.name not in self._contents:
                with suppress(OSError):
                    file.unlink()


def _is_own(name: str) -> bool:
    return name in {_ACCOUNT, _CONTENTS, _LOCK} or name.startswith(_STATE) or name.endswith(_PARTIAL)


def _is_file(file: Path, size: int) -> bool:
    found = file.lstat() if os.path.lexists(file) else None
    return found is not None and stat.S_ISREG(found.st_mode) and found.st_size == size


def _write(file: Path, content: bytes) -> None:
    """Write a file whole, or leave what is there."""
    partial = file.with_name(f"{file.name}{_PARTIAL}")
    with _created(partial) as opened:
        opened.write(content)
    partial.replace(file)


@contextmanager
def _created(file: Path) -> Iterator[IO[bytes]]:
    """Create a file for the user alone; afterwards it is on the disk, or gone where that failed."""
    file.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with open(os.open(file, flags, stat.S_IRUSR | stat.S_IWUSR), "wb") as opened:  # noqa: PTH123  # as above
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        raise


def _synchronize(folder: Path) -> None:
    """Let what a folder holds be on the disk."""
    if folder.is_dir():
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
