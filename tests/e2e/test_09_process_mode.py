"""Pods as plain processes, in two installations at once, by a person who has secrets: nothing of theirs comes along, nothing is shared, nothing is left."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from tests.e2e.installed import Installed, allow, ask_agent, pod, service_account, trust, until

from podid.local.tools import cache_folder

pytestmark = [pytest.mark.tools, pytest.mark.usefixtures("curl")]

PLANTED = "planted-0f1e2d3c"
"""What every secret of the person holds."""
ROLE = "process-mode"
MANY = 50


@pytest.fixture(scope="module")
def person() -> Iterator[dict[str, str]]:
    """The environment of somebody with credentials of every kind, in variables, in files of their home, and in an agent."""
    home = Path(tempfile.mkdtemp(prefix="podid-person-"))
    files = {
        ".aws/credentials": f"[default]\naws_access_key_id = AKIA{PLANTED}\naws_secret_access_key = {PLANTED}\n",
        ".aws/config": f"[default]\nregion = eu-west-1\nrole_session_name = {PLANTED}\n",
        ".aws/sso/cache/token.json": json.dumps({"accessToken": PLANTED}),
        ".kube/config": json.dumps({"users": [{"name": "me", "user": {"token": PLANTED}}]}),
        ".ssh/id_ed25519": PLANTED,
        ".netrc": f"machine example.com password {PLANTED}\n",
        ".config/gh/hosts.yml": PLANTED,
        ".docker/config.json": json.dumps({"auths": {"x": {"auth": PLANTED}}}),
    }
    for name, text in files.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with socket.socket(socket.AF_UNIX) as ssh_agent:
        ssh_agent.bind(str(home / "agent.sock"))
        ssh_agent.listen()
        yield {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "PODID_CACHE": str(cache_folder().parent),
            "AWS_ACCESS_KEY_ID": PLANTED,
            "AWS_SECRET_ACCESS_KEY": PLANTED,
            "AWS_SESSION_TOKEN": PLANTED,
            "AWS_PROFILE": PLANTED,
            "AWS_WEB_IDENTITY_TOKEN_FILE": f"/{PLANTED}",
            "AWS_CONFIG_FILE": str(home / ".aws/config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
            "KUBECONFIG": str(home / ".kube/config"),
            "SSH_AUTH_SOCK": str(home / "agent.sock"),
            "GITHUB_TOKEN": PLANTED,
            "DOCKER_CONFIG": str(home / ".docker"),
        }
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def two(install: Callable[[], Installed], person: dict[str, str]) -> tuple[Installed, Installed]:
    """Two installations that this person starts at the same time."""
    pair = (install(), install())

    def start(installed: Installed) -> None:
        installed.isolation = "process"
        temporary = installed.folder / "tmp"
        temporary.mkdir()
        installed.environment["TMPDIR"] = str(temporary)
        up = installed.podid(
            *("up", "--detach", "--port", "0", "--isolation", "process"), environment=installed.environment | person
        )
        assert up.code == 0, up.output
        installed.environment |= installed.podid_json("env")
        installed.have_addon()
        installed.associate(ROLE, installed.make_role(ROLE, trust(), allow("s3:ListAllMyBuckets")))
        applied = installed.apply(service_account(ROLE), looker("looks"))
        assert applied.code == 0, applied.output
        installed.wait_ready("looks")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(start, pair))
    return pair


def looker(name: str) -> dict[str, object]:
    """A pod whose log is its environment and whatever its home holds."""
    made = pod(name, ROLE)
    made["spec"]["containers"][0]["command"] = ["sh", "-c", f"{LOOK}; exec sleep infinity"]
    return made


LOOK = 'env; for folder in ~ "$TMPDIR" .; do find "$folder" -type f -print -exec cat {} +; done; echo looked'


def test_nothing_of_the_persons_comes_along(two: tuple[Installed, Installed], person: dict[str, str]) -> None:
    """Neither by a container's own environment and home, nor by those of a program that is run in it."""
    one, _ = two
    until(lambda: "looked" in one.kubectl("logs", "looks").output, "the pod has looked")
    for seen in (one.kubectl("logs", "looks").output, one.exec("looks", LOOK).output):
        assert "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:" in seen, "it looks at a pod's own environment"
        assert PLANTED not in seen
        assert person["HOME"] not in seen
        names = {line.partition("=")[0] for line in seen.splitlines()}
        assert not names & {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONFIG_FILE", "KUBECONFIG", "SSH_AUTH_SOCK"}
    who = one.exec("looks", "aws sts get-caller-identity --query Arn --output text")
    assert f":assumed-role/{ROLE}/" in who.output


def test_they_share_no_port(two: tuple[Installed, Installed]) -> None:
    listening, recorded = [], []
    for installed in two:
        pids = [int(line.split()[0]) for line in installed.processes()]
        listening.append({port for pid in pids for port in _listening(pid)})
        recorded.append(set(_ports(installed).values()))
    for ports in (listening, recorded):
        assert all(len(of_one) > 3 for of_one in ports)
        assert not ports[0] & ports[1]
    assert all(ask_agent(installed, "looks").status == 200 for installed in two)


@pytest.mark.parametrize(
    ("place", "path", "otherwise"), [("80", "/v1/credentials", 400), ("imds", "/latest/meta-data/", 401)]
)
def test_a_name_that_was_pointed_here_is_refused(
    two: tuple[Installed, Installed], place: str, path: str, otherwise: int
) -> None:
    """What a browser sends after DNS rebinding: any page's name as the host, at a port of loopback."""
    port = _ports(two[0])[place]
    asked = {
        host: _status(port, path, host) for host in (f"evil.example:{port}", "evil.example", "127.0.0.1.evil.example")
    }
    assert set(asked.values()) == {403}, asked
    asked = {host: _status(port, path, host) for host in (f"127.0.0.1:{port}", f"localhost:{port}")}
    assert set(asked.values()) == {otherwise}, asked


def test_fifty_pods_at_once_each_have_their_credentials(two: tuple[Installed, Installed]) -> None:
    """A pod is ready here once the agent has given it some. kubectl asks five times a second at most, so it asks for all pods in one go."""
    _, other = two
    ask = 'curl -sS -o /dev/null -w "%{http_code}" -H "Authorization: $(cat $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)"'
    pods = []
    for number in range(MANY):
        made = pod(f"many-{number}", ROLE)
        made["metadata"]["labels"] = {"app": "many"}
        made["spec"]["containers"][0] |= {
            "command": ["sh", "-c", f"{ask} $AWS_CONTAINER_CREDENTIALS_FULL_URI > status; exec sleep infinity"],
            "readinessProbe": {"exec": {"command": ["grep", "-qx", "200", "status"]}, "periodSeconds": 1},
        }
        pods.append(made)
    assert other.apply(*pods).code == 0

    def ready() -> int:
        path = "jsonpath={.items[*].status.containerStatuses[*].ready}"
        return other.kubectl("get", "pods", "-l", "app=many", "-o", path).output.split().count("true")

    until(lambda: ready() == MANY, "every pod has its credentials")
    listed = other.kubectl("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}")
    other.pod_uids |= set(listed.output.split())


def test_down_of_one_leaves_nothing_of_it(two: tuple[Installed, Installed]) -> None:
    one, other = two
    assert len(other.processes()) > MANY
    ports = {port for line in other.processes() for port in _listening(int(line.split()[0]))}
    down = other.down()
    assert down.code == 0, down.output
    assert other.processes() == []
    assert list(Path(other.environment["TMPDIR"]).iterdir()) == []
    for port in ports | set(_ports(other).values()):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    assert ask_agent(one, "looks").status == 200


def _ports(installed: Installed) -> dict[str, int]:
    found: dict[str, int] = json.loads((installed.home / "cluster" / "node" / "ports.json").read_bytes())
    return found


def _listening(pid: int) -> list[int]:
    with contextlib.suppress(psutil.Error):
        return [
            one.laddr.port for one in psutil.Process(pid).net_connections("inet") if one.status == psutil.CONN_LISTEN
        ]
    return []


def _status(port: int, path: str, host: str) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
