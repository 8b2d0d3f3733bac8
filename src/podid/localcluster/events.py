"""Recording what happens as core/v1 Events: equal ones are counted, old ones forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Literal

from podid.core.clock import Clock
from podid.localcluster.objects.metadata import metadata, name_of, namespace_of, parse_timestamp, timestamp, uid_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import AlreadyExists, Object

LIFETIME: Final = timedelta(hours=1)
"""As kube-apiserver's `--event-ttl`."""
_MAX_MESSAGE: Final = 1024


class Recorder:
    """Implements `podid.localcluster.ports.EventRecorder`. `host` is the node's name, for the kubelet's events."""

    def __init__(self, store: ObjectStore, *, clock: Clock, host: str = "") -> None:
        self._store = store
        self._clock = clock
        self._host = host

    def record(
        self, obj: Object, *, type: Literal["Normal", "Warning"], reason: str, message: str, component: str = "kubelet"
    ) -> None:
        now = self._clock()
        namespace = namespace_of(obj) or "default"
        about = _reference(obj)
        message = message[:_MAX_MESSAGE]
        same = next(
            (
                event
                for event in self._store.list("events", namespace)
                if event.get("involvedObject", {}).get("uid") == about["uid"]
                and (event.get("reason"), event.get("message"), event.get("type")) == (reason, message, type)
            ),
            None,
        )
        if same is not None:

            def count(event: Object) -> None:
                event["count"] = int(event.get("count") or 1) + 1
                event["lastTimestamp"] = timestamp(now)

            self._store.update("events", namespace, name_of(same), count)
            return
        source = {"component": component} | ({"host": self._host} if component == "kubelet" and self._host else {})
        name = f"{name_of(obj)[:200]}.{int(now.timestamp() * 1_000_000_000):x}"
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": type,
            "source": source,
            "count": 1,
            "firstTimestamp": timestamp(now),
            "lastTimestamp": timestamp(now),
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": source.get("host", ""),
        }
        for attempt in range(100):
            event["metadata"]["name"] = name if not attempt else f"{name}{attempt}"
            try:
                self._store.create("events", event)
                return
            except AlreadyExists:
                continue

    def forget_old(self) -> None:
        """Remove events that nothing has been added to for `LIFETIME`."""
        limit = self._clock() - LIFETIME
        for event in self._store.list("events"):
            last = next(
                (
                    instant
                    for text in (
                        event.get("lastTimestamp"),
                        event.get("eventTime"),
                        metadata(event).get("creationTimestamp"),
                    )
                    if (instant := parse_timestamp(text))
                ),
                None,
            )
            if last is None or last < limit:
                self._store.remove("events", namespace_of(event), name_of(event), uid_of(event))


def _reference(obj: Object) -> dict[str, Any]:
    about = {
        "kind": obj.get("kind", ""),
        "name": name_of(obj),
        "uid": uid_of(obj),
        "apiVersion": obj.get("apiVersion", ""),
        "resourceVersion": str(metadata(obj).get("resourceVersion", "")),
    }
    if namespace_of(obj):
        about["namespace"] = namespace_of(obj)
    if obj.get("kind") == "Node":
        # kubectl describe node asks once by the node's uid and once by its name
        about["uid"] = name_of(obj)
    return about
