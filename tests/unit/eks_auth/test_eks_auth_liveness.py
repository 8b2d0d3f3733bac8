"""Tokens of pods that are gone, and clusters that cannot be asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from podid.core.errors import AwsError
from podid.eks_auth import EksAuth, PodLiveness
from podid.eks_auth.liveness import KEPT, PATIENCE, SILENCE
from podid.iam import Authorizer
from podid.kube import Forbidden, NotFound, Unreachable

UID = "5e1f1f5e-0000-4000-8000-000000000001"


class OnePod:
    """A cluster that answers about one pod; `hang` keeps it from answering."""

    def __init__(self) -> None:
        self.uid: str = UID
        self.trouble: Exception | None = None
        self.hang = threading.Event()
        self.hang.set()
        self.asked: list[tuple[str, str]] = []

    def client(self, cluster: Any) -> OnePod:
        return self

    def get(self, kind: Any, name: str, namespace: str) -> dict[str, Any]:
        self.asked.append((namespace, name))
        self.hang.wait()
        if self.trouble is not None:
            raise self.trouble
        return {"metadata": {"name": name, "namespace": namespace, "uid": self.uid}}


@pytest.fixture
def pod(world: Any, tmp_path: Any) -> Iterator[OnePod]:
    made = OnePod()
    liveness = PodLiveness(made, monotonic=world.seconds)  # type: ignore[arg-type]
    world.eks_auth = EksAuth(
        world.eks, world.iam, world.sts, Authorizer(world.iam), random=world.random, liveness=liveness
    )
    world.register(jwks_file=world.jwks, kubeconfig=tmp_path / "kubeconfig")
    world.associate(world.role("reader"))
    yield made
    made.hang.set()


def refused(world: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        world.assume(world.token())
    return caught.value


def test_living_pod_is_asked_about_once_a_moment(world: Any, pod: OnePod) -> None:
    assert world.assume(world.token()) and world.assume(world.token())
    assert pod.asked == [("default", "aws-cli")]
    world.seconds.value += KEPT
    assert world.assume(world.token()) and len(pod.asked) == 2


def test_deleted_pod_is_refused(world: Any, pod: OnePod) -> None:
    assert world.assume(world.token())
    pod.trouble = NotFound("no pod")
    world.seconds.value += KEPT
    error = refused(world)
    assert (error.code, error.status) == ("InvalidTokenException", 400) and UID in error.private


def test_another_pod_of_the_same_name_is_refused(world: Any, pod: OnePod) -> None:
    pod.uid = "another"
    assert refused(world).code == "InvalidTokenException"


@pytest.mark.parametrize("trouble", [Unreachable("down"), Forbidden("no")])
def test_cluster_that_cannot_be_asked_is_left_alone_for_a_while(world: Any, pod: OnePod, trouble: Exception) -> None:
    pod.trouble = trouble
    assert world.assume(world.token())
    world.seconds.value += KEPT
    assert world.assume(world.token()) and len(pod.asked) == 1
    world.seconds.value += SILENCE
    assert world.assume(world.token()) and len(pod.asked) == 2


def test_cluster_that_hangs_delays_one_call_and_no_other(world: Any, pod: OnePod) -> None:
    pod.hang.clear()
    before = threading.active_count()
    assert world.assume(world.token()) and world.assume(world.token())
    assert len(pod.asked) == 1 and threading.active_count() == before + 1
    assert PATIENCE < 1  # AWS's agent waits a second for the whole call


def test_cluster_without_a_kubeconfig_is_not_asked(world: Any, pod: OnePod) -> None:
    pod.trouble = NotFound("no pod")
    world.register(jwks_file=world.jwks)
    assert world.assume(world.token()) and pod.asked == []
