"""AssumeRoleForPodIdentity, as a client: rest-json, SigV4 with the node's credentials.

Source: botocore's `eks-auth/2023-11-26` model. All members of an answer are required; one without them is the server's fault.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from podid.agent.answers import Grant
from podid.agent.credentials import NodeCredentials
from podid.agent.failures import Failure, Refused, Unreachable
from podid.core.clock import Clock
from podid.core.http import HttpRequest, HttpResponse
from podid.core.sigv4 import sign
from podid.lean.client import ClientError, HttpClient, header

SERVICE: Final = "eks-auth"
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999: what a datetime can hold."""


class _Credentials(Struct, frozen=True, rename="camel"):
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: float


class _User(Struct, frozen=True, rename="camel"):
    arn: str


class _Association(Struct, frozen=True, rename="camel"):
    association_id: str = ""


class _Answer(Struct, frozen=True, rename="camel"):
    credentials: _Credentials
    assumed_role_user: _User
    pod_identity_association: _Association = _Association()


class EksAuthClient:
    """Exchanges tokens for credentials at one endpoint, for one cluster."""

    def __init__(
        self,
        *,
        endpoint: str,
        region: str,
        cluster_name: str,
        credentials: NodeCredentials,
        http: HttpClient,
        clock: Clock,
        attempts: int = 3,
        attempt_timeout: float = 5.0,
    ) -> None:
        self._url = endpoint.rstrip("/") + f"/clusters/{cluster_name}/assume-role-for-pod-identity"
        self._path = urlsplit(self._url).path
        self._region = region
        self._credentials = credentials
        self._http = http
        self._clock = clock
        self._attempts = attempts
        self._attempt_timeout = attempt_timeout

    async def assume(self, token: bytes) -> Grant:
        """The credentials of the token's pod. Raises a Failure after up to `attempts` calls."""
        body = msgspec.json.encode({"token": token.decode("latin-1")})
        attempt = 0
        while True:
            attempt += 1
            try:
                return _grant(await self._call(body))
            except Failure as problem:
                if attempt >= self._attempts or not problem.passing:
                    raise
            # Full jitter, so that a node's pods do not come back together.
            await asyncio.sleep(random.uniform(0.3, 1.0) * 0.1 * 3 ** (attempt - 1))  # noqa: S311 - no secret

    async def _call(self, body: bytes) -> bytes:
        signer = await self._credentials.get()
        headers = sign(
            signer,
            method="POST",
            url=self._url,
            headers={"host": urlsplit(self._url).netloc, "content-type": "application/json"},
            body=body,
            service=SERVICE,
            region=self._region,
            now=self._clock(),
        )
        request = HttpRequest(method="POST", path=self._path, headers=_pairs(headers), body=body)
        try:
            answer = await self._http.send(self._url, request, seconds=self._attempt_timeout)
        except ClientError as problem:
            raise Unreachable(f"EKS Auth cannot be reached: {problem}") from problem
        if answer.status == 200:
            return answer.body
        refused = refusal(answer)
        if refused.about_signer:
            self._credentials.forget(signer.access_key_id)  # the next attempt signs with what is valid now
        raise refused


def refusal(answer: HttpResponse) -> Refused:
    """The error that an answer of the rest-json protocol carries."""
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    members: Mapping[str, object] = found if isinstance(found, dict) else {}
    code = header(answer, "x-amzn-errortype") or members.get("code") or members.get("__type") or members.get("Code")
    message = members.get("message") or members.get("Message") or ""
    # A code may come with a namespace before it and a URL after it (botocore's parsers cut the same).
    name = str(code).split(":", 1)[0].rpartition("#")[2] if code else "UnknownError"
    return Refused(
        status=answer.status,
        code=name,
        message=str(message),
        request_id=header(answer, "x-amzn-requestid"),
    )


def _grant(body: bytes) -> Grant:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        # The decoder's text names members, never values; the body holds credentials and goes nowhere.
        raise Unreachable(f"invalid response from EKS Auth: {problem}") from None
    credentials = answer.credentials
    if not 0 <= credentials.expiration <= _LAST_SECOND:
        raise Unreachable("invalid response from EKS Auth: `expiration` is no date")
    parts = answer.assumed_role_user.arn.split(":")
    return Grant(
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        session_token=credentials.session_token,
        account=parts[4] if len(parts) > 5 else "",
        expires_at=credentials.expiration,
        association=answer.pod_identity_association.association_id,
    )


def _pairs(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(headers.items())


def default_endpoint(region: str) -> str:
    """AWS's own EKS Auth of a region (the dual-stack host; China's partition has its own suffix)."""
    suffix = "api.amazonwebservices.com.cn" if region.startswith("cn-") else "api.aws"
    return f"https://eks-auth.{region}.{suffix}"
