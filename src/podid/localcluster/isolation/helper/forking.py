"""Forking a child that never comes back into its parent's code, whatever goes wrong in it."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def fork(child: Callable[[], object]) -> int:
    """Run `child` in a new process, which ends with it: with code 128 if it returns or fails (the traceback goes to its standard error)."""
    pid = os.fork()
    if pid:
        return pid
    try:
        child()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(128)
