"""The kubelet of a cluster, made of the cluster's settings: the isolation is chosen, the node is described, IMDS is one of its programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from podid.core.clock import Clock, system_clock
from podid.localcluster.isolation.choose import choose
from podid.localcluster.isolation.port import Node, NodeSettings
from podid.localcluster.kubelet.kubelet import Kubelet
from podid.localcluster.kubelet.settings import KubeletSettings, NodeProgram
from podid.localcluster.ports import EventRecorder, Objects, TokenIssuer
from podid.localcluster.settings import ClusterSettings


def make_kubelet(
    objects: Objects,
    tokens: TokenIssuer,
    events: EventRecorder,
    settings: ClusterSettings,
    *,
    clock: Clock = system_clock,
) -> Kubelet:
    """Nothing runs before `Kubelet.run`.

    An isolation that is named was found to work by whoever wrote the settings; `auto` is found out here. Raises isolation.choose.Unavailable.
    """
    isolation = choose(settings.isolation, scratch=settings.home, trusted=True)
    node = isolation.node(
        NodeSettings(
            folder=node_folder(settings.home),
            home=settings.podid_home,
            hostname=settings.node_name,
            region=settings.region,
            aws_port=settings.aws_port,
            api_port=settings.port,
            tools=settings.tools,
            own_folders=settings.own_folders,
        )
    )
    podid = default_podid_command(sys.executable)
    return Kubelet(
        objects=objects,
        tokens=tokens,
        events=events,
        node=node,
        clock=clock,
        runtime=f"podid-{isolation.name}://0.1.0",
        settings=KubeletSettings(
            folder=settings.home / "pods",
            node_name=settings.node_name,
            instance_id=settings.instance_id,
            region=settings.region,
            zone=settings.zone,
            kubernetes_version=settings.kubernetes_version,
            podid=podid,
            programs=tuple(_imds(settings, node, podid)),
        ),
    )


def node_folder(home: Path) -> Path:
    """Where the adapter keeps its records, for `isolation.leftovers.end`."""
    return home / "node"


def _imds(settings: ClusterSettings, node: Node, podid: tuple[str, ...]) -> list[NodeProgram]:
    if settings.imds_credentials is None:
        return []
    logs = settings.podid_home / "logs"
    addresses = node.addresses
    argv = (
        *podid,
        "imds",
        *("--endpoint", addresses.aws_endpoint),
        *("--credentials-file", str(settings.imds_credentials)),
        *("--instance-id", settings.instance_id),
        *("--region", settings.region),
        *("--zone", settings.zone),
        *("--host", addresses.imds),
        *("--port", str(addresses.imds_port)),
        *("--hostname", settings.node_name),
        *("--private-ip", addresses.node),
    )
    environment = {
        "PODID_HOME": str(settings.podid_home),
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
    }
    log = (logs if logs.is_dir() else settings.home) / "imds.log"
    return [NodeProgram(name="imds", argv=argv, environment=environment, log=log)]


def default_podid_command(executable: str) -> tuple[str, ...]:
    """How a process runs podid: the script beside the interpreter if there is one."""
    script = Path(executable).with_name("podid")
    return (str(script),) if os.access(script, os.X_OK) else (executable, "-m", "podid")
