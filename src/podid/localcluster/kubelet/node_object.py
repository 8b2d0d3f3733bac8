"""The Node object of the local cluster's one node. Pure, but for the facts of the host that `read_facts` gathers."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from podid.localcluster.kubelet.settings import KubeletSettings
from podid.localcluster.kubelet.status import timestamp
from podid.localcluster.ports import Object

_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}
PODS = 250


class Facts(Struct, frozen=True, kw_only=True):
    """What the host is."""

    architecture: str
    kernel: str
    system: str
    machine: str
    cpus: int
    memory: int
    """Bytes."""

    def resources(self) -> dict[str, str]:
        return {
            "cpu": str(self.cpus),
            "memory": f"{self.memory // 1024}Ki",
            "pods": str(PODS),
            "ephemeral-storage": "10Gi",
        }


def read_facts() -> Facts:
    """Ask the host."""
    machine = platform.machine()
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        memory = 0
    return Facts(
        architecture=_ARCHITECTURES.get(machine, machine),
        kernel=platform.release(),
        system=_system_name(),
        machine=platform.node(),
        cpus=os.cpu_count() or 1,
        memory=memory,
    )


def _system_name() -> str:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return platform.platform()
    return next(
        (line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME=")), platform.platform()
    )


def node_object(
    settings: KubeletSettings, facts: Facts, address: str, now: datetime, runtime: str, *, ready: bool = True
) -> Object:
    """The object for a new node. `runtime`: the name of the isolation and podid's version."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": settings.node_name, "labels": labels(settings, facts), "annotations": {}},
        "spec": provider(settings),
        "status": node_status(settings, facts, address, now, runtime, (), ready=ready),
    }


def labels(settings: KubeletSettings, facts: Facts) -> dict[str, str]:
    """What selectors of DaemonSets and pods look for. Containers are Linux's wherever podid runs: the view is a POSIX host's."""
    return {
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": facts.architecture,
        "kubernetes.io/hostname": settings.node_name,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": facts.architecture,
        "node.kubernetes.io/instance-type": settings.instance_type,
        "topology.kubernetes.io/region": settings.region,
        "topology.kubernetes.io/zone": settings.zone,
    }


def provider(settings: KubeletSettings) -> dict[str, Any]:
    return {"providerID": f"aws:///{settings.zone}/{settings.instance_id}"} if settings.instance_id else {}


def node_status(
    settings: KubeletSettings,
    facts: Facts,
    address: str,
    now: datetime,
    runtime: str,
    old: Sequence[Mapping[str, Any]],
    *,
    ready: bool = True,
) -> dict[str, Any]:
    """The node's status. `old`: its conditions so far, whose transition times stay where the value does."""
    version = settings.kubernetes_version
    return {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": settings.node_name}],
        "capacity": facts.resources(),
        "allocatable": facts.resources(),
        "conditions": conditions(now, old, ready=ready),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": facts.architecture,
            "bootID": "",
            "containerRuntimeVersion": runtime,
            "kernelVersion": facts.kernel,
            "kubeProxyVersion": "",
            "kubeletVersion": f"v{version}.0+podid" if version.count(".") == 1 else f"v{version}+podid",
            "machineID": facts.machine,
            "operatingSystem": "linux",
            "osImage": facts.system,
            "systemUUID": settings.instance_id,
        },
    }


def conditions(now: datetime, old: Sequence[Mapping[str, Any]], *, ready: bool) -> list[dict[str, Any]]:
    """The usual four."""
    wanted = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status")
        if ready
        else ("Ready", "False", "KubeletNotReady", "kubelet is starting"),
    ]
    before = {condition["type"]: condition for condition in old}
    stamp = timestamp(now.timestamp())
    made = []
    for type_, value, reason, message in wanted:
        last = before.get(type_, {})
        since = last.get("lastTransitionTime") if last.get("status") == value else None
        made.append(
            {
                "type": type_,
                "status": value,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": stamp,
                "lastTransitionTime": since or stamp,
            }
        )
    return made
