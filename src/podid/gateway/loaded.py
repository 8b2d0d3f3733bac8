"""Modules of moto that some call has made use of already: what is not imported holds nothing, and asking must not import it."""

from __future__ import annotations

import sys
from typing import Any


def loaded(name: str) -> Any:
    """The module, or None where it was not imported yet, or another thread is in the middle of importing it: nothing was stored in it then."""
    module = sys.modules.get(name)
    # The interpreter's own mark of a module whose code has not run to its end.
    if module is None or getattr(module.__spec__, "_initializing", False):
        return None
    return module
