"""Telling an AWS endpoint of a cluster that runs elsewhere: gathering what Pod Identity needs of it, and the signed call.

The endpoint is the one of the environment (AWS_ENDPOINT_URL and an access key), as for `aws`; without it, the installation at home.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, sign
from podid.lean.client import ClientError, HttpClient
from podid.local.environment import environment
from podid.local.home import Home
from podid.local.problems import Forbidden, LocalProblem, WrongUsage

_SECONDS = 20.0


class Refused(LocalProblem):
    """The endpoint did not register the cluster."""


class Facts(Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """What is told of a cluster; empty where it is not known."""

    issuer: str = ""
    jwks: str = ""
    jwks_url: str = ""
    endpoint: str = ""
    certificate_authority: str = ""
    version: str = ""


class Registered(Struct, frozen=True, rename="pascal"):
    """What the endpoint answered."""

    cluster_arn: str
    issuer: str
    status: str
    version: str


def facts_of(kubeconfig: Path, context: str = "") -> Facts:
    """What a cluster says of itself to whoever holds this kubeconfig. Raises Forbidden."""
    from podid.kube import KubeError, connect

    try:
        client = connect(kubeconfig, context=context)
        discovery = msgspec.json.decode(client.read("/.well-known/openid-configuration"), type=dict[str, Any])
        keys = client.read("/openid/v1/jwks")
        version = msgspec.json.decode(client.read("/version"), type=dict[str, Any])
        endpoint, authority = _server_of(kubeconfig, context)
    except (KubeError, OSError, ValueError, KeyError) as problem:
        raise Forbidden(
            f"the cluster of {kubeconfig} does not say who issues its tokens: {problem}",
            "give --issuer and --jwks (or --jwks-url) instead",
        ) from problem
    minor = "".join(character for character in str(version.get("minor", "")) if character.isdigit())
    return Facts(
        issuer=str(discovery.get("issuer", "")),
        jwks=keys.decode(),
        endpoint=endpoint,
        certificate_authority=authority,
        version=f"{version.get('major', 1)}.{minor}" if minor else "",
    )


def _server_of(kubeconfig: Path, context: str) -> tuple[str, str]:
    """The API server's address in a kubeconfig, and its certificate authority in PEM."""
    import yaml

    held = yaml.safe_load(kubeconfig.read_text())
    contexts = {each["name"]: each["context"] for each in held["contexts"]}
    clusters = {each["name"]: each["cluster"] for each in held["clusters"]}
    cluster = clusters[contexts[context or held["current-context"]]["cluster"]]
    if data := cluster.get("certificate-authority-data"):
        try:
            return str(cluster["server"]), base64.b64decode(data, validate=True).decode()
        except binascii.Error as problem:
            raise ValueError("its certificate-authority-data is not base64") from problem
    if named := cluster.get("certificate-authority"):
        return str(cluster["server"]), (kubeconfig.parent / named).read_text()
    return str(cluster["server"]), ""


def register(home: Home, name: str, facts: Facts) -> Registered:
    """Make the cluster known to the endpoint. Raises WrongUsage, NotUp, Forbidden and Refused."""
    if not facts.issuer or bool(facts.jwks) == bool(facts.jwks_url):
        raise WrongUsage(
            "a cluster needs its issuer and one source of its keys",
            "give --kubeconfig, or --issuer and --jwks or --jwks-url",
        )
    values = _place(home)
    try:
        answer = asyncio.run(_send(values, name, msgspec.json.encode(facts)))
    except (ClientError, OSError) as problem:
        raise Forbidden(f"{values['AWS_ENDPOINT_URL']} does not answer: {problem}", "is podid up?") from problem
    try:
        if answer.status == 200:
            return msgspec.json.decode(answer.body, type=Registered)
        told = str(msgspec.json.decode(answer.body, type=dict[str, Any]).get("message", ""))
    except msgspec.MsgspecError:
        told = ""
    raise Refused(
        f"{name} was not registered: {told or f'status {answer.status}'}",
        "it takes podid:RegisterCluster on the cluster"
        if answer.status == 403
        else "see: podid cluster register --help, and docs/eks.md",
    )


def _place(home: Home) -> Mapping[str, str]:
    wanted = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return os.environ if all(os.environ.get(each) for each in wanted) else environment(home)


async def _send(values: Mapping[str, str], name: str, body: bytes) -> Any:
    endpoint = values["AWS_ENDPOINT_URL"].rstrip("/")
    path = f"/_podid/clusters/{quote(name, safe='')}/registration"
    headers = sign(
        Credentials(values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"], values.get("AWS_SESSION_TOKEN", "")),
        method="POST",
        url=endpoint + path,
        headers={"content-type": "application/json"},
        body=body,
        service="podid",
        region=values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION") or "us-east-1",
        now=datetime.now(UTC),
    )
    sent = tuple((key.lower(), value) for key, value in headers.items() if key.lower() != "host")
    client = HttpClient(connections=1)
    try:
        request = HttpRequest(method="POST", path=path, headers=sent, body=body)
        return await client.send(endpoint + path, request, seconds=_SECONDS)
    finally:
        await client.close()
