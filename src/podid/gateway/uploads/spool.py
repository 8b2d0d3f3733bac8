"""Files that bodies lie in: without a name from the moment they are made, so that whatever ends this process leaves nothing behind.

One file holds many bodies, one after the other, for each open file costs a descriptor; what is not needed any more is given back to the
file system as a hole, where that can be done.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from podid.gateway.uploads.content import Content, Memory

IN_MEMORY: Final = 1024 * 1024
"""Bytes up to which a body stays in memory."""

FILE_SIZE: Final = 1024 * 1024 * 1024
"""Bytes after which another file is begun."""

KEPT_FREE: Final = 256 * 1024 * 1024
"""Bytes of the disk that uploads leave free: the store is on it too."""

_PUNCH_HOLE_KEEP_SIZE: Final = 3


class NoRoom(Exception):
    """The disk has no room for the body."""


class Spool:
    """The files of one process. `folder` is made when the first one is needed; None: the system's place for temporary files."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._current: _File | None = None

    def writer(self, length: int | None) -> Writer:
        """To write a body with; `length` is what it will have at most, None where that is not known. Raises NoRoom."""
        if length is not None and length <= IN_MEMORY:
            return Writer(None, 0, length)
        if shutil.disk_usage(self._made()).free < (length or 0) + KEPT_FREE:
            raise NoRoom
        if length is None:
            return Writer(_File(self._open()), 0, None)
        with self._lock:
            if self._current is None or self._current.used + length > FILE_SIZE:
                self._current = _File(self._open())
            offset = self._current.used
            self._current.used += length
            return Writer(self._current, offset, length)

    def _made(self) -> Path:
        folder = self._folder or Path(tempfile.gettempdir())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _open(self) -> int:
        flag = getattr(os, "O_TMPFILE", 0)
        if flag:
            with contextlib.suppress(OSError):  # not every file system has files without names
                return os.open(self._made(), os.O_RDWR | os.O_CLOEXEC | flag, 0o600)
        descriptor, name = tempfile.mkstemp(dir=self._made())
        Path(name).unlink()
        return descriptor


class Writer:
    """Writes one body. Used by one thread at a time."""

    def __init__(self, file: _File | None, offset: int, most: int | None) -> None:
        self._memory = bytearray()
        self._region = None if file is None else _Region(file, offset, most)
        self._most = most
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append. Raises NoRoom; ValueError beyond the length that was said."""
        if self._most is not None and self.size + len(data) > self._most:
            raise ValueError("the body is longer than was said")
        if self._region is None:
            self._memory += data
        else:
            self._region.write(self.size, data)
        self.size += len(data)

    def content(self) -> Content:
        """What was written. The last call."""
        if self._region is None:
            return Content([(Memory(bytes(self._memory)), 0, self.size)])
        return Content([(self._region, 0, self.size)])


class _File:
    """One file, open for as long as anything refers to it. The descriptor is its own."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.used = 0

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        close(self.descriptor)


class _Region:
    """A part of a file, until nobody refers to it. `length` None: up to the file's end."""

    def __init__(self, file: _File, offset: int, length: int | None) -> None:
        self._file = file
        self._offset = offset
        self._length = length

    def write(self, at: int, data: bytes) -> None:
        view = memoryview(data)
        at += self._offset
        while view:
            try:
                written = os.pwrite(self._file.descriptor, view, at)
            except OSError as error:
                raise NoRoom from error
            view, at = view[written:], at + written

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._file.descriptor, size, self._offset + offset)

    def __del__(self) -> None:
        if self._length is not None:
            _give_back(self._file.descriptor, self._offset, self._length)


def _give_back(descriptor: int, offset: int, length: int) -> None:
    punch = _fallocate()
    if punch is not None:
        punch(
            descriptor, _PUNCH_HOLE_KEEP_SIZE, offset, length
        )  # refused by some file systems: the room comes back with the file


@cache
def _fallocate() -> Callable[[int, int, int, int], int] | None:
    import ctypes  # for the first large object that is deleted

    try:
        found = ctypes.CDLL(None, use_errno=True).fallocate64
    except (OSError, AttributeError):  # not Linux
        return None
    found.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong]
    return found
