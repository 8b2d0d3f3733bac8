"""A file is written under another name beside its place and then renamed into it: a reader finds the old one or the new one, never half.

`durable` is for what must outlive a power cut: file and folder are on the disk when the call returns. Keys and stored state want that;
what is made anew at the next start does not.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

OWNER_ONLY = 0o600


def write_whole(path: Path, content: bytes, *, mode: int = OWNER_ONLY, durable: bool = False) -> None:
    """Put a file in place, over the former one. Its folder must be there. Raises OSError, and then nothing has changed."""
    with drafted(path, mode=mode, durable=durable) as file:
        file.write(content)


def create_once(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> bytes:
    """Make the file unless it is there, and give what it then holds: of two processes that make it, one wins and both read the same.

    Durable; a missing folder is made, for its owner alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft_of(path)
    try:
        with _opened(draft, mode) as file:
            file.write(content)
            _to_disk(file)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # unlike a rename, this refuses to overwrite
    finally:
        draft.unlink(missing_ok=True)
    _folder_to_disk(path.parent)
    return path.read_bytes()


@contextlib.contextmanager
def drafted(path: Path, *, mode: int = OWNER_ONLY, durable: bool = False) -> Iterator[BinaryIO]:
    """An open file that takes `path`'s place when the block ends well, and is gone when it does not. For what is written in pieces."""
    draft = _draft_of(path)
    try:
        with _opened(draft, mode) as file:
            yield file
            if durable:
                _to_disk(file)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        _folder_to_disk(path.parent)


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(8).hex()}")


def _opened(draft: Path, mode: int) -> BinaryIO:
    # Exclusive: neither a stranger's file nor a link is ever written to. What the umask takes of `mode` is given back at once.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)
        return os.fdopen(descriptor, "wb")
    except BaseException:
        os.close(descriptor)
        raise


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
