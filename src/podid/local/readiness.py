"""When local mode is ready: the endpoint answers, the API server answers and has a ready node, the webhook answers."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable

from podid.local.home import Home
from podid.local.installation import LOOPBACK, Installation
from podid.localcluster.preparing import read_tokens
from podid.localcluster.settings import files_of


def all_answer(home: Home, installation: Installation) -> bool:
    """Whether everything answers now."""
    return all(holds() for holds in _conditions(home, installation))


def _conditions(home: Home, installation: Installation) -> tuple[Callable[[], bool], ...]:
    files = files_of(home.cluster, installation.cluster_port)
    token = read_tokens(files).administrator
    cluster = ssl.create_default_context(cafile=str(files.ca_certificate))
    webhook = ssl.create_default_context(cafile=str(home.webhook / "ca.crt"))
    node = f"{files.endpoint}/api/v1/nodes/{installation.node}"
    return (
        lambda: _get(f"{installation.endpoint}/_podid/health") is not None,
        lambda: _node_is_ready(_get(node, cluster, token)),
        lambda: _get(f"https://{LOOPBACK}:{installation.webhook_port}/healthz", webhook) is not None,
    )


def _get(url: str, context: ssl.SSLContext | None = None, token: str = "") -> bytes | None:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - our own URLs
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
            return bytes(answer.read())
    except (OSError, urllib.error.URLError):
        return None


def _node_is_ready(body: bytes | None) -> bool:
    if body is None:
        return False
    conditions = json.loads(body).get("status", {}).get("conditions", [])
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)
