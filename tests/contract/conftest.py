"""A running endpoint for the contract tests: the real rooms over a store of their own, behind a real socket, called by boto3."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.contract.served import REGION, Served, allow, document

from podid.core.clock import system_clock
from podid.core.tokens import SigningKey
from podid.gateway import credentials_files
from podid.gateway.app import App
from podid.gateway.compose import compose
from podid.gateway.serve import ServeSettings
from podid.gateway.server import Listener

ACCOUNT = "111122223333"
CLUSTER = "eksdemo1"
ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
INSTANCE = "i-0123456789abcdef0"


def installation(home: Path) -> dict[str, Any]:
    return {
        "account": ACCOUNT,
        "region": REGION,
        "administrator": {"user": "podid-admin", "credentials_file": str(home / "credentials/administrator.json")},
        "service_users": [
            {
                "user": "podid-imds",
                "policy": json.loads(document(allow("podid:GetNodeSession"))),
                "credentials_file": str(home / "credentials/imds.json"),
            }
        ],
        "clusters": [
            {
                "name": CLUSTER,
                "version": "1.33",
                "endpoint": "https://127.0.0.1:6443",
                "issuer": ISSUER,
                "jwks_file": str(home / "jwks.json"),
                "nodes": [{"name": "node-1", "instance_id": INSTANCE}],
                "node_role": "eksdemo1-node-role",
            }
        ],
    }


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The endpoint, for all tests of a session: they keep out of each other's way by names."""
    home = tmp_path_factory.mktemp("home")
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key = SigningKey.from_pem(pem)
    (home / "jwks.json").write_text(json.dumps({"keys": [key.public_jwk()]}))
    settings_file = home / "installation.json"
    settings_file.write_text(json.dumps(installation(home)))
    settings = ServeSettings(home=home, port=0, installation=settings_file)
    endpoint = compose(settings)
    listener = Listener(settings.host, settings.port)
    app = App(endpoint.gateway, system_clock)
    ready = threading.Event()
    app.when_ready(ready.set)
    thread = threading.Thread(target=asyncio.run, args=(listener.serve(app),), daemon=True)
    thread.start()
    assert ready.wait(20)
    administrator = credentials_files.read(home / "credentials/administrator.json")
    imds = credentials_files.read(home / "credentials/imds.json")
    assert administrator is not None
    assert imds is not None
    served = Served(
        url=f"http://127.0.0.1:{listener.port}",
        administrator=administrator.credentials,
        imds=imds.credentials,
        key=key,
        gateway=endpoint.gateway,
        iam=endpoint.iam,
        decisions=endpoint.decisions,
    )
    yield served
    served.close()
    listener.stop()
    thread.join(10)
    listener.close()
    endpoint.close()
