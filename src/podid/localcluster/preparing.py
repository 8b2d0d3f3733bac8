"""Everything that lies in a cluster's folder before its first start: keys, certificates, tokens, kubeconfigs, the key set.

Idempotent: what is there and good stays, byte for byte; what is missing, or about to expire, is made. The supervisor calls it before
anything starts, because `serve` must know the CA and the key set; the cluster calls it again, and once a day.

What makes and reads certificates is imported where that is done: a second start finds all there, and waits for nothing that it does not need.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from podid.core.clock import system_clock
from podid.files import write_whole
from podid.localcluster.settings import ClusterFiles, files_of

SERVICE_ADDRESS: Final = "10.96.0.1"
"""The address of the Service `kubernetes`."""

_NAMES: Final = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
    "127.0.0.1",
    "::1",
    SERVICE_ADDRESS,
)


class Tokens(Struct, frozen=True):
    """The bearer tokens that are not service accounts'. Never shown: `repr` is empty."""

    administrator: str
    serve: str

    def __repr__(self) -> str:
        return "Tokens(…)"


def is_prepared(home: Path, *, port: int, host: str = "127.0.0.1") -> bool:
    """Whether nothing is missing in the folder, and its kubeconfigs lead to this address. What is about to expire the cluster itself renews."""
    files = files_of(home, port, host)
    kept = (files.ca_key, files.certificate, files.key, files.service_account_key, files.jwks)
    try:
        tokens, authority = read_tokens(files), files.ca_certificate.read_bytes()
    except (OSError, msgspec.MsgspecError):
        return False
    return (
        all(path.exists() for path in kept)
        and _leads_there(files.kubeconfig, files.endpoint, authority, tokens.administrator)
        and _leads_there(files.serve_kubeconfig, files.endpoint, authority, tokens.serve)
    )


def prepare(
    home: Path, *, cluster_name: str, port: int, host: str = "127.0.0.1", now: datetime | None = None
) -> ClusterFiles:
    """Make what is missing in the folder `home`, and say where things are. Raises OSError where it cannot write there."""
    from podid.localcluster import pki, signing_keys

    now = now or system_clock()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = files_of(home, port, host)
    _prepare_authority(files, cluster_name, now)
    renew_certificate(files, now)
    tokens = _prepare_tokens(files)
    _make_once(files.service_account_key, pki.make_rsa_key)
    signing_keys.publish(files, now)
    authority = files.ca_certificate.read_bytes()
    for path, user, token in (
        (files.kubeconfig, f"{cluster_name}-admin", tokens.administrator),
        (files.serve_kubeconfig, "podid-serve", tokens.serve),
    ):
        _prepare_kubeconfig(path, cluster_name, user, files.endpoint, authority, token)
    return files


def renew_certificate(files: ClusterFiles, now: datetime) -> bool:
    """Make the API server's certificate where there is no good one. Whether it was made."""
    from podid.localcluster import pki

    authority = files.ca_certificate.read_bytes()
    there = files.certificate.exists() and files.key.exists()
    if there and pki.is_good(files.certificate.read_bytes(), authority, _NAMES, now):
        return False
    key = pki.make_key()
    certificate = pki.make_certificate(key, authority, files.ca_key.read_bytes(), _NAMES, now)
    write_whole(files.key, key)
    write_whole(files.certificate, certificate, mode=0o644)
    return True


def read_tokens(files: ClusterFiles) -> Tokens:
    """The tokens that `prepare` made."""
    return msgspec.json.decode(files.tokens.read_bytes(), type=Tokens)


def renew_administrator_token(files: ClusterFiles) -> None:
    """Put a new token in the place of the administrator's. Call `prepare` after it, for the kubeconfig. Raises OSError."""
    held = read_tokens(files)
    write_whole(files.tokens, msgspec.json.encode(Tokens(secrets.token_urlsafe(32), held.serve)))


def renew_signing_key(files: ClusterFiles, now: datetime) -> str:
    """Have service account tokens signed with a new key from now on; its id. Tokens of the old one are good until they end. Raises OSError."""
    from podid.localcluster import pki, signing_keys

    return signing_keys.rotate(files, pki.make_rsa_key(), now)


def _prepare_authority(files: ClusterFiles, name: str, now: datetime) -> None:
    if files.ca_certificate.exists() and files.ca_key.exists():
        return
    from podid.localcluster import pki

    key = pki.make_key()
    write_whole(files.ca_key, key, durable=True)
    write_whole(files.ca_certificate, pki.make_authority(key, f"{name}-ca", now), mode=0o644)


def _prepare_tokens(files: ClusterFiles) -> Tokens:
    def make() -> bytes:
        return msgspec.json.encode(Tokens(secrets.token_urlsafe(32), secrets.token_urlsafe(32)))

    return msgspec.json.decode(_make_once(files.tokens, make), type=Tokens)


def _make_once(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        content = make()
        write_whole(path, content, durable=True)
        return content


def _leads_there(path: Path, endpoint: str, authority: bytes, token: str) -> bool:
    try:
        current = path.read_text(errors="replace")
    except FileNotFoundError:
        return False
    return all(part in current for part in (f"{endpoint}\n", base64.b64encode(authority).decode(), token))


def _prepare_kubeconfig(path: Path, cluster: str, user: str, endpoint: str, authority: bytes, token: str) -> None:
    """Write a kubeconfig, unless the file already leads there: the person may have changed it (`kubectl config set-context`)."""
    if _leads_there(path, endpoint, authority, token):
        return
    trusted = base64.b64encode(authority).decode()
    # JSON scalars are YAML: whatever a cluster may be called, it is quoted.
    quoted = {name: msgspec.json.encode(value).decode() for name, value in (("cluster", cluster), ("user", user))}
    text = f"""apiVersion: v1
kind: Config
clusters:
- name: {quoted["cluster"]}
  cluster:
    server: {endpoint}
    certificate-authority-data: {trusted}
users:
- name: {quoted["user"]}
  user:
    token: {token}
contexts:
- name: {quoted["cluster"]}
  context:
    cluster: {quoted["cluster"]}
    user: {quoted["user"]}
current-context: {quoted["cluster"]}
"""
    write_whole(path, text.encode())
