"""From a container's manifest to what the sandbox is told to start. Pure but for look-ups of ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from podid.localcluster.isolation.port import ContainerSettings, Mount
from podid.localcluster.kubelet import images
from podid.localcluster.kubelet.environment import ConfigProblem, Lookup, environment_of
from podid.localcluster.kubelet.expansion import expand
from podid.localcluster.ports import Object

USUAL_CAPABILITIES = frozenset(
    [
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SYS_CHROOT",
        "MKNOD",
        "AUDIT_WRITE",
        "SETFCAP",
    ]
)
"""What a container's root has anyway (the default of container runtimes)."""

_NO_MOUNT = ("/", "/dev", "/proc", "/sys", "/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc")


def plan(
    container: Mapping[str, Any],
    pod: Object,
    *,
    attempt: int,
    base: Mapping[str, str],
    lookup: Lookup,
    allocatable: Mapping[str, str],
    podid: Sequence[str],
    volume: Mapping[str, Path],
    log: Path,
) -> ContainerSettings:
    """The settings of the next run. `base`: the runtime's variables; `volume`: each volume's folder.

    Raises ConfigProblem, images.ImageNotAvailable.
    """
    argv = images.command_line(container, podid)
    variables = environment_of(container, pod, base, lookup, allocatable)
    security = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    user = int(security.get("runAsUser") or 0)
    if security.get("runAsNonRoot") and user == 0:
        raise ConfigProblem(
            "container has runAsNonRoot and would run as root: name a user in securityContext.runAsUser"
        )
    groups = [int(group) for group in security.get("supplementalGroups") or ()]
    if security.get("fsGroup") is not None:
        groups.append(int(security["fsGroup"]))
    return ContainerSettings(
        name=container["name"],
        attempt=attempt,
        argv=tuple(expand(word, variables) for word in argv),
        environment=variables,
        folder=container.get("workingDir") or "",
        mounts=tuple(_mounts(container, pod, variables, volume)),
        log=log,
        user=user,
        group=int(security.get("runAsGroup") or 0),
        groups=tuple(groups),
        drop_capabilities=tuple((security.get("capabilities") or {}).get("drop") or ()),
        read_only_root=bool(security.get("readOnlyRootFilesystem")),
        own=images.find(container.get("image", ""), podid).own,
    )


def _mounts(
    container: Mapping[str, Any], pod: Object, variables: Mapping[str, str], volume: Mapping[str, Path]
) -> list[Mount]:
    writable = {one["name"] for one in pod["spec"].get("volumes") or () if "emptyDir" in one}
    mounts = []
    for mount in container.get("volumeMounts") or ():
        target = "/" + str(mount["mountPath"]).strip("/")
        if target in _NO_MOUNT:
            raise ConfigProblem(f"a volume cannot be mounted over {target}: it is the host's read-only view")
        if ".." in target.split("/"):
            raise ConfigProblem(f'mountPath "{mount["mountPath"]}" must not contain ".."')
        if mount["name"] not in volume:
            raise ConfigProblem(f'volumeMount "{mount["name"]}" names no volume of the pod')
        sub_path = expand(mount["subPathExpr"], variables) if mount.get("subPathExpr") else mount.get("subPath") or ""
        if sub_path.startswith("/") or ".." in sub_path.split("/"):
            raise ConfigProblem(f'subPath "{sub_path}" must be a relative path without ".."')
        read_only = bool(mount.get("readOnly")) or mount["name"] not in writable
        mounts.append(Mount(source=volume[mount["name"]], target=target, sub_path=sub_path, read_only=read_only))
    return mounts


def extra_rights(container: Mapping[str, Any]) -> str:
    """What a container asks for that a local pod never gets, for an event; empty: nothing."""
    security = container.get("securityContext") or {}
    if security.get("privileged"):
        return "privileged"
    wanted = {str(name).upper().removeprefix("CAP_") for name in (security.get("capabilities") or {}).get("add") or ()}
    more = sorted(wanted - USUAL_CAPABILITIES)
    return f"capabilities {', '.join(more)}" if more else ""
