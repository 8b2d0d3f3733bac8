"""A pod's status and its recovery, from states that are given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from podid.localcluster.isolation.port import ContainerState
from podid.localcluster.kubelet import node_object, recovery, status
from podid.localcluster.kubelet.records import Record, records_of
from podid.localcluster.kubelet.settings import KubeletSettings
from podid.localcluster.ports import Object

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
T = NOW.timestamp()


def make_pod(
    *, init: int = 0, sidecar: bool = False, readiness: bool = False, containers: int = 1, **spec: Any
) -> Object:
    inits: list[dict[str, Any]] = [{"name": f"i{number}", "image": "x"} for number in range(init)]
    if sidecar:
        inits.append({"name": "side", "image": "x", "restartPolicy": "Always"})
    mains: list[dict[str, Any]] = [{"name": f"c{number}", "image": "x"} for number in range(containers)]
    if readiness:
        mains[0]["readinessProbe"] = {"tcpSocket": {"port": 1}}
    return {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
        "spec": {"initContainers": inits, "containers": mains, **spec},
        "status": {},
    }


def state(
    record: Record, how: Literal["starting", "running", "exited"], code: int = 0, attempt: int = 0, error: str = ""
) -> None:
    record.current = ContainerState(
        name=record.name,
        attempt=attempt,
        state=how,
        started=T,
        finished=T,
        code=code,
        error=error,
    )


def status_of(pod: Object, records: list[Record], policy: str = "Always") -> dict[str, Any]:
    phase = status.phase_of(records, policy)
    return status.pod_status(pod, records, phase=phase, node_address="10.88.0.1", addresses=("10.88.0.2",), now=NOW)


def conditions(made: dict[str, Any]) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in made["conditions"]}


@pytest.mark.parametrize(
    ("policy", "codes", "phase"),
    [
        ("Always", (0,), "Running"),
        ("Always", (1,), "Running"),
        ("Never", (0, 0), "Succeeded"),
        ("Never", (0, 1), "Failed"),
        ("OnFailure", (0, 0), "Succeeded"),
        ("OnFailure", (0, 1), "Running"),
    ],
)
def test_phases_of_containers_that_ended(policy: str, codes: tuple[int, ...], phase: str) -> None:
    records = records_of(make_pod(containers=len(codes)))
    for record, code in zip(records, codes, strict=True):
        state(record, "exited", code)
    assert status.phase_of(records, policy) == phase


def test_a_pod_is_pending_until_a_container_was_started() -> None:
    records = records_of(make_pod(init=1))
    assert status.phase_of(records, "Always") == "Pending"
    state(records[0], "running")
    assert status.phase_of(records, "Always") == "Pending"
    state(records[0], "exited", 0)
    assert status.phase_of(records, "Always") == "Pending"
    state(records[1], "running")
    assert status.phase_of(records, "Always") == "Running"


def test_a_failed_init_container_fails_a_pod_that_never_restarts() -> None:
    records = records_of(make_pod(init=1))
    state(records[0], "exited", 1)
    assert status.phase_of(records, "Never") == "Failed"
    assert status.phase_of(records, "Always") == "Pending"


def test_a_sidecar_need_not_end_for_the_pod_to_succeed() -> None:
    records = records_of(make_pod(sidecar=True))
    state(records[0], "running")
    state(records[1], "exited", 0)
    assert status.phase_of(records, "Never") == "Succeeded"


def test_a_running_pod_is_ready_and_names_what_is_not() -> None:
    pod = make_pod(readiness=True, containers=2)
    records = records_of(pod)
    for record in records:
        state(record, "running")
    made = status_of(pod, records)
    assert conditions(made) == {
        "PodReadyToStartContainers": "True",
        "Initialized": "True",
        "Ready": "False",
        "ContainersReady": "False",
    }
    ready = next(one for one in made["conditions"] if one["type"] == "Ready")
    assert (ready["reason"], ready["message"]) == ("ContainersNotReady", "containers with unready status: [c0]")
    records[0].passed_readiness = True
    assert conditions(status_of(pod, records))["Ready"] == "True"
    assert [one["ready"] for one in status_of(pod, records)["containerStatuses"]] == [True, True]
    assert made["podIPs"] == [{"ip": "10.88.0.2"}]
    assert made["startTime"] == "2026-01-02T03:04:05Z"


def test_transition_times_move_with_the_value_only_and_foreign_conditions_stay() -> None:
    pod = make_pod()
    pod["status"] = {
        "startTime": "2026-01-01T00:00:00Z",
        "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": "Initialized", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ],
    }
    records = records_of(pod)
    state(records[0], "running")
    times = {one["type"]: one["lastTransitionTime"] for one in status_of(pod, records)["conditions"]}
    assert times["PodScheduled"] == times["Initialized"] == "2026-01-01T00:00:00Z"
    assert times["Ready"] == "2026-01-02T03:04:05Z"
    assert status_of(pod, records)["startTime"] == "2026-01-01T00:00:00Z"


def test_what_a_container_waits_for_and_how_it_ended_is_told() -> None:
    pod = make_pod()
    (record,) = records = records_of(pod)
    assert status_of(pod, records)["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    state(record, "exited", 3)
    (ended,) = status_of(pod, records)["containerStatuses"]
    assert ended["state"]["terminated"] | {"containerID": ""} == {
        "exitCode": 3,
        "reason": "Error",
        "startedAt": "2026-01-02T03:04:05Z",
        "finishedAt": "2026-01-02T03:04:05Z",
        "containerID": "",
    }
    record.again()
    record.waiting = ("CrashLoopBackOff", "back-off 10s")
    (waiting,) = status_of(pod, records)["containerStatuses"]
    assert waiting["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    assert (waiting["lastState"]["terminated"]["exitCode"], waiting["restartCount"]) == (3, 0)
    state(record, "running", attempt=record.attempt)
    (again,) = status_of(pod, records)["containerStatuses"]
    assert again["restartCount"] == 1
    assert again["containerID"] != ended["containerID"]
    state(record, "exited", 127, attempt=1, error="no such program")
    assert status_of(pod, records)["containerStatuses"][0]["state"]["terminated"]["reason"] == "StartError"


def test_old_news_of_a_run_that_is_over_is_not_taken() -> None:
    (record,) = records_of(make_pod())
    state(record, "exited", 1)
    record.again()
    record.learn(ContainerState(name="c0", attempt=0, state="exited", code=1))
    assert record.current is None
    record.learn(ContainerState(name="c0", attempt=1, state="running"))
    assert record.running


def test_quality_of_service() -> None:
    def qos(*resources: dict[str, Any]) -> str:
        pod = make_pod(containers=len(resources))
        for container, one in zip(pod["spec"]["containers"], resources, strict=True):
            container["resources"] = one
        return status.qos_class(pod)

    both = {"cpu": "1", "memory": "1Gi"}
    assert qos({}) == "BestEffort"
    assert qos({"limits": both}) == "Guaranteed"
    assert qos({"limits": both, "requests": {"cpu": "1000m", "memory": "1024Mi"}}) == "Guaranteed"
    assert qos({"limits": both}, {}) == "Burstable"
    assert qos({"requests": {"cpu": "1m"}}) == "Burstable"


# -- recovery -----------------------------------------------------------------------------------------------------------


def recovered(
    pod: Object, stored: dict[str, Any], *living: ContainerState, exits: dict[int, int] | None = None
) -> Record:
    records = records_of(pod)

    def read_exit(name: str, attempt: int) -> ContainerState | None:
        code = (exits or {}).get(attempt)
        return None if code is None else ContainerState(name=name, attempt=attempt, state="exited", code=code)

    recovery.restore(records, {"containerStatuses": [{"name": "c0", **stored}]} if stored else {}, living, read_exit, T)
    return records[0]


RUNNING = {
    "restartCount": 2,
    "state": {"running": {"startedAt": "2026-01-02T03:00:00Z"}},
    "ready": True,
    "started": True,
}


def test_what_still_runs_goes_on() -> None:
    living = ContainerState(name="c0", attempt=2, state="running", started=T)
    record = recovered(make_pod(), RUNNING, living)
    assert (record.running, record.restarts, record.ready) == (True, 2, True)


def test_what_ended_while_nobody_looked_is_known_by_its_file() -> None:
    record = recovered(make_pod(), RUNNING, exits={2: 5})
    assert record.exited
    assert record.current is not None
    assert (record.current.code, record.restarts) == (5, 2)
    record.again()
    assert record.attempt == 3


def test_what_was_lost_counts_as_killed() -> None:
    record = recovered(make_pod(), RUNNING)
    assert record.current is not None
    assert (record.current.state, record.current.code, record.restarts) == ("exited", 137, 2)


def test_a_run_newer_than_the_stored_status_is_taken_up() -> None:
    record = recovered(make_pod(), RUNNING, ContainerState(name="c0", attempt=3, state="running"))
    assert (record.running, record.restarts) == (True, 3)


def test_a_container_that_waited_waits_on_with_its_last_end() -> None:
    stored = {
        "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 9, "finishedAt": "2026-01-02T03:00:00Z"}},
    }
    record = recovered(make_pod(), stored)
    assert record.current is None
    assert record.previous is not None
    assert (record.previous.code, record.restarts, record.attempt) == (9, 4, 5)


def test_a_new_pod_has_nothing_to_recover() -> None:
    record = recovered(make_pod(), {})
    assert (record.current, record.previous, record.attempt) == (None, None, 0)


# -- the node -----------------------------------------------------------------------------------------------------------


def test_the_node_has_what_selectors_and_people_look_for() -> None:
    from pathlib import Path

    settings = KubeletSettings(folder=Path("/x"), node_name="node-1", instance_id="i-0123456789abcdef0")
    facts = node_object.Facts(architecture="amd64", kernel="6.18", system="Debian", machine="m", cpus=2, memory=2**30)
    node = node_object.node_object(settings, facts, "10.88.0.1", NOW, "podid://1")
    labels = node["metadata"]["labels"]
    assert (labels["kubernetes.io/os"], labels["kubernetes.io/arch"]) == ("linux", "amd64")
    assert labels["kubernetes.io/hostname"] == "node-1"
    assert labels["topology.kubernetes.io/zone"] == "us-east-1a"
    assert "node.kubernetes.io/instance-type" in labels
    assert node["spec"]["providerID"] == "aws:///us-east-1a/i-0123456789abcdef0"
    assert {one["type"]: one["status"] for one in node["status"]["conditions"]}["Ready"] == "True"
    assert node["status"]["addresses"][0] == {"type": "InternalIP", "address": "10.88.0.1"}
    assert node["status"]["capacity"]["memory"] == "1048576Ki"
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.33")
