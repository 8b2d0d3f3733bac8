"""What contract tests call: an endpoint that listens, clients of it, users and policies."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config
from msgspec import Struct, field

from podid.audit import DecisionLog
from podid.core.sigv4 import Credentials
from podid.core.tokens import SigningKey
from podid.gateway.gateway import Gateway
from podid.iam import Iam

REGION = "us-east-1"
_SESSION = boto3.session.Session()


class Served(Struct, kw_only=True):
    """An endpoint that listens, and who may call it. `allow` and `document` write policies, for tests cannot import from here."""

    url: str
    administrator: Credentials
    imds: Credentials
    iam: Iam
    decisions: DecisionLog
    key: SigningKey
    """What the cluster `eksdemo1` signs its service account tokens with."""
    gateway: Gateway
    """The same endpoint without its socket, for tests that bring a time of their own."""
    clients: dict[tuple[str | None, ...], Any] = field(default_factory=dict)
    """Made once: reading the models of a service takes longer than most tests."""

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
        key = (service, who.access_key_id, who.secret_access_key, who.session_token, region, repr(config))
        if key not in self.clients:
            self.clients[key] = _SESSION.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=who.access_key_id,
                aws_secret_access_key=who.secret_access_key,
                aws_session_token=who.session_token or None,
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=30, **config),
            )
        return self.clients[key]

    def close(self) -> None:
        """Close what clients have open."""
        for client in self.clients.values():
            client.close()

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
