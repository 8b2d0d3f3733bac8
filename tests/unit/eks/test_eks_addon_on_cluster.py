"""The add-on on the local cluster's own API server and controllers, over TLS: only the node is played by the test."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from podid.eks import ClusterRegistration, Eks, KubeconfigAccess
from podid.eks.addons.manifest import AgentManifest, daemon_set
from podid.iam import Authorizer, Iam
from podid.kube import DAEMON_SETS, NODES, PODS, Kubernetes, NotFound, connect
from podid.localcluster.cluster import Cluster
from podid.localcluster.settings import ClusterFiles, ClusterSettings
from podid.store import Store

AGENT = "eks-pod-identity-agent"
OF = {"clusterName": "eksdemo1", "addonName": AGENT}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterFiles]:
    """A running cluster without a node."""
    home = tmp_path_factory.mktemp("cluster")
    ready = threading.Event()
    told: dict[str, Any] = {}

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        told.update(loop=asyncio.get_running_loop(), stop=asyncio.Event())
        cluster = Cluster(
            ClusterSettings(
                home=home / "cluster", podid_home=home, port=port, issuer="https://issuer.test", run_pods=False
            )
        )
        told["files"] = cluster.files
        await cluster.start()
        ready.set()
        await told["stop"].wait()
        await cluster.stop()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(20)
    yield told["files"]
    told["loop"].call_soon_threadsafe(told["stop"].set)
    thread.join(20)


@pytest.fixture
def client(files: ClusterFiles) -> Iterator[Kubernetes]:
    made = connect(files.serve_kubeconfig)
    yield made
    made.close()


@pytest.fixture
def node(client: Kubernetes) -> Iterator[str]:
    labels = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": "node1"}
    client.create(NODES, {"metadata": {"name": "node1", "labels": labels}})
    yield "node1"
    client.delete(NODES, "node1")


@pytest.fixture
def serving(api: Any, store: Store, iam: Iam, files: ClusterFiles) -> Iterator[Any]:
    """The API with its real worker thread and the real way to the cluster."""
    access = KubeconfigAccess()
    api.eks = Eks(store, iam, Authorizer(iam), access)
    registration = ClusterRegistration(name="eksdemo1", issuer="https://issuer.test", kubeconfig=files.serve_kubeconfig)
    api.eks.register_cluster("111122223333", "us-east-1", registration)
    yield api
    api.eks.close()
    access.close()


def until(test: Callable[[], Any]) -> Any:
    """What `test` gives once that is something. It asks other threads, so there is no clock to move."""
    end = time.monotonic() + 20
    while not (found := test()):
        assert time.monotonic() < end
        threading.Event().wait(0.02)
    return found


def agent_pods(client: Kubernetes) -> list[Any]:
    return client.list(PODS, "kube-system", labels=f"app.kubernetes.io/name={AGENT}").items


def play_kubelet(client: Kubernetes) -> None:
    """Say that the agent's pods are ready, and end those that are to go."""
    for pod in agent_pods(client):
        name = pod["metadata"]["name"]
        with contextlib.suppress(NotFound):
            if "deletionTimestamp" in pod["metadata"]:
                client.delete(PODS, name, "kube-system", grace_seconds=0)
            else:
                status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
                client.patch(PODS, name, {"status": status}, "kube-system", subresource="status")


def test_create_update_delete(serving: Any, client: Kubernetes, node: str) -> None:
    def active() -> bool:
        play_kubelet(client)
        return bool(serving("DescribeAddon", **OF)["addon"]["status"] == "ACTIVE")

    assert serving("CreateAddon", **OF)["addon"]["status"] == "CREATING"
    until(active)
    numbers = client.get(DAEMON_SETS, AGENT, "kube-system")["status"]
    assert numbers["desiredNumberScheduled"] == numbers["numberReady"] == 1
    update = serving("UpdateAddon", **OF, configurationValues='{"podLabels": {"of": "test"}}')["update"]
    until(active)
    done = serving("DescribeUpdate", name="eksdemo1", updateId=update["id"], addonName=AGENT)["update"]
    assert done["status"] == "Successful"
    alive = [pod for pod in agent_pods(client) if "deletionTimestamp" not in pod["metadata"]]
    assert [pod["metadata"]["labels"]["of"] for pod in alive] == ["test"]
    serving("DeleteAddon", **OF)
    until(lambda: serving("ListAddons", clusterName="eksdemo1")["addons"] == [])
    with pytest.raises(NotFound):
        client.get(DAEMON_SETS, AGENT, "kube-system")


def test_manifest_is_stored_as_it_is_made(client: Kubernetes) -> None:
    """Nothing in it is refused, dropped or changed by the API server; it only adds defaults."""
    made = daemon_set(AgentManifest(cluster="c", region="us-east-1", version="1"))
    stored = client.create(DAEMON_SETS, made)
    client.delete(DAEMON_SETS, AGENT, "kube-system")
    assert _missing(made, stored, "") == []


def _missing(wanted: Any, found: Any, where: str) -> list[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [p for name, each in wanted.items() for p in _missing(each, found.get(name), f"{where}.{name}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [p for i, each in enumerate(wanted) for p in _missing(each, found[i], f"{where}[{i}]")]
    return [] if wanted == found else [f"{where}: {found!r}"]


def test_missing_kubeconfig_comes_later(serving: Any, files: ClusterFiles, tmp_path: Path, client: Kubernetes) -> None:
    """A replaced kubeconfig is read anew."""
    path = tmp_path / "kubeconfig"
    path.write_text(files.serve_kubeconfig.read_text().replace("https://127.0.0.1", "https://127.0.0.2"))
    registration = ClusterRegistration(name="other", issuer="https://issuer.test", kubeconfig=path)
    cluster = serving.eks.register_cluster("111122223333", "us-east-1", registration)
    first = serving.eks.access.client(cluster)
    assert serving.eks.access.client(cluster) is first
    fresh = tmp_path / "fresh"
    fresh.write_text(files.serve_kubeconfig.read_text())
    fresh.rename(path)
    second = serving.eks.access.client(cluster)
    assert second is not first and second.server_version()
    first.close()
