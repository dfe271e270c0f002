"""A folder in the place of the bucket: for data on this machine, before there is one, in tests and in benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from definition.mapping.address import in_folder

if TYPE_CHECKING:
    import io
    from pathlib import Path


class FolderStore:
    """A folder that is read and written as ``transform.raw.store.Store`` says; other buckets lie below ``s3/``.

    Args:
        path: the folder.
        scheme: what stands before its path where an engine finds files by addresses, such as ``file://``.

    Attributes:
        root: what a key is appended to.
    """

    def __init__(self, path: Path, scheme: str = "") -> None:
        self.path = path
        self.root = f"{scheme}{path}/"

    def address(self, key: str) -> str:
        """Return the path of a file, with the scheme."""
        return self.root + in_folder(key)

    def read(self, key: str) -> io.BufferedReader:
        """Open a file."""
        return (self.path / in_folder(key)).open("rb")

    def tail(self, key: str, count: int) -> bytes:
        """Return the last bytes of a file."""
        return (self.path / in_folder(key)).read_bytes()[-count:]

    def find(self, key: str) -> bytes | None:
        """Return a file whole, None if there is none."""
        file = self.path / key
        return file.read_bytes() if file.is_file() else None

    def write(self, key: str, content: bytes) -> None:
        """Write a file; its folder is made."""
        file = self.path / in_folder(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
