"""Whether a credential may be used: `Active` or `Inactive`."""

from __future__ import annotations

from podid.iam.errors import InvalidInput


def is_active(status: str) -> bool:
    """What a request sets. Raises InvalidInput: `Expired` is what time makes of a credential, and nobody sets it."""
    if status not in ("Active", "Inactive"):
        raise InvalidInput(f"The status of a credential is Active or Inactive, not {status[:20]!r}.")
    return status == "Active"


def shown_status(active: bool) -> str:
    return "Active" if active else "Inactive"
