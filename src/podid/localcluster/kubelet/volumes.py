"""The volumes of one pod: what they hold (payloads), and keeping their folders so.

A volume's folder lies on the host in the pod's own, which nobody else may enter, and is shown in containers read-only; only an emptyDir
may be written. Tokens are kept until they are due for another (`tokens.py`); a failure to get a new one keeps the old while it is valid.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from podid.localcluster.kubelet import atomic_writer
from podid.localcluster.kubelet.atomic_writer import File
from podid.localcluster.kubelet.environment import Lookup, contents
from podid.localcluster.kubelet.fields import FieldProblem, pod_field, resource_field
from podid.localcluster.kubelet.tokens import LONGEST_JITTER, refresh_at, refresh_due
from podid.localcluster.ports import Object, TokenIssuer

_DEFAULT_MODE = 0o644
_DEFAULT_EXPIRATION = 3600
_KINDS = ("projected", "configMap", "secret", "downwardAPI", "emptyDir")


class VolumeProblem(Exception):
    """A volume cannot be set up now; the text says why."""


class _Token(Struct, frozen=True):
    content: bytes
    issued_at: datetime
    expires_at: datetime
    jitter: timedelta

    def __repr__(self) -> str:
        return f"_Token(expires_at={self.expires_at})"


class Volumes:
    """All volumes of a pod, in its folder."""

    def __init__(self, folder: Path, tokens: TokenIssuer, hand_over: Callable[[Path, int, int], None]) -> None:
        """`hand_over(path, user, group)` makes a path belong to a user of the pod."""
        self._folder = folder
        self._issuer = tokens
        self._hand_over = hand_over
        self._tokens: dict[tuple[str, str], _Token] = {}

    def path(self, name: str) -> Path:
        return self._folder / name

    def refresh(self, pod: Object, lookup: Lookup, allocatable: Mapping[str, str], now: datetime) -> datetime | None:
        """Bring every volume up to date; when the next token is due. Raises VolumeProblem (those before it are up to date)."""
        owner = file_owner(pod)
        for volume in pod["spec"].get("volumes") or ():
            folder = self.path(volume["name"])
            kind = next((kind for kind in _KINDS if kind in volume), None)
            if kind is None:
                other = next((key for key in volume if key != "name"), "none")
                raise VolumeProblem(f'volume "{volume["name"]}": {_refusal(other)}')
            if kind == "emptyDir":
                if not folder.exists():
                    folder.mkdir(parents=True)
                    folder.chmod(0o777)
                    self._hand_over(folder, *owner)
                continue
            payload = self._payload(volume, kind, pod, lookup, allocatable, now)
            try:
                atomic_writer.write(folder, payload, now, lambda path: self._hand_over(path, *owner))
            except (ValueError, OSError) as problem:
                raise VolumeProblem(f'volume "{volume["name"]}": {problem}') from problem
        return min(
            (refresh_at(token.issued_at, token.expires_at, token.jitter) for token in self._tokens.values()),
            default=None,
        )

    def _payload(
        self,
        volume: Mapping[str, Any],
        kind: str,
        pod: Object,
        lookup: Lookup,
        allocatable: Mapping[str, str],
        now: datetime,
    ) -> dict[str, File]:
        source = volume[kind] or {}
        mode = source.get("defaultMode")
        mode = _DEFAULT_MODE if mode is None else mode
        payload: dict[str, File] = {}
        try:
            if kind == "projected":
                for one in source.get("sources") or ():
                    if one.get("serviceAccountToken"):
                        payload |= self._token_file(volume["name"], one["serviceAccountToken"], mode, pod, now)
                    for member in ("configMap", "secret", "downwardAPI"):
                        if member in one:
                            payload |= dict(_files(member, one[member] or {}, mode, pod, lookup, allocatable))
            else:
                payload |= dict(_files(kind, source, mode, pod, lookup, allocatable))
        except FieldProblem as problem:
            raise VolumeProblem(f'volume "{volume["name"]}": {problem}') from problem
        return payload

    def _token_file(
        self, volume: str, source: Mapping[str, Any], mode: int, pod: Object, now: datetime
    ) -> dict[str, File]:
        key = (volume, source["path"])
        token = self._tokens.get(key)
        if token is None or refresh_due(now, token.issued_at, token.expires_at, token.jitter):
            try:
                token = self._issue(source, pod, now)
            except Exception as problem:
                # whatever went wrong in the API server, a valid token goes on serving
                if token is None or now >= token.expires_at:
                    raise VolumeProblem(f'volume "{volume}": failed to fetch token: {problem}') from problem
            self._tokens[key] = token
        owned_by_one = file_owner(pod) != (0, 0) or common_user(pod) is not None
        return {source["path"]: File(token.content, 0o600 if owned_by_one and mode == _DEFAULT_MODE else mode)}

    def _issue(self, source: Mapping[str, Any], pod: Object, now: datetime) -> _Token:
        audience = source.get("audience")
        issued = self._issuer.issue(
            namespace=pod["metadata"]["namespace"],
            service_account=pod["spec"].get("serviceAccountName") or "default",
            audiences=[audience] if audience else [],
            expiration_seconds=int(source.get("expirationSeconds") or _DEFAULT_EXPIRATION),
            pod=pod,
        )
        jitter = LONGEST_JITTER * random.random()  # noqa: S311 (spreads load, keeps no secret)
        return _Token(issued.token.encode(), now, issued.expires_at, jitter)


def _refusal(kind: str) -> str:
    if kind == "hostPath":
        return "hostPath is refused: a pod of the local cluster sees nothing of the host but its read-only view"
    return f"volumes of kind {kind} are not supported in the local cluster (supported: {', '.join(_KINDS)})"


def _files(
    kind: str, source: Mapping[str, Any], mode: int, pod: Object, lookup: Lookup, allocatable: Mapping[str, str]
) -> Iterator[tuple[str, File]]:
    if kind == "downwardAPI":
        for item in source.get("items") or ():
            if "fieldRef" in item:
                text = pod_field(pod, item["fieldRef"]["fieldPath"])
            else:
                reference = item["resourceFieldRef"]
                named = [one for one in pod["spec"]["containers"] if one["name"] == reference.get("containerName")]
                text = resource_field(named[0] if named else {}, reference, allocatable)
            yield item["path"], File(text.encode(), _mode(item, mode))
        return
    resource = "configmaps" if kind == "configMap" else "secrets"
    name = source.get("name") or source.get("secretName") or ""
    found = lookup(resource, name)
    if found is None:
        if source.get("optional"):
            return
        raise VolumeProblem(f'{resource.removesuffix("s")} "{name}" not found')
    entries = contents(resource, found)
    if not source.get("items"):
        for key, value in entries.items():
            yield key, File(value, mode)
        return
    for item in source["items"]:
        if item["key"] in entries:
            yield item["path"], File(entries[item["key"]], _mode(item, mode))
        elif not source.get("optional"):
            raise VolumeProblem(f"references non-existent config key: {item['key']}")


def _mode(item: Mapping[str, Any], default: int) -> int:
    mode = item.get("mode")
    return default if mode is None else int(mode)


def common_user(pod: Object) -> int | None:
    """The one user that all containers run as, if they name one (kubernetes `pkg/volume/projected`: then a token is that user's)."""
    everywhere = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    users = set()
    for container in (pod["spec"].get("initContainers") or []) + pod["spec"]["containers"]:
        users.add((container.get("securityContext") or {}).get("runAsUser", everywhere))
    user = users.pop() if len(users) == 1 else None
    return None if user is None else int(user)


def file_owner(pod: Object) -> tuple[int, int]:
    """User and group of a volume's files, as the pod's own ids."""
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return common_user(pod) or 0, int(group) if group is not None else 0
