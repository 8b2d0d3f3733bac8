"""A bounded cache of values read from the store, each good for one revision of it.

Every committed write of EKS changes the store's revision for it, so a value read at the current one is the truth. After a write each key costs one read
by its index the next time it is asked for, and nothing at all if it never is: the time does not depend on how many rows there are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from podid.eks.tables import ROOM
from podid.store import Store

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class RevisionCache(Generic[_K, _V]):
    """Values by key, at most `size` of them, the first read given up first. Safe to share between threads."""

    def __init__(self, store: Store, load: Callable[[_K], _V], *, size: int) -> None:
        self._store = store
        self._load = load
        self._size = size
        self._found: OrderedDict[_K, tuple[int, _V]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _K) -> _V:
        """The value as of now."""
        # The revision is read first: if a write comes between, the value is newer than its label and is merely read again.
        revision = self._store.revision(ROOM)
        held = self._found.get(key)
        if held is not None and held[0] == revision:
            return held[1]
        value = self._load(key)
        with self._lock:
            self._found[key] = (revision, value)
            self._found.move_to_end(key)
            while len(self._found) > self._size:
                self._found.popitem(last=False)
        return value
