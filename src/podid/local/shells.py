"""How a shell is told to set and unset variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

UNSET = (
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""What would win over the access key of `podid env`."""


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def guess_shell() -> Shell:
    """The person's login shell, bash where it is none of ours."""
    name = Path(os.environ.get("SHELL", "")).name
    if name in ("pwsh", "powershell"):
        return Shell.POWERSHELL
    return Shell(name) if name in (Shell.ZSH, Shell.FISH) else Shell.BASH


def exports(values: Mapping[str, str], shell: Shell) -> str:
    """Lines that set `values` and unset what would win over them."""
    set_line, unset_line, quote = {
        Shell.FISH: ("set -gx {} {}", "set -e {}", _quote_fish),
        Shell.POWERSHELL: ("$env:{} = {}", "Remove-Item -ErrorAction Ignore env:{}", _quote_powershell),
    }.get(shell, ("export {}={}", "unset {}", _quote_posix))
    lines = [unset_line.format(name) for name in UNSET if name not in values]
    lines += [set_line.format(name, quote(value)) for name, value in values.items()]
    return "\n".join(lines)


def _quote_posix(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _quote_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quote_powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
