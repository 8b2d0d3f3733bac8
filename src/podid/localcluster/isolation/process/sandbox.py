"""A pod's sandbox where nothing is kept apart: a folder for each container, and a manifest rewritten to what is here.

POD/containers/NAME/           the container's root: HOME is `root` in it, TMPDIR `tmp`
POD/containers/NAME/MOUNT      a link to the volume, in folders of mode 0700
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from podid.localcluster.isolation.helper_sandbox import HelperSandbox, base_message
from podid.localcluster.isolation.port import (
    CannotStart,
    ContainerSettings,
    ContainerState,
    IsolationError,
    NodeSettings,
    PodSettings,
)
from podid.localcluster.isolation.process.places import LOOPBACK, Places
from podid.localcluster.isolation.process.rewriting import Rewriting
from podid.localcluster.isolation.process.sweeping import Sweeper
from podid.localcluster.ports import ExecSession

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt")
_CONNECT_TIMEOUT = 5.0


class ProcessSandbox(HelperSandbox):
    """One pod on the node of this adapter. See `port.Sandbox`."""

    def __init__(
        self,
        node: NodeSettings,
        pod: PodSettings,
        places: Places,
        sweeper: Sweeper,
        hosts: Mapping[str, int],
        agent: Sequence[str],
        removed: Callable[[str], Awaitable[None]],
    ) -> None:
        """`hosts`: addresses of the node's services to the loopback ports that stand for them; `agent`: those of the agent."""
        super().__init__(pod)
        self.addresses: tuple[str, ...] = (LOOPBACK,)
        self._node = node
        self._places = places
        self._sweeper = sweeper
        self._hosts = hosts
        self._agent = agent
        self._removed = removed
        self._rewritings: dict[str, Rewriting] = {}

    def was_used(self) -> bool:
        """Whether containers of this pod ran before, so that something of them may be left."""
        return (self.pod.folder / "containers").exists()

    def _root(self, container: str) -> Path:
        return self.pod.folder / "containers" / container

    async def start(self, container: ContainerSettings) -> None:
        if self._root(container.name).exists():  # an earlier run may have left something
            await self._sweeper.end_container(self.uid, container.name)
        rewriting = self._furnish(container)
        environment = self._environment(container.name, rewriting.values(container.environment))
        if self.pod.host_network:
            environment["PODID_LISTEN"] = self._places.listening(self._agent, self.pod.ports)
        await self.ask_to_start(
            base_message(
                container.name,
                container.attempt,
                rewriting.texts(container.argv),
                environment,
                self._working_folder(container, rewriting),
                container.log,
            )
        )

    def _furnish(self, container: ContainerSettings) -> Rewriting:
        """Make the container's folders and links. Raises CannotStart for what cannot be mounted."""
        root = self._root(container.name)
        for folder in (root, root / "root", root / "tmp"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths: dict[str, str] = {}
        for mount in sorted(container.mounts, key=lambda mount: mount.target.count("/")):
            link = root / mount.target.lstrip("/")
            _link(link, _inside(mount.source, mount.sub_path), mount.target, root)
            paths[mount.target] = str(link)
        self._rewritings[container.name] = Rewriting(paths, self._hosts)
        return self._rewritings[container.name]

    def _working_folder(self, container: ContainerSettings, rewriting: Rewriting) -> str:
        """The container's own HOME; a folder that the manifest names is the system's, a volume's, or one below the container's root."""
        if not container.folder:
            return str(self._root(container.name) / "root")
        rewritten = rewriting.text(container.folder)
        if rewritten != container.folder or container.folder.startswith(_SYSTEM_FOLDERS):
            return rewritten
        folder = self._root(container.name) / container.folder.lstrip("/")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return str(folder)

    def _environment(self, container: str, variables: Mapping[str, str]) -> dict[str, str]:
        root = self._root(container)
        base = {
            "PATH": ":".join([*(str(folder / "bin") for folder in self._node.tools), _SYSTEM_PATH]),
            "HOME": str(root / "root"),
            "TMPDIR": str(root / "tmp"),
            "HOSTNAME": self.pod.hostname,
            "LANG": "C.UTF-8",
        }
        return self.program_environment(container, base, variables)

    async def exec(
        self, container: str, argv: Sequence[str], environment: Mapping[str, str], *, stdin: bool, terminal: bool
    ) -> ExecSession:
        rewriting = self._rewritings.get(container) or self._rewriting_on_disk(container)
        variables = self._environment(container, rewriting.values(environment))
        if terminal:
            variables.setdefault("TERM", "xterm")
        if self.pod.host_network:
            variables["PODID_LISTEN"] = self._places.listening(self._agent, self.pod.ports)
        return await self.ask_to_exec(container, rewriting.texts(argv), variables, stdin=stdin, terminal=terminal)

    def _rewriting_on_disk(self, container: str) -> Rewriting:
        """The mounts of a container that an earlier kubelet started: its links."""
        root = self._root(container)
        links = [path for path in root.rglob("*") if path.is_symlink()]
        volumes = str(self.pod.folder / "volumes") + "/"
        paths = {
            "/" + str(path.relative_to(root)): str(path) for path in links if str(path.readlink()).startswith(volumes)
        }
        self._rewritings[container] = Rewriting(paths, self._hosts)
        return self._rewritings[container]

    async def states(self) -> AsyncIterator[Sequence[ContainerState]]:
        """A container that has ended is told when what it left behind has ended too."""
        async for states in super().states():
            for state in states:
                if state.state == "exited":
                    await self._sweeper.end_container(self.uid, state.name)
            yield states
        await self._sweeper.end_pod(self.uid)

    async def dial(self, port: int, host: str = "") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        mapped = self._places.known(str(port)) if self.pod.host_network else None
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT):
                return await asyncio.open_connection(LOOPBACK, mapped or port)
        except (OSError, TimeoutError) as problem:
            raise IsolationError(f"nothing answers at port {port} of the pod: {problem}") from problem

    def hand_over(self, path: Path, user: int = 0, group: int = 0) -> None:
        """Every pod is the person here: their files are too."""

    async def remove(self) -> None:
        await self.end()
        await self._sweeper.end_pod(self.uid)
        shutil.rmtree(self.pod.folder / "containers", ignore_errors=True)
        await self._removed(self.uid)


def _inside(source: Path, sub_path: str) -> Path:
    """A file or folder of a volume. Raises CannotStart where a link leads out of it."""
    if not sub_path:
        return source
    found = (source / sub_path).resolve()
    if not found.is_relative_to(source.resolve()):
        raise CannotStart(f"subPath {sub_path!r} leads out of its volume")
    return source / sub_path


def _link(link: Path, target: Path, mount_path: str, root: Path) -> None:
    """Put a link to a volume at its place below the container's root."""
    parent = link.parent
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not parent.resolve().is_relative_to(root.resolve()) and not _is_ours(parent, root):
            raise CannotStart(f"a volume cannot be mounted at {mount_path}: it lies inside another volume")
        if link.is_symlink():
            link.unlink()
        elif link.is_dir():
            link.rmdir()
        link.symlink_to(target)
    except OSError as problem:
        raise CannotStart(f"a volume cannot be mounted at {mount_path}: {problem.strerror}") from problem


def _is_ours(parent: Path, root: Path) -> bool:
    """Whether a place below a volume may take a mount: only below an emptyDir of this very pod, which is its own folder."""
    return parent.resolve().is_relative_to((root.parent.parent / "volumes").resolve()) and os.access(parent, os.W_OK)
