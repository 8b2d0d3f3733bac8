"""A cluster as an add-on meets it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from podid.kube import AlreadyExists, Conflict, KubeError, NotFound

ACCOUNT, AGENT = "111122223333", "eks-pod-identity-agent"
OF = {"clusterName": "eksdemo1", "addonName": AGENT}


class OneDaemonSet:
    """As much of a cluster as an add-on meets: one DaemonSet, which a test makes ready; `trouble` is raised at the next calls."""

    def __init__(self) -> None:
        self.found: dict[str, Any] | None = None
        self.trouble: KubeError | None = None
        self.calls: list[str] = []
        self.lingers = False
        self.meanwhile: Callable[[], Any] | None = None

    def get(self, kind: Any, name: str, namespace: str = "") -> dict[str, Any]:
        self._note("get")
        if self.meanwhile is not None:
            ask, self.meanwhile = self.meanwhile, None
            ask()
        if self.found is None:
            raise NotFound(f'daemonsets.apps "{name}" not found', status=404)
        return copy.deepcopy(self.found)

    def create(self, kind: Any, obj: dict[str, Any]) -> dict[str, Any]:
        self._note("create")
        if self.found is not None:
            raise AlreadyExists("exists", status=409)
        self.found = copy.deepcopy(obj)
        self.found["metadata"] |= {"uid": "u1", "generation": 1, "resourceVersion": "1"}
        return self.found

    def replace(self, kind: Any, obj: dict[str, Any]) -> dict[str, Any]:
        self._note("replace")
        assert self.found is not None
        before, after = self.found["metadata"], copy.deepcopy(obj)
        if after["metadata"]["resourceVersion"] != before["resourceVersion"]:
            raise Conflict("changed", status=409)
        changed = after["spec"] != self.found["spec"]
        after["metadata"] |= {"uid": before["uid"], "generation": before["generation"] + changed}
        after["metadata"]["resourceVersion"] = str(int(before["resourceVersion"]) + 1)
        self.found = after | {"status": self.found.get("status", {})}
        return self.found

    def delete(self, kind: Any, name: str, namespace: str = "", *, uid: str = "", **_: Any) -> None:
        self._note("delete")
        assert self.found is not None and uid == self.found["metadata"]["uid"]
        if self.lingers:
            self.found["metadata"]["deletionTimestamp"] = "2026-11-24T10:00:00Z"
        else:
            self.found = None

    def ready(self, ready: int = 1, wanted: int = 1) -> None:
        assert self.found is not None
        self.found["status"] = {
            "observedGeneration": self.found["metadata"]["generation"],
            "desiredNumberScheduled": wanted,
            "updatedNumberScheduled": ready,
            "numberReady": ready,
        }

    def _note(self, what: str) -> None:
        self.calls.append(what)
        if self.trouble is not None:
            raise self.trouble
