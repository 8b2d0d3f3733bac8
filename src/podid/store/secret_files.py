"""Files that hold secrets: made with mode 0600, made once, replaced whole.

A reader of such a file never sees half of it, and of two processes that make it at the same time one wins and the other reads it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def create_once(path: Path, content: bytes) -> bytes:
    """Make the file unless it is there; answer what it then holds."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path, content)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # unlike a rename, this refuses to overwrite
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return path.read_bytes()


def replace(path: Path, content: bytes) -> None:
    """Replace the file in one step; after a crash it is the old or the new one."""
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
