"""`podid demo`, played whole beside the other tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.background import Background, Ended

pytestmark = [pytest.mark.tools, pytest.mark.namespaces]


@pytest.fixture(scope="module")
def played(background: Background, pod_tools: Path) -> dict[str, Any]:
    """The transcript of a demo that went well."""
    ended = background.result("demo")
    assert ended.code == 0, ended.err
    transcript: dict[str, Any] = json.loads(ended.out)
    return transcript


def inside(played: dict[str, Any], command: str, step: str) -> str:
    """What the demo told of the inside of a command in a step."""
    line = next(line for line in played["lines"] if command in line["command"] and line["step"].startswith(step))
    return " ".join(line["inside"])


def test_all_six_steps_are_walked(played: dict[str, Any]) -> None:
    steps = list(dict.fromkeys(line["step"].partition(":")[0] for line in played["lines"]))
    assert steps[-6:] == [f"Step {number}" for number in range(1, 7)]
    assert all(line["says"] for line in played["lines"])
    assert all(line["code"] in (0, 254, 255) for line in played["lines"])


def test_the_pod_is_the_node_first_and_its_role_then(played: dict[str, Any]) -> None:
    listings = [line for line in played["lines"] if line["command"].endswith("aws s3 ls")]
    assert [line["code"] != 0 for line in listings] == [True, True, False]
    assert all("AccessDenied" in line["output"] for line in listings[:2])
    assert "podid-demo-reports" in listings[2]["output"]


def test_it_tells_what_was_decided_inside(played: dict[str, Any]) -> None:
    assert "may not s3:ListAllMyBuckets" in inside(played, "aws s3 ls", "Step 2")
    assert "a pod of default/aws-cli-sa" in inside(played, "create-pod-identity-association", "Step 4")
    assert "the webhook (user/podid-webhook) asked EKS" in inside(played, "kubectl apply", "Step 5")
    exchange = inside(played, "aws s3 ls", "Step 5")
    for tag in (
        "eks-cluster-arn",
        "eks-cluster-name",
        "kubernetes-namespace",
        "kubernetes-service-account",
        "kubernetes-pod-name",
        "kubernetes-pod-uid",
    ):
        assert tag in exchange
    assert "may s3:ListAllMyBuckets" in exchange


def test_it_says_where_the_time_went_and_how_to_go_on(played: dict[str, Any]) -> None:
    assert played["own_seconds"] <= played["seconds"]
    assert played["tool_seconds"] <= played["seconds"]
    assert any(line.endswith("podid up --detach") for line in played["farewell"])


def left_of(ended: Ended) -> list[str]:
    """Processes that still belong to a demo's homes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"PODID_HOME={ended.folder}".encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_nothing_is_left_of_it(background: Background, played: dict[str, Any]) -> None:
    ended = background.result("demo")
    assert left_of(ended) == []
    assert list(ended.folder.glob("podid-*")) == []


def test_a_step_that_does_not_show_what_it_must_ends_it_loudly(background: Background, pod_tools: Path) -> None:
    ended = background.result("broken")
    assert ended.code == 1
    assert "podid: `kubectl apply -f kube-manifests/` did not show what it must: pod/aws-cli created" in ended.err
    assert ended.out == "", "no transcript of a success"
    assert left_of(ended) == []
    (home,) = ended.folder.glob("podid-demo-*")
    assert f"PODID_HOME={home} podid logs" in ended.err
    assert (home / "logs" / "serve.log").exists()
