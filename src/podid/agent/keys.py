"""The cluster's public keys on the node: whether a token that EKS Auth has not seen yet is nevertheless a pod's own.

Only used for a pod that EKS Auth has already granted credentials to, whose kubelet has since rotated its token. The check proves that
the cluster signed the token for the same pod and service account; it knows nothing of associations, so it never starts a lease.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from podid.agent.token import UnverifiedClaims
from podid.core.http import HttpRequest
from podid.lean.client import ClientError, HttpClient

if TYPE_CHECKING:
    from podid.core.tokens import KeySet

log = logging.getLogger(__name__)

AUDIENCE: Final = "pods.eks.amazonaws.com"
_AGAIN: Final = 10.0
"""Seconds between two reads: a token with an unknown key cannot make the agent hammer the source."""


class ClusterKeys:
    """A JWKS from a file or URL, read when first needed and again when a token names an unknown key."""

    def __init__(self, source: str, http: HttpClient) -> None:
        self._source = source
        self._http = http
        self._keys: KeySet | None = None
        self._read_at = float("-inf")

    async def confirm(self, token: bytes, known: UnverifiedClaims, now: float) -> bool:
        """Whether the cluster signed `token` for the pod and service account of `known`, and it is good now."""
        from podid.core.tokens import TokenProblem, UnknownKey, verify_service_account_token  # cryptography loads late

        while True:
            if self._keys is None and not await self._read(now):
                return False
            assert self._keys is not None
            try:
                found = verify_service_account_token(
                    token.decode("latin-1"),
                    self._keys,
                    issuer=known.issuer,
                    audience=AUDIENCE,
                    now=datetime.fromtimestamp(now, UTC),
                )
            except UnknownKey:
                if await self._read(now):
                    continue
                return False
            except TokenProblem:
                return False
            same = known.kubernetes
            return bool(same.pod.uid) and (
                found.pod_uid,
                found.pod_name,
                found.namespace,
                found.service_account,
                found.service_account_uid,
            ) == (same.pod.uid, same.pod.name, same.namespace, same.serviceaccount.name, same.serviceaccount.uid)

    async def _read(self, now: float) -> bool:
        from podid.core.tokens import parse_jwks

        if 0 <= now - self._read_at < _AGAIN:
            return False
        self._read_at = now
        try:
            if self._source.startswith(("http://", "https://")):
                answer = await self._http.send(
                    self._source, HttpRequest(method="GET", path=urlsplit(self._source).path or "/"), seconds=1.0
                )
                if answer.status != 200:
                    raise ValueError(f"status {answer.status}")
                document = answer.body
            else:
                document = await asyncio.to_thread(Path(self._source).read_bytes)
            self._keys = parse_jwks(document)
        except (OSError, ValueError, ClientError) as problem:
            log.warning("the cluster's keys cannot be read", extra={"source": self._source, "reason": str(problem)})
            return False
        return True
