"""What `kubectl get` prints: ages, and the words for a pod's state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podid.localcluster.apiserver.tables.ages import age, human_duration
from podid.localcluster.apiserver.tables.columns import columns_of
from podid.localcluster.apiserver.tables.pods import pod_status
from podid.localcluster.apiserver.tables.table import make_table
from podid.localcluster.objects.kinds import KINDS

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "<invalid>"),
        (-0.5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (320, "5m20s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (4 * HOUR + 5 * MINUTE, "4h5m"),
        (8 * HOUR, "8h"),
        (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"),
        (3 * DAY + 4 * HOUR, "3d4h"),
        (8 * DAY, "8d"),
        (300 * DAY, "300d"),
        (2 * YEAR, "2y"),
        (3 * YEAR + 40 * DAY, "3y40d"),
        (8 * YEAR, "8y"),
        (20 * YEAR, "20y"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert human_duration(seconds) == words


def test_an_age_without_a_time_is_unknown() -> None:
    assert age(None, NOW) == age("yesterday", NOW) == "<unknown>"
    assert age("2026-01-02T11:59:00Z", NOW) == "60s"


def pod(phase: str = "Running", *, deleted: bool = False, **status: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": "p", "creationTimestamp": "2026-01-02T11:00:00Z"}
    if deleted:
        meta["deletionTimestamp"] = "2026-01-02T12:00:00Z"
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}, {"name": "j"}]}
    return {"metadata": meta, "spec": spec, "status": {"phase": phase, **status}}


def state(**state: Any) -> dict[str, Any]:
    return {"name": "c", "state": state, "ready": "running" in state, "restartCount": 0}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (pod("Pending"), "Pending"),
        (pod(containerStatuses=[state(running={})]), "Running"),
        (pod("Pending", containerStatuses=[state(waiting={"reason": "ContainerCreating"})]), "ContainerCreating"),
        (pod(containerStatuses=[state(waiting={"reason": "CrashLoopBackOff"})]), "CrashLoopBackOff"),
        (pod("Pending", containerStatuses=[state(waiting={})]), "Pending"),
        (pod("Succeeded", containerStatuses=[state(terminated={"reason": "Completed"})]), "Completed"),
        (pod("Failed", containerStatuses=[state(terminated={"exitCode": 3})]), "ExitCode:3"),
        (pod("Failed", containerStatuses=[state(terminated={"signal": 9})]), "Signal:9"),
        (pod("Failed", reason="Evicted"), "Evicted"),
        (pod("Pending", initContainerStatuses=[{"name": "i", "state": {"running": {}}}]), "Init:0/2"),
        (
            pod("Pending", initContainerStatuses=[{"name": "i", "state": {"terminated": {"exitCode": 0}}}, {"name": "j", "state": {}}]),
            "Init:1/2",
        ),
        (pod("Pending", initContainerStatuses=[{"name": "i", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]), "Init:Error"),
        (pod("Pending", initContainerStatuses=[{"name": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]), "Init:CrashLoopBackOff"),
        (pod(containerStatuses=[state(running={})], deleted=True), "Terminating"),
        (
            pod(
                containerStatuses=[state(terminated={"reason": "Completed"}), state(running={})],
                conditions=[{"type": "Ready", "status": "True"}],
            ),
            "Running",
        ),
    ],
)  # fmt: skip
def test_the_word_for_a_pods_state(given: dict[str, Any], word: str) -> None:
    assert pod_status(given) == word


def test_restarts_tell_when_the_last_was() -> None:
    ended = {"terminated": {"finishedAt": (NOW - timedelta(minutes=5)).isoformat()}}
    given = pod(containerStatuses=[{**state(running={}), "restartCount": 2, "lastState": ended}])
    row = make_table([given], columns_of("pods"), now=NOW, revision="7")["rows"][0]
    assert row["cells"][:5] == ["p", "1/1", "Running", "2 (5m ago)", "60m"]
    assert row["object"] == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": given["metadata"],
    }


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.stored], ids=lambda kind: kind.resource)
def test_every_kind_has_a_table_even_of_next_to_nothing(kind: Any) -> None:
    bare = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}}
    columns = columns_of(kind.resource)
    table = make_table([bare], columns, now=NOW, revision="1", include="Object")
    assert len(table["rows"][0]["cells"]) == len(table["columnDefinitions"]) == len(columns)
    assert "x" in table["rows"][0]["cells"]
    assert table["rows"][0]["object"] is bare


def test_only_the_first_table_of_a_watch_has_headings() -> None:
    assert make_table([], columns_of("pods"), now=NOW, revision="1", headed=False)["columnDefinitions"] is None
    assert make_table([pod()], columns_of("pods"), now=NOW, revision="1", include="None")["rows"][0]["object"] is None
