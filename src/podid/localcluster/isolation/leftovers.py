"""Ending what a killed cluster process left, whichever adapter made it."""

from __future__ import annotations

from pathlib import Path


def end(folder: Path) -> bool:
    """End the node in a folder (`NodeSettings.folder`) and all that runs on it; whether there was one. Blocking, idempotent."""
    from podid.localcluster.isolation.namespaces.adapter import end_leftovers

    return end_leftovers(folder)
