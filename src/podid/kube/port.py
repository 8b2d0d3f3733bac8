"""The port: what podid asks of a Kubernetes API server. Synchronous: callers that wait do so on threads of their own.

Objects go in and come out as the JSON has them, whole, so a field that podid does not know survives being read and written back. Every
method raises a `KubeError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Protocol

from msgspec import Struct

from podid.kube.kinds import Kind

Object = dict[str, Any]
"""A Kubernetes object, as its JSON has it."""


class ObjectList(Struct, frozen=True):
    """A collection at one moment. A watch from `resource_version` misses nothing that came later."""

    items: list[Object]
    resource_version: str = ""


class Change(Struct, frozen=True):
    """One change seen by a watch."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: Object


class Kubernetes(Protocol):
    """One API server, reached as one identity."""

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        """The object. Raises NotFound."""

    def list(self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = "") -> ObjectList:
        """All objects of a kind, in one namespace or (empty) in all. `labels` and `fields` are selectors, as kubectl takes them."""

    def create(self, kind: Kind, obj: Object) -> Object:
        """Store a new object; its namespace is its own. Raises AlreadyExists."""

    def replace(self, kind: Kind, obj: Object) -> Object:
        """Store the object over the one of its name. Raises NotFound, and Conflict where its resourceVersion is not the newest."""

    def patch(
        self,
        kind: Kind,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        type: Literal["merge", "json", "strategic"] = "merge",
        subresource: str = "",
    ) -> Object:
        """Change a part of an object: RFC 7386 (merge), RFC 6902 (json) or Kubernetes' strategic merge."""

    def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        grace_seconds: int | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        """Ask for an object to go (with `uid`: only if it is still that one, else Conflict). It may take a while. Raises NotFound."""

    def watch(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        resource_version: str = "",
        labels: str = "",
        fields: str = "",
        timeout_seconds: int = 300,
    ) -> Iterator[Change]:
        """Changes after `resource_version` (empty: first ADDED for all there is), until the server ends the watch or the caller closes it.

        Raises Gone where the version is too old.
        """

    def server_version(self) -> str:
        """The server's version, as `v1.33.1`."""

    def read(self, path: str) -> bytes:
        """The body at any path of the server, such as /openid/v1/jwks; at most one MiB."""

    def close(self) -> None:
        """Let the connections go."""
