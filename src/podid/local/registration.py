"""Tells the local cluster of the webhook, as AWS's manifests do on any cluster: a MutatingWebhookConfiguration."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from podid.local.home import Home
from podid.local.installation import LOOPBACK, Installation
from podid.localcluster.preparing import read_tokens
from podid.localcluster.settings import files_of

NAME = "pod-identity-webhook"


def register_webhook(home: Home, installation: Installation) -> None:
    """Create the configuration, or bring it up to date. The API server must be ready."""
    files = files_of(home.cluster, installation.cluster_port)
    context = ssl.create_default_context(cafile=str(files.ca_certificate))
    token = read_tokens(files).administrator
    url = f"{files.endpoint}/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
    wanted = configuration(home, installation)
    found = _ask("GET", f"{url}/{NAME}", context, token)
    if found is None:
        _ask("POST", url, context, token, wanted)
    else:
        _ask(
            "PUT",
            f"{url}/{NAME}",
            context,
            token,
            {**found, **wanted, "metadata": {**found["metadata"], **wanted["metadata"]}},
        )


def configuration(home: Home, installation: Installation) -> dict[str, Any]:
    """As on EKS, but for the address: the webhook runs beside the API server there, too."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [
            {
                "name": "iam-for-pods.amazonaws.com",
                "clientConfig": {
                    "url": f"https://{LOOPBACK}:{installation.webhook_port}/mutate",
                    "caBundle": base64.b64encode((home.webhook / "ca.crt").read_bytes()).decode(),
                },
                "rules": [
                    {
                        "operations": ["CREATE"],
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "resources": ["pods"],
                        "scope": "*",
                    }
                ],
                "failurePolicy": "Ignore",
                "matchPolicy": "Equivalent",
                "reinvocationPolicy": "IfNeeded",
                "objectSelector": {
                    "matchExpressions": [
                        {"key": "eks.amazonaws.com/skip-pod-identity-webhook", "operator": "DoesNotExist"}
                    ]
                },
                "namespaceSelector": {},
                "sideEffects": "None",
                "timeoutSeconds": 10,
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


def _ask(
    method: str, url: str, context: ssl.SSLContext, token: str, body: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """The object in the answer; None for 404."""
    request = urllib.request.Request(  # noqa: S310 - the local cluster's own address
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310
            return dict(json.loads(answer.read()))
    except urllib.error.HTTPError as problem:
        if problem.code == 404 and method == "GET":
            return None
        raise
