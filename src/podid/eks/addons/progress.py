"""What becomes of an add-on after a look at the cluster. Pure: the state, what was seen, and for how long, in; the next state out.

CREATING ──ready──▶ ACTIVE ◀──ready / not──▶ DEGRADED          UPDATING ──ready──▶ ACTIVE
   │ └─not ready in time─▶ DEGRADED                                └─refused, or not in time─▶ UPDATE_FAILED
   └─refused, or unreachable for too long─▶ CREATE_FAILED        DELETING ─▶ gone, or DELETE_FAILED
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from podid.eks.addons.addon import Addon, AddonStatus, Issue
from podid.eks.addons.health import issue_of, issues_of, may_pass
from podid.kube import KubeError, NotFound, Object

PATIENCE: Final = timedelta(minutes=5)
"""How long an add-on may be on its way before it has failed."""
GRACE: Final = timedelta(minutes=1)
"""How long one that worked may look bad (a node restarts, a pod is replaced) before it is shown as degraded."""

_FAILED: Final[dict[AddonStatus, AddonStatus]] = {"CREATING": "CREATE_FAILED", "UPDATING": "UPDATE_FAILED"}


def after_look(addon: Addon, seen: Object | KubeError, *, waited: timedelta, now: datetime) -> Addon:
    """An add-on on its way (CREATING, UPDATING) whose DaemonSet was applied and read, or whose cluster failed us.

    `waited` is how long it has been on its way under our eyes.
    """
    late = waited >= PATIENCE
    if isinstance(seen, KubeError):
        if isinstance(seen, NotFound) and addon.applied and not late:
            return replace(addon, applied=False)  # somebody deleted it under our hands: apply it again
        if may_pass(seen) and not late:
            return replace(addon, issues=(issue_of(seen),))
        return _settled(addon, _FAILED[addon.status], now, (issue_of(seen),))
    issues = issues_of(seen)
    if not issues:
        return _settled(addon, "ACTIVE", now)
    if not late:
        return replace(addon, issues=())
    return _settled(addon, "DEGRADED" if addon.status == "CREATING" else "UPDATE_FAILED", now, issues)


def issues_seen(seen: Object | KubeError) -> tuple[Issue, ...]:
    """What a look found wrong; nothing where all is well."""
    return (issue_of(seen),) if isinstance(seen, KubeError) else issues_of(seen)


def after_check(addon: Addon, issues: tuple[Issue, ...], *, bad_for: timedelta, now: datetime) -> Addon:
    """An add-on that is ACTIVE or DEGRADED. `bad_for` is how long it has looked bad without a break."""
    if not issues:
        return addon if addon.status == "ACTIVE" else _settled(addon, "ACTIVE", now)
    if addon.status == "DEGRADED":
        return replace(addon, issues=issues)
    return addon if bad_for < GRACE else _settled(addon, "DEGRADED", now, issues)


def after_removal(addon: Addon, seen: bool | KubeError, *, waited: timedelta, now: datetime) -> Addon | None:
    """An add-on that is DELETING, after asking for its DaemonSet to go: `seen` is whether it has. None where the add-on is gone too."""
    if seen is True:
        return None
    if isinstance(seen, KubeError):
        if may_pass(seen) and waited < PATIENCE:
            return replace(addon, issues=(issue_of(seen),))
        return _settled(addon, "DELETE_FAILED", now, (issue_of(seen),))
    if waited < PATIENCE:
        return addon
    slow = Issue("InternalFailure", "The cluster does not let the DaemonSet of the add-on go.")
    return _settled(addon, "DELETE_FAILED", now, (slow,))


def _settled(addon: Addon, status: AddonStatus, now: datetime, issues: tuple[Issue, ...] = ()) -> Addon:
    return replace(addon, status=status, status_since=now, issues=issues, update_id="", modified_at=now)
