"""The thread that brings clusters to what was asked of their add-ons.

It takes no orders: at each look it reads all add-ons from the store and moves each of them on by whatever its state calls for, so a
restart, a lost wake-up or a second replica changes nothing. Every step may be made twice. A result is stored only if the add-on is still
as it was when the step began. What a look means is decided in `progress`; this file only looks, waits and stores.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from podid.core.clock import Clock
from podid.eks import cluster_rows, updates
from podid.eks.access import ClusterAccess
from podid.eks.addons import addon_rows, owned
from podid.eks.addons.addon import IN_PROGRESS, Addon
from podid.eks.addons.installer import Installer
from podid.eks.addons.progress import after_check, after_look, after_removal, issues_seen
from podid.eks.instants import whole_millis
from podid.eks.tables import ROOM
from podid.eks.updates import UpdateError
from podid.kube import BadKubeconfig, KubeError, Kubernetes, Object
from podid.store import Store

QUICK, SLOW, IDLE = 0.2, 2.0, 30.0
"""Seconds to the next look: while something was asked for a moment ago, while it takes longer, and otherwise."""
_MOMENT: Final = timedelta(seconds=30)
_CHECK: Final = timedelta(seconds=IDLE)

_log = logging.getLogger("podid.eks.addons")


class AddonWorker:
    """Looks after all add-ons of one store."""

    def __init__(self, store: Store, access: ClusterAccess, installer: Installer, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._installer = installer
        self._clock = clock
        self._signal = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._began: datetime | None = None
        self._checked: dict[str, datetime] = {}
        self._bad_since: dict[str, datetime] = {}

    def wake(self) -> None:
        """Look now; the thread is started if it does not run yet."""
        with self._lock:
            if self._closing:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="eks-addons", daemon=True)
                self._thread.start()
        self._signal.set()

    def close(self) -> None:
        """Stop after the step at hand."""
        with self._lock:
            self._closing = True
            thread = self._thread
        self._signal.set()
        if thread is not None:
            thread.join(timeout=10)

    def look(self) -> float:
        """Move every add-on on by one step. Returns the seconds after which to look again."""
        now = whole_millis(self._clock())
        self._began = self._began or now
        with self._store.read() as connection:
            addons = addon_rows.everywhere(connection)
        here = {addon.arn for addon in addons}
        for memory in (self._checked, self._bad_since):
            for gone in memory.keys() - here:
                del memory[gone]
        delay = IDLE
        for addon in addons:
            if self._closing:
                break
            after = self._step(addon, now)
            if after is not None and after.status in IN_PROGRESS:
                delay = min(delay, QUICK if now - after.status_since < _MOMENT else SLOW)
        return delay

    def _run(self) -> None:
        delay = 0.0
        while not self._closing:
            self._signal.wait(delay)
            self._signal.clear()
            try:
                delay = self.look()
            except Exception:
                _log.exception("looking after the add-ons failed")
                delay = SLOW

    def _step(self, addon: Addon, now: datetime) -> Addon | None:
        """One step; the add-on after it, None where it is gone."""
        # Time spent stopped does not count: after a restart everything gets its full time again.
        waited = now - max(addon.status_since, self._began or now)
        after: Addon | None = addon
        if addon.status == "DELETING":
            gone = True if addon.preserve else self._remove(addon)
            after = after_removal(addon, gone, waited=waited, now=now)
        elif addon.status in IN_PROGRESS:
            applied, seen = self._install(addon)
            after = after_look(replace(addon, applied=applied), seen, waited=waited, now=now)
        elif addon.status in ("ACTIVE", "DEGRADED"):
            after = self._check(addon, now)
        return after if after == addon else self._store_step(addon, after)

    def _install(self, addon: Addon) -> tuple[bool, Object | KubeError]:
        """Apply what was not applied yet, then read: whether it is applied now, and the DaemonSet or what went wrong."""
        applied = addon.applied
        try:
            client = self._client(addon)
            if not applied:
                self._installer.apply(client, addon)
                applied = True
            return applied, self._installer.read(client, addon)
        except KubeError as error:
            return applied, error

    def _remove(self, addon: Addon) -> bool | KubeError:
        try:
            return self._installer.remove(self._client(addon), addon)
        except BadKubeconfig as error:
            # What never reached the cluster has nothing there to remove.
            return error if addon.applied else True
        except KubeError as error:
            return error

    def _check(self, addon: Addon, now: datetime) -> Addon:
        if now - self._checked.get(addon.arn, datetime.min.replace(tzinfo=now.tzinfo)) < _CHECK:
            return addon
        self._checked[addon.arn] = now
        try:
            issues = issues_seen(self._installer.read(self._client(addon), addon))
        except KubeError as error:
            issues = issues_seen(error)
        if not issues:
            self._bad_since.pop(addon.arn, None)
            return after_check(addon, issues, bad_for=timedelta(), now=now)
        since = self._bad_since.setdefault(addon.arn, now)
        return after_check(addon, issues, bad_for=now - since, now=now)

    def _client(self, addon: Addon) -> Kubernetes:
        with self._store.read() as connection:
            cluster = cluster_rows.find(connection, addon.account, addon.region, addon.cluster)
        if cluster is None:
            raise BadKubeconfig(f"the cluster {addon.cluster} is gone")
        return self._access.client(cluster)

    def _store_step(self, addon: Addon, after: Addon | None) -> Addon | None:
        """Store a step's result, unless somebody asked for something else meanwhile: that is then the next step."""
        with self._store.write(ROOM) as connection:
            current = addon_rows.find(connection, addon.account, addon.region, addon.cluster, addon.name)
            if current != addon:
                return current
            if after is None:
                owned.release(connection, addon)
                addon_rows.remove(connection, addon)
            else:
                addon_rows.put(connection, after)
                _finish_update(connection, addon, after)
        if after is None or after.status != addon.status:
            told = "is gone" if after is None else f"is {after.status}"
            _log.info("add-on %s of cluster %s %s", addon.name, addon.cluster, told)
        return after


def _finish_update(connection: Connection, before: Addon, after: Addon) -> None:
    """The update that was under way ends with its add-on's."""
    if not before.update_id or after.update_id:
        return
    of = (before.account, before.region, before.cluster, before.update_id)
    if after.status == "ACTIVE":
        updates.finish(connection, *of, "Successful")
    else:
        errors = [UpdateError(issue.code, issue.message, issue.resources) for issue in after.issues]
        updates.finish(connection, *of, "Failed", errors)
