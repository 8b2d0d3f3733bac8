"""The key sets of all clusters, kept in memory.

A set is read when it is first needed, again when its time is over or its file has changed, which is looked for every `LOOK` seconds, and
again, no more than once in `PAUSE` seconds, when a token names a key that it lacks: so a rotated key is known at the first token it signed,
a key withdrawn from a file is good for `LOOK` seconds more, and a flood of made-up key names costs one read. Where a read fails, the set at
hand is used until one succeeds. One thread reads at a time for a cluster; those who have an older set do not wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from podid.core.tokens import KeySet
from podid.core.waiting import about_to_wait
from podid.eks import Cluster, ClusterAccess
from podid.eks_auth.keys.source import KeySetSource, KeysUnavailable, source_of

LOOK: Final = 0.05
"""Seconds that a set's file is not looked at again."""
PAUSE: Final = 10.0
"""Seconds between two reads that unknown keys ask for."""
RETRY: Final = 1.0
"""Seconds after a read that failed."""
MOST_CLUSTERS: Final = 10_000

_log = logging.getLogger("podid.eks_auth.keys")


class ClusterKeys:
    """Key sets by cluster. `monotonic` gives seconds that only grow."""

    def __init__(self, access: ClusterAccess, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str, str], tuple[Cluster, _Held]] = {}
        """By account, region and name."""

    def of(self, cluster: Cluster) -> KeySet:
        """The cluster's key set. Raises KeysUnavailable where none was ever read."""
        return self._of(cluster).current()

    def again(self, cluster: Cluster, than: KeySet) -> KeySet | None:
        """A set other than `than`, in which a token's key was not found; None where there is none, or not so soon."""
        return self._of(cluster).other(than)

    def _of(self, cluster: Cluster) -> _Held:
        place = (cluster.account, cluster.region, cluster.name)
        known = self._held.get(place)  # without the lock: an entry is replaced whole
        if known is not None and known[0] is cluster:
            return known[1]
        with self._lock:
            known = self._held.get(place)
            if known is not None and known[0].keys == cluster.keys and known[0].kubeconfig == cluster.kubeconfig:
                held = known[1]
            else:  # a cluster registered anew with another source: what the old one said is forgotten
                held = _Held(source_of(cluster, self._access), self._monotonic, cluster.name)
                if len(self._held) >= MOST_CLUSTERS:
                    self._held.clear()
            self._held[place] = (cluster, held)
            return held


class _Held:
    """The key set of one cluster."""

    def __init__(self, source: KeySetSource, monotonic: Callable[[], float], name: str) -> None:
        self._source = source
        self._monotonic = monotonic
        self._name = name
        self._reading = threading.Lock()
        self._keys: KeySet | None = None
        self._problem = ""
        self._good_until = 0.0
        self._look_at = 0.0
        self._retry_at = 0.0
        self._ask_at = 0.0

    def current(self) -> KeySet:
        keys = self._keys
        if keys is not None and not self._stale():
            return keys
        about_to_wait()
        # Who has no set waits for one; and a changed file may have lost a key on purpose, so that is waited for too.
        # When only time is over, one thread goes to look and the others use what is there.
        if self._reading.acquire(blocking=keys is None or self._source.changed()):
            try:
                if self._keys is None or self._stale():
                    self._read()
            finally:
                self._reading.release()
        if self._keys is None:
            raise KeysUnavailable(self._problem)
        return self._keys

    def other(self, than: KeySet) -> KeySet | None:
        about_to_wait()
        with self._reading:
            if self._keys is than:
                now = self._monotonic()
                if now >= self._ask_at:
                    self._ask_at = now + PAUSE
                    self._read()
                elif self._source.changed():
                    self._read()
            return None if self._keys is than else self._keys

    def _stale(self) -> bool:
        """Whether the set has to be read again, as far as can be told without looking too often."""
        now = self._monotonic()
        if now < self._look_at:
            return False
        if now >= self._good_until or self._source.changed():
            return True
        self._look_at = min(now + LOOK, self._good_until)
        return False

    def _read(self) -> None:
        if self._monotonic() < self._retry_at:
            return
        try:
            read = self._source.read()
        except KeysUnavailable as error:
            self._problem = str(error)
            self._retry_at = self._monotonic() + RETRY
            _log.warning("the keys of cluster %s cannot be read: %s", self._name, error)
            return
        now = self._monotonic()
        self._keys = read.keys
        self._good_until = now + read.seconds
        self._look_at = min(now + LOOK, self._good_until)
