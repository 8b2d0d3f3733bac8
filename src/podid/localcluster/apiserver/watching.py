"""Watches: one JSON object a line for each change, until the client goes, time is up, or the history has passed it by.

A watch holds a revision, not a queue (`objects.changes`), and the connection's own flow control makes a slow reader slow: it costs no
memory, and is told 410 when it is too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

from msgspec import Struct

from podid.localcluster.objects.changes import Change, Gone
from podid.localcluster.objects.errors import Expired
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import encode, namespace_of
from podid.localcluster.objects.selectors import Filter
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import Object

BOOKMARK_SECONDS: Final = 60.0
MAX_SECONDS: Final = 3600.0
_INITIAL_END: Final = "k8s.io/initial-events-end"


class Watch(Struct, frozen=True, kw_only=True):
    """What is watched. `since` is the revision after which changes count; None begins with all there is."""

    kind: Kind
    namespace: str | None
    filter: Filter
    since: int | None = None
    bookmarks: bool = False
    mark_initial_end: bool = False
    seconds: float = MAX_SECONDS


async def frames(store: ObjectStore, watch: Watch, shape: Callable[[Object], Any]) -> AsyncGenerator[bytes, None]:
    """The lines of the watch."""
    log = store.log(watch.kind.resource)
    revision = store.revision if watch.since is None else watch.since
    if watch.since is None:
        lines = [
            _frame("ADDED", shape(obj))
            for obj in store.list(watch.kind.resource, watch.namespace)
            if watch.filter.accepts(obj)
        ]
        if watch.mark_initial_end:
            lines.append(_bookmark(watch.kind, revision, initial_end=True))
        yield b"".join(lines)
    loop = asyncio.get_running_loop()
    end = loop.time() + watch.seconds
    while True:
        try:
            changes = log.since(revision)
        except Gone:
            yield _frame("ERROR", Expired(f"too old resource version: {revision} ({store.revision})").as_status())
            return
        if changes:
            revision = changes[-1].revision
            lines = [line for change in changes if (line := _line(change, watch, shape))]
            if lines:
                yield b"".join(lines)
            continue
        left = end - loop.time()
        if left <= 0:
            return
        try:
            # not wait_for: on Python 3.11 it can swallow a cancellation that comes together with the result
            async with asyncio.timeout(min(left, BOOKMARK_SECONDS)):
                await log.wait(revision)
        except TimeoutError:
            if watch.bookmarks:
                revision = store.revision
                yield _bookmark(watch.kind, revision)


def _line(change: Change, watch: Watch, shape: Callable[[Object], Any]) -> bytes:
    """One line, or nothing where the change does not concern the watch: entering its selection is ADDED, leaving it DELETED."""
    if watch.namespace is not None and namespace_of(change.object) != watch.namespace:
        return b""
    was = change.previous is not None and watch.filter.accepts(change.previous)
    is_ = change.type != "DELETED" and watch.filter.accepts(change.object)
    if not was and not is_:
        return b""
    type_ = "MODIFIED" if was and is_ else "ADDED" if is_ else "DELETED"
    return _frame(type_, shape(change.object))


def _frame(type_: str, obj: Any) -> bytes:
    return encode({"type": type_, "object": obj}) + b"\n"


def _bookmark(kind: Kind, revision: int, *, initial_end: bool = False) -> bytes:
    meta: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
    if initial_end:
        meta["annotations"] = {_INITIAL_END: "true"}
    return _frame("BOOKMARK", {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta})
