"""Files named on the command line, read with a limit, and complaints about them in the program's own form."""

from __future__ import annotations

from pathlib import Path

from podid.local.problems import WrongUsage

LARGEST = 8 * 1024 * 1024
"""Bytes: more than any file that people write for these commands."""


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises WrongUsage, for a file that was named on the command line."""
    try:
        with path.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as problem:
        raise WrongUsage(f"{path} could not be read: {problem.strerror}", "name a file that is there") from problem
    if len(data) > LARGEST:
        raise WrongUsage(f"{path} is larger than {LARGEST} bytes", "name a smaller file")
    return data


def read_text(path: Path) -> str:
    """A file's text, in UTF-8, a byte order mark left out. Raises WrongUsage."""
    try:
        return read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WrongUsage(f"{path} is not text in UTF-8", "save it as UTF-8") from None
