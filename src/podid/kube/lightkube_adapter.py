"""The port over lightkube: its kubeconfig reader, credentials (tokens, token files, exec plug-ins, certificates), TLS and HTTP client.

Requests are plain JSON over lightkube's HTTP client rather than its typed resources: objects then pass through whole, deletes carry their
options in the body as kubectl's do, a watch closes its connection when its reader stops, and the local cluster, which knows few kinds, is
asked for nothing it lacks. Errors of HTTP, TLS and JSON become ours here and go no further.

Imported lazily (`connect`): lightkube costs 0.3 s.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

import httpx2 as httpx
import msgspec
import yaml
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from podid.kube.errors import BadKubeconfig, KubeError, ServerTrouble, Unreachable, error_of
from podid.kube.kinds import Kind
from podid.kube.port import Change, Object, ObjectList

MOST_BYTES: Final = 64 << 20
"""A list of all pods of a large cluster is tens of MiB; more than this is not an answer we could work with."""
MOST_RAW_BYTES: Final = 1 << 20
PAGE: Final = 500
"""Objects asked for at once, as kubectl does."""

_PATCHES: Final = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


class LightkubeClient:
    """`podid.kube.port.Kubernetes` for one context of a kubeconfig. Safe to share between threads."""

    def __init__(self, http: httpx.Client, *, timeout: float) -> None:
        self._http = http
        self._timeout = timeout

    @staticmethod
    def from_kubeconfig(path: Path, *, context: str = "", timeout: float = 10.0) -> LightkubeClient:
        """Read the file and prepare a client. Raises BadKubeconfig."""
        try:
            config = KubeConfig.from_file(path).get(context or None)
            if config is None:
                raise BadKubeconfig(f"the kubeconfig {path} names no current context")
            if config.user is None:  # lightkube insists on one; an empty one sends no credentials
                config = config._replace(user=User())
            parameters = client_adapter.ConnectionParams(
                timeout=httpx.Timeout(timeout), trust_env=not _on_loopback(config)
            )
            return LightkubeClient(client_adapter.Client(config, parameters), timeout=timeout)
        except (ConfigError, OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
            # The text of a YAML error may quote the file, which holds tokens: only the error's type is told.
            told = f": {error}" if isinstance(error, ConfigError | OSError) else f" ({type(error).__name__})"
            raise BadKubeconfig(f"the kubeconfig {path} cannot be used{told}") from error

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        return self._ask("GET", kind.path(namespace, name))

    def list(self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = "") -> ObjectList:
        items: list[Object] = []
        query = _query(limit=PAGE, labelSelector=labels, fieldSelector=fields)
        while True:
            page = self._ask("GET", kind.path(namespace), query=query)
            items += page.get("items") or []
            metadata = page.get("metadata") or {}
            if not (more := metadata.get("continue")):
                break
            query["continue"] = more
        for item in items:  # a list's items come without their own kind
            item.setdefault("apiVersion", kind.api_version)
            item.setdefault("kind", kind.kind)
        return ObjectList(items, str(metadata.get("resourceVersion") or ""))

    def create(self, kind: Kind, obj: Object) -> Object:
        return self._ask("POST", kind.path(_namespace(obj)), body=_whole(kind, obj))

    def replace(self, kind: Kind, obj: Object) -> Object:
        return self._ask("PUT", kind.path(_namespace(obj), obj["metadata"]["name"]), body=_whole(kind, obj))

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
        return self._ask("PATCH", kind.path(namespace, name, subresource), body=patch, content_type=_PATCHES[type])

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
        options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        self._ask("DELETE", kind.path(namespace, name), body=options)

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
        query = _query(
            watch="true",
            allowWatchBookmarks="true",
            resourceVersion=resource_version,
            labelSelector=labels,
            fieldSelector=fields,
            timeoutSeconds=timeout_seconds,
        )
        # The server ends the watch by itself; a silent one is given up a little later.
        timeout = httpx.Timeout(self._timeout, read=timeout_seconds + self._timeout)
        try:
            with self._http.stream("GET", kind.path(namespace), params=query, timeout=timeout) as response:
                if response.status_code >= 400:
                    response.read()
                    raise _error_of(response)
                for line in response.iter_lines():
                    if line.strip():
                        yield _change(line)
        except (httpx.HTTPError, httpx.StreamError, ssl.SSLError, OSError) as error:
            raise _unreachable(error) from error

    def server_version(self) -> str:
        return str(self._ask("GET", "/version").get("gitVersion", ""))

    def read(self, path: str) -> bytes:
        return self._send("GET", path, most=MOST_RAW_BYTES)

    def close(self) -> None:
        self._http.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Object:
        content = None if body is None else msgspec.json.encode(body)
        answer = self._send(method, path, query=query, content=content, content_type=content_type, most=MOST_BYTES)
        try:
            found = msgspec.json.decode(answer)
        except msgspec.DecodeError as error:
            raise ServerTrouble(f"the API server's answer to {method} {path} is not JSON") from error
        if not isinstance(found, dict):
            raise ServerTrouble(f"the API server's answer to {method} {path} is not an object")
        return cast(Object, found)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        content_type: str = "",
        most: int,
    ) -> bytes:
        headers = {"Accept": "application/json"} | ({"Content-Type": content_type} if content is not None else {})
        try:
            with self._http.stream(method, path, params=query, content=content, headers=headers) as response:
                answer = bytearray()
                for piece in response.iter_bytes():
                    answer += piece
                    if len(answer) > most:
                        raise ServerTrouble(f"the API server's answer to {method} {path} is over {most} bytes")
                if response.status_code >= 400:
                    raise _error_of(response, bytes(answer))
                return bytes(answer)
        except (httpx.HTTPError, httpx.StreamError, ConfigError, ssl.SSLError, OSError) as error:
            raise _unreachable(error) from error


def _on_loopback(config: SingleConfig) -> bool:
    """A server on this machine is never reached through the proxy that the environment names."""
    host = urlsplit(config.cluster.server or "").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _namespace(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("namespace") or "")


def _whole(kind: Kind, obj: Object) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.kind, **obj}


def _query(**values: str | int) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value != ""}


def _change(line: str) -> Change:
    try:
        event = msgspec.json.decode(line)
        kind, obj = event["type"], event["object"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise ServerTrouble("a line of the watch is not an event") from error
    if kind == "ERROR":
        raise error_of(int(obj.get("code") or 500), str(obj.get("reason") or ""), str(obj.get("message") or ""))
    if kind not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
        raise ServerTrouble(f"the watch tells of an event {kind!r}, which is none we know")
    return Change(kind, obj)


def _error_of(response: httpx.Response, body: bytes | None = None) -> KubeError:
    """The error of a response of status 400 and up: its Status object's words, or the beginning of whatever it said."""
    content = response.content if body is None else body
    try:
        status = msgspec.json.decode(content)
        reason, message = str(status.get("reason") or ""), str(status.get("message") or "")
    except (msgspec.DecodeError, AttributeError):
        reason, message = "", content[:300].decode("utf-8", "replace").strip()
    return error_of(response.status_code, reason, message)


def _unreachable(error: Exception) -> KubeError:
    return Unreachable(f"the API server gave no answer: {str(error) or type(error).__name__}")
