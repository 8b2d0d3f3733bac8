"""What a person types to call podid again: `podid` where that is on PATH, else the way it was called now."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def own_name() -> str:
    called = Path(sys.argv[0])
    if shutil.which("podid") or called.name != "podid":
        return "podid"
    relative = os.path.relpath(called)
    return relative if not relative.startswith("..") else str(called.absolute())
