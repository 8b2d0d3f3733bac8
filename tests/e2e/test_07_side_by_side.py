"""Two installations with clusters of the same name, and an ordinary user's: nobody's keys open another's door, and an end leaves nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.e2e.installed import (
    CLUSTER,
    Installed,
    allow,
    ask_agent,
    credentials_of,
    pod,
    service_account,
    trust,
)

pytestmark = [pytest.mark.tools, pytest.mark.namespaces, pytest.mark.usefixtures("curl")]

NOBODY = 65534


def have_pod_with_role(installed: Installed, name: str) -> None:
    installed.associate(name, installed.make_role(name, trust(), allow("s3:ListAllMyBuckets")))
    applied = installed.apply(service_account(name), pod(name))
    assert applied.code == 0, applied.output
    installed.wait_ready(name)


@pytest.fixture(scope="module")
def two(with_agent: Installed, install: Callable[[], Installed]) -> tuple[Installed, Installed]:
    """The shared installation and another one, each with the agent and a pod that has a role."""
    other = install()
    up = other.up()
    assert up.code == 0, up.output
    other.have_addon()
    for installed in (with_agent, other):
        have_pod_with_role(installed, "twin")
    return with_agent, other


def test_both_serve_the_same_names_at_the_same_time(two: tuple[Installed, Installed]) -> None:
    for installed in two:
        assert installed.client("eks").list_clusters()["clusters"] == [CLUSTER]
        assert ask_agent(installed, "twin").status == 200


def test_keys_sessions_and_tokens_of_one_are_refused_by_the_other(two: tuple[Installed, Installed]) -> None:
    one, other = two
    key = {name: other.environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    for stranger in (key, credentials_of(other, "twin")):
        with pytest.raises(ClientError) as refused:
            one.client("sts", stranger).get_caller_identity()
        assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"
    token = other.exec("twin", "cat $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").output
    with pytest.raises(ClientError) as refused:
        one.client("eks-auth").assume_role_for_pod_identity(clusterName=CLUSTER, token=token)
    assert refused.value.response["Error"]["Code"] == "InvalidTokenException"
    config = Path(other.environment["KUBECONFIG"]).read_text()
    wrong = one.folder / "kubeconfig-of-the-other"
    own = Path(one.environment["KUBECONFIG"]).read_text()
    wrong.write_text(config.replace(_server(config), _server(own)))
    asked = one.kubectl("--kubeconfig", str(wrong), "get", "pods")
    assert asked.code == 1
    assert "x509: certificate signed by unknown authority" in asked.output
    asked = one.kubectl("--kubeconfig", str(wrong), "--insecure-skip-tls-verify", "get", "pods")
    assert asked.code == 1


def _server(kubeconfig: str) -> str:
    return next(line.strip() for line in kubeconfig.splitlines() if "server:" in line)


def test_down_of_one_leaves_nothing_of_it_and_the_other_as_it_is(two: tuple[Installed, Installed]) -> None:
    one, other = two
    status = other.status()
    ports = [int(part["listens"].rpartition(":")[2]) for part in status["parts"]]
    assert other.processes()
    down = other.down()
    assert down.code == 0, down.output
    assert other.processes() == []
    assert str(other.home) not in Path("/proc/self/mountinfo").read_text()
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    again = other.podid("down")
    assert (again.code, again.output) == (0, "podid was not running\n")
    assert ask_agent(one, "twin").status == 200


def test_the_host_sees_no_link_and_no_mount_while_it_runs(with_agent: Installed) -> None:
    """Bridge, veths and addresses are in the node's namespace; mounts in the pods'."""
    assert str(with_agent.home) not in Path("/proc/self/mountinfo").read_text()
    names = set(os.listdir("/sys/class/net"))
    assert not {name for name in names if name.startswith(("cni", "veth", "pod-id"))}


@pytest.fixture
def nobodys(isolation: str, pod_tools: Path) -> Iterator[Installed]:
    """An installation of a user without any privilege."""
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    try:
        probe = subprocess.run(
            [sys.executable, "-c", "import podid.cli.people"],
            cwd="/",
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except PermissionError:
        pytest.skip("this root has no capability to be somebody else")
    if probe.returncode:
        pytest.skip("this interpreter or this tree cannot be read by other users")
    with tempfile.TemporaryDirectory(prefix="podid-e2e-") as folder:
        os.chown(folder, NOBODY, NOBODY)
        installed = Installed(Path(folder), isolation, user=NOBODY)
        installed.environment |= {"HOME": folder, "PODID_CACHE": f"{folder}/cache", "PYTHONDONTWRITEBYTECODE": "1"}
        yield installed
        installed.podid("down")


def test_an_ordinary_user_needs_nothing_of_root(nobodys: Installed) -> None:
    up = nobodys.up()
    assert up.code == 0, up.output
    assert "unpacking aws" in up.output or "copying AWS CLI" in up.output, "progress of the first time is told"
    nobodys.have_addon()
    have_pod_with_role(nobodys, "mine")
    assert ask_agent(nobodys, "mine").status == 200
    assert all(int(line.split()[0]) for line in nobodys.processes())
    assert {os.stat(f"/proc/{line.split()[0]}").st_uid for line in nobodys.processes()} == {NOBODY}
    down = nobodys.down()
    assert down.code == 0, down.output
    assert nobodys.processes() == []
