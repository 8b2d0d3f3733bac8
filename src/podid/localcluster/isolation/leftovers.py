"""Ending what a killed cluster process left, whichever adapter made it."""

from __future__ import annotations

from pathlib import Path


def end(folder: Path) -> bool:
    """End the node in a folder (`NodeSettings.folder`) and all that runs on it; whether there was one. Blocking, idempotent."""
    from podid.localcluster.isolation.process.adapter import end_leftovers

    # ends the recorded node of either adapter, and then what only processes can leave
    return end_leftovers(folder)
