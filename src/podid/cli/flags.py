"""Flags of the lean commands: an argparse parser that complains as the rest of podid does, and durations as Go writes them."""

from __future__ import annotations

import argparse
import re
import sys
from typing import NoReturn

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Flags(argparse.ArgumentParser):
    """Two lines on standard error and exit code 2 for wrong usage."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"podid: {message}\n  see: {self.prog} --help\n")
        raise SystemExit(2)


def duration(text: str) -> float:
    """Seconds of a duration such as 3h, 90m, 1h30m or 0 (Go's form). Raises ValueError."""
    if text == "0":
        return 0.0
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        raise ValueError(text)
    return sum(float(part[1]) * _SECONDS[part[2]] for part in parts)


def boolean(text: str) -> bool:
    """A Go boolean flag's value: --flag, --flag=true, --flag=false. Raises ValueError."""
    if text in ("1", "t", "T", "true", "True", "TRUE"):
        return True
    if text in ("0", "f", "F", "false", "False", "FALSE"):
        return False
    raise ValueError(text)
