"""A running endpoint for the contract tests: the real rooms over a store of their own, behind a real socket, called by boto3."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from msgspec import Struct

from podid.core.clock import system_clock
from podid.core.sigv4 import Credentials
from podid.gateway import credentials_files
from podid.gateway.app import App
from podid.gateway.compose import compose
from podid.gateway.gateway import Gateway
from podid.gateway.serve import ServeSettings
from podid.gateway.server import Listener
from podid.iam import Iam

ACCOUNT = "111122223333"
REGION = "us-east-1"
CLUSTER = "eksdemo1"
INSTANCE = "i-0123456789abcdef0"


class Served(Struct, kw_only=True):
    """An endpoint that listens, and who may call it. `allow` and `document` write policies, for tests cannot import from here."""

    url: str
    administrator: Credentials
    imds: Credentials
    iam: Iam
    gateway: Gateway
    """The same endpoint without its socket, for tests that bring a time of their own."""

    @staticmethod
    def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
        """A statement that allows."""
        return allow(action, resource, **more)

    @staticmethod
    def document(*statements: dict[str, Any]) -> str:
        """A policy document of these statements."""
        return document(*statements)

    def client(self, service: str, credentials: Credentials | None = None, region: str = REGION, **config: Any) -> Any:
        """A boto3 client of this endpoint; the administrator's unless told otherwise."""
        who = credentials or self.administrator
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token or None,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def administrator_of(self, account: str) -> Credentials:
        """The administrator of another account."""
        self.iam.ensure_user(account, "other-admin", policy_arns=("arn:aws:iam::aws:policy/AdministratorAccess",))
        return self.iam.ensure_access_key(account, "other-admin")

    def user(self, name: str, *statements: dict[str, Any]) -> Credentials:
        """A new user with these statements as its policy, and a key of theirs."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def document(*statements: dict[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


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
                "issuer": "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
                "nodes": [{"name": "node-1", "instance_id": INSTANCE}],
                "node_role": "eksdemo1-node-role",
            }
        ],
    }


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The endpoint, for all tests of a session: they keep out of each other's way by names."""
    home = tmp_path_factory.mktemp("home")
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
    yield Served(
        url=f"http://127.0.0.1:{listener.port}",
        administrator=administrator.credentials,
        imds=imds.credentials,
        gateway=endpoint.gateway,
        iam=endpoint.iam,
    )
    listener.stop()
    thread.join(10)
    listener.close()
    endpoint.close()
