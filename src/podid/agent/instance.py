"""Instance metadata, version 2 only, as a client: the role's credentials and the region.

Source: the EC2 user guide, "Instance metadata and user data". The variables are those of every AWS SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from podid.core.http import HttpRequest, HttpResponse
from podid.lean.client import ClientError, HttpClient

_ROLES: Final = "/latest/meta-data/iam/security-credentials/"
_SECONDS: Final = 2.0


class MetadataProblem(Exception):
    """IMDS is there, or should be, and did not help; the text says how."""


class RoleCredentials(Struct, frozen=True, rename="pascal"):
    """The document of a role under `iam/security-credentials/`."""

    access_key_id: str
    secret_access_key: str
    token: str
    expiration: datetime
    code: str = "Success"

    def __repr__(self) -> str:
        return f"RoleCredentials({self.access_key_id})"


class InstanceMetadata:
    """Asks IMDS at AWS_EC2_METADATA_SERVICE_ENDPOINT, or where EC2 has it; not at all with AWS_EC2_METADATA_DISABLED=true."""

    def __init__(self, environment: Mapping[str, str], http: HttpClient) -> None:
        self.disabled = environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
        mode = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "").lower()
        usual = "http://[fd00:ec2::254]" if mode == "ipv6" else "http://169.254.169.254"
        self._endpoint = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or usual
        self._http = http

    async def role_credentials(self) -> RoleCredentials | None:
        """The instance's role's credentials; None where IMDS is switched off. Raises MetadataProblem."""
        if self.disabled:
            return None
        token = await self._token()
        role = (await self._get(_ROLES, token)).splitlines()
        if not role or not role[0].strip():
            raise MetadataProblem("the instance has no role")
        document = await self._get(_ROLES + role[0].strip(), token)
        try:
            found = msgspec.json.decode(document, type=RoleCredentials)
        except msgspec.MsgspecError as problem:
            raise MetadataProblem(f"IMDS gave malformed credentials: {problem}") from None
        if found.code != "Success":
            raise MetadataProblem(f"IMDS has no credentials for the instance's role: {found.code[:100]}")
        if found.expiration.tzinfo is None:
            raise MetadataProblem("IMDS gave malformed credentials: their expiry has no zone")
        return found

    async def region(self) -> str:
        """The instance's region. Raises MetadataProblem."""
        if self.disabled:
            raise MetadataProblem("instance metadata is switched off")
        return (await self._get("/latest/meta-data/placement/region", await self._token())).strip()

    async def _token(self) -> str:
        headers = (("x-aws-ec2-metadata-token-ttl-seconds", "21600"),)
        return (await self._send(HttpRequest(method="PUT", path="/latest/api/token", headers=headers))).strip()

    async def _get(self, path: str, token: str) -> str:
        return await self._send(HttpRequest(method="GET", path=path, headers=(("x-aws-ec2-metadata-token", token),)))

    async def _send(self, request: HttpRequest) -> str:
        base = urlsplit(self._endpoint).path.rstrip("/")
        try:
            answer: HttpResponse = await self._http.send(
                self._endpoint,
                HttpRequest(method=request.method, path=base + request.path, headers=request.headers),
                seconds=_SECONDS,
            )
        except (ClientError, ValueError) as problem:
            raise MetadataProblem(f"IMDS cannot be reached: {problem}") from problem
        if answer.status != 200:
            raise MetadataProblem(f"IMDS answered {answer.status} to {request.method} {request.path}")
        try:
            return answer.body.decode("utf-8")
        except UnicodeDecodeError:
            raise MetadataProblem(f"IMDS answered {request.path} with what is not text") from None
