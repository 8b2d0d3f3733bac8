"""EKS on a real store with the real IAM, an administrator who calls, and a clock that the test moves."""

from __future__ import annotations

import json
import random as stdlib_random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.eks.one_daemonset import OF, OneDaemonSet

from podid.core.caller import Call, Caller, Output
from podid.core.operations import invoke
from podid.eks import Cluster, ClusterRegistration, Eks
from podid.eks.addons.installer import Installer
from podid.eks.addons.worker import AddonWorker
from podid.iam import Authorizer, Iam
from podid.kube import BadKubeconfig, Kubernetes
from podid.store import MasterKey, Store, open_store

ACCOUNT, REGION, CLUSTER = "111122223333", "us-east-1", "eksdemo1"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class Clients:
    """`ClusterAccess` to clusters that a test puts in."""

    def __init__(self) -> None:
        self.by_name: dict[str, Kubernetes] = {}

    def client(self, cluster: Cluster) -> Kubernetes:
        if cluster.name not in self.by_name:
            raise BadKubeconfig(f"podid has no kubeconfig for the cluster {cluster.name}")
        return self.by_name[cluster.name]


class Api:
    """The EKS API as a test calls it: `api("CreateAddon", clusterName=..., ...)`."""

    def __init__(self, eks: Eks, clock: MovableClock, administrator: Caller) -> None:
        self.eks, self.clock, self.caller = eks, clock, administrator

    def __call__(self, operation: str, *, caller: Caller | None = None, region: str = REGION, **members: Any) -> Output:
        caller = caller or self.caller
        call = Call(
            caller=caller,
            account=caller.account,
            region=region,
            partition="aws",
            now=self.clock(),
            request_id="r",
            service="eks",
            operation=operation,
        )
        return invoke(self.eks.handlers(), call, members)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def random() -> Callable[[int], bytes]:
    return stdlib_random.Random(7).randbytes


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey((b"k" * 32,)))
    yield opened
    opened.close()


@pytest.fixture
def iam(store: Store, random: Callable[[int], bytes], clock: MovableClock) -> Iam:
    return Iam(store, random=random, clock=clock)


@pytest.fixture
def clients() -> Clients:
    return Clients()


@pytest.fixture
def eks(store: Store, iam: Iam, random: Callable[[int], bytes], clock: MovableClock, clients: Clients) -> Iterator[Eks]:
    made = Eks(store, iam, Authorizer(iam), clients, random=random, clock=clock)
    yield made
    made.close()


@pytest.fixture
def make_user(iam: Iam) -> Callable[..., Caller]:
    """Makes a user of the account with one inline policy, and gives it as a caller."""

    def make(name: str, *statements: dict[str, Any], account: str = ACCOUNT) -> Caller:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.ensure_user(account, name, inline={"own": document})
        key = iam.find_key(iam.ensure_access_key(account, name).access_key_id)
        assert key is not None
        return key.caller

    return make


@pytest.fixture
def administrator(make_user: Callable[..., Caller]) -> Caller:
    return make_user("admin", {"Effect": "Allow", "Action": "*", "Resource": "*"})


@pytest.fixture
def api(eks: Eks, clock: MovableClock, administrator: Caller) -> Api:
    return Api(eks, clock, administrator)


@pytest.fixture
def cluster(eks: Eks) -> Cluster:
    registration = ClusterRegistration(
        name=CLUSTER, version="1.33", endpoint="https://127.0.0.1:6443", ca_pem="CA", issuer="https://issuer.test"
    )
    return eks.register_cluster(ACCOUNT, REGION, registration)


@pytest.fixture
def make_role(iam: Iam) -> Callable[..., str]:
    """Makes a role and gives its ARN."""

    def make(name: str, *, trust: str = TRUST, account: str = ACCOUNT, path: str = "/") -> str:
        return iam.ensure_role(account, name, trust=trust, path=path).arn

    return make


@pytest.fixture
def kubernetes(clients: Any, cluster: Any) -> OneDaemonSet:
    made = OneDaemonSet()
    clients.by_name["eksdemo1"] = made
    return made


@pytest.fixture
def worker(store: Store, clients: Any, clock: Any, eks: Any) -> AddonWorker:
    """The worker, moved by hand: the thread of `eks` is kept from starting."""
    eks.close()
    return AddonWorker(store, clients, Installer("0.1.0"), clock)


@pytest.fixture
def status(api: Any, worker: AddonWorker) -> Callable[[], str]:
    """The add-on's status after another look of the worker."""

    def look() -> str:
        worker.look()
        return str(api("DescribeAddon", **OF)["addon"]["status"])

    return look


@pytest.fixture
def create(api: Any, kubernetes: OneDaemonSet) -> Callable[..., Any]:
    return lambda **members: api("CreateAddon", **(OF | members))["addon"]


@pytest.fixture
def active(create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str]) -> Any:
    made = create()
    status()
    kubernetes.ready()
    assert status() == "ACTIVE"
    return made
