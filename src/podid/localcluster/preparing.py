"""Everything that lies in a cluster's folder before its first start: keys, certificates, tokens, kubeconfigs, the key set.

Idempotent: what is there and good stays, byte for byte; what is missing, or about to expire, is made. The supervisor calls it before
anything starts, because `serve` must know the CA and the key set; the cluster calls it again, and once a day.
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from podid.core.clock import system_clock
from podid.localcluster import pki
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


def prepare(
    home: Path, *, cluster_name: str, port: int, host: str = "127.0.0.1", now: datetime | None = None
) -> ClusterFiles:
    """Make what is missing in the folder `home`, and say where things are. Raises OSError where it cannot write there."""
    now = now or system_clock()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = files_of(home, port, host)
    _prepare_authority(files, cluster_name, now)
    renew_certificate(files, now)
    tokens = _prepare_tokens(files)
    rsa = _make_once(files.service_account_key, pki.make_rsa_key)
    _write_changed(files.jwks, key_set(rsa), 0o644)
    authority = files.ca_certificate.read_bytes()
    for path, user, token in (
        (files.kubeconfig, f"{cluster_name}-admin", tokens.administrator),
        (files.serve_kubeconfig, "podid-serve", tokens.serve),
    ):
        _prepare_kubeconfig(path, cluster_name, user, files.endpoint, authority, token)
    return files


def renew_certificate(files: ClusterFiles, now: datetime) -> bool:
    """Make the API server's certificate where there is no good one. Whether it was made."""
    authority = files.ca_certificate.read_bytes()
    there = files.certificate.exists() and files.key.exists()
    if there and pki.is_good(files.certificate.read_bytes(), authority, _NAMES, now):
        return False
    key = pki.make_key()
    certificate = pki.make_certificate(key, authority, files.ca_key.read_bytes(), _NAMES, now)
    write_file(files.key, key)
    write_file(files.certificate, certificate, 0o644)
    return True


def read_tokens(files: ClusterFiles) -> Tokens:
    """The tokens that `prepare` made."""
    return msgspec.json.decode(files.tokens.read_bytes(), type=Tokens)


def renew_administrator_token(files: ClusterFiles) -> None:
    """Put a new token in the place of the administrator's. Call `prepare` after it, for the kubeconfig. Raises OSError."""
    held = read_tokens(files)
    write_file(files.tokens, msgspec.json.encode(Tokens(secrets.token_urlsafe(32), held.serve)))


def key_set(*keys_pem: bytes) -> bytes:
    """The JWKS of service account signing keys."""
    from podid.core.tokens import SigningKey

    return msgspec.json.encode({"keys": [SigningKey.from_pem(pem).public_jwk() for pem in keys_pem]})


def write_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all, with its mode from the first byte on."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _prepare_authority(files: ClusterFiles, name: str, now: datetime) -> None:
    if files.ca_certificate.exists() and files.ca_key.exists():
        return
    key = pki.make_key()
    write_file(files.ca_key, key)
    write_file(files.ca_certificate, pki.make_authority(key, f"{name}-ca", now), 0o644)


def _prepare_tokens(files: ClusterFiles) -> Tokens:
    def make() -> bytes:
        return msgspec.json.encode(Tokens(secrets.token_urlsafe(32), secrets.token_urlsafe(32)))

    return msgspec.json.decode(_make_once(files.tokens, make), type=Tokens)


def _make_once(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        content = make()
        write_file(path, content)
        return content


def _write_changed(path: Path, content: bytes, mode: int) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_file(path, content, mode)


def _prepare_kubeconfig(path: Path, cluster: str, user: str, endpoint: str, authority: bytes, token: str) -> None:
    """Write a kubeconfig, unless the file already leads there: the person may have changed it (`kubectl config set-context`)."""
    trusted = base64.b64encode(authority).decode()
    if path.exists():
        current = path.read_text(errors="replace")
        if all(part in current for part in (f"{endpoint}\n", trusted, token)):
            return
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
    write_file(path, text.encode())
