"""What the parts of the local cluster ask of each other, all in one process and on one event loop.

apiserver/   speaks to kubectl; holds the objects        needs: `ContainerAccess`
controllers/ DaemonSets, namespaces, garbage             needs: `Objects`
kubelet/     makes pods into processes                   needs: `Objects`, `TokenIssuer`, `EventRecorder`; is a `ContainerAccess`
isolation/   how a container is kept apart               needs nothing of these
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from msgspec import Struct

Object = dict[str, Any]
"""A Kubernetes object, as its JSON has it."""

Resource = str
"""The plural name, unique among the kinds of the local cluster: `pods`, `serviceaccounts`, `daemonsets`, …"""


class Event(Struct, frozen=True):
    """One change. `object` is the whole object after it (for DELETED: as it was last). Readers must not change it."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: Object


class Objects(Protocol):
    """The stored objects, without admission: for controllers and the kubelet, which write status and settled objects."""

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """The object, or None. `namespace` is empty for cluster-scoped kinds."""

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """All objects of a kind, in one namespace or (None) in all."""

    def create(self, resource: Resource, obj: Object) -> Object:
        """Store a new object, giving it a uid, a resourceVersion and a creationTimestamp. Raises AlreadyExists."""

    def update(self, resource: Resource, namespace: str, name: str, change: Callable[[Object], None]) -> Object | None:
        """Apply `change` to a copy of the current object and store the copy, atomically. None where there is no such object.

        Storing an equal object changes nothing and wakes nobody.
        """

    def remove(self, resource: Resource, namespace: str, name: str, uid: str = "") -> bool:
        """Take an object away at once (with `uid`: only if it is still that one)."""

    def watch(self, resource: Resource) -> AsyncIterator[Event]:
        """ADDED for all there is, then every change in order, until the iterator is closed."""


class Issued(Struct, frozen=True):
    """A service account token and when it ends."""

    token: str
    expires_at: datetime


class TokenIssuer(Protocol):
    def issue(
        self,
        *,
        namespace: str,
        service_account: str,
        audiences: Sequence[str],
        expiration_seconds: int,
        pod: Object | None,
    ) -> Issued:
        """A bound token (Kubernetes TokenRequest): signed by the cluster's service account key, with pod and node claims."""


class EventRecorder(Protocol):
    def record(
        self, obj: Object, *, type: Literal["Normal", "Warning"], reason: str, message: str, component: str = "kubelet"
    ) -> None:
        """Record a core/v1 Event about an object; equal ones are counted, not repeated."""


class Admission(Protocol):
    async def create(self, resource: Resource, obj: Object) -> Object:
        """Create as through the API: defaults, ServiceAccount admission, mutating webhooks, validation. Raises as the API answers."""


class LogOptions(Struct, frozen=True, kw_only=True):
    follow: bool = False
    tail_lines: int | None = None
    since: datetime | None = None
    timestamps: bool = False
    previous: bool = False
    limit_bytes: int | None = None


class ExecSession(Protocol):
    """A program running beside a container's own."""

    async def write(self, data: bytes) -> None: ...
    async def close_stdin(self) -> None: ...
    async def resize(self, width: int, height: int) -> None: ...

    def output(self) -> AsyncIterator[tuple[Literal[1, 2], bytes]]:
        """Pieces of standard output (1) and standard error (2), until both have ended."""

    async def wait(self) -> int:
        """The exit code; 128 + N where signal N ended it."""

    async def kill(self) -> None:
        """End it, as when the client has gone."""


class ContainerAccess(Protocol):
    """What kubectl exec, logs, attach and port-forward ask of a kubelet. All raise `NotRunning` with a reason for people."""

    def logs(self, pod: Object, container: str, options: LogOptions) -> AsyncIterator[bytes]: ...

    async def exec(
        self,
        pod: Object,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool,
        tty: bool,
        stdout: bool = True,
        stderr: bool = True,
    ) -> ExecSession: ...

    async def dial(self, pod: Object, port: int) -> tuple[Any, Any]:
        """A connection to a port of the pod, as (asyncio StreamReader, StreamWriter)."""


class NotRunning(Exception):
    """The pod or container asked for does not run; the text says why."""


class AlreadyExists(Exception):
    """An object of that name is there already."""
