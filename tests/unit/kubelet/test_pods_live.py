"""Pods from their object to their end, on a real store and real processes."""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from typing import Any

import pytest

from podid.localcluster.ports import LogOptions, NotRunning

from .conftest import World, container, is_ready, phase, read_log, say, until_said

SLEEP: dict[str, Any] = {"command": ["sleep", "infinity"]}
IDENTITY: dict[str, Any] = {
    "volumes": [
        {
            "name": "t",
            "projected": {
                "sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3600, "audience": "a"}}]
            },
        }
    ]
}
MOUNTED = {"volumeMounts": [{"name": "t", "mountPath": "/var/run/secrets/t"}]}


def test_the_node_is_registered_and_a_pod_comes_up(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet() as kubelet:
            node = world.store.get("nodes", "", "node-1")
            assert node is not None
            assert {one["type"]: one["status"] for one in node["status"]["conditions"]}["Ready"] == "True"
            world.pod(
                "p",
                {
                    "image": "amazon/aws-cli",
                    "command": ["sh", "-c", "echo $GREETING; exec sleep infinity"],
                    "env": [{"name": "GREETING", "value": "hi $(AWS_REGION)"}],
                },
            )
            pod = await world.until("p", is_ready)
            assert pod["status"]["phase"] == "Running"
            assert pod["status"]["qosClass"] == "BestEffort"
            assert pod["status"]["hostIP"] == pod["status"]["podIP"] == "127.0.0.1"
            assert "running" in container(pod)["state"]
            assert {"Pulled", "Created", "Started"} <= world.reasons("p").keys()
            assert "runs on the host's read-only view" in world.reasons("p")["Pulled"]
            await until_said(kubelet, pod, "hi us-east-1\n")

    asyncio.run(scenario())


def test_init_containers_run_one_after_another_and_share_volumes(world: World) -> None:
    async def scenario() -> None:
        mount = {"volumeMounts": [{"name": "w", "mountPath": "/work"}]}
        inits = [
            {"name": "i0", "image": "x", "command": ["sh", "-c", "echo zero > /work/x"], **mount},
            {"name": "i1", "image": "x", "command": ["sh", "-c", "test -f /work/x && echo one >> /work/x"], **mount},
        ]
        async with world.kubelet() as kubelet:
            world.pod(
                "p",
                {"command": ["cat", "/work/x"], **mount},
                initContainers=inits,
                restartPolicy="Never",
                volumes=[{"name": "w", "emptyDir": {}}],
            )
            pod = await world.until("p", phase("Succeeded"))
            assert await read_log(kubelet, pod) == "zero\none\n"
            assert [one["state"]["terminated"]["reason"] for one in pod["status"]["initContainerStatuses"]] == [
                "Completed"
            ] * 2

    asyncio.run(scenario())


def test_a_container_that_fails_starts_again_and_then_waits(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet() as kubelet:
            world.pod("p", {"command": ["sh", "-c", "echo run; exit 3"]})
            pod = await world.until(
                "p", lambda pod: container(pod)["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
            )
            assert container(pod)["restartCount"] == 1
            assert container(pod)["lastState"]["terminated"]["exitCode"] == 3
            assert "back-off 10s restarting failed container=c0" in container(pod)["state"]["waiting"]["message"]
            assert "BackOff" in world.reasons("p")
            assert await read_log(kubelet, pod) == "run\n"
            world.ahead = timedelta(seconds=11)
            world.touch("p")
            pod = await world.until("p", lambda pod: container(pod)["restartCount"] == 2)
            assert await read_log(kubelet, pod, previous=True) == "run\n"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("policy", "code", "end"), [("Never", 0, "Succeeded"), ("Never", 1, "Failed"), ("OnFailure", 0, "Succeeded")]
)
def test_a_pod_that_has_done_its_work_stays_to_be_read(world: World, policy: str, code: int, end: str) -> None:
    async def scenario() -> None:
        async with world.kubelet() as kubelet:
            world.pod("p", {"command": ["sh", "-c", f"echo done; exit {code}"]}, restartPolicy=policy)
            pod = await world.until("p", phase(end))
            assert container(pod)["state"]["terminated"]["exitCode"] == code
            assert await read_log(kubelet, pod) == "done\n"
            with pytest.raises(NotRunning, match="container not found"):
                await say(kubelet, pod, "true")

    asyncio.run(scenario())


def test_what_cannot_run_says_why_in_status_and_event(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet():
            world.pod("image", {"image": "nginx:1.27"})
            world.pod(
                "config",
                {**SLEEP, "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "later", "key": "k"}}}]},
            )
            world.pod("mount", SLEEP, volumes=[{"name": "h", "hostPath": {"path": "/"}}])
            world.pod("program", {"command": ["no-such-program"]}, restartPolicy="Never")

            def waits(reason: str) -> Any:
                return lambda pod: container(pod)["state"].get("waiting", {}).get("reason") == reason

            pod = await world.until("image", waits("ImageNotAvailable"))
            assert "pulls nothing" in container(pod)["state"]["waiting"]["message"]
            assert "Give the container a `command`" in world.reasons("image")["Failed"]
            await world.until("config", waits("CreateContainerConfigError"))
            assert world.reasons("config")["Failed"] == 'Error: configmap "later" not found'
            await world.until("mount", lambda _: "FailedMount" in world.reasons("mount"))
            assert "hostPath is refused" in world.reasons("mount")["FailedMount"]
            pod = await world.until("program", phase("Failed"))
            assert container(pod)["state"]["terminated"]["reason"] == "StartError"
            assert "executable file not found" in container(pod)["state"]["terminated"]["message"]
            # what was missing comes: the pod goes on by itself
            world.store.create(
                "configmaps", {"metadata": {"name": "later", "namespace": "default"}, "data": {"k": "v"}}
            )
            await world.until("config", is_ready)

    asyncio.run(scenario())


def test_tokens_rotate_in_a_running_pod(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet() as kubelet:
            world.pod("p", {**SLEEP, **MOUNTED}, **IDENTITY)
            pod = await world.until("p", is_ready)
            assert await say(kubelet, pod, "cat", "/var/run/secrets/t/token") == (0, "token-1")
            world.ahead = timedelta(minutes=47)
            world.touch("p")
            await world.until("p", lambda pod: pod["metadata"]["labels"]["touched"] == "0:47:00")
            assert await say(kubelet, pod, "cat", "/var/run/secrets/t/token") == (0, "token-1")
            world.ahead = timedelta(minutes=49)
            world.touch("p")
            async with asyncio.timeout(20):
                while await say(kubelet, pod, "cat", "/var/run/secrets/t/token") != (0, "token-2"):
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_changed_configmap_shows_in_its_volume(world: World) -> None:
    async def scenario() -> None:
        world.store.create("configmaps", {"metadata": {"name": "conf", "namespace": "default"}, "data": {"k": "one"}})
        async with world.kubelet() as kubelet:
            mount = {"volumeMounts": [{"name": "v", "mountPath": "/conf"}]}
            world.pod("p", {**SLEEP, **mount}, volumes=[{"name": "v", "configMap": {"name": "conf"}}])
            pod = await world.until("p", is_ready)
            assert await say(kubelet, pod, "cat", "/conf/k") == (0, "one")
            world.store.update("configmaps", "default", "conf", lambda found: found["data"].update(k="two"))
            async with asyncio.timeout(20):
                while await say(kubelet, pod, "cat", "/conf/k") != (0, "two"):
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_readiness_follows_its_probe_and_liveness_restarts(world: World) -> None:
    async def scenario() -> None:
        port = _free_port()
        flag = world.home / "alive"
        flag.touch()
        async with world.kubelet() as kubelet:
            world.pod(
                "p",
                {
                    "command": ["python3", "-m", "http.server", str(port), "--bind", "127.0.0.1"],
                    "ports": [{"name": "web", "containerPort": port}],
                    "readinessProbe": {"httpGet": {"port": "web", "path": "/"}, "periodSeconds": 1},
                    "livenessProbe": {
                        "exec": {"command": ["test", "-e", str(flag)]},
                        "periodSeconds": 1,
                        "failureThreshold": 1,
                    },
                },
            )
            pod = await world.until("p", is_ready)
            reader, writer = await kubelet.dial(pod, port)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.0 200")
            writer.close()
            await writer.wait_closed()
            flag.unlink()
            await world.until("p", lambda pod: container(pod)["restartCount"] == 1)
            flag.touch()
            assert "Liveness probe failed" in world.reasons("p")["Unhealthy"]
            assert "failed liveness probe, will be restarted" in world.reasons("p")["Killing"]
            await world.until("p", is_ready)

    asyncio.run(scenario())


def test_podids_own_pods_are_asked_at_once_whether_they_are_ready(world: World) -> None:
    """An initial delay spares others the bad answers of a slow start; the agent's is known, and everybody waits for it."""

    async def scenario() -> None:
        gate = world.home / "gate"
        probe = {"exec": {"command": ["test", "-e", str(gate)]}, "initialDelaySeconds": 3600, "periodSeconds": 3600}
        async with world.kubelet():
            world.pod("own", {"image": "podid/podid:1", **SLEEP, "readinessProbe": probe})
            world.pod("other", {**SLEEP, "readinessProbe": probe})
            await world.until("own", lambda pod: "running" in container(pod)["state"])
            gate.touch()
            await world.until("own", is_ready)
            assert "Unhealthy" not in world.reasons("own")
            other = await world.until("other", lambda pod: "running" in container(pod)["state"])
            assert not is_ready(other)

    asyncio.run(scenario())


def test_logs_can_be_followed_cut_and_stamped(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet() as kubelet:
            gate = world.home / "gate"
            script = f"echo one; echo two; while ! test -e {gate}; do sleep 0.01; done; echo three; printf four"
            world.pod("p", {"command": ["sh", "-c", script]}, restartPolicy="Never")
            pod = await world.until("p", lambda pod: "running" in container(pod)["state"])
            pieces = kubelet.logs(pod, "c0", LogOptions(follow=True))
            said = b""
            async for piece in pieces:
                said += piece
                if b"two" in said:
                    gate.touch()
            assert said == b"one\ntwo\nthree\nfour\n"
            assert await read_log(kubelet, pod, tail_lines=2) == "three\nfour\n"
            assert await read_log(kubelet, pod, tail_lines=0) == ""
            assert await read_log(kubelet, pod, limit_bytes=5) == "one\nt"
            assert (await read_log(kubelet, pod, timestamps=True, tail_lines=1)).endswith("Z four\n")
            assert await read_log(kubelet, pod, since=world.clock() + timedelta(seconds=1)) == ""
            with pytest.raises(NotRunning, match='previous terminated container "c0" in pod "p" not found'):
                await read_log(kubelet, pod, previous=True)
            with pytest.raises(NotRunning, match="container no is not valid for pod p"):
                await read_log(kubelet, pod, name="no")

    asyncio.run(scenario())


def test_exec_says_what_a_shell_would(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet() as kubelet:
            world.pod("p", SLEEP)
            pod = await world.until("p", is_ready)
            assert await say(kubelet, pod, "no-such") == (127, 'exec: "no-such": executable file not found in $PATH\n')
            assert await say(kubelet, pod, "/etc/passwd") == (126, 'exec: "/etc/passwd": permission denied\n')
            assert await say(kubelet, pod, "sh", "-c", "echo $AWS_REGION; exit 4") == (4, "us-east-1\n")
            with pytest.raises(NotRunning, match="at least one command"):
                await say(kubelet, pod)

    asyncio.run(scenario())


def test_privileged_grants_nothing_and_says_so(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet():
            world.pod("p", {**SLEEP, "securityContext": {"privileged": True}})
            await world.until("p", is_ready)
            assert (
                world.reasons("p")["NoExtraRights"]
                == "container c0: privileged grants nothing extra in a local cluster"
            )

    asyncio.run(scenario())


def test_a_sidecar_runs_beside_the_containers(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet():
            sidecar = {"name": "side", "image": "x", "restartPolicy": "Always", **SLEEP}
            world.pod("p", {"command": ["true"]}, initContainers=[sidecar], restartPolicy="Never")
            pod = await world.until("p", phase("Succeeded"))
            assert container(pod)["state"]["terminated"]["reason"] == "Completed"

    asyncio.run(scenario())


def test_many_pods_at_once(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet():
            names = [f"p{number}" for number in range(20)]
            for name in names:
                world.pod(name, {**SLEEP, **MOUNTED}, **IDENTITY)
            for name in names:
                await world.until(name, is_ready)
            for name in names:
                world.delete(name, 30)
            for name in names:
                await world.until_gone(name)

    asyncio.run(scenario())
