"""The port between the kubelet and whatever keeps containers apart. Two kinds of object: a `Node`, and a `Sandbox` for each pod.

Nothing here, and nothing that uses it, knows of namespaces, of /proc, or of an address: an adapter says where things are. Everything is
asked on one event loop. An adapter raises `IsolationError` with a text for people.

A container's start is written as the manifest has it (paths, addresses); an adapter in which these are elsewhere rewrites it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from podid.localcluster.ports import ExecSession

Mode = Literal["namespaces", "process"]


class IsolationError(Exception):
    """Something could not be isolated, started or reached; the text says what and why."""


class CannotStart(IsolationError):
    """A program did not start: `code` is what a shell would answer (127 not found, 126 not executable)."""

    def __init__(self, text: str, code: int = 128) -> None:
        super().__init__(text)
        self.code = code


class NodeSettings(Struct, frozen=True, kw_only=True):
    """What an adapter must know to make a node."""

    folder: Path
    """The adapter's own, below PODID_HOME, mode 0700: sockets and records."""
    home: Path
    """PODID_HOME: no container may see it."""
    hostname: str
    region: str
    aws_port: int
    """Where the AWS endpoint listens on the host's loopback."""
    api_port: int
    """Where the cluster's API server listens on the host's loopback."""
    tools: tuple[Path, ...] = ()
    """Folders shown to every container, with `bin` in each on PATH."""
    own_folders: tuple[Path, ...] = ()
    """podid's interpreter and packages: shown to podid's own pods, at their own paths."""


class NodeAddresses(Struct, frozen=True, kw_only=True):
    """Where things are, as containers see them."""

    node: str
    """The node's own address (hostIP)."""
    aws_endpoint: str
    """URL of the AWS endpoint; an IP literal, so that S3 clients use paths."""
    api_host: str
    api_port: int
    agent: tuple[str, ...]
    """Addresses at which the agent serves credentials."""
    imds: str
    """The address of the instance metadata service."""
    imds_port: int = 80


class Program(Protocol):
    """One of podid's own programs in the node's place."""

    async def wait(self) -> int:
        """Its exit code; 128 + N after signal N, 137 also where the node has gone."""

    async def stop(self) -> None:
        """End it."""


class Mount(Struct, frozen=True, kw_only=True):
    """A volume in a container."""

    source: Path
    """A folder or file of the host."""
    target: str
    """The path in the container."""
    sub_path: str = ""
    """Which file or folder of `source`; links in it are followed inside `source` only."""
    read_only: bool = True


class PodSettings(Struct, frozen=True, kw_only=True):
    """What makes a pod's sandbox."""

    uid: str
    folder: Path
    """The pod's own, mode 0700, on the host."""
    hostname: str
    host_network: bool = False
    ports: tuple[tuple[str, int], ...] = ()
    """What its containers declare: (hostIP or empty, containerPort)."""
    hosts: Mapping[str, Sequence[str]] = {}
    """More lines of /etc/hosts: address to names."""


class ContainerSettings(Struct, frozen=True, kw_only=True):
    """One run of a container."""

    name: str
    attempt: int
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    """Everything: nothing is inherited. The adapter adds HOME, PATH and the like where they are not given."""
    folder: str = ""
    """The working directory; empty: the adapter's."""
    mounts: tuple[Mount, ...] = ()
    log: Path
    """Where to write its log (`helper/log_file.py` has the format). Its folder exists."""
    user: int = 0
    group: int = 0
    groups: tuple[int, ...] = ()
    drop_capabilities: tuple[str, ...] = ()
    read_only_root: bool = False
    own: bool = False
    """A pod of podid's own: it sees podid's interpreter and packages."""


class ContainerState(Struct, frozen=True, kw_only=True):
    """What is known of a container's last run. Times are seconds since 1970."""

    name: str
    attempt: int
    state: Literal["starting", "running", "exited"]
    started: float = 0.0
    finished: float = 0.0
    code: int = 0
    error: str = ""
    """Why it could not be started."""


class Sandbox(Protocol):
    """A pod's place: its network and whatever its containers share."""

    uid: str
    addresses: tuple[str, ...]
    """The pod's addresses (podIPs)."""

    async def start(self, container: ContainerSettings) -> None:
        """Start a container; returns when its program runs. Raises CannotStart, IsolationError."""

    def states(self) -> AsyncIterator[Sequence[ContainerState]]:
        """First the states of all containers known here, then each change. Ends when the sandbox has gone, and its containers with it."""

    async def signal(self, container: str, number: int) -> None:
        """Send a signal to a container's program; SIGKILL ends all of the container. No error where it has ended."""

    async def exec(
        self, container: str, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool, terminal: bool
    ) -> ExecSession:
        """Run a program beside a container's own. Raises CannotStart where it cannot be started."""

    async def dial(self, port: int, host: str = "") -> tuple[Any, Any]:
        """Connect to a port as from within the pod: at `host`, else at its own address, else at its loopback. (reader, writer)"""

    def hand_over(self, path: Path, user: int = 0, group: int = 0) -> None:
        """Let the pod's user own a file or folder of a volume, where the pod has users of its own."""

    async def remove(self) -> None:
        """End every container and take away everything of the sandbox. Doing it twice is no error."""


class Node(Protocol):
    """Where pods run."""

    addresses: NodeAddresses

    async def start(self) -> bool:
        """Make the node, or find the one that an earlier process left: True if its pods may still be there."""

    async def stop(self) -> None:
        """End the node and all that runs on it; nothing is left."""

    def environment(self) -> dict[str, str]:
        """What every container's environment begins with. No credential."""

    async def run(self, name: str, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> Program:
        """Run one of podid's own programs in the node's place (its network; not isolated otherwise)."""

    async def create(self, pod: PodSettings) -> Sandbox:
        """A sandbox for a pod, in the place of one that it had."""

    async def adopt(self, pod: PodSettings) -> Sandbox | None:
        """The sandbox that an earlier kubelet made for this pod, if it is alive."""

    async def sweep(self, keep: Sequence[str]) -> None:
        """End the sandboxes of pods other than these (by uid)."""


class Isolation(Protocol):
    """One way to keep containers apart."""

    name: Mode
    why: str
    """One line for people: why this one was chosen."""

    def node(self, settings: NodeSettings) -> Node: ...
