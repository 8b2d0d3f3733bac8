"""Writes a volume's files so that a reader sees all of the old ones or all of the new ones.

    VOLUME/..2026_01_02_03_04_05.123456789/token     the files
    VOLUME/..data  -> ..2026_01_02_03_04_05.123456789     replaced by rename
    VOLUME/token   -> ..data/token

Source: kubernetes `pkg/volume/util/atomic_writer.go`, which programs rely on (they watch `..data`).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath

from msgspec import Struct

_DATA = "..data"
_NEXT = "..data_tmp"


class File(Struct, frozen=True):
    """One file of a volume."""

    content: bytes
    mode: int = 0o644

    def __repr__(self) -> str:  # it may hold a token
        return f"File({len(self.content)} bytes, {self.mode:o})"


Payload = Mapping[str, File]
"""By relative path, with `/` between its parts."""


def write(folder: Path, payload: Payload, now: datetime, hand_over: Callable[[Path], None] = lambda _: None) -> bool:
    """Make the volume hold exactly these files; whether anything changed. `hand_over` is called for each file and folder made.

    Raises ValueError for a path that leaves the volume or begins with `..`, and OSError.
    """
    for path in payload:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or parts[0].startswith(".."):
            raise ValueError(f"{path!r} is not a path inside a volume")
    folder.mkdir(parents=True, exist_ok=True)
    if _current(folder) == {path: (file.content, file.mode) for path, file in payload.items()}:
        return False
    made = folder / f"..{now:%Y_%m_%d_%H_%M_%S}.{secrets.randbelow(10**9):09d}"
    made.mkdir(mode=0o755)
    made.chmod(0o755)
    hand_over(made)
    for path, file in payload.items():
        _write_file(made, path, file, hand_over)
    old = (folder / _DATA).readlink() if (folder / _DATA).is_symlink() else None
    (folder / _NEXT).unlink(missing_ok=True)
    (folder / _NEXT).symlink_to(made.name)
    (folder / _NEXT).replace(folder / _DATA)
    wanted = {PurePosixPath(path).parts[0] for path in payload}
    for name in wanted:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(f"{_DATA}/{name}")
    for link in folder.iterdir():
        if link.is_symlink() and link.name != _DATA and link.name not in wanted:
            link.unlink()
    if old is not None:
        shutil.rmtree(folder / old, ignore_errors=True)
    return True


def _write_file(made: Path, path: str, file: File, hand_over: Callable[[Path], None]) -> None:
    target = made / path
    for parent in reversed(target.relative_to(made).parents[:-1]):
        if not (made / parent).exists():
            (made / parent).mkdir(mode=0o755)
            (made / parent).chmod(0o755)
            hand_over(made / parent)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(file.content)
    target.chmod(file.mode)
    hand_over(target)


def _current(folder: Path) -> dict[str, tuple[bytes, int]] | None:
    """What the volume holds now; None if nothing was written yet."""
    data = folder / _DATA
    if not data.is_symlink():
        return None
    found: dict[str, tuple[bytes, int]] = {}
    try:
        for path in data.resolve().rglob("*"):
            if path.is_file():
                found[path.relative_to(data.resolve()).as_posix()] = (path.read_bytes(), path.stat().st_mode & 0o777)
    except OSError:
        return None
    return found
